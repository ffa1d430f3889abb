#!/bin/bash
# Runs test programs (Check binaries, the kernel checks, shell tests) and adds
# up what they report. The last line is "N passed, N failed".
# Usage: tests/run.sh BUILD PROGRAM...
# SPDX-License-Identifier: LGPL-2.1-or-later
set -u
build=$1
shift
log=$build/test-log
rm -rf "$log"
mkdir -p "$log"
# A limit of Check's is there for what hangs, not for what a busy machine slows down.
export CK_DEFAULT_TIMEOUT=${CK_DEFAULT_TIMEOUT:-60} CK_TIMEOUT_MULTIPLIER=${SAN:+5}
[ -n "$CK_TIMEOUT_MULTIPLIER" ] || unset CK_TIMEOUT_MULTIPLIER
export LSAN_OPTIONS=${LSAN_OPTIONS:-suppressions=$(dirname "$(realpath "$0")")/leaks.supp:print_suppressions=0}
# GLib hands small blocks from thread to thread behind a lock that TSan does not see.
[ "${SAN:-}" != thread ] || export G_SLICE=always-malloc
passed=0 failed=0 skipped=0
for program in "$@"; do
    name=$(basename "$program")
    out=$log/$name.log
    start=$(date +%s.%N)
    timeout "${TEST_TIMEOUT:-600}" "$program" >"$out" 2>&1
    code=$?
    seconds=$(awk "BEGIN { printf \"%.1f\", $(date +%s.%N) - $start }")
    # Check: "100%: Checks: 12, Failures: 0, Errors: 0"; ours: "12 passed, 0 failed[, 1 skipped]"
    read -r p f s < <(awk '
        /Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+/ {
            match($0, /Checks: [0-9]+/); c = substr($0, RSTART + 8, RLENGTH - 8)
            match($0, /Failures: [0-9]+/); a = substr($0, RSTART + 10, RLENGTH - 10)
            match($0, /Errors: [0-9]+/); b = substr($0, RSTART + 8, RLENGTH - 8)
            p += c - a - b; f += a + b }
        /^[0-9]+ passed, [0-9]+ failed/ { p += $1; f += $3; if ($6 == "skipped") s += $5 }
        END { print p + 0, f + 0, s + 0 }' "$out")
    # A program that dies, or counts nothing, is a failure of its own.
    if [ $code -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
    if [ $((p + f + s)) -eq 0 ]; then f=1; fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    if [ "$f" -gt 0 ]; then
        printf 'FAIL %-34s %4d passed, %d failed (exit %d, %s s)\n' "$name" "$p" "$f" $code "$seconds"
        grep -vE '^Running suite' "$out" | tail -n 40 | sed 's/^/    /'
    else
        printf 'ok   %-34s %4d passed%s (%s s)\n' "$name" "$p" "$([ "$s" -gt 0 ] && echo ", $s skipped")" "$seconds"
    fi
done
[ "$skipped" -gt 0 ] && echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
