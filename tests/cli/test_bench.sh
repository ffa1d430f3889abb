#!/bin/bash
# Stages of the benchmarks (tests/bench/run.sh): kept when done, run again when not. Programs that
# write a file and say so stand in for the timing ones.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"
bench=$(realpath "$(dirname "$0")/../bench/run.sh")
[ "$(nproc)" -ge 2 ] && all=8 || all=4
mkdir "$work/programs"
cat >"$work/programs/bench_layers" <<'END'
#!/bin/bash
echo "$*" >>calls
for file; do :; done
echo '{"nets": []}' >"$file"
[ ! -e fail ] || ! grep -qF -- "$(cat fail)" <<<"$*"
END
chmod +x "$work/programs/bench_layers"
: >"$work/programs/libcoppice-nn.a"
touch -d 2020-01-01 "$work/programs/libcoppice-nn.a"
stages() { # MODE VARIABLE=VALUE...: runs them; leaves code, $work/out, $work/err
    local mode=$1
    shift
    (cd "$work" && env ONLY="layers_*" "$@" "$bench" programs "$mode") >"$work/out" 2>"$work/err" </dev/null
    code=$?
}
calls() { [ "$(cat "$work/calls" 2>/dev/null | wc -l)" -eq "$1" ]; }

stages full LIST=1
check "what there is to do" says "layers_r3d_18_1: about 11 min"
check "nothing has run" calls 0
echo "vgg16 --check-all --threads 1" >"$work/fail"
stages full
check "one stage fails" test "$code" -eq 1
check "which it says" grep -q "$((all - 1)) stages run, 0 done before, 1 failed: layers_vgg16_1$" "$work/out"
check "what it wrote is not taken for whole" test ! -e "$work/build/bench/full/layers_vgg16_1.json"
check "the others have their files" test "$(cd "$work" && echo build/bench/full/*.json | wc -w)" -eq $((all - 1))
check "all have run" calls $all
rm "$work/fail"
stages full
check "the next run takes it up" says "1 stages run, $((all - 1)) done before, 0 failed"
check "and runs that stage alone" calls $((all + 1))
check "now it is there" test -s "$work/build/bench/full/layers_vgg16_1.json"
stages full
check "nothing is left to do" says "0 stages run, $all done before, 0 failed"
touch "$work/programs/libcoppice-nn.a" -d tomorrow
stages full
check "results of another build are said to be so" says "by an older build"
stages full FRESH=1 ONLY="layers_x3d_1 layers_vgg16_1"
check "chosen ones, afresh" says "2 stages run, 0 done before, 0 failed"
check "with the words of the whole" test "$(tail -n 1 "$work/calls" | cut -d ' ' -f 1-5)" = \
    "--net x3d --check-all --threads 1"
check "they have run" calls $((all + 3))
stages try
check "small ones" says "$all stages run, 0 done before"
check "of one round" grep -q -- "--batch 1 --rounds 1" "$work/calls"
check "have a folder of their own" test -s "$work/build/bench/try/layers_x3d_1.json"
stages fill
check "an unknown mode" test "$code" -eq 2
finish
