#!/bin/bash
# Live comparison with the Debian Python packages; the last line is "N passed, N failed".
# SPDX-License-Identifier: LGPL-2.1-or-later
set -u
here=$(cd "$(dirname "$0")" && pwd)
passed=0 failed=0
for script in "$here"/parity_*.py; do
    echo "--- $(basename "$script" .py)"
    out=$(/usr/bin/python3 "$script" 2>&1)
    code=$?
    echo "$out" | grep -v '^[0-9]* passed'
    read -r p f < <(echo "$out" | awk '/^[0-9]+ passed, [0-9]+ failed/ { p += $1; f += $3 } END { print p + 0, f + 0 }')
    if [ $code -ne 0 ] && [ "$f" -eq 0 ] || [ $((p + f)) -eq 0 ]; then f=1; fi
    passed=$((passed + p)) failed=$((failed + f))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
