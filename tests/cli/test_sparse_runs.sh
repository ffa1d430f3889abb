#!/bin/bash
# Sparse training from the command line: every method killed within an update interval, what
# is measured of masks, presets, and what is refused.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"

make_set
cfg=$work/run.cfg
base=(train -c "$cfg" --set train.batch=3 --set train.epochs=24 --set sparse.interval=7
    --set train.checkpoint_minutes=0.0001)
# Losses, topology and hashes of masks; no times.
figures() { sed -E 's/, "(clips_per_second|data_wait|seconds)": [^,}]*//g' "$work/$1/metrics.jsonl"; }
hashes() { grep -o '"masks": "[0-9a-f]*"' "$work/$1/metrics.jsonl"; }
checkpoint_step() {
    head -c 200000 "$work/$1/checkpoint.safetensors" 2>/dev/null | tr -d '\0' |
        grep -ao '"checkpoint.step": *"[0-9]*"' | grep -o '[0-9]*' | tail -n 1
}

# --- killed within an interval ---------------------------------------------------------
kill_within() { # FOLDER OPTION...: leaves a checkpoint of a step between two updates
    local folder=$1 step try
    shift
    for try in $(seq 20); do
        "$coppice" "${base[@]}" "$@" --out "$work/$folder" --set run.threads=2 --resume \
            >/dev/null 2>&1 </dev/null &
        for _ in $(seq 200); do
            step=$(checkpoint_step "$folder")
            [ "${step:-0}" -gt $((try > 1 ? 20 : 8)) ] && [ $((step % 7)) -ne 0 ] && break
            sleep 0.01
        done
        kill -s KILL $! 2>/dev/null
        wait $! 2>/dev/null
        step=$(checkpoint_step "$folder")
        [ -e "$work/$folder/model.safetensors" ] && return 1
        [ "${step:-0}" -gt 7 ] && [ $((step % 7)) -ne 0 ] && return 0
    done
    return 1
}
adamw=(--set train.optimizer=adamw --set train.lr=0.002)
while read -r name options; do
    read -ra options <<<"$options"
    [[ $name = *adamw* ]] && options+=("${adamw[@]}")
    run "${base[@]}" "${options[@]}" --out "$work/$name" --set run.threads=1
    check "$name" says top-1
    check "$name: updates" test "$(hashes "$name" | wc -l)" -ge 10
    check "$name: killed between two updates" kill_within "$name.killed" "${options[@]}"
    run "${base[@]}" "${options[@]}" --out "$work/$name.killed" --set run.threads=2 --resume
    check "$name: goes on" says top-1
    check "$name: the same weights" cmp "$work/$name/model.safetensors" "$work/$name.killed/model.safetensors"
    check "$name: the same masks" cmp <(hashes "$name") <(hashes "$name.killed")
    check "$name: the same figures" cmp <(figures "$name") <(figures "$name.killed")
done <<'END'
rigl --set sparse.method=rigl
set-adamw --set sparse.method=set --set sparse.prune=two-sided
mest-adamw --set sparse.method=mest --set sparse.growth=gradient --set sparse.mest_mode=ems_drop
granet-adamw --set sparse.method=granet --set sparse.stop=1
gradual --set sparse.method=gradual --set sparse.final_step=1 --set sparse.stop=1
END

