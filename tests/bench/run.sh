#!/bin/bash
# Layers against oneDNN, nets against PyTorch, decoding against ffmpeg, OpenCV and torchvision, elements against GStreamer's:
# text on stdout, samples as JSON in build/bench/MODE, where each stage leaves a file of its name once it is done.
# Usage: tests/bench/run.sh BUILD quick|full|try
#   full  hours; a stage whose file is there is not run again, so that a run that was broken off is taken up by the next
#   try   the stages of full, as small as can be: whether they run, not what they take
# FRESH=1 runs all stages again; ONLY="layers_r3d_18_* nets_*_t2" those of such names; LIST=1 says what there is to do.
# SPDX-License-Identifier: LGPL-2.1-or-later
set -u
build=$1 mode=$2
here=$(cd "$(dirname "$0")" && pwd)
out=build/bench/$mode
cores=$(nproc)
fresh=${FRESH:-}
read -ra only <<<"${ONLY:-}"
failed=() ran=0 kept=0
mkdir -p "$out" || exit
trap 'echo; echo "broken off; stages that are done stay"; exit 130' INT

wanted() { # NAME
    local pattern
    for pattern in "${only[@]}"; do
        # shellcheck disable=SC2053
        [[ $1 == $pattern ]] && return
    done
    [ ${#only[@]} -eq 0 ]
}

# The file has its name only when the command is through.
stage() { # NAME MINUTES COMMAND...: runs COMMAND --json FILE
    local name=$1 minutes=$2 json=$out/$1.json start=$SECONDS state=
    shift 2
    wanted "$name" || return 0
    if [ -s "$json" ] && [ -z "$fresh" ]; then
        state="done $(date -r "$json" '+%F %R')"
        [ "$build/libcoppice-nn.a" -nt "$json" ] && state+=", by an older build: FRESH=1 runs it again"
    fi
    echo "--- $name: ${state:-about $minutes min}"
    [ -z "${LIST:-}" ] || return 0
    if [ -n "$state" ]; then
        kept=$((kept + 1))
    elif "$@" --json "$json.part" && [ -s "$json.part" ]; then
        mv -f "$json.part" "$json"
        ran=$((ran + 1))
        echo "--- $name: took $((SECONDS - start)) s"
    else
        failed+=("$name")
        echo "--- $name: failed"
    fi
}

python() { # SCRIPT ARGUMENTS...
    local script=$1
    shift
    /usr/bin/python3 "$here/$script" "$@"
}

layers() { # NET MINUTES: by one thread; two take half as long
    local words=(--net "$1" --check-all) threads
    [ "$mode" = try ] &&
        words+=(--batch 1 --rounds 1 --slot 1 --density "1,0.5" --layer "^(stem|(layer|stage)1.0|conv1)")
    for threads in 1 2; do
        [ $threads -le "$cores" ] || continue
        stage "layers_$1_$threads" $((($2 + threads - 1) / threads)) "$build/bench_layers" "${words[@]}" --threads $threads
    done
}

nets() { # ARCH SIDE INFERENCE TRAINING: minutes of 16 clips by one thread; SIDE: when trying
    local arch=$1 words training minutes batch threads
    for training in inference training; do
        for batch in 1 16; do
            words=()
            [ "$mode" = try ] && words=(--rounds 1 --seconds 0 --density 0.5 --frames 4 --side "$2")
            [ "$mode$batch" = try16 ] && words+=(--init uniform --variant plain)
            # One clip takes all lanes in training, too.
            minutes=$3
            [ $training = training ] && minutes=$4
            [ $training$batch = inference1 ] && minutes=$((minutes / 4 + 1))
            for threads in 1 2; do
                [ $threads -le "$cores" ] || continue
                stage "nets_${arch}_${training}_b${batch}_t$threads" $(((minutes + threads - 1) / threads)) \
                    python bench_nets.py "$build/bench_nets" --arch "$arch" --mode $training --batch $batch \
                    --threads $threads "${words[@]}"
            done
        done
    done
}

case $mode in
quick)
    fresh=1
    threads=$((cores < 2 ? cores : 2))
    stage "layers_$threads" 2 "$build/bench_layers" --quick --threads $threads
    stage nets 3 python bench_nets.py "$build/bench_nets" --quick
    stage decode 2 python bench_decode.py "$build/bench_decode" --rounds 3
    stage elements 1 python bench_elements.py "$build/bench_elements" "$build/coppice" --quick --rounds 2
    stage live 2 python bench_live.py "$build/coppice"
    ;;
full | try)
    rounds=9 elements=(--rounds 5) live=()
    [ "$mode" = try ] && rounds=1 elements=(--rounds 1 --quick) live=(--seconds 5)
    layers r3d_18 11
    nets r3d_18 32 15 45
    layers r2plus1d_18 13
    nets r2plus1d_18 32 20 60
    layers vgg16 10
    layers x3d 6
    stage lists 1 "$build/bench_lists" --rounds $rounds
    nets x3d_stack 32 6 20
    nets resnet18 64 3 8
    nets vgg16_bn 32 3 5
    stage decode 12 python bench_decode.py "$build/bench_decode" --rounds $rounds
    stage elements 15 python bench_elements.py "$build/bench_elements" "$build/coppice" "${elements[@]}"
    stage live 3 python bench_live.py "$build/coppice" "${live[@]}"
    ;;
*)
    echo "run.sh: got \"$mode\"; allowed: quick, full, try" >&2
    exit 2
    ;;
esac
[ -z "${LIST:-}" ] || exit 0
echo
echo "$ran stages run, $kept done before, ${#failed[@]} failed${failed[*]:+: ${failed[*]}}"
echo "every sample: $out/*.json; tables of them: tests/bench/bench_tables.py $out/*.json"
[ ${#failed[@]} -eq 0 ]
