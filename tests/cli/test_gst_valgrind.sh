#!/bin/bash
# Elements under valgrind: buffers, events, properties and states; no access outside, no leak.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"
tests=$(dirname "$coppice")/tests/elements
if [ -n "${SAN:-}" ] || [ ! -x "$tests/test_videocorrupt" ]; then
    echo "0 passed, 0 failed, 1 skipped" # a sanitizer is one already
    exit 0
fi
# One process, so that what is left at its end is seen; GLib's own pools are let be.
export CK_FORK=no CK_DEFAULT_TIMEOUT=0 G_SLICE=always-malloc
suppressions=$(pkg-config --variable=prefix glib-2.0)/share/glib-2.0/valgrind/glib.supp
watch() { # PROGRAM CASE: leaves code, $work/out
    CK_RUN_CASE=$2 timeout 300 valgrind -q --error-exitcode=9 --leak-check=full \
        --show-leak-kinds=definite --errors-for-leak-kinds=definite \
        ${suppressions:+"--suppressions=$suppressions"} "$tests/$1" >"$work/out" 2>"$work/err"
    code=$?
}
[ -f "$suppressions" ] || suppressions=
# Valgrind knows rdtscp where the processor says that it does. libhwy, which comes with FFmpeg, runs
# it unasked as it is loaded, to learn how fine its timer is: so it is told.
if [ "$(uname -m)" = x86_64 ] && ! grep -qw rdtscp /proc/cpuinfo; then
    timer=_ZN3hwy8platform15TimerResolutionEv
    "${CC:-cc}" -shared -fPIC -x c -o "$work/timer.so" - <<<"unsigned long $timer(void) { return 1; }"
    export LD_PRELOAD=$work/timer.so
fi
for what in test_videocorrupt:buffers test_videocorrupt_stream:events \
    test_videocorrupt_control:control test_videocorrupt_control:properties; do
    watch "${what%:*}" "${what#*:}"
    check "$what" test $code -eq 0
    check "$what ran" grep -qE 'Checks: ([4-9]|[0-9]{2})' "$work/out"
done

finish
