#!/bin/bash
# coppice profile: what it prints, and what it says of counts and bytes.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"

value() { sqlite3 :memory: "SELECT json_extract(readfile('$work/out'), '\$.$1')"; }
kernels() { # PASS: what ran in it, a line a layer that has weights
    sqlite3 :memory: "SELECT value ->> '$1' FROM json_each(readfile('$work/out'), '\$.layers')
        WHERE value ->> 'nnz' > 0"
}
layers() { # EXPRESSION: over the layers, whose fields are columns
    sqlite3 :memory: "WITH layer AS (SELECT value ->> 'name' name, value ->> 'nnz' nnz,
        value ->> 'macs' macs, value ->> 'density' density, value ->> 'kernel' kernel,
        value ->> 'bytes' bytes, value ->> 'bytes_dense' bytes_dense,
        value ->> 'forward_ms' forward, value ->> 'step_forward_ms' step_forward,
        value ->> 'backward_ms' backward, value ->> 'bytes_lists' lists
        FROM json_each(readfile('$work/out'), '\$.layers')) SELECT $1 FROM layer"
}
small=(--arch r3d_tiny --arch-options "width=8, blocks=[1, 1]" --batch 2 --repeat 1)

run profile "${small[@]}" --density 0.1 --threads 1
check "profile" says "layer1.0.conv1.0"
check "it shows weights" says " 8x8x3x3x3 "
check "its columns" grep -qE '^layer +what ran +active +ms +GFLOPS +peak +step ms +MiB$' "$work/out"
check "bytes as a share of dense" grep -qE 'masks: [0-9.]+, 0\.[1-3][0-9]+ of dense;$' "$work/out"
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

# What ran, and what it walks.
run profile "${small[@]}" --density 0.1 --init uniform --threads 1 --json
check "kernels of forward passes" test -z "$(kernels kernel |
    grep -vE '^((shared )?singles|pairs|shared) [1-4]x[1-9][0-9]* (28|36|44|60)K$')"
check "uniform keeps the first one dense" test "$(kernels kernel | head -n 1 | cut -c 1-7)" = "shared "
check "kernels of gradients of weights" test -z "$(kernels kernel_weight |
    grep -vE '^(correlate [1-4]|shared [1-9][0-9]*)x[1-9][0-9]*$')"
check "the first layer has no gradient of its input" test -z "$(kernels kernel_data | head -n 1)"
check "the others do" test "$(kernels kernel_data | grep -cE " (28|36|44|60)K\$")" -ge 5
check "bytes of lists add up" test "$(layers 'sum(lists)')" = "$(value bytes_lists)"
# A slot of a list takes an offset and a place, forward and backward, and there is the weight.
check "bytes of a masked layer's lists" test "$(layers "lists > 20 * nnz" | sed -n 4p)" = 1
check "the table is the built-in one" test "$(value kernels)" = built-in
lists=$(value bytes_lists)
run profile "${small[@]}" --density 0.1 --init uniform --threads 1 --no-train --json
check "inference has no gradients" test -z "$(kernels kernel_data)$(kernels kernel_weight)"
check "and fewer lists" test "$(value bytes_lists)" -lt "$lists"

# Tuning.
run profile "${small[@]}" --tune "$work/t.kernels" --densities "1, 0.05,0.3"
check "profile --tune" says "t.kernels: tier "
check "densities ascend" test "$(grep -oE '^ +(0\.05|0\.3|1) ' "$work/out" | xargs)" = "0.05 0.3 1"
check "built-in kernels are never faster" test -z "$(grep -E '^ +[01].* [1-9]\.[0-9]+$' "$work/out" |
    grep -v ' 1\.000$')"
check "the file says where it comes from" grep -q "^# coppice [0-9.]*, profile --tune$" "$work/t.kernels"
check "and ends in the row of 1" test "$(tail -n 1 "$work/t.kernels" | cut -c 1-2)" = "1 "
check "nothing else is left" test "$(cd "$work" && echo *.kernels*)" = t.kernels
hash=$(sed -n 's/.*hash //p' "$work/out")
run profile "${small[@]}" --kernels "$work/t.kernels" --no-train --json
check "profile --kernels" quiet
check "its hash" test "$(value kernels)" = "$hash"
run profile "${small[@]}" --tune "$work/u.kernels" --densities 0.5 --repeat 1 --no-train --json
check "profile --tune --json" json "$work/out" '$.file' '$.tier' '$.kernels' \
    '$.densities[0].density' '$.densities[0].kernel' '$.densities[0].ms' \
    '$.densities[0].built_in_ms'
tier=$(value tier)
printf 'tier %s\n0.5 singles 2 2 9\n1 singles 3 3 12\n' "$tier" >"$work/own.kernels"
run profile "${small[@]}" --kernels "$work/own.kernels" --no-train --json --density 0.1
check "one's own table" test -z "$(kernels kernel | grep -vE 'singles [123]x[123] (9|12|44|60)K$')"
run profile "${small[@]}" --kernels "$work/own.kernels" --no-train
check "which it says" grep -qE 'kernels [0-9a-f]{16}$' "$work/out"

run profile --arch r3d_tiny --kernels "$work/none.kernels"
check "no such table" refuses 2 none.kernels
echo "tier mmx" >"$work/bad.kernels"
run profile --arch r3d_tiny --kernels "$work/bad.kernels"
check "a table of another tier" refuses 2 bad.kernels:1: mmx "$tier"
for list in 0 2 nan "0.5, 0.5" "" x "1;2"; do
    run profile --arch r3d_tiny --tune "$work/v.kernels" --densities="$list"
    check "densities \"$list\"" refuses 2
done
run profile --arch r3d_tiny --tune "$work/v.kernels" --density 0.5
check "--tune and --density" refuses 2 --densities
run profile --arch r3d_tiny --densities 0.5
check "--densities without --tune" refuses 2 --tune
run profile --arch r3d_tyni --tune "$work/v.kernels"
check "an unknown architecture to tune for" refuses 2 r3d_tiny
run profile "${small[@]}" --tune "$work/none/v.kernels" --densities 1 --repeat 1 --no-train
check "a folder that is not there" refuses 5 none/v.kernels
check "no table of what was refused" test ! -e "$work/v.kernels"

# Tiers, by option and by environment.
for tier in $("$coppice" --tier none list 2>&1 | sed -n 's/.*allowed on this machine: //p' | tr -d ,); do
    run --tier "$tier" profile "${small[@]}" --no-train --json
    check "--tier $tier" test "$(value tier)" = "$tier"
    run "--tier=$tier" profile "${small[@]}" --no-train --json
    check "--tier=$tier" test "$(value tier)" = "$tier"
    COPPICE_TIER=$tier run profile "${small[@]}" --no-train --json
    check "COPPICE_TIER=$tier" test "$(value tier)" = "$tier"
    COPPICE_TIER=none run --tier "$tier" profile "${small[@]}" --no-train --json
    check "the option goes before the environment" test "$(value tier)" = "$tier"
done
check "every machine has one" test "$tier" != none
run --tier mmx profile "${small[@]}"
check "an unknown tier" refuses 2 '"mmx"' generic
run --tier
check "none" refuses 2 tier generic
COPPICE_TIER=mmx run profile "${small[@]}"
check "an unknown one in the environment" refuses 2 '"mmx"' generic

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
