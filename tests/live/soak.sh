#!/bin/bash
# An hour of video, as fast as it goes: FRAMES (108,000: an hour at 30 a second) of 160x120 through
# videocorrupt and robustness, where nothing may be lost. Memory must not grow, counts must be
# exact, nothing may be complained of. The last line is "N passed, N failed".
# Usage: tests/live/soak.sh COPPICE
# SPDX-License-Identifier: LGPL-2.1-or-later
set -u
coppice=$1
frames=${FRAMES:-108000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset DISPLAY WAYLAND_DISPLAY
passed=0 failed=0
check() { # NAME CONDITION...
    if "${@:2}"; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        echo "FAIL $1"
    fi
}

"$coppice" model new --arch r3d_tiny --classes 4 -o "$work/model.safetensors" >/dev/null || exit 1
# A source that is not live waits for the models: backpressure=auto is block.
GST_DEBUG=2 GST_DEBUG_NO_COLOR=1 "$coppice" live \
    "gst:videotestsrc pattern=snow num-buffers=$frames ! video/x-raw,width=160,height=120,framerate=30/1" \
    --schedule "0:gaussian_noise:0;600:gaussian_noise:5;600:fog:3;900:motion_blur_temporal:2;1200:repeat" \
    --model "$work/model.safetensors" --corruptions gaussian_noise,fog --severities 1,5 \
    --db "$work/live.db" --json "$work/said.json" >"$work/out" 2>"$work/err" &
# coppice becomes coppice-live.
pid=$!
: >"$work/memory"
start=$SECONDS
while kill -0 $pid 2>/dev/null; do
    sleep 2
    awk '/^VmRSS/ { print $2 }' "/proc/$pid/status" >>"$work/memory" 2>/dev/null
done
wait $pid
code=$?

# Medians of resident memory: queues fill and empty, so single looks scatter by a tenth. The first
# ones are of the middle: by then the schedule has had each corruption make what it keeps.
median() { # FROM TO, shares of the time
    awk -v from="$1" -v to="$2" '{ m[NR] = $1 } END { for (i = 1; i <= NR; i++)
        if (i > from * NR && i <= to * NR) print m[i] }' "$work/memory" | sort -n |
        awk '{ m[NR] = $1 } END { print m[int((NR + 1) / 2)] + 0 }'
}
early=$(median 0.4 0.6) late=$(median 0.8 1)
# 8 frames, every second one, span 15: windows that touch.
windows=$((frames / 15))
said=$(grep -c '"message":"robustness",' "$work/said.json")
rows=$(sqlite3 "$work/live.db" "SELECT count(*) FROM clip")
echo "$frames frames, $said windows in $((SECONDS - start)) s; resident $early KiB in the middle, $late KiB at the end"
check "it ends well (exit $code)" test $code -eq 0
check "all frames" grep -qxF "coppice live: $frames frames" "$work/err"
check "all windows are answered: $said of $windows" test "$said" -eq "$windows"
check "and are in the result file: $rows" test "$rows" -eq "$windows"
check "no warnings" test "$(grep -cE 'WARN|ERROR|CRITICAL' "$work/err")" -eq 0
# Pages that the allocator and SQLite's cache keep: 3 % and 4 MiB; a leak of 100 bytes a frame is 10 MiB.
check "memory is flat" test "$late" -le $((early + early / 33 + 4096))
[ $failed -eq 0 ] || tail -n 20 "$work/err"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
