#!/bin/bash
# The scripts of samples/live with the models that "make demo QUICK=1" has trained: each must show
# frames and what the models say of them. The last line is "N passed, N failed".
# SPDX-License-Identifier: LGPL-2.1-or-later
set -u
cd "$(dirname "$0")/../.." || exit 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset DISPLAY WAYLAND_DISPLAY
shopt -s nullglob
models=(runs/quick/*/model.safetensors)
clip=$(find runs/quick/data/videos -name '*.mp4' 2>/dev/null | LC_ALL=C sort | head -n 1)
if [ ${#models[@]} -eq 0 ] || [ -z "$clip" ]; then
    echo "no models in runs/quick: run \"make demo QUICK=1\" first"
    exit 2
fi
passed=0 failed=0

try() { # SCRIPT ARGUMENT...
    DURATION=8 OUT=$work/out.mkv "samples/live/$1.sh" "${@:2}" "${models[@]}" >"$work/out" 2>"$work/err" </dev/null
    local code=$? frames
    frames=$(ffprobe -v error -count_frames -show_entries stream=nb_read_frames -of csv=p=0 \
        "$work/out.mkv" 2>/dev/null | tr -d ',\r')
    if [ $code -eq 0 ] && [ "${frames:-0}" -ge 5 ] && grep -q 'robustness, window=' "$work/out"; then
        passed=$((passed + 1))
        printf 'ok   %-10s %4d frames, %3d windows\n' "$1" "$frames" \
            "$(grep -c 'robustness, window=' "$work/out")"
    else
        failed=$((failed + 1))
        echo "FAIL $1 (exit $code, ${frames:-no} frames)"
        tail -n 5 "$work/err" | cut -c 1-300
    fi
    rm -f "$work/out.mkv"
}
DEVICE=/dev/none FORMAT=mjpeg try webcam
DEVICE=/dev/none FORMAT=yuy2 try webcam
try screen
try rtp_loss
try rtsp rtsp://127.0.0.1:1/none
try file "$clip"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
