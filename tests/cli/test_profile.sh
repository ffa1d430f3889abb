#!/bin/bash
# coppice profile: what it prints, and what it says of counts and bytes.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"

value() { sqlite3 :memory: "SELECT json_extract(readfile('$work/out'), '\$.$1')"; }
layers() { # EXPRESSION: over the layers, whose fields are columns
    sqlite3 :memory: "WITH layer AS (SELECT value ->> 'name' name, value ->> 'nnz' nnz,
        value ->> 'macs' macs, value ->> 'density' density, value ->> 'kernel' kernel,
        value ->> 'bytes' bytes, value ->> 'bytes_dense' bytes_dense,
        value ->> 'forward_ms' forward, value ->> 'step_forward_ms' step_forward,
        value ->> 'backward_ms' backward
        FROM json_each(readfile('$work/out'), '\$.layers')) SELECT $1 FROM layer"
}
small=(--arch r3d_tiny --arch-options "width=8, blocks=[1, 1]" --batch 2 --repeat 1)

run profile "${small[@]}" --density 0.1 --threads 1
check "profile" says "layer1.0.conv1.0"
check "it shows weights" says " 8x8x3x3x3 "
# Weights of more channels take three columns more, and their bytes three.
run profile --arch r2plus1d_18 --arch-options "width=8, blocks=[1, 1], stem_stride=4" --batch 1 \
    --density 0.1 --repeat 1
check "it fits a terminal of 100 columns" test "$(wc -L <"$work/out")" -le 94

run profile "${small[@]}" --density 0.1 --init uniform --threads 1 --json
check "profile --json" quiet
check "its keys" json "$work/out" '$.arch' '$.density' '$.init' '$.batch' '$.threads' '$.tier' \
    '$.forward_ms' '$.step_ms' '$.peak_gflops' '$.gflops' '$.layers[0].kind' \
    '$.layers[0].shape[4]'
check "what was asked for" test \
    "$(value arch) $(value density) $(value init) $(value batch) $(value threads)" = \
    "r3d_tiny 0.1 uniform 2 1"
check "a layer with weights has its times" test "$(layers "min(forward > 0 AND step_forward > 0
    AND backward > 0) FILTER (WHERE kernel IS NOT NULL)")" = 1
check "multiply-adds of the layers add up" test "$(layers 'sum(macs)')" = "$(value macs)"
check "bytes of the layers add up" test "$(layers 'sum(bytes), sum(bytes_dense)')" = \
    "$(value bytes)|$(value bytes_dense)"
# A weight has a value, a gradient and a momentum; a place in the mask one bit.
check "bytes of a masked layer" test "$(layers "bytes = 12 * nnz + 8 * ((8 * 8 * 27 + 63) / 64)
    AND bytes_dense = 12 * 8 * 8 * 27 AND nnz < 300" | sed -n 4p)" = 1
check "uniform keeps the first convolution dense" test "$(layers density | head -n 1)" = 1.0

run profile "${small[@]}" --no-train --json
check "without training" quiet
check "erk is what is not said" test "$(value init)" = erk
check "it has no times of steps" test -z "$(value step_ms)$(layers 'max(backward)')"
check "values are its bytes" test "$(value bytes)" -lt $((5 * $(value parameters)))

one=("${small[@]}" --batch 1 --no-train)
run profile "${one[@]}" --json
check "a clip that comes alone is spread over the lanes" test "$(value tile)" = 1
check "layers still have their times" test "$(layers 'min(forward > 0) FILTER (WHERE kernel IS NOT NULL)')" = 1
run profile "${one[@]}" --tile off --json
check "or not" test "$(value tile)" = 0
run profile "${one[@]}"
check "which it says" says "over the lanes"
run profile "${small[@]}" --tile on
check "tiles for more clips" refuses 2 "one clip"

# A model is what its file says.
run model new --arch r3d_tiny --set 'prep.resize=[24,24]' --set clip.frames=4 --classes 5 \
    --set sparse.method=static --set sparse.density=0.2 -o "$work/m.safetensors"
run model info --json "$work/m.safetensors"
want="$(value nonzeros) $(value macs)"
run profile --model "$work/m.safetensors" --batch 3 --repeat 1 --json
check "profile --model" quiet
check "its counts" test "$(value nonzeros) $(value macs)" = "$want"
check "its clips" test "$(value input)" = "[3,4,24,24]"
check "its training steps" test -n "$(value step_ms)"

run profile
check "nothing to profile" refuses 2 --model --arch
run profile --arch r3d_tyni
check "unknown architecture" refuses 2 r3d_tyni r3d_tiny
run profile --arch r3d_tiny --arch-options widht=4
check "unknown option" refuses 2 widht width
run profile --arch r3d_tiny --init urk --density 0.5
check "unknown init" refuses 2 urk erk
for density in 0 -1 1.5 nan; do
    run profile --arch r3d_tiny --density=$density
    check "density $density" refuses 2 "$density"
done
run profile --arch r3d_tiny --batch 0
check "no clips" refuses 2 "batch of 0"
run profile --arch r3d_tiny --repeat -1
check "fewer than no batches" refuses 2 -1
run profile --arch r3d_tiny --threads -1
check "fewer than no threads" refuses 2 --threads
run profile --model "$work/m.safetensors" --density 0.5
check "a model and a density" refuses 2 --density
run profile --model "$work/none.safetensors"
check "no such model" refuses 4 none.safetensors
run profile --arch r3d_tiny left
check "a word too many" refuses 2 '"left"'

finish
