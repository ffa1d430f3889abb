#!/bin/bash
# Training that is killed and goes on, fine-tuning, and models in their compact form.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"

make_set
cfg=$work/run.cfg
same_model() { cmp -s "$work/$1/model.safetensors" "$work/$2/model.safetensors"; }
# Losses, accuracies and topology alone: no times, no speeds.
figures() { sed -E 's/, "(clips_per_second|data_wait|seconds)": [^,}]*//g' "$work/$1/metrics.jsonl"; }

# --- everything that draws random numbers, killed ten times ----------------------
every=(train -c "$cfg" --set train.epochs=60 --set train.batch=3 --set train.accum=2
    --set train.clip_grad=1 --set train.label_smoothing=0.1 --set augment.mixup=0.2
    --set augment.hflip=0.5 --set 'prep.resize=[28,28]' --set prep.crop=24
    --set augment.crop=random --set augment.pad=2 --set augment.corrupt_probability=0.5
    --set 'augment.corruptions=["gaussian_noise", "motion_blur_temporal"]'
    --set train.checkpoint_minutes=0.0002)
begin=${EPOCHREALTIME/[.,]/}
run "${every[@]}" --out "$work/whole" --set run.threads=1
took=$((${EPOCHREALTIME/[.,]/} - begin)) # microseconds
check "all options" says top-1
check "the memory plan" grep -q 'train: .*parameters active; .* activations, .* batches ahead' "$work/plan"
check "figures for TensorBoard" test "$(find "$work/whole" -name 'events.out.tfevents.*' | wc -l)" = 1
for threads in 1 2; do
    folder=killed$threads
    kills=0
    for i in $(seq 10); do
        "$coppice" "${every[@]}" --out "$work/$folder" --set run.threads=$threads --resume \
            >/dev/null 2>&1 </dev/null &
        # 1 to 6 % of what the whole took on one thread: ten of them do not reach its end.
        pause=$((took * ((i * 7919 + threads * 104729) % 6 + 1) / 100))
        sleep "$(printf '%d.%06d' $((pause / 1000000)) $((pause % 1000000)))"
        kill -s KILL $! 2>/dev/null && kills=$((kills + 1))
        wait $! 2>/dev/null
    done
    check "$threads threads: killed before its end" test ! -e "$work/$folder/model.safetensors"
    run "${every[@]}" --out "$work/$folder" --set run.threads=$threads --resume
    check "$threads threads: goes on after $kills kills" says top-1
    check "$threads threads: the model of a run in one go" same_model whole $folder
    check "$threads threads: and its figures" cmp -s <(figures whole) <(figures $folder)
done

# --- a signal in the middle of an epoch ------------------------------------------
long=("${every[@]}" --set train.checkpoint_minutes=0 --set train.epochs=200 --set train.batch=1)
for i in 1 2 3 4 5; do # by chance it may come between two epochs
    "$coppice" "${long[@]}" --out "$work/term$i" >"$work/out" 2>"$work/err" </dev/null &
    for _ in $(seq 1200); do
        [ -s "$work/term$i/metrics.jsonl" ] && break
        sleep 0.05
    done
    kill -s TERM $!
    wait $! 2>/dev/null
    code=$?
    set_plan_apart
    grep -q 'after \(0\|12\) of 12' "$work/err" || break
done
check "SIGTERM: says how far it got" refuses 75 "of 200" "of 12 batches; --resume"
check "SIGTERM: in the middle of an epoch" grep -q 'after \([1-9]\|1[01]\) of 12' "$work/err"

# --- what a folder holds ------------------------------------------------------------
# Another run's model is not taken for this one's, though both folders are alike.
short=(train -c "$cfg" --set train.epochs=1)
run "${short[@]}" --out "$work/one"
run "${short[@]}" --out "$work/two" --set run.seed=2
cp "$work/two/model.safetensors" "$work/wanted"
cp "$work/one/model.safetensors" "$work/two/model.safetensors"
run "${short[@]}" --out "$work/two" --set run.seed=2 --resume
check "a model that another run left is written anew" cmp -s "$work/two/model.safetensors" "$work/wanted"
touch -d '1 hour ago' "$work/two/checkpoint.safetensors.part999999" "$work/two/part.partx"
touch "$work/two/model.safetensors.part999999"
run "${short[@]}" --out "$work/two" --set run.seed=2 --set train.epochs=2
check "a new run over an old one" says top-1
check "what a dead process left long ago is gone" test ! -e "$work/two/checkpoint.safetensors.part999999"
check "what may be at work is not" test -e "$work/two/model.safetensors.part999999" -a -e "$work/two/part.partx"

