#!/bin/bash
# coppice corrupt between two ffmpeg commands.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"

ff=(ffmpeg -v error -nostdin)
for format in yuv420p yuv422p yuv444p gray; do
    for name in brightness h264_crf; do
        "${ff[@]}" -f lavfi -i testsrc2=s=50x38:r=10:d=1.2 -pix_fmt $format -strict -1 \
            -f yuv4mpegpipe - 2>"$work/err" |
            "$coppice" corrupt - - --corruption $name --severity 3 2>>"$work/err" |
            ffmpeg -v error -f yuv4mpegpipe -i - -pix_fmt $format -f framemd5 - \
                >"$work/out" 2>>"$work/err"
        code=$((PIPESTATUS[0] + PIPESTATUS[1] + PIPESTATUS[2]))
        check "$format, $name" quiet
        check "$format, $name: 12 frames" test "$(grep -vc '^#' "$work/out")" -eq 12
    done
done
# A reader that goes away ends the program quietly or with a line, never by a crash.
"${ff[@]}" -f lavfi -i testsrc2=s=320x240:d=4 -f yuv4mpegpipe "$work/long.y4m"
"$coppice" corrupt "$work/long.y4m" - --corruption brightness --severity 2 2>"$work/err" |
    head -c 100000 >"$work/out"
code=${PIPESTATUS[0]}
check "a reader that goes away (exit $code)" test "$code" -eq 5 -o "$code" -eq 141
check "and what is said of it" test "$(wc -l <"$work/err")" -le 1

finish
