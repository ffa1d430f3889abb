#!/bin/bash
# Runs test programs (Check binaries, the kernel checks, shell tests, comparisons in Python),
# JOBS at a time (one a core), and adds up what they report. The last line is "N passed, N failed".
# What a program printed stays in BUILD/test-log.
# Usage: tests/run.sh BUILD PROGRAM...
# SPDX-License-Identifier: LGPL-2.1-or-later
set -u
build=$1
shift
export log=$build/test-log
rm -rf "$log"
mkdir -p "$log"
# Limits are there for what hangs, not for what a busy machine slows down.
export CK_DEFAULT_TIMEOUT=${CK_DEFAULT_TIMEOUT:-120}
# Under a sanitizer a process for each test, and a search for leaks at its end, takes longer than
# most tests do; what one test leaves to the next is told by the build without.
[ -z "${SAN:-}" ] || export CK_FORK=no
export TEST_TIMEOUT=${TEST_TIMEOUT:-1200}
export LSAN_OPTIONS=${LSAN_OPTIONS:-suppressions=$(dirname "$(realpath "$0")")/leaks.supp:print_suppressions=0}
# GLib hands small blocks from thread to thread behind a lock that TSan does not see.
[ "${SAN:-}" != thread ] || export G_SLICE=always-malloc

# Leaves "PASSED FAILED SKIPPED" in a file and prints its report in one piece.
run_one() { # PROGRAM
    local name out start code seconds p f s skipped='' command=("$1")
    name=$(basename "$1")
    # Debian's own, which has the packages, whichever is first in the path.
    [[ $1 != *.py ]] || command=(/usr/bin/python3 "$1")
    out=$log/$name.log
    start=$(date +%s.%N)
    timeout "$TEST_TIMEOUT" "${command[@]}" >"$out" 2>&1
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
    echo "$p $f $s" >"$log/$name.count"
    [ "$s" -eq 0 ] || skipped=", $s skipped"
    if [ "$f" -gt 0 ]; then
        printf 'FAIL %-34s %4d passed, %d failed (exit %d, %s s)\n%s\n' "$name" "$p" "$f" $code \
            "$seconds" "$(grep -vE '^Running suite' "$out" | tail -n 40 | sed 's/^/    /')"
    else
        printf 'ok   %-34s %4d passed%s (%s s)\n' "$name" "$p" "$skipped" "$seconds"
    fi
}
export -f run_one

# shellcheck disable=SC2016 # the inner shell expands
printf '%s\0' "$@" | xargs -0 -n 1 -P "${JOBS:-$(nproc)}" bash -c 'run_one "$1"' run_one
# A program whose count is missing was killed together with what counts.
missing=0
for program in "$@"; do
    [ -f "$log/$(basename "$program").count" ] || missing=$((missing + 1))
done
read -r passed failed skipped < <(cat "$log"/*.count | awk -v lost=$missing '
    { p += $1; f += $2; s += $3 } END { print p + 0, f + lost, s + 0 }')
[ "$skipped" -gt 0 ] && echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
