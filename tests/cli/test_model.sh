#!/bin/bash
# coppice model, infer and list: nets with random weights, and what programs may read.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"

# --- model --------------------------------------------------------------------
small=(--set 'prep.resize=[24,24]' --set clip.frames=4 --classes 5)
run model new --arch r3d_tiny "${small[@]}" --set run.seed=7 -o "$work/a.safetensors"
check "model new" quiet
run model new --arch r3d_tiny "${small[@]}" --set run.seed=7 -o "$work/b.safetensors"
check "the same seed, the same weights" cmp -s "$work/a.safetensors" "$work/b.safetensors"
run model new --arch r3d_tiny "${small[@]}" --set run.seed=8 -o "$work/b.safetensors"
check "another seed, other weights" differ "$work/a.safetensors" "$work/b.safetensors"
run model new --arch r3d_tiny "${small[@]}" --set sparse.method=static --set sparse.density=0.2 \
    -o "$work/sparse.safetensors"
check "a sparse model" quiet
run model info "$work/a.safetensors"
check "model info" says r3d_tiny
run model info --json "$work/sparse.safetensors"
check "model info --json" quiet
check "its keys" json "$work/out" '$.arch' '$.classes' '$.parameters' '$.masked_parameters' \
    '$.nonzeros' '$.macs' '$.layers[0].name' '$.layers[0].shape' '$.layers[0].nnz' \
    '$.layers[0].density'
value() { sqlite3 :memory: "SELECT json_extract(readfile('$work/out'), '\$.$1')"; }
check "fewer non-zeros than parameters" test "$(value nonzeros)" -lt "$(value parameters)"
run model new --arch r3d_tiny --classes 0 -o "$work/x.safetensors"
check "no classes" refuses 2 --classes
run model nwe --arch r3d_tiny -o "$work/x.safetensors"
check "unknown word" refuses 2 '"nwe"' new
run model info
check "no file" refuses 2 info

# --- infer --------------------------------------------------------------------
# Two clips of [3, 4, 24, 24] float32, all bytes 0x3d: 0.0462, thrice in a file of 3.
tensors() { # N FILE
    local bytes=$(($1 * 3 * 4 * 24 * 24 * 4)) header
    header="{\"clips\":{\"dtype\":\"F32\",\"shape\":[$1,3,4,24,24],\"data_offsets\":[0,$bytes]}}"
    while [ $((${#header} % 8)) -ne 0 ]; do header+=' '; done
    {
        # shellcheck disable=SC2059 # the length, as eight bytes
        printf "\\x$(printf %02x $((${#header} % 256)))\\x$(printf %02x $((${#header} / 256)))"
        printf '\0\0\0\0\0\0%s' "$header"
        head -c "$bytes" /dev/zero | tr '\0' '\075'
    } >"$2"
}
tensors 1 "$work/one.st"
tensors 20 "$work/many.st"
infer() { run infer --model "$work/a.safetensors" --input "$work/$1" --output "$work/$2" "${@:3}"; }
logits() { tail -c $((4 * $1)) "$work/$2"; } # the data come last
infer one.st tile.out
check "infer" says "[1, 5]"
infer one.st one.out --tile off
check "infer, in a batch" says "[1, 5]"
infer many.st many.out --threads 1
check "infer, more clips than a batch" says "[20, 5]"
check "a clip's place does not matter" cmp -s <(logits 5 one.out) <(logits 5 many.out)
infer many.st again.out --threads 2 --idle 1e6
check "threads and idle lanes do not matter" cmp -s "$work/many.out" "$work/again.out"
# Two files of N logits: no difference above 1e-5 of the largest.
near() { # N FILE FILE
    paste <(logits "$1" "$2" | od -An -v -w4 -tf4) <(logits "$1" "$3" | od -An -v -w4 -tf4) |
        awk 'function abs(x) { return x < 0 ? -x : x }
             { if (abs($1) > m) m = abs($1); if (abs($1 - $2) > d) d = abs($1 - $2) }
             END { exit !(m > 0 && d <= 1e-5 * m) }'
}
check "one clip is spread over the lanes" differ "$work/one.out" "$work/tile.out"
check "which moves no logit" near 5 one.out tile.out
infer many.st spread.out --tile on --idle 1e30
check "so can many be" near 100 many.out spread.out
check "one at a time" cmp -s <(logits 5 tile.out) <(logits 5 spread.out)
infer one.st x.out --tile perhaps
check "unknown word for --tile" refuses 2 '"perhaps"' auto
check "logits are not all the same" test "$(logits 5 one.out | od -An -v -w4 -tx4 | sort -u | wc -l)" -eq 5
infer none.st x.out
check "missing input" refuses 3 none.st
infer one.st no/x.out
check "missing folder" refuses 5 x.out

# --- list ---------------------------------------------------------------------
for list in archs corruptions methods formats samplers; do
    run list $list
    check "list $list" quiet
    run list $list --json
    check "list $list --json" json "$work/out" '$[0].name' '$[0].summary' '$[0].options[0].name' \
        '$[0].options[0].help' '$[0].options[0].type'
done

finish
