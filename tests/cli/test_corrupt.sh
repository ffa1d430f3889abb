#!/bin/bash
# coppice corrupt: files, streams and pictures in and out, and what it refuses.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"

# A y4m clip of 6 frames of 16x12: four rows of a ramp, moving.
frames=6
{
    printf 'YUV4MPEG2 W16 H12 F25:1 Ip A1:1 C420jpeg\n'
    for f in $(seq $frames); do
        printf 'FRAME\n'
        for i in $(seq 192); do printf "\\x$(printf %x $((32 + (i * 5 + f * 9) % 200)))"; done
        for i in $(seq 96); do printf '\x80'; done
    done
} >"$work/in.y4m"
body() { sed '1d' "$1"; } # a y4m file without its header line

for name in gaussian_noise brightness motion_blur_temporal h264_crf; do
    run corrupt "$work/in.y4m" "$work/$name.y4m" --corruption $name --severity 3 --seed 4
    check "$name" quiet
    check "$name keeps $frames frames" test "$(grep -ao FRAME "$work/$name.y4m" | wc -l)" -eq $frames
    check "$name changes bytes" differ <(body "$work/in.y4m") <(body "$work/$name.y4m")
    "$coppice" corrupt - - --corruption $name --severity 3 --seed 4 \
        <"$work/in.y4m" >"$work/out" 2>"$work/err"
    code=$?
    check "$name from stdin to stdout" quiet
    check "$name is the same through a pipe" cmp -s "$work/out" "$work/$name.y4m"
done
run corrupt "$work/in.y4m" "$work/zero.y4m" --corruption gaussian_noise --severity 0
check "severity 0 keeps every byte" cmp -s <(body "$work/in.y4m") <(body "$work/zero.y4m")
run corrupt "$work/in.y4m" "$work/b.y4m" --corruption gaussian-noise --severity 3 --seed 5
check "seed matters" differ "$work/b.y4m" "$work/gaussian_noise.y4m"
run corrupt "$work/in.y4m" "$work/b.y4m" --corruption gaussian_noise --severity 3 --seed 4 --clip-id 1
check "clip-id matters" differ "$work/b.y4m" "$work/gaussian_noise.y4m"
run corrupt "$work/in.y4m" "$work/b.y4m" --corruption gaussian_noise --severity 3 --seed 4 --preset cifar-32
check "preset matters" differ "$work/b.y4m" "$work/gaussian_noise.y4m"
run corrupt "$work/in.y4m" "$work/b.y4m" --corruption gaussian_noise --severity 1 --seed 4 --params sigma=0.18
check "params override the table" cmp -s "$work/b.y4m" "$work/gaussian_noise.y4m"

run corrupt "$work/in.y4m" "$work/a.mkv" --corruption brightness --severity 2
check "to Matroska" quiet
run corrupt "$work/a.mkv" "$work/a.y4m" --corruption brightness --severity 0
check "from Matroska" quiet
run corrupt "$work/in.y4m" "$work/b.y4m" --corruption brightness --severity 2
check "Matroska is lossless" cmp -s <(body "$work/a.y4m") <(body "$work/b.y4m")
run corrupt "$work/in.y4m" "$work/a%d.png" --corruption brightness --severity 0
check "to pictures" quiet
picture=$(find "$work" -name 'a[0-9]*.png' | sort | head -n 1)
run corrupt "$picture" "$work/bright.png" --corruption brightness --severity 5
check "picture to picture" quiet
check "the picture changed" differ "$picture" "$work/bright.png"

run corrupt "$work/in.y4m" "$work/x.y4m" --corruption gausian_noise --severity 3
check "unknown corruption" refuses 2 gaussian_noise
run corrupt "$work/in.y4m" "$work/x.y4m" --corruption brightness --severity 6
check "severity out of range" refuses 2 "0 to 5"
run corrupt "$work/in.y4m" "$work/x.y4m" --corruption brightness --severity high
check "severity that is no number" refuses 2 '"high"'
run corrupt "$work/in.y4m" "$work/x.y4m" --corruption brightness
check "no severity" refuses 2 --severity
run corrupt "$work/in.y4m" "$work/x.y4m" --severity 3
check "no corruption" refuses 2 --corruption
run corrupt "$work/in.y4m" --corruption brightness --severity 3
check "no OUT" refuses 2 OUT
run corrupt "$work/in.y4m" "$work/x.y4m" --corruption brightness --severity 3 --seed -1
check "negative seed" refuses 2 --seed
run corrupt "$work/in.y4m" "$work/x.y4m" --corruption brightness --severity 3 --clip-id 4294967296
check "clip-id of 33 bits" refuses 2 --clip-id
run corrupt "$work/in.y4m" "$work/x.y4m" --corruption brightness --severity 3 --temporal often
check "unknown temporal mode" refuses 2 coherent
run corrupt "$work/in.y4m" "$work/x.y4m" --corruption brightness --severity 3 --params offset=2
check "parameter out of range" refuses 2 offset
run corrupt "$work/none.y4m" "$work/x.y4m" --corruption brightness --severity 3
check "missing file" refuses 3 none.y4m
run corrupt "$work/in.y4m" "$work/no/x.y4m" --corruption brightness --severity 3
check "missing folder" refuses 5 x.y4m
check "nothing is left behind" test -z "$(find "$work" -name 'x.*')"

finish
