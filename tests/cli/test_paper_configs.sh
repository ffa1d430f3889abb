#!/bin/bash
# configs/paper: every file is read and lists its runs; those whose net is there train and are evaluated on tiny data in
# the formats that they ask for; the others say what is missing, before they ask for data.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"
cp -r "$(dirname "$0")/../../configs" "$work/" # data/ lies beside it
cd "$work" || exit 1
paper=configs/paper
mkdir data

# --- tiny data: CIFAR's files of noise, pictures in folders and lists, videos ---------------------
records() { # FILE PICTURES BYTE...: labels before each picture
    local file=$1 n=$2 i
    shift 2
    for ((i = 0; i < n; i++)); do
        for byte in "$@"; do printf "\\$(printf %03o $(((i + byte) % 4)))"; done
        head -c 3072 /dev/urandom
    done >"$file"
}
mkdir data/cifar-10-batches-bin data/cifar-100-binary
printf 'a\nb\nc\nd\n' | tee data/cifar-10-batches-bin/batches.meta.txt data/cifar-100-binary/coarse_label_names.txt \
    >data/cifar-100-binary/fine_label_names.txt
for i in 1 2 3 4 5; do records data/cifar-10-batches-bin/data_batch_$i.bin 4 0; done
records data/cifar-10-batches-bin/test_batch.bin 4 0
records data/cifar-100-binary/train.bin 16 1 0
records data/cifar-100-binary/test.bin 4 1 0
pictures() { # SIZE NUMBER PATTERN
    ffmpeg -v error -f lavfi -i "testsrc2=size=$1:rate=1" -frames:v "$2" "$3" </dev/null
}
for class in n01440764 n01443537 n01484850; do
    mkdir -p data/imagenet/train/$class data/imagenet/val/$class data/tiny-imagenet-200/train/$class/images
    pictures 280x300 4 data/imagenet/train/$class/${class}_%d.JPEG
    pictures 300x260 1 data/imagenet/val/$class/ILSVRC2012_val_0000000%d.JPEG
    pictures 64x64 4 data/tiny-imagenet-200/train/$class/images/${class}_%d.JPEG
done
ln -s val data/imagenet/test
mkdir -p data/tiny-imagenet-200/val/images
pictures 64x64 3 data/tiny-imagenet-200/val/images/val_%d.JPEG
printf 'val_%d.JPEG\t%s\t0\t0\t62\t62\n' 1 n01440764 2 n01443537 3 n01484850 \
    >data/tiny-imagenet-200/val/val_annotations.txt
"$coppice" synth data/ucf101 --classes 3 --clips 6 --size 128 --frames 20 >/dev/null
# The lists as the file's head says.
sed -n 's/^#   \((printf\|awk\)/\1/p' $paper/tinyimagenetc_efficientnet_b0.cfg >lists.sh
check "two commands make the lists" test "$(wc -l <lists.sh)" -eq 2
(cd data/tiny-imagenet-200 && bash ../../lists.sh)

# --- every file ---------------------------------------------------------------------------------
declare -A runs=([cifar10c_vgg16]=123 [cifar100c_resnet34]=123 [imagenetc_resnet50]=18 [imagenetcbar_resnet50]=18
    [imagenet3dcc_resnet50]=18 [tinyimagenetc_efficientnet_b0]=123 [imagenetc_deit_b]=18 [ucf101c_r3d_50]=27
    [ucf101c_i3d]=27)
declare -A cells=([cifar10c_vgg16]=75 [cifar100c_resnet34]=75 [imagenetc_resnet50]=75 [imagenetcbar_resnet50]=20
    [imagenet3dcc_resnet50]=20 [tinyimagenetc_efficientnet_b0]=75 [imagenetc_deit_b]=75 [ucf101c_r3d_50]=70
    [ucf101c_i3d]=70)
# Nets that are missing, and what files and messages name in their place.
declare -A missing=([tinyimagenetc_efficientnet_b0]=efficientnet_b0 [imagenetc_deit_b]=deit_b
    [ucf101c_r3d_50]=r3d_50 [ucf101c_i3d]=i3d)
declare -A instead=([tinyimagenetc_efficientnet_b0]=resnet18 [imagenetc_deit_b]=resnet50 [ucf101c_r3d_50]=r3d_18
    [ucf101c_i3d]=r2plus1d_18)
check "nine scenarios" test "$(find $paper -name '*.cfg' | wc -l)" -eq ${#runs[@]}
# A sweep of two small nets of the file's own.
tiny=(--set 'sweep.methods=["dense", "granet_g"]' --set sweep.seeds=[1] --set 'sweep.controls=[]' --set train.epochs=1
    --set train.batch=4 --set train.accum=1 --set 'corrupt.severities=[2]')
for path in "$paper"/*.cfg; do
    name=$(basename "$path" .cfg)
    net=() short=() options=width=2 densities='[0.5]' out=$name
    [[ $name != *resnet34 && $name != tiny* ]] || options='width=2, stem=cifar'
    [[ $name != ucf101c* ]] || short=(--set clip.frames=4)
    [[ $name != imagenet*resnet50 ]] || out=imagenet densities='[0.9]'
    run config -c "$path"
    check "$name is read" says 'preset = "paper-like"'
    folder=runs/${name/imagenet*_resnet50/imagenet_resnet50}
    check "$name begins with its command" grep -qxF "#   coppice sweep -c $path --out $folder" "$path"
    if [ "${missing[$name]:-}" ]; then
        run sweep -c "$path" --out none
        check "$name says what is missing" refuses 2 "'${missing[$name]}' is not there yet" "${instead[$name]}"
        run train -c "$path" --set data.root=nowhere --out none
        check "before it asks for data" refuses 2 "'${missing[$name]}' is not there yet"
        check "and leaves nothing" test ! -e none
        read -ra net < <(sed -n 's/^#   \(--set model.*\)/\1/p' "$path")
        check "$name names another net" test "${net[1]}" = "model.arch=${instead[$name]}"
    fi
    run sweep -c "$path" --out none --status "${net[@]}"
    check "$name lists its runs" says "${runs[$name]} runs: 0 done, 0 running, ${runs[$name]} waiting"
    run sweep -c "$path" --out "$out" "${tiny[@]}" --set "sweep.densities=$densities" "${net[@]}" \
        "${short[@]}" --set "model.options=$options"
    check "$name runs" test $code -eq 0
    check "$name: every net, corruption and clean clip" grep -qE \
        "^[0-9]+ clips in $((2 * (cells[$name] / 5 + 1))) cells" out
    check "$name: nothing is wrong" test -z "$(grep -v '^granet_g_.*initial_density' err)"
done
check "nets of three scenarios are trained once" test "$(sqlite3 imagenet/results.db \
    'SELECT count(*) || " " || (SELECT count(*) FROM setup) FROM model')" = "2 3"
run train -c $paper/imagenetc_resnet50.cfg --set sparse.method=granet --set sparse.density=0.9 --set train.epochs=1 \
    --set model.options=width=2 --set train.batch=4 --out granet
check "GraNet says where it starts" grep -q 'initial_density 0.8 is below' err
finish