# The grid that is evaluated later may change.
spoilt=("${short[@]}" --set augment.corrupt_probability=0.5 --out "$work/spoilt")
run "${spoilt[@]}"
run "${spoilt[@]}" --set corrupt.severities=[3] --set corrupt.corruptions=brightness --resume
check "another grid" says top-1
run "${spoilt[@]}" --set corrupt.temporal=static --resume
check "another way of corrupting" refuses 2 "another configuration"
run train -c "$cfg" --set augment.pad=4 --set data.root=nowhere --out "$work/x"
check "a pad that no crop takes in" refuses 2 augment.pad augment.crop

# The last batch of an epoch: 12 clips are one batch of 11, and one clip, of which batch-norm
# would make statistics.
steps() { tail -n 1 "$work/$1/metrics.jsonl" | grep -oE '"step": [0-9]+'; }
odd=(train -c "$cfg" --set train.batch=11)
run "${odd[@]}" --out "$work/odd"
check "a last batch of one clip is pointed out" grep -qF "has 1 clip, and train.drop_last = true" "$work/plan"
check "and trained on" test "$(steps odd)" = '"step": 4'
run "${odd[@]}" --set train.drop_last=true --out "$work/full"
check "unless it is left out" test -z "$(grep drop_last "$work/plan" "$work/err")"
check "in every epoch" test "$(steps full)" = '"step": 2'
run "${odd[@]}" --set train.drop_last=true --out "$work/odd" --resume
check "which is another training" refuses 2 "another configuration"
run "${odd[@]}" --set train.drop_last=true --set train.batch=13 --out "$work/x"
check "no batch is left" refuses 2 "train.drop_last: 12 training clips fill no batch of train.batch = 13"

# Names of files and folders are bytes.
mkdir -p "$work/bytes/train/caf"$'\xe9' "$work/bytes/train/b" "$work/bytes/test/caf"$'\xe9' "$work/bytes/test/b"
mapfile -t clips < <(find "$work/set/videos" -name '*.mp4' | sort)
for split in train test; do
    cp "${clips[0]}" "$work/bytes/$split/caf"$'\xe9'/x.mp4
    cp "${clips[1]}" "$work/bytes/$split/b/y.mp4"
done
echo broken >"$work/bytes/train/b/$(printf '視%.0s' $(seq 78)).mp4"
echo broken >"$work/bytes/train/b/br"$'\xf6'"ken.mp4"
bytes=(--set data.format=folder --set "data.root=$work/bytes" --set data.annotation= --set data.max_skip=0.9)
run "${short[@]}" "${bytes[@]}" --out "$work/named"
check "names that are not UTF-8, and long ones" says "clips were skipped"
run eval -c "$cfg" "${bytes[@]}" --model "$work/named/model.safetensors" --db "$work/named.db" --only clean
check "and classes" quiet
run verify -c "$cfg" "${bytes[@]}" --json
check "verify --json of them" json "$work/out" '$.findings[0].path'

# --- fine-tuning -------------------------------------------------------------------
first=$work/whole/model.safetensors
tune=(train -c "$cfg" --set train.epochs=1 --set "model.weights=$first")
run "${tune[@]}" --out "$work/tuned"
check "from weights" says top-1
run "${tune[@]}" --out "$work/frozen" --set 'model.freeze=["stem", "layer1", "layer2", "layer3"]'
check "frozen layers" says top-1
run "${tune[@]}" --out "$work/x" --set 'model.freeze=["steam"]'
check "a layer that is not there" refuses 2 '"steam"' stem
"$coppice" synth "$work/four" --classes 4 --clips 4 --size 32 --frames 12 >/dev/null
four=("${tune[@]}" --set "data.root=$work/four/videos" --set "data.annotation=$work/four/annotations")
run "${four[@]}" --out "$work/x"
check "another number of classes" refuses 4 model.safetensors fc.weight 'head = "reset"'
run "${four[@]}" --out "$work/four.run" --set model.head=reset
check "a new head" says top-1
run "${tune[@]}" --out "$work/x" --set model.arch=r2plus1d_18 --set model.options=width=4
check "another architecture" refuses 4 missing unexpected

