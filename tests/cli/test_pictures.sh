#!/bin/bash
# Pictures as clips of one frame, CIFAR's and single files, and as clips of many: trained on and
# evaluated.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"

plane() { head -c 1024 /dev/zero | tr '\0' "\\$1"; } # OCTAL: a plane of one brightness
picture() {                                          # CLASS NUMBER: red, green or blue, more or less
    local shade
    printf "\\$1"
    for channel in 0 1 2; do
        shade=$((channel == $1 ? 200 + 4 * $2 : 30 + 5 * $2))
        plane "$(printf '%03o' $shade)"
    done
}
batch() { # FILE NUMBER...: a picture of each class a number
    local file=$1 number class
    shift
    for number in "$@"; do
        for class in 0 1 2; do picture $class "$number"; done
    done >"$work/cifar/$file"
}
mkdir "$work/cifar"
printf 'red\ngreen\nblue\n\n' >"$work/cifar/batches.meta.txt"
for i in 1 2 3 4 5; do batch data_batch_$i.bin $((2 * i - 2)) $((2 * i - 1)); done
batch test_batch.bin 3 6
cat >"$work/cifar.cfg" <<'END'
data = { format = "cifar10"; root = "cifar"; };
clip = { frames = 1; stride = 1; };
prep = { resize = [32, 32]; mean = [0.5, 0.5, 0.5]; std = [0.25, 0.25, 0.25]; };
model = { arch = "r3d_tiny"; options = "width=8"; };
train = { epochs = 8; batch = 10; lr = 0.1; };
sparse = { method = "rigl"; density = 0.5; interval = 2; };
corrupt = { corruptions = ["gaussian_noise", "brightness", "motion_blur_temporal"]; severities = [1, 5]; };
END

run train -c "$work/cifar.cfg" --out "$work/run"
check "a net of one frame learns colours" says "top-1 100.0 %"
run eval -c "$work/cifar.cfg" --model "$work/run/model.safetensors" --db "$work/r.db"
check "its grid" quiet
rows() { sqlite3 "$work/r.db" "$1"; }
check "every picture in every cell" test "$(rows 'SELECT count(*) FROM prediction')" = 42
check "named by file and number" test "$(rows "SELECT path FROM clip WHERE id = 6")" = test_batch.bin#5
check "clean ones are right" test "$(rows "SELECT count(*) FROM prediction JOIN cell ON cell.id = cell
    JOIN clip ON clip.id = clip WHERE corruption = 'clean' AND top1 = label")" = 6

shown() { # DATABASE: clips with frames on the page of it, were all corrupted answers wrong
    cp "$1" "$work/wrong.db"
    sqlite3 "$work/wrong.db" "UPDATE prediction SET top1 = 1 - min(top1, 1) WHERE cell IN
        (SELECT id FROM cell WHERE corruption <> 'clean')"
    run report "$work/wrong.db" -o "$work/page.html"
    grep -o 'class="frames"' "$work/page.html" | wc -l
}
check "the page shows pictures of the set" test "$(shown "$work/r.db")" = 6
check "all of them" test -z "$(grep -o 'left out: [^<]*' "$work/page.html")"
# The test pictures are among those of the training files, too.
run verify -c "$work/cifar.cfg"
check "verify looks at each of them" says "36 files (30 training, 6 test), 36 frames: 36 good, 0 broken; 6 leak"
check "and says which" grep -q '^test_batch.bin#0: leak: the same bytes as data_batch_2.bin#3 ' "$work/out"

run train -c "$work/cifar.cfg" --set data.format=idx --out "$work/none"
check "no such file" refuses 3 train-images-idx3-ubyte
truncate -s -1 "$work/cifar/data_batch_2.bin"
run train -c "$work/cifar.cfg" --out "$work/none"
check "a file that is cut" refuses 3 data_batch_2.bin 3073

# --- files of their own: our lists, with a file that is missing -------------------
mkdir "$work/grey"
grey() { { printf 'P5\n32 32\n255\n' && plane "$(printf '%03o' "$2")"; } >"$work/$1"; } # FILE SHADE
printf 'path\tlabel\n' | tee "$work/grey/train.tsv" >"$work/grey/val.tsv"
for i in 1 2 3 4 5 6; do
    grey grey/dark$i.pgm $((10 + 8 * i))
    grey grey/bright$i.pgm $((160 + 12 * i))
    list=$([ $i -lt 5 ] && echo train || echo val)
    printf '%s%d.pgm\t%s\n' dark $i dark bright $i bright >>"$work/grey/$list.tsv"
