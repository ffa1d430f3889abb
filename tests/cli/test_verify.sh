#!/bin/bash
# coppice verify: what it lists, its index, who uses that afterwards, and what is skipped by whom.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"

make_set
cfg=$work/run.cfg
set=$work/set/videos
index=$set.index
lists=$work/set/annotations
verify() { run verify -c "$cfg" "$@"; }
listed() { grep -qF -- "$1" "$work/out"; } # whatever the exit code
fails() { # TEXT: exit code 3, one line on stderr that holds it
    [ $code -eq 3 ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -qF -- "$1" "$work/err"
}

# --- a sound set --------------------------------------------------------------
verify
check "sound set" says "18 files (12 training, 6 test), 216 frames: 18 good, 0 broken"
check "decoded now" says "18 files decoded, 0 known before"
check "the index is beside the folder" test -s "$index"
verify
check "known by then" says "0 files decoded, 18 known before"
verify --again
check "--again" says "18 files decoded, 0 known before"
verify --set "data.index=$work/other.index"
check "another index" says "$work/other.index: 18 files decoded"
verify --set run.threads=1 --set "data.index=$work/one.index"
dump() { sqlite3 "$1" 'SELECT * FROM video ORDER BY path' | grep -v '^$'; }
check "threads change nothing" cmp -s <(dump "$work/one.index") <(dump "$work/other.index")
touch -d @1000000 "$(find "$set" -name '*.mp4' | sort | head -n 1)"
verify
check "a file of another time is decoded again" says "1 files decoded, 17 known before"
echo >>"$(find "$set" -name '*.mp4' | sort | head -n 1)"
verify
check "and one of another size" says "1 files decoded, 17 known before"

# --- broken files -------------------------------------------------------------
mapfile -t clips < <(cd "$set" && find . -name '*.mp4' | sort | sed 's|^\./||')
first=${clips[0]}
folder=$(dirname "$first")
label=$(grep -F " $folder" "$lists/classInd.txt" | cut -d ' ' -f 1)
add() { # LIST NAME: a line for a new file of the first class
    if [ "$1" = train ]; then
        echo "$folder/$2 $label" >>"$lists/trainlist01.txt"
    else
        echo "$folder/$2" >>"$lists/testlist01.txt"
    fi
}
train_clip=$set/$(head -n 1 "$lists/trainlist01.txt" | cut -d ' ' -f 1)
: >"$set/$folder/empty.mp4"
echo "no video at all" >"$set/$folder/text.mp4"
ffmpeg -v error -nostdin -i "$train_clip" -c copy -movflags +faststart "$work/whole.mp4"
head -c $(($(stat -c %s "$work/whole.mp4") * 2 / 3)) "$work/whole.mp4" >"$set/$folder/cut.mp4"
ffmpeg -v error -nostdin -f lavfi -i sine=d=0.5 "$set/$folder/sound.mp4"
ffmpeg -v error -nostdin -i "$train_clip" -frames:v 3 "$set/$folder/short.mp4"
head -c 40 <(ffmpeg -v error -nostdin -i "$train_clip" -frames:v 1 -f image2pipe -c:v png -) \
    >"$set/$folder/stub.png"
cp "$train_clip" "$set/$folder/copy.mp4"
cp "$train_clip" "$set/$folder/leak.mp4"
mkfifo "$set/$folder/fifo.mp4"
for name in empty text cut sound short copy fifo none; do add train $name.mp4; done
add train stub.png
add test leak.mp4
verify
check "too much is broken" fails "7 of 28 files cannot be used, more than data.max_skip = 0.01"
for line in "empty.mp4: empty: empty file" "text.mp4: no-video: not a video" \
    "cut.mp4: cut: is cut off after " "sound.mp4: sound: has no video stream, only sound" \
    "fifo.mp4: unreadable: not a regular file" "none.mp4: missing: No such file" \
    "stub.png: undecodable: no frame could be decoded" "short.mp4: short: 3 frames; a clip spans 7" \
    "copy.mp4: duplicate: the same bytes as $(realpath --relative-to "$set" "$train_clip") (training)" \
    "leak.mp4: leak: the same bytes as "; do
    check "lists ${line%%: *}" listed "$folder/$line"
done
check "no more than these" test "$(wc -l <"$work/out")" -eq 12
check "counts" listed "28 files (21 training, 7 test)"
check "kinds" listed "21 good, 7 broken; 1 missing, 1 unreadable, 1 empty, 1 no-video"
check "what may be mended is tried again" listed "10 files decoded, 18 known before"
verify
check "and again" listed "2 files decoded, 26 known before"
lax=(--set data.max_skip=0.3)
verify "${lax[@]}"
check "tolerable" quiet
verify "${lax[@]}" --count short,leak
check "remarks may count" fails "9 of 28 files"
verify --count sort
check "unknown remark" refuses 2 '"sort"' duplicate
verify --json
check "JSON and exit code" fails "7 of 28"
check "its keys" json "$work/out" '$.files' '$.train' '$.test' '$.frames' '$.good' '$.broken' '$.max_skip' \
    '$.tolerable' '$.found.leak' '$.findings[0].path' '$.findings[0].split' '$.findings[0].kind' \
    '$.findings[0].broken' '$.findings[9].reason'
echo "$(basename "$(dirname "$train_clip")")/$(basename "$train_clip")" >>"$lists/testlist01.txt"
verify "${lax[@]}"
check "a clip of both lists" says "leak: stands in the training and the test list"
sed -i '$d' "$lists/testlist01.txt"

# --- interrupted, and gone on with ----------------------------------------------
rm "$index"
"$coppice" verify -c "$cfg" "${lax[@]}" --set run.threads=1 >"$work/whole" 2>/dev/null
rm "$index"
mkdir "$work/slow"
ffmpeg -v error -nostdin -f lavfi -i testsrc2=s=640x480:d=40 -c:v mjpeg "$work/slow/long.avi"
mkdir -p "$work/long/A" "$work/long/B"
for i in 1 2 3 4 5 6; do ln "$work/slow/long.avi" "$work/long/A/$i.avi"; done
cp "$work/slow/long.avi" "$work/long/B/1.avi"
cp "$work/slow/long.avi" "$work/long/B/2.avi"
long=(verify --set "data.root=$work/long" --set run.threads=1 --set data.train_fraction=0.5)
"$coppice" "${long[@]}" >"$work/out" 2>"$work/err" </dev/null &
pid=$!
for _ in $(seq 400); do
    [ -s "$work/long.index" ] && break
    sleep 0.05
done
kill -s INT $pid
wait $pid 2>/dev/null
code=$?
check "interrupted" refuses 75 "the same command goes on from there"
known=$(sqlite3 "$work/long.index" 'SELECT count(*) FROM video')
check "what was done is kept ($known)" test "$known" -ge 1 -a "$known" -lt 8
run "${long[@]}"
check "gone on with" says ", $known known before"

# --- train, eval, and their ledgers ---------------------------------------------
verify "${lax[@]}"
run train -c "$cfg" "${lax[@]}" --out "$work/run"
check "train skips them" says "clips were skipped"
check "metrics list them" grep -qF '{"skipped":"'"$folder/cut.mp4"'","reason":"' "$work/run/metrics.jsonl"
meta() { grep -aoE "\"$2\":\"([^\"\\\\]|\\\\.)*\"" "$work/run/$1.safetensors"; }
for file in checkpoint model; do
    check "$file: how many" test "$(meta $file data.skipped)" = '"data.skipped":"7"'
    check "$file: of how many" test "$(meta $file data.clips)" = '"data.clips":"28"'
    check "$file: which" grep -qF "$folder/none.mp4" <(meta $file data.skips)
done
run train -c "$cfg" "${lax[@]}" --out "$work/run" --resume
check "taken up again" says "clips were skipped"
run train -c "$cfg" --out "$work/strict"
check "train refuses" refuses 3 "more than data.max_skip = 0.01"
run model info "$work/run/model.safetensors"
check "model info tells" says "7 of 28 clips"
add test gone.mp4
run eval -c "$cfg" --set data.max_skip=0.5 --model "$work/run/model.safetensors" --db "$work/r.db" --only gaussian_noise:1
check "eval skips it" says "1 clips skipped"
run compare "$work/r.db"
check "compare says so" says "1 clip left out"
run compare "$work/r.db" --json
check "also as JSON" json "$work/out" '$.skips[0].path' '$.skips[0].reason'
run report "$work/r.db" -o "$work/report.html"
check "and the report" grep -qF "$folder/gone.mp4" "$work/report.html"

# What the index says is believed: a file that it calls broken is not opened.
reason() { sqlite3 "$index" "UPDATE video SET fault = '$1', reason = '$2', frames = 0 WHERE path = '$first'"; }
reason cut "so the index says"
run train -c "$cfg" "${lax[@]}" --set data.max_skip=0.5 --out "$work/believes"
check "train believes the index" grep -qF "so the index says" "$work/believes/metrics.jsonl"
touch "$set/$first"
run train -c "$cfg" "${lax[@]}" --set data.max_skip=0.5 --out "$work/doubts"
check "not of a file that changed" test -z "$(grep -F "so the index says" "$work/doubts/metrics.jsonl")"

# A file that gives nothing is waited for once: later runs that would wait no longer leave it be.
ffmpeg -v error -nostdin -i "$train_clip" -c:v mpeg2video "$set/$folder/slow.mpg"
truncate -s 300G "$set/$folder/slow.mpg"
add train slow.mpg
again=("${lax[@]}" --set data.max_skip=0.5 --set data.timeout=0.5)
verify "${again[@]}"
check "a slow file" listed "$folder/slow.mpg: slow: gave no frame in 0.5 seconds (data.timeout)"
verify "${again[@]}"
check "verify tries it again, beside those that are away" listed " 4 files decoded"
sqlite3 "$index" "UPDATE video SET reason = 'so slow, says the index' WHERE fault = 'slow' AND waited = 0.5"
patient() { # SECONDS FOLDER
    run train -c "$cfg" "${lax[@]}" --set data.max_skip=0.5 --set data.timeout="$1" --out "$work/$2"
    grep -qF "so slow, says the index; verify or a longer data.timeout" "$work/$2/metrics.jsonl"
}
check "train does not wait for it" patient 0.5 slow
check "nor where it would wait less" patient 0.25 slower
check "but where it would wait longer" test "$(patient 0.75 slowest && echo believed)" = ""
check "in vain" grep -qF "slow.mpg: gave no frame in 0.75 seconds" "$work/slowest/metrics.jsonl"
rm "$set/$folder/slow.mpg"
sed -i '/slow.mpg/d' "$lists/trainlist01.txt"

# --- what is no index --------------------------------------------------------------
echo "something else entirely" >"$index"
verify
check "another file in its place" refuses 3 "$index: is not an index of videos"
check "which stays" grep -q entirely "$index"
run train -c "$cfg" "${lax[@]}" --out "$work/run2"
check "train goes on without it" test $code -eq 0
check "and says so once" test "$(cat "$work/err")" = \
    "coppice: $index: is not an index of videos (data.index); going on without an index"
check "train leaves it, too" grep -q entirely "$index"
rm "$index"
sqlite3 "$index" "CREATE TABLE t(x); INSERT INTO t VALUES(1)"
verify
check "another database in its place" refuses 3 "$index: is not an index of videos"
verify --set "data.index=$work/none/x.index"
check "no folder for it" refuses 5 "$work/none/x.index" data.index

finish
