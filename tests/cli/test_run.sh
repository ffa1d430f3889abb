#!/bin/bash
# From files to results: train, stop, go on, evaluate, compare, report.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"

make_set
cfg=$work/run.cfg
same_model() { cmp -s "$work/$1/model.safetensors" "$work/$2/model.safetensors"; }

# --- train --------------------------------------------------------------------
long=(train -c "$cfg" --set train.epochs=30)
run "${long[@]}" --out "$work/whole"
check "train" says "top-1"
run "${long[@]}" --out "$work/again"
check "the same seed, the same model" same_model whole again
run "${long[@]}" --set run.seed=2 --out "$work/other"
check "another seed, another model" differ "$work/whole/model.safetensors" "$work/other/model.safetensors"
run "${long[@]}" --set run.threads=1 --out "$work/one"
check "one thread, the same model" same_model whole one

stop() { # SIGNAL FOLDER: sends it once the first epochs are done
    "$coppice" "${long[@]}" --out "$work/$2" >"$work/out" 2>"$work/err" </dev/null &
    local pid=$!
    for _ in $(seq 1200); do
        [ -s "$work/$2/checkpoint.safetensors" ] && break
        sleep 0.05
    done
    kill -s "$1" $pid
    wait $pid 2>/dev/null
    code=$?
    set_plan_apart
}
for signal in INT TERM; do
    stop $signal $signal
    check "$signal: exit code, one line" refuses 75 --resume
    check "$signal: no model yet" test ! -e "$work/$signal/model.safetensors"
    run "${long[@]}" --out "$work/$signal" --resume
    check "$signal: resumed" says "top-1"
    check "$signal: the model of a run in one go" same_model whole $signal
done
stop KILL KILL
check "killed" test $code -eq 137
run "${long[@]}" --out "$work/KILL" --resume
check "killed: resumed" says "top-1"
check "killed: the model of a run in one go" same_model whole KILL
run "${long[@]}" --set train.lr=0.2 --out "$work/KILL" --resume
check "another configuration does not resume" refuses 2 checkpoint.safetensors

# A table of kernels is part of what a checkpoint belongs to.
tier=$("$coppice" profile --arch r3d_tiny --arch-options "width=4, blocks=[1]" --repeat 1 --no-train \
    --json | sed -n 's/.*"tier" : "\(.*\)",/\1/p')
printf 'tier %s\n1 singles 3 3 9\n' "$tier" >"$work/a.kernels"
short=(train -c "$cfg" --set "model.kernels=$work/a.kernels" --out "$work/tuned")
hash_of() { grep -aoE '"run\.kernels":"[^"]*"' "$work/$1/checkpoint.safetensors" | cut -d '"' -f 4; }
run "${short[@]}"
check "train by a table" says "top-1"
check "the checkpoint has its hash" test "$(hash_of tuned | wc -c)" = 17
check "without one it says so" test "$(hash_of whole)" = built-in
run "${short[@]}" --resume
check "the same table resumes" quiet
printf 'tier %s\n1 singles 3 3 10\n' "$tier" >"$work/a.kernels"
run "${short[@]}" --resume
check "another table does not" refuses 2 checkpoint.safetensors
echo "tier $tier" >"$work/a.kernels"
run "${short[@]}"
check "a table that is no table" refuses 2 a.kernels "0 rows"
printf 'tier %s\n1 singles 3 3 9\n' "$tier" >"$work/a.kernels"

# --- eval ---------------------------------------------------------------------
"$coppice" train -c "$cfg" --set sparse.method=dense --out "$work/dense" >/dev/null
grid=(eval -c "$cfg" --model "$work/whole/model.safetensors"
    --model "$work/dense/model.safetensors" --db "$work/r.db")
rows() { sqlite3 "$work/r.db" 'SELECT count(*) FROM prediction'; }
run "${grid[@]}" --dry-run
check "dry run" quiet
check "dry run makes nothing" test ! -e "$work/r.db"
run "${grid[@]}" --only h264_crf:5
check "one cell" quiet
some=$(rows)
check "one cell's predictions ($some)" test "$some" -gt 0
run "${grid[@]}"
check "the whole grid" quiet
all=$(rows)
check "all predictions ($all)" test "$all" -gt "$some"
run "${grid[@]}"
check "again: nothing to do" says " 0 predictions made"
check "again: no more rows" test "$(rows)" -eq "$all"
sqlite3 "$work/r.db" .dump >"$work/before"
rm "$work/r.db"
run "${grid[@]}"
check "afresh" quiet
check "the same predictions" test "$(rows)" -eq "$all"

check "the command is on record" test "$(sqlite3 "$work/r.db" 'SELECT command FROM run')" = \
    "coppice ${grid[*]}"
check "with its configuration" test "$(sqlite3 "$work/r.db" \
    "SELECT length(config_hash) = 16 AND config LIKE '%gaussian_noise%' FROM run")" = 1

