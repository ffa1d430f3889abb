#!/bin/bash
# Progress on a terminal: what has been done, how fast, what is left; in training what a clip costs and waits.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"

make_set
cfg=$work/run.cfg
terminal() { # ARGUMENT...: runs coppice on a terminal, as lines of what it drew over each other
    local words
    printf -v words '%q ' "$coppice" "$@"
    script -qefc "$words" /dev/null </dev/null >"$work/screen" 2>"$work/err"
    code=$?
    tr '\r' '\n' <"$work/screen" | sed 's/\x1b\[K//g' | grep -v '^$' >"$work/out"
}
drew() { [ $code -eq 0 ] && grep -qE -- "$1" "$work/out"; }
ends() { [ "$(grep -E "^$1 [0-9]+/[0-9]+ " "$work/out" | tail -n 1 | grep -oE '[0-9]+/[0-9]+')" = "$2" ]; }

speed='[0-9]+\.[0-9]/s'
terminal train -c "$cfg" --set train.epochs=40 --out "$work/run"
check "train: batches, speed, time left" drew "^train [0-9]+/120  $speed  [0-9]+:[0-5][0-9] left  "
check "loss and accuracy of the epoch" drew "  loss [0-9]+\.[0-9]{3}  accuracy [0-9]+\.[0-9] %  "
check "clips a second, share of waiting, rate" drew "  [0-9]+\.[0-9] clips/s  waited [0-9]+ %  lr [0-9.e-]+$"
check "to the last batch" ends train 120/120
terminal train -c "$cfg" --set train.epochs=40 --out "$work/run" --resume
check "nothing left to be done" test $code -eq 0
terminal verify -c "$cfg" --again
check "verify: files" ends verify 18/18
terminal eval -c "$cfg" --model "$work/run/model.safetensors" --db "$work/r.db" --only clean
check "eval: clips" ends eval 6/6
terminal corrupt "$work/set/videos" "$work/worse" --corruption brightness --severity 1
check "corrupt: files" ends corrupt 18/18
run verify -c "$cfg" --again
check "none of it without a terminal" quiet

finish
