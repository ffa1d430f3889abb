#!/bin/bash
# coppice synth: the set it leaves, what it says, what it refuses.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"

refused() { # CODE TEXT ARGUMENT...
    local want=$1 text=$2
    shift 2
    run synth "$@"
    refuses "$want" "$text"
}

run synth "$work/a" --classes 3 --clips 4 --size 32 --frames 6 --seed 2
check "says what was written" says '3 classes, 9 training and 3 test clips'
check "12 videos" test "$(find "$work/a/videos" -name 'v_*_g0?_c0?.mp4' | wc -l)" -eq 12
check "no other file" test "$(find "$work/a" -type f | wc -l)" -eq 15
check "three classes" test "$(wc -l <"$work/a/annotations/classInd.txt")" -eq 3
check "labels count from 1" grep -qE '^MoveRight/v_MoveRight_g02_c01.mp4 2$' "$work/a/annotations/trainlist01.txt"
check "test list has no labels" grep -qE '^MoveUp/v_MoveUp_g01_c01.mp4$' "$work/a/annotations/testlist01.txt"
if command -v ffprobe >/dev/null; then
    probe=$(ffprobe -v error -count_frames -of csv=p=0 -show_entries \
        stream=codec_name,width,height,r_frame_rate,nb_read_frames "$work/a/videos/MoveUp/v_MoveUp_g02_c01.mp4")
    check "H.264, 32x32, 25 a second, 6 frames ($probe)" test "$probe" = "h264,32,32,25/1,6"
fi

# Leftovers in memory must not reach the files.
MALLOC_PERTURB_=85 "$coppice" synth "$work/b" --classes 3 --clips 4 --size 32 --frames 6 --seed 2 --threads 1 >/dev/null
check "the same seed, the same bytes" diff -rq "$work/a" "$work/b"
"$coppice" synth "$work/c" --classes 3 --clips 4 --size 32 --frames 6 --seed 3 >/dev/null
check "another seed, another set" test "$(diff -rq "$work/a/videos" "$work/c/videos" | wc -l)" -eq 12

check "refuses to write over a set" refused 2 already "$work/a"
check "needs a folder" refused 2 OUT --classes 3
check "one folder only" refused 2 left over "$work/x" "$work/y"
check "classes out of range" refused 2 "2 to 12" "$work/x" --classes 13
check "odd size" refused 2 even "$work/x" --size 33
check "a word for a number" refused 2 --clips "$work/x" --clips many
check "negative seed" refused 2 seed "$work/x" --seed -1
check "nearest option" refused 2 "did you mean --frames?" "$work/x" --frame 3
check "nothing was made" test ! -e "$work/x"
touch "$work/file"
check "a file in the way" refused 5 "$work/file" "$work/file/x" --classes 2 --clips 2

finish