# Shards of the same grid, joined, hold what one run does.
answers() { sqlite3 "$1" 'SELECT sha256, corruption, severity, path, view, top1, score1 FROM prediction
    JOIN cell ON cell.id = cell JOIN model ON model.id = model JOIN clip ON clip.id = clip' | sort; }
run "${grid[@]}" --shard 1/2
check "a shard" says "r.db.1of2: 3 clips"
SLURM_ARRAY_TASK_ID=8 SLURM_ARRAY_TASK_MIN=7 SLURM_ARRAY_TASK_COUNT=2 run "${grid[@]}" --shard auto
check "a shard of a job array" says "r.db.2of2: 3 clips"
run merge "$work/joined.db" "$work/r.db.1of2" "$work/r.db.2of2"
check "merge" quiet
check "the same answers" cmp -s <(answers "$work/joined.db") <(answers "$work/r.db")
run merge "$work/joined.db" "$work/r.db"
check "merge what is there" says "r.db: $all predictions, 0 of them new"
for word in 0/2 3/2 1 1/2/3 auto; do
    run "${grid[@]}" --shard $word
    check "--shard $word" refuses 2 "$word" i/N
done
run merge "$work/joined.db"
check "merge nothing" refuses 2 parts
run merge "$work/joined.db" "$cfg"
check "merge what is no result file" refuses 3 run.cfg
# One broken clip of six is within the tolerance, and of a shard's three it is not.
videos=$work/set/videos
clip=$(sed -n 1p "$work"/set/annotations/testlist01.txt)
cp "$videos/$clip" "$work/sound.mp4"
head -c 100 "$work/sound.mp4" >"$videos/$clip"
lax=("${grid[@]}" --set data.max_skip=0.3 --only gaussian_noise:1 --db "$work/s.db")
for shard in 1/2 2/2; do
    run "${lax[@]}" --shard $shard
    check "shard $shard is not judged by its skips" quiet
done
run merge "$work/s.db" "$work/s.db.1of2" "$work/s.db.2of2"
check "merge counts them" says "s.db, setup 1: 1 of 6 clips skipped"
run "${lax[@]}"
check "the whole tolerates them" says "1 clips skipped"
run "${lax[@]}" --set data.max_skip=0.1
check "or does not" refuses 3 "1 of 6" max_skip
mv "$work/sound.mp4" "$videos/$clip"

setups() { sqlite3 "$work/k.db" "SELECT group_concat(text LIKE '%kernels=$hash%') FROM setup"; }
hash=$(hash_of tuned)
one=(eval -c "$cfg" --model "$work/dense/model.safetensors" --only h264_crf:5 --db "$work/k.db")
run "${one[@]}"
check "the built-in table is in no setup" test "$(setups)" = 0
check "but in the provenance" test "$(sqlite3 "$work/k.db" \
    "SELECT value FROM meta WHERE key = 'kernels'")" = built-in
run "${one[@]}" --set "model.kernels=$work/a.kernels"
check "a table's hash makes another one" test "$(setups)" = 0,1
check "and is in the provenance" test "$(sqlite3 "$work/k.db" \
    "SELECT value FROM meta WHERE key = 'kernels'")" = "$hash"
run "${one[@]}" --set "model.kernels=$work/no.kernels"
check "eval without its table" refuses 2 no.kernels

# --- compare and report -------------------------------------------------------
run compare "$work/r.db"
check "compare" says gaussian_noise
run compare "$work/r.db" --format csv
check "compare as CSV" quiet
for format in cells scopes; do
    run compare "$work/r.db" --format $format
    check "compare as $format" quiet
    cp "$work/out" "$work/$format"
done
check "a row a cell" test "$(wc -l <"$work/cells")" -eq $((1 + $(sqlite3 "$work/r.db" \
    'SELECT count(*) FROM cell')))
run compare --help
check "measures are defined" says "15 bins of equal width"
run compare "$work/r.db" --format latex
check "compare as LaTeX" says tabular
run compare "$work/r.db" --tensorboard "$work/tb"
check "compare for TensorBoard" quiet
check "a folder a model" test "$(find "$work/tb" -name 'events.out.*' | wc -l)" -eq 2
run compare "$work/r.db" --format json
check "compare as JSON" quiet
check "its keys" json "$work/out" '$.models[0].name' '$.models[0].method' '$.models[0].density' \
    '$.models[0].seed' '$.models[0].clean' '$.models[0].robust' '$.models[0].rpc' \
    '$.models[0].parameters' '$.models[0].nonzeros' '$.models[0].flops' \
    '$.models[1].cells[0].corruption' '$.models[1].cells[0].severity' '$.models[1].cells[0].n' \
    '$.models[1].cells[0].top1' '$.models[1].cells[0].top5'
cp "$work/out" "$work/first"
run compare "$work/r.db" --json
check "--json is --format json" cmp -s "$work/out" "$work/first"
run compare "$work/r.db" --format yaml
check "unknown format" refuses 2 yaml latex scopes
run compare "$work/r.db" --baseline nobody
check "unknown baseline" refuses 2 nobody
run report "$work/r.db" -o "$work/report.html"
check "report" quiet
check "report is one page" grep -q '</html>' "$work/report.html"
check "report finds the runs beside the models" grep -q '<section id="topology">' "$work/report.html"
check "report shows frames of hard clips" grep -q '<div class="frames"><img' "$work/report.html"
check "report tells its command" grep -qF "coppice report $work/r.db" "$work/report.html"
run report "$work/r.db" -o "$work/other.html" --media "$work/none"
check "report with clips that are not there" refuses 3 none
mkdir "$work/empty"
run report "$work/r.db" -o "$work/other.html" --media "$work/empty" --runs "$work/empty"
check "report without clips" quiet
check "says so" grep -q 'are left out: ' "$work/other.html"
check "report loads nothing" test -z "$(grep -oE '(src|href)="(http|//)[^"]*' "$work/report.html")"

# The command that the page names, run again where it was run, gives the rows that the page was made of.
inside() { (cd "$work" && "$coppice" "$@") >"$work/out" 2>"$work/err" </dev/null; code=$?; }
plain() { sed "s/&lt;/</g; s/&gt;/>/g; s/&quot;/\"/g; s/&apos;/'/g; s/&amp;/\&/g"; }
page() { # PATTERN: what the first match has between its tags
    grep -oE -- "$1" "$work/traced.html" | head -n 1 | sed 's/<[^>]*>//g' | plain
}
traced() { # PREFIX: rows, figures and hash of traced.db
    answers "$work/a traced.db" >"$work/$1.rows"
    "$coppice" compare "$work/a traced.db" --format scopes >"$work/$1.scopes"
    sqlite3 "$work/a traced.db" 'SELECT config_hash, config, root FROM run; SELECT text FROM setup;
        SELECT sha256 FROM model' >"$work/$1.origin"
}
inside eval -c run.cfg --model whole/model.safetensors --model "$work/dense/model.safetensors" --db "a traced.db" \
    --set "corrupt.severities=[2, 4.5]" --set 'corrupt.corruptions=["gaussian_noise", "h264_crf", "frame_rate"]' --limit 5
check "eval in a folder of its own" quiet
traced before
inside report "a traced.db" -o traced.html
check "its page" quiet
command=$(page '<ol class="runs"><li><code>[^<]*</code>')
check "names the command" test "${command%% -c*}" = "coppice eval"
check "its folder" test "$(page '</code> in <code>[^<]*' | sed 's/^ in //')" = "$work"
check "its configuration's hash" test "$(page ', configuration <code>[0-9a-f]*' | sed 's/.* //')" = \
    "$(sqlite3 "$work/a traced.db" 'SELECT config_hash FROM run')"
for sha in $(sqlite3 "$work/a traced.db" 'SELECT sha256 FROM model'); do
    check "a model's hash" grep -qF "$sha" "$work/traced.html"
done
check "and its setup" grep -qF "$(sqlite3 "$work/a traced.db" 'SELECT text FROM setup' | head -n 1)" <(plain <"$work/traced.html")
rm "$work/a traced.db"
(cd "$work" && coppice() { "$coppice" "$@"; } && eval "$command") >"$work/out" 2>"$work/err" </dev/null
code=$?
check "run again" quiet
traced after
check "rows ($(wc -l <"$work/before.rows"))" test "$(wc -l <"$work/before.rows")" -eq 70
for part in rows scopes origin; do
    check "the same $part" cmp -s "$work/before.$part" "$work/after.$part"
done

# --- predict ------------------------------------------------------------------
mapfile -t clips < <(find "$work/set/videos" -name '*.mp4' | sort | head -n 2)
run predict --model "$work/whole/model.safetensors" "${clips[@]}"
check "predict names a class" says MoveRight
cp "$work/out" "$work/spread"
run predict --model "$work/whole/model.safetensors" --tile off "${clips[@]}"
check "tiles show the same" cmp -s "$work/out" "$work/spread"
run predict --model "$work/whole/model.safetensors" --clips 3 --sampler slowfast --fps 30 --aggregate max "${clips[@]}"
check "three clips by another sampler" says MoveRight
check "answer otherwise" differ "$work/out" "$work/spread"
run predict --model "$work/whole/model.safetensors" --sampler x3d "${clips[@]}"
check "an unknown sampler" refuses 2 x3d slowfast
run predict --model "$work/whole/model.safetensors" --sampler mmaction --fps 30 "${clips[@]}"
check "a rate for a sampler without" refuses 2 "fps: got"
run predict --model "$work/whole/model.safetensors" --crops 3 "${clips[@]}"
check "crops of whole pictures" refuses 2 "crops must be 1"
run predict --model "$work/whole/model.safetensors" --json "${clips[@]}"
check "predict --json" quiet
check "one line a video" test "$(wc -l <"$work/out")" -eq 2
head -n 1 "$work/out" >"$work/line"
check "which is JSON" json "$work/line"

finish
