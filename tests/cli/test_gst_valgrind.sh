#!/bin/bash
# Elements under valgrind: buffers, events, properties and states; no access outside, no leak.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"
tests=$(dirname "$coppice")/tests/elements
if [ -n "${SAN:-}" ] || [ ! -x "$tests/test_videocorrupt" ]; then
    echo "0 passed, 0 failed, 1 skipped" # a sanitizer is one already
    exit 0
fi
# On some processors valgrind lacks an instruction that a library of FFmpeg's runs as it is loaded.
if valgrind -q ffmpeg -version 2>&1 | grep -q "Illegal opcode"; then
    echo "0 passed, 0 failed, 1 skipped"
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
for what in test_videocorrupt:buffers test_videocorrupt_stream:events \
    test_videocorrupt_control:control test_videocorrupt_control:properties; do
    watch "${what%:*}" "${what#*:}"
    check "$what" test $code -eq 0
    check "$what ran" grep -qE 'Checks: ([4-9]|[0-9]{2})' "$work/out"
done

finish