# --- the compact form ----------------------------------------------------------------
r18=(-c "$cfg" --set model.arch=r3d_18 --set model.options=width=16 --set sparse.method=static)
"$coppice" train "${r18[@]}" --set train.epochs=1 --set sparse.density=0.1 --out "$work/r18" \
    >/dev/null 2>&1
cp "$work/r18/model.safetensors" "$work/dense.st"
run model convert "$work/dense.st" "$work/compact.st" --compact
check "convert" says compact.st
size() { stat -c %s "$work/$1"; }
check "below 0.15 of it" test $((100 * $(size compact.st))) -lt $((15 * $(size dense.st)))
run model convert "$work/compact.st" "$work/again.st" --dense
check "convert back" quiet
check "to the same bytes" cmp "$work/dense.st" "$work/again.st"
run model convert "$work/dense.st" "$work/x.st"
check "which form" refuses 2 --compact --dense
run model convert "$work/none.st" "$work/x.st" --compact
check "no file" refuses 4 none.st
video=$(find "$work/set/videos" -name '*.mp4' | sort | head -n 1)
forms() { # NAME COMMAND...: its output is the same for both files, which @ stands for
    local name=$1 form
    shift
    for form in dense compact; do
        run "${@//@/$work/$form.st}"
        check "$name, $form" quiet
        sed "s/$form\.st//g" "$work/out" >"$work/$form.out"
    done
    check "$name: the same from both" cmp "$work/dense.out" "$work/compact.out"
}
forms info model info --json @
forms predict predict --model @ "$video"
printf 'P\0\0\0\0\0\0\0%-80s' \
    '{"clips":{"dtype":"F32","shape":[1,3,4,24,24],"data_offsets":[0,27648]}}' >"$work/clip.st"
yes '1234' | head -c 27648 >>"$work/clip.st" # floats of 4e-11 and so on
for form in dense compact; do
    run infer --model "$work/$form.st" --input "$work/clip.st" --output "$work/$form.logits"
    check "infer, $form" quiet
    mkdir "$work/$form.run"
    cp "$work/r18/metrics.jsonl" "$work/r18/config.cfg" "$work/$form.run"
    cp "$work/$form.st" "$work/$form.run/model.safetensors"
    run analyse "$work/$form.run" -o "$work/$form.figures" --only radius --limit 2
    check "analyse, $form" quiet
    cut -d , -f 2- "$work/$form.figures/radius.csv" >"$work/$form.radius"
done
check "infer: the same from both" cmp "$work/dense.logits" "$work/compact.logits"
check "analyse: rows" test "$(wc -l <"$work/dense.radius")" -gt 2
check "analyse: the same from both" cmp "$work/dense.radius" "$work/compact.radius"
# How clips are cut out of videos goes with the model.
run train -c "$cfg" --set train.epochs=1 --set clip.sampler=slowfast --set clip.fps=60 --out "$work/sampled"
run predict --model "$work/sampled/model.safetensors" "$video"
cp "$work/out" "$work/by_itself"
run predict --model "$work/sampled/model.safetensors" --sampler slowfast --fps 60 "$video"
check "predict samples as training did" cmp "$work/by_itself" "$work/out"
run predict --model "$work/sampled/model.safetensors" --sampler slowfast "$video"
check "unless it is told otherwise" differ "$work/by_itself" "$work/out"
run eval -c "$cfg" --model "$work/dense.st" --model "$work/compact.st" --db "$work/r.db" --only clean
check "eval of both" quiet
check "the same answers" test "$(sqlite3 "$work/r.db" "SELECT count(*), count(DISTINCT top1 || ' ' ||
    score1 || ' ' || clip) FROM prediction" | awk -F '|' '{ print ($1 == 2 * $2 && $2) }')" = 1
run profile --model "$work/compact.st" --repeat 1 --no-train
check "profile" quiet
# A run that keeps the masks: as many weights are left as there were.
nonzeros() { sqlite3 :memory: "SELECT json_extract(readfile('$work/out'), '\$.nonzeros')"; }
run model info --json "$work/compact.st"
before=$(nonzeros)
run train "${r18[@]}" --set train.epochs=1 --set "model.weights=$work/compact.st" \
    --set sparse.init=weights --out "$work/kept"
check "masks from the weights" says "$before of"
run train -c "$cfg" --set sparse.init=weights --out "$work/x"
check "which must be given" refuses 2 sparse.init model.weights

finish
