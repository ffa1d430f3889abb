#!/bin/bash
# Live comparison with the Debian Python packages; the last line is "N passed, N failed". A check
# whose program is not installed counts as skipped.
# SPDX-License-Identifier: LGPL-2.1-or-later
set -u
here=$(cd "$(dirname "$0")" && pwd)
passed=0 failed=0 skipped=0
for script in "$here"/parity_*.py; do
    echo "--- $(basename "$script" .py)"
    out=$(/usr/bin/python3 "$script" 2>&1)
    code=$?
    echo "$out" | grep -v '^[0-9]* passed'
    read -r p f s < <(echo "$out" | awk '/^[0-9]+ passed, [0-9]+ failed/ {
        p += $1; f += $3; if ($6 == "skipped") s += $5 } END { print p + 0, f + 0, s + 0 }')
    if [ $code -ne 0 ] && [ "$f" -eq 0 ] || [ $((p + f + s)) -eq 0 ]; then f=1; fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
[ "$skipped" -gt 0 ] && echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