# --- what is measured --------------------------------------------------------------------
query() { # FOLDER EXPRESSION WHERE: of the lines of metrics.jsonl, as JSON in `line`
    sed "s/'/''/g; s/.*/('&'),/" "$work/$1/metrics.jsonl" | {
        echo "CREATE TABLE m(line); INSERT INTO m VALUES"
        sed '$ s/,$/;/'
        echo "SELECT $2 FROM m WHERE $3;"
    } | sqlite3 :memory:
}
of() { echo "json_extract(line, '\$.$1')"; }
update="$(of update) = 1" layer="$(of layer) IS NOT NULL" epoch="$(of epoch) IS NOT NULL"
check "a line an update" test "$(query rigl "count(*)" "$update")" = 10
check "and a layer of it" test "$(query rigl "count(*)" "$layer")" = 100
sums="sum($(of nnz)), sum($(of grown)), sum($(of mutated)), sum($(of explored))"
check "whose sums it has" test "$(query rigl "$sums" "$update")" = "$(query rigl "$sums" "$layer")"
check "density is constant" test "$(query rigl "count(DISTINCT $(of density)), round(min($(of density)), 4)" "$update")" = "1|0.3"
check "that of granet falls" test "$(query granet-adamw "count(*), count(DISTINCT $(of nnz))" "$update AND $(of step) <= 42")" = "6|6"
check "to its end" test "$(query granet-adamw "round(min($(of density)), 4)" "$epoch")" = 0.3
check "mest exceeds it" test "$(query mest-adamw "max($(of density)) > 0.301" "$update")" = 1
check "and comes back" test "$(query mest-adamw "round($(of density), 4)" "$epoch AND $(of epoch) = 24")" = 0.3
check "more and more is explored" test "$(query rigl "max($(of itop_rate)) > min($(of itop_rate)) AND min($(of itop_rate)) > 0.3" "$update")" = 1
check "overlaps are shares" test "$(query rigl "min($(of overlap_start)) > 0.1 AND max($(of overlap_start)) < 1 AND max($(of overlap_last)) <= 1" "$update")" = 1
check "FLOPs and bytes" test "$(query rigl "count(*)" "$epoch AND $(of inference_flops) < $(of inference_flops_dense) AND $(of bytes) < 0.5 * $(of bytes_dense) AND $(of flops) > 0")" = 24

# The density that was achieved is in every result: the file says so, and the rows that refer to it.
run eval -c "$cfg" --model "$work/mest-adamw/model.safetensors" --db "$work/r.db" --only clean
check "eval" quiet
achieved=$(sqlite3 "$work/r.db" "SELECT density FROM model")
check "achieved density" test "$achieved" = "$(query mest-adamw "$(of density)" "$epoch AND $(of epoch) = 24")"

# --- FLOPs as the budget, presets, refusals -------------------------------------------------
short=(train -c "$cfg" --set train.epochs=1)
run "${short[@]}" --set sparse.density=0.5 --set sparse.density_of=flops --out "$work/flops"
check "half of the FLOPs" says top-1
check "to a thousandth" test "$(query flops "abs(1.0 * $(of inference_flops) / $(of inference_flops_dense) - 0.5) < 0.001" "$epoch")" = 1
run "${short[@]}" --set sparse.preset=rigl-orig --set sparse.interval=2 --out "$work/preset"
check "a preset" says top-1
check "it is in the configuration" grep -q 'drop_fraction = 0.3;' "$work/preset/config.cfg"
run list sparse-presets
for name in paper-like rigl-orig itop granet-orig mest-orig; do check "list $name" says "$name"; done
run list sparse-presets --json
check "with what they set" json "$work/out" '$[1].settings' '$[1].reference'
run list methods
for name in dense static set rigl mest granet gradual; do check "list $name" says "$name"; done
run "${short[@]}" --set sparse.method=granet --set sparse.interval=50 --out "$work/x"
check "a density that is never reached" refuses 2 "sparse.interval is 50" "final_step"
run "${short[@]}" --set sparse.method=mest --set sparse.prune=two-sided --out "$work/x"
check "two sides of one count" refuses 2 two-sided mest
run "${short[@]}" --set sparse.preset=rigl --out "$work/x"
check "no such preset" refuses 2 sparse.preset rigl-orig
run "${short[@]}" --set sparse.method=granet --set sparse.density=0.9 --set sparse.interval=1 --out "$work/x"
check "an initial density below" grep -q 'initial_density 0.8 is below sparse.density 0.9' "$work/err"
# A run under one optimiser is no checkpoint of another.
run "${base[@]}" --set sparse.method=rigl "${adamw[@]}" --out "$work/rigl" --resume
check "another optimiser" refuses 2 "another configuration"

finish