done
printf 'gone.pgm\tdark\n' >>"$work/grey/train.tsv"
grey_words=(-c "$work/cifar.cfg" --set data.format=manifest --set "data.root=$work/grey"
    --set "data.annotation=$work/grey" --set train.batch=4)
run train "${grey_words[@]}" --out "$work/none"
check "one of them missing" refuses 3 gone.pgm data.max_skip
run train "${grey_words[@]}" --set data.max_skip=0.2 --out "$work/files"
check "which may be" test $code -eq 0
check "and is listed" grep -q gone.pgm "$work/files/metrics.jsonl"
printf 'dark1.pgm\n' >>"$work/grey/val.tsv"
run train "${grey_words[@]}" --set data.max_skip=0.2 --out "$work/none"
check "a clip without a label" refuses 3 dark1.pgm data.test_split

# --- folders of pictures ------------------------------------------------------------
mkdir "$work/frames"
for clip in up down up2 down2; do
    mkdir "$work/frames/$clip"
    for t in 0 1 2 3 4 5; do
        step=$([[ $clip = up* ]] && echo $t || echo $((5 - t)))
        grey "frames/$clip/f$t.pgm" $((40 + 30 * step + ${#clip}))
    done
done
printf '%s 6 %d\n' up 0 down 1 >"$work/frames/train_list_rawframes.txt"
printf '%s 6 %d\n' up2 0 down2 1 >"$work/frames/val_list_rawframes.txt"
frames_words=(-c "$work/cifar.cfg" --set data.format=mmaction --set "data.root=$work/frames"
    --set "data.annotation=$work/frames" --set data.rawframes=true --set data.frame_template='f{}.pgm'
    --set data.frame_start=0 --set clip.frames=6 --set clip.sampler=mmaction --set train.epochs=15)
run train "${frames_words[@]}" --out "$work/many"
check "folders of pictures" says "top-1 100.0 %"
run eval "${frames_words[@]}" --model "$work/many/model.safetensors" --db "$work/m.db" --set clip.clips=2
check "their grid" quiet
check "every folder in every cell" test "$(sqlite3 "$work/m.db" 'SELECT count(*) FROM prediction')" = 14
check "the page shows pictures of folders" test "$(shown "$work/m.db")" = 2
check "which pictures they are is in the setup" test "$(sqlite3 "$work/m.db" \
    "SELECT text LIKE '%data.frame_template=f{}.pgm%' FROM setup")" = 1
run eval "${frames_words[@]}" --model "$work/many/model.safetensors" --db "$work/b.db" \
    --set corrupt.preset=kinetics-c --set corrupt.corruptions=h264_abr
check "pictures have no bit rate" grep -q "eval: the bit rate of 2 clips is not known" "$work/err"
check "said once" test $code -eq 0 -a "$(wc -l <"$work/err")" = 1
run verify "${frames_words[@]}"
check "verify looks at their pictures" says "4 files (2 training, 2 test), 24 frames: 4 good, 0 broken"
run verify "${frames_words[@]}"
check "each time" says "4 files decoded, 0 known"
cp "$work/frames/up2/f3.pgm" "$work/f3.pgm"
head -c 20 "$work/f3.pgm" >"$work/frames/up2/f3.pgm"
run verify "${frames_words[@]}"
check "verify: one picture cut" grep -q '^up2: .*f3.pgm' "$work/out"
check "verify: too many" test $code -eq 3
rm "$work/frames/up2/f3.pgm"
run verify "${frames_words[@]}"
check "verify: one picture missing" grep -q '^up2: missing: .*f3.pgm' "$work/out"
run eval "${frames_words[@]}" --model "$work/many/model.safetensors" --db "$work/n.db" \
    --set data.max_skip=0.5
check "one picture missing: its clip is skipped" test "$(sqlite3 "$work/n.db" \
    "SELECT reason LIKE '%f3.pgm%' FROM skip")" = 1

finish
