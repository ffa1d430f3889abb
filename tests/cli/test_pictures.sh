#!/bin/bash
# Pictures as clips of one frame: CIFAR's files, trained on and evaluated.
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

run train -c "$work/cifar.cfg" --set data.format=idx --out "$work/none"
check "no such file" refuses 3 train-images-idx3-ubyte
truncate -s -1 "$work/cifar/data_batch_2.bin"
run train -c "$work/cifar.cfg" --out "$work/none"
check "a file that is cut" refuses 3 data_batch_2.bin 3073

finish
