#!/bin/bash
# Broken input and places that cannot be written: one line, the right exit code, no debris.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"

make_set
clip=$(find "$work/set/videos" -name '*.mp4' | sort | head -n 1)
model=$work/model.safetensors
"$coppice" model new -c "$work/run.cfg" --classes 3 -o "$model" >/dev/null

# --- videos: 3 ----------------------------------------------------------------
: >"$work/empty.mp4"
head -c 900 "$clip" >"$work/cut.mp4"
echo "no video at all" >"$work/text.mp4"
mkdir "$work/folder.mp4"
for name in empty cut text folder none; do
    run predict --model "$model" "$work/$name.mp4"
    check "predict: $name" refuses 3 "$name.mp4"
    run corrupt "$work/$name.mp4" "$work/x.mkv" --corruption brightness --severity 3
    check "corrupt: $name" refuses 3 "$name.mp4"
done
# Cut in the middle of their data, behind a sound header.
ffmpeg -v error -nostdin -i "$clip" -c copy -movflags +faststart "$work/whole.mp4"
ffmpeg -v error -nostdin -i "$clip" -c copy "$work/whole.mkv"
mkdir "$work/out.d"
for kind in mp4 mkv; do
    whole=$work/whole.$kind half=$work/half.$kind
    run predict --model "$model" "$whole"
    check "predict: whole $kind" quiet
    bytes=$(stat -c %s "$whole")
    head -c $((bytes * 2 / 3)) "$whole" >"$half"
    run predict --model "$model" "$half"
    check "predict: half $kind" refuses 3 "half.$kind: is cut off after "
    for out in x.mkv x%d.png; do
        run corrupt "$half" "$work/out.d/$out" --corruption brightness --severity 3
        check "corrupt: half $kind to $out" refuses 3 "half.$kind: is cut off after "
    done
    check "corrupt: half $kind leaves nothing" test -z "$(ls -A "$work/out.d")"
done
run predict --model "$model" "$work/half.mp4"
check "predict: frames that are left" grep -qE 'after [1-9][0-9]* of 12 frames' "$work/err"
run infer --model "$model" --input "$work/text.mp4" --output "$work/x.safetensors"
check "infer: text for tensors" refuses 3 text.mp4
run infer --model "$model" --input "$work/none.mp4" --output "$work/x.safetensors"
check "infer: missing tensors" refuses 3 none.mp4
run infer --model "$model" --input "$model" --output "$work/x.safetensors"
check "infer: other tensors" refuses 3 '"clips"'
run train -c "$work/run.cfg" --set "data.root=$work/none" --out "$work/x"
check "train: missing data" refuses 3 none
run compare "$work/none.db"
check "compare: missing results" refuses 3 none.db
run compare "$work/text.mp4"
check "compare: text for results" refuses 3 text.mp4
run report "$work/text.mp4" -o "$work/x.html"
check "report: text for results" refuses 3 text.mp4

# --- models: 4 ----------------------------------------------------------------
head -c 5000 "$model" >"$work/cut.safetensors"
cp "$work/text.mp4" "$work/text.safetensors"
: >"$work/empty.safetensors"
for name in cut text empty none; do
    broken=$work/$name.safetensors
    run predict --model "$broken" "$clip"
    check "predict: $name model" refuses 4 "$name.safetensors"
    run eval -c "$work/run.cfg" --model "$broken" --db "$work/x.db"
    check "eval: $name model" refuses 4 "$name.safetensors"
    run model info "$broken"
    check "model info: $name model" refuses 4 "$name.safetensors"
done

# --- configurations: 2 --------------------------------------------------------
printf 'train = {\n  epochs = 3;\n  momentun = 0.5;\n};\n' >"$work/bad.cfg"
for command in "config" "train --out $work/x" "sweep --out $work/x" \
    "eval --model $model --db $work/x.db" "model new -o $work/x.safetensors"; do
    # shellcheck disable=SC2086 # words on purpose
    run $command -c "$work/bad.cfg"
    check "${command%% *}: unknown key" refuses 2 "bad.cfg:3: " '"momentun"' '"momentum"'
done
run train -c "$work/run.cfg" --set model.arch=r3d_tyni --out "$work/x"
check "train: unknown architecture" refuses 2 r3d_tyni r3d_tiny
run eval -c "$work/run.cfg" --model "$model" --db "$work/x.db" --only h264_cfr
check "eval: unknown corruption" refuses 2 h264_cfr h264_crf
check "nothing is left behind" test -z "$(find "$work" -maxdepth 1 -name 'x*')"

