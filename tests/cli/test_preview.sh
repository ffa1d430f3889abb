#!/bin/bash
# coppice preview: the pictures on a sheet are those of coppice corrupt; and what it refuses.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"

side=20 frames=12
ffmpeg -v error -f lavfi -i testsrc=s=${side}x${side}:r=25 -frames:v $frames -c:v ffv1 "$work/in.mkv"
size() { ffprobe -v error -show_entries stream=width,height -of csv=p=0 "$1"; }
tile() { # ROW COLUMN: pixels of a place on the sheet
    ffmpeg -v error -i "$work/sheet.png" \
        -vf "crop=$side:$side:$((162 + $2 * (side + 4))):$((70 + $1 * (side + 4))):exact=1" \
        -pix_fmt rgb24 -f rawvideo - | md5sum
}
picture() { ffmpeg -v error -i "$1" -pix_fmt rgb24 -f rawvideo - | md5sum; }

run preview "$work/in.mkv" -o "$work/sheet.png" --corruption gaussian_noise --tile $side --frames 3 --seed 4
check "one corruption over time" quiet
check "the sheet has its size" test "$(size "$work/sheet.png")" = \
    "$((162 + 6 * (side + 4) + 14)),$((70 + 3 * (side + 4) + 14))"
for severity in 0 2 5; do
    run corrupt "$work/in.mkv" "$work/s$severity-%02d.png" --corruption gaussian_noise --severity $severity --seed 4
    for row in 0 1 2; do # frames 2, 6 and 10: the middles of thirds
        number=$(printf %02d $((3 + 4 * row)))
        check "severity $severity, row $row is frame $((2 + 4 * row))" \
            test "$(tile $row $severity)" = "$(picture "$work/s$severity-$number.png")"
    done
done
run preview "$work/in.mkv" -o "$work/sheet.png" --corruption gaussian_noise --tile $side --frames 3 --step 1 --seed 4
check "step by step from the middle" test "$(tile 1 2)" = "$(picture "$work/s2-07.png")" -a \
    "$(tile 2 2)" = "$(picture "$work/s2-08.png")"
run preview "$work/in.mkv" -o "$work/sheet.png" --corruption motion_blur_temporal --tile $side --frames 1
run corrupt "$work/in.mkv" "$work/m%02d.png" --corruption motion_blur_temporal --severity 3
check "neighbours are read where a corruption wants them" test "$(tile 0 3)" = "$(picture "$work/m07.png")"
run preview "$work/in.mkv" -o "$work/sheet.png" --corruption noise --tile $side --seed 4
check "a family" quiet
run corrupt "$work/in.mkv" "$work/n%02d.png" --corruption gaussian_noise --severity 4 --seed 4
check "its first row" test "$(tile 0 4)" = "$(picture "$work/n07.png")"
run preview "$work/in.mkv" -o "$work/all.png" --tile 16
check "all of them" quiet

rm "$work/sheet.png"
run preview "$work/in.mkv" -o "$work/sheet.png" --corruption gausian_noise
check "unknown corruption" refuses 2 gaussian_noise
run preview "$work/in.mkv" -o "$work/sheet.png" --tile 4
check "a tile too small" refuses 2 "16 to 1024"
run preview "$work/in.mkv" -o "$work/sheet.png" --params sigma=1
check "parameters of everything" refuses 2 "name it"
run preview "$work/in.mkv" -o "$work/sheet.png" --temporal often
check "unknown mode" refuses 2 coherent
run preview "$work/in.mkv"
check "no sheet" refuses 2 "-o"
run preview "$work/none.mkv" -o "$work/sheet.png"
check "missing video" refuses 3 none.mkv
run preview "$work/in.mkv" -o "$work/no/sheet.png"
check "missing folder" refuses 5 sheet.png
check "nothing is left behind" test ! -e "$work/sheet.png"

finish
