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

# Sound is copied, packet by packet and in its time, where the container has a place for it.
ffmpeg -v error -f lavfi -i testsrc=s=64x48:r=25:d=1 -f lavfi -i sine=r=16000:d=1.2 -c:v libx264 \
    -c:a aac "$work/av.mp4"
# A fraction of a file's bit rate, where the file has one.
run corrupt "$work/av.mp4" "$work/rate.y4m" --corruption h264_abr --severity 3 --preset kinetics-c
check "a bit rate of the source" quiet
run corrupt "$work/av.mp4" "$work/fixed.y4m" --corruption h264_abr --severity 3 --preset kinetics-c \
    --params bitrate_from=fixed
check "is another than a fixed one" differ "$work/rate.y4m" "$work/fixed.y4m"
"$coppice" corrupt - "$work/rate.y4m" --corruption h264_abr --severity 3 --preset kinetics-c \
    <"$work/in.y4m" 2>"$work/err"
code=$?
check "a stream without one succeeds" test $code -eq 0
check "and says what it goes by" grep -q "bit rate is not known: h264_abr goes by bits_per_pixel" "$work/err"
packets() { ffmpeg -v error -i "$1" -map 0:a -c copy -f framemd5 - | awk -F, '!/^#/ { print $5, $6 }'; }
ahead() { # by how much sound starts before the picture, milliseconds; some containers move both
    ffprobe -v error -show_entries packet=codec_type,pts_time -of csv=p=0 "$1" |
        awk -F, '!($1 in t) || $2 < t[$1] { t[$1] = $2 } END { printf "%.0f", 1000 * (t["video"] - t["audio"]) }'
}
for suffix in mp4 mkv mov avi; do
    run corrupt "$work/av.mp4" "$work/sound.$suffix" --corruption brightness --severity 1
    check "sound into $suffix" quiet
    check "$suffix has every packet of it" test -n "$(packets "$work/av.mp4")" -a \
        "$(packets "$work/av.mp4" | md5sum)" = "$(packets "$work/sound.$suffix" | md5sum)"
done
check "sound keeps its place" test "$(ahead "$work/av.mp4")" = 64 -a "$(ahead "$work/sound.mkv")" = 64
run corrupt "$work/av.mp4" "$work/silent.y4m" --corruption brightness --severity 1
check "no sound in y4m, and no word of it" quiet
ffmpeg -v error -i "$work/av.mp4" -c:v copy -c:a libvorbis -strict -2 -ac 2 "$work/vorbis.mkv"
run corrupt "$work/vorbis.mkv" "$work/x.mov" --corruption brightness --severity 1
check "sound that MOV cannot hold is left out aloud" grep -q "1 sound streams are left out" "$work/err"
rm -f "$work/x.mov"

# A folder: every file by itself, as the data set's clip of that name; broken ones are listed.
mkdir -p "$work/set/a/b" "$work/set/c"
cp "$work/in.y4m" "$work/set/a/b/one.y4m"
cp "$picture" "$work/set/c/two.png"
ffmpeg -v error -i "$picture" "$work/set/c/three.bmp"
echo text >"$work/set/c/readme.txt"
run corrupt "$work/set" "$work/bad" --corruption gaussian_noise --severity 2 --seed 3
check "a folder" quiet
check "has the same names" test "$(cd "$work/bad" && find . -type f | sort | tr '\n' ' ')" = \
    "./a/b/one.y4m ./c/three.bmp.png ./c/two.png "
# 3595599292: the low 32 bits of FNV-1a-64 of "a/b/one.y4m"
run corrupt "$work/in.y4m" "$work/b.y4m" --corruption gaussian_noise --severity 2 --seed 3 --clip-id 3595599292
check "its clip ids are the data set's" cmp -s "$work/b.y4m" "$work/bad/a/b/one.y4m"
run corrupt "$work/set" "$work/bad2" --corruption gaussian_noise --severity 2 --seed 3 --threads 2
check "two at once give the same" diff -r "$work/bad" "$work/bad2"
echo nonsense >"$work/set/a/broken.mp4"
run corrupt "$work/set" "$work/bad3" --corruption gaussian_noise --severity 2 --seed 3
check "a broken file fails the command" test $code -eq 3
check "and is listed" grep -q "a/broken.mp4" "$work/err"
check "and counted" grep -q "1 of 4 files" "$work/err"
check "and the others are there" diff -r "$work/bad" "$work/bad3"
run corrupt "$work/set" "$work/set/out" --corruption brightness --severity 2
check "OUT inside IN" refuses 2 outside
run corrupt "$work/set" "$work/bad4" --corruption brightness --severity 2 --clip-id 3
check "one clip-id for a folder" refuses 2 clip-id
mkdir "$work/empty"
run corrupt "$work/empty" "$work/bad4" --corruption brightness --severity 2
check "an empty folder" refuses 3 "no video"
run corrupt "$work/in.y4m" "$work/x.y4m" --corruption brightness --severity 3 --temporal coherent
check "a mode that the corruption does not know" refuses 2 "no modes"
run corrupt "$work/in.y4m" "$work/x.y4m" --corruption gaussian_noise --severity 3 --temporal coherent
check "and which it does" refuses 2 "iid, static"

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