# --- a disk that is full: 5 ------------------------------------------------------
# No file may grow past so many kilobytes, which cuts writing short as a full disk does.
full() { # KILOBYTES ARGUMENT...
    (ulimit -f "$1"; trap '' XFSZ; shift; exec "$coppice" "$@") >"$work/out" 2>"$work/err" </dev/null
    code=$?
    set_plan_apart
}
disk=(train -c "$work/run.cfg" --set train.epochs=3 --out "$work/disk")
full 100 "${disk[@]}"
check "train: full disk" refuses 5 disk/checkpoint.safetensors
check "train: no half of a file stays" test "$(find "$work/disk" -name '*.safetensors*' | wc -l)" = 0
"$coppice" "${disk[@]}" --set train.checkpoint_every=3 >/dev/null 2>&1
cp "$work/disk/checkpoint.safetensors" "$work/sound"
full 100 "${disk[@]}" --set run.seed=1 # begins anew over what is there
check "train: full disk, again" refuses 5 disk/checkpoint.safetensors
check "train: the old checkpoint stays" cmp -s "$work/disk/checkpoint.safetensors" "$work/sound"
full 40 eval -c "$work/run.cfg" --model "$work/disk/model.safetensors" --db "$work/full.db"
check "eval: full disk" refuses 5 full.db
run eval -c "$work/run.cfg" --model "$work/disk/model.safetensors" --db "$work/full.db"
check "eval: goes on afterwards" quiet
full 1 report "$work/full.db" -o "$work/full.html"
check "report: full disk" refuses 5 full.html
check "report: no half of a page stays" test -z "$(find "$work" -name 'full.html*')"
full 1 corrupt "$work/set/videos" "$work/full.d" --corruption brightness --severity 1
check "corrupt: a folder, full disk" refuses 5 full.d/ "cannot be written"
check "corrupt: no half of a file stays" test -z "$(find "$work/full.d" -type f)"
full 20 merge "$work/joined.db" "$work/full.db"
check "merge: full disk" refuses 5 joined.db
run merge "$work/joined.db" "$work/full.db"
check "merge: goes on afterwards" quiet
full 2 verify -c "$work/run.cfg" --set "data.index=$work/full.index"
check "verify: full disk" refuses 5 full.index
run verify -c "$work/run.cfg" --set "data.index=$work/full.index"
check "verify: goes on afterwards" says "18 files decoded"

# --- folders that cannot be written: 5 ----------------------------------------
# Root may write anywhere; the program is copied to where everybody may read it.
user=()
[ "$(id -u)" -ne 0 ] || user=(setpriv --reuid=65534 --clear-groups)
cp "$coppice" "$work/coppice"
"$coppice" train -c "$work/run.cfg" --out "$work/run" >/dev/null
"$coppice" eval -c "$work/run.cfg" --model "$work/run/model.safetensors" --db "$work/r.db" >/dev/null
mkdir "$work/locked"
chmod -R a+rX,a-w "$work"
locked() { # ARGUMENT...
    (cd "$work" && "${user[@]}" ./coppice "$@") >"$work.out" 2>"$work.err" </dev/null
    code=$?
    chmod u+w "$work"
    mv "$work.out" "$work/out" && mv "$work.err" "$work/err"
    chmod u-w "$work"
}
locked synth locked/x
check "synth: locked folder" refuses 5 locked/x
locked verify -c run.cfg --set data.index=locked/x.index
check "verify: locked folder" refuses 5 "locked/x.index: " "locked: Permission denied" data.index
locked merge locked/x.db r.db
check "merge: locked folder" refuses 5 "locked/x.db: " "folder locked: Permission denied"
locked corrupt set/videos locked/x --corruption brightness --severity 1
check "corrupt: a folder, locked folder" refuses 5 "locked/x" "Permission denied"
locked preview "$clip" -o locked/x.png
check "preview: locked folder" refuses 5 locked/x.png
locked model convert model.safetensors locked/x.safetensors --compact
check "model convert: locked folder" refuses 5 locked/x.safetensors
locked analyse run -o locked/x --only topology
check "analyse: locked folder" refuses 5 locked/x
locked profile --arch r3d_tiny --no-train --repeat 1 --tune locked/x.kernels
check "profile: locked folder" refuses 5 locked/x.kernels
locked corrupt "$clip" locked/x.mkv --corruption brightness --severity 1
check "corrupt: locked folder" refuses 5 locked/x.mkv
locked corrupt "$clip" locked/x%d.png --corruption brightness --severity 1
check "corrupt: pictures, locked folder" refuses 5 locked/x
locked train -c run.cfg --out locked/x
check "train: locked folder" refuses 5 locked/x
locked train -c run.cfg --out locked
check "train: locked run" refuses 5 locked/
locked sweep -c run.cfg --out locked/x
check "sweep: locked folder" refuses 5 locked/x
locked eval -c run.cfg --model run/model.safetensors --db locked/x.db
check "eval: locked folder" refuses 5 "locked/x.db: " "folder locked: Permission denied"
locked eval -c run.cfg --model run/model.safetensors --db none/x.db
check "eval: missing folder" refuses 5 "none/x.db: " "folder none: No such file or directory"
locked eval -c run.cfg --model run/model.safetensors --db r.db \
    --set 'corrupt.severities=[2]'
check "eval: locked results" refuses 5 r.db
locked model new -c run.cfg -o locked/x.safetensors
check "model new: locked folder" refuses 5 locked/x.safetensors
locked report r.db -o locked/x.html
check "report: locked folder" refuses 5 locked/x.html
check "nothing is left in it" test -z "$(ls -A "$work/locked")"
locked compare r.db
check "compare reads locked results" says gaussian_noise
chmod -R u+w "$work"

finish
