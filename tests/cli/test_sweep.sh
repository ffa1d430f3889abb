#!/bin/bash
# coppice sweep: its runs, its dense controls, several processes on one folder, one that is killed.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"
make_set
cd "$work" || exit 1
cat >>run.cfg <<'END'
sweep = { methods = ["dense", "static", "rigl"]; densities = [0.2, 0.5]; seeds = [1]; controls = ["parameters", "flops"]; };
END
sed -i 's/arch = "r3d_tiny";/arch = "r3d_tiny"; options = "width=8";/' run.cfg
names="dense_s1 static_0.2_s1 static_0.5_s1 rigl_0.2_s1 rigl_0.5_s1 dense_parameters_0.2_s1 dense_parameters_0.5_s1 dense_flops_0.2_s1"
hashes() { # FOLDER: of all models
    for name in $names; do sha256sum <"$1/$name/model.safetensors"; done
}
state() { grep -cE "^[a-z_0-9.]+ +$1" out; } # of --status
same() { [ "$(hashes "$1")" = "$(hashes "$2")" ]; }

run sweep -c run.cfg --out one --status
check "before it: all are waiting" test "$(state waiting)" -eq 8
check "in order" test "$(awk 'NF > 1 && !/runs:/ { print $1 }' out | tr '\n' ' ')" = "$names "
check "and nothing is written" test ! -e one
run sweep -c run.cfg --out one
check "one process" quiet
check "a table, and where the page is" grep -qxF one/report.html out
check "controls have names" grep -q '^dense parameters 0.2 s1' out
run sweep -c run.cfg --out one --status
check "after it: all are done" test "$(state "done")" -eq 8

# Parameters within what a step of the width makes: 58,171 times 0.2 and the parts never masked.
nonzeros() { "$coppice" model info "one/$1/model.safetensors" --json | tr -d ' ",' | sed -n 's/^nonzeros://p' | head -n 1; }
close() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a / b > 0.75 && a / b < 1.34) }'; }
check "as many parameters at 0.2" close "$(nonzeros dense_parameters_0.2_s1)" "$(nonzeros static_0.2_s1)"
check "as many parameters at 0.5" close "$(nonzeros dense_parameters_0.5_s1)" "$(nonzeros static_0.5_s1)"
check "a control that would be the dense net itself is left out" test ! -e one/dense_flops_0.5_s1

run sweep -c run.cfg --out two --set sweep.workers=2 --set run.threads=2
check "two workers" quiet
check "train the same nets" same one two
check "and leave their logs" test -s two/worker-1.log -a -s two/worker-2.log

# Processes that know nothing of each other, one of which is killed in the middle.
"$coppice" sweep -c run.cfg --out many >first 2>&1 &
first=$!
"$coppice" sweep -c run.cfg --out many >second 2>&1 &
second=$!
for _ in $(seq 600); do
    [ ! -e many/dense_s1/model.safetensors ] || break
    sleep 0.02
done
kill -KILL $first
wait $first 2>/dev/null
wait $second
code=$?
check "a process whose neighbour was killed" test $code -eq 0
check "finishes its runs" same one many
run sweep -c run.cfg --out many
check "a second time nothing is left to do" quiet
check "no locks are left" test -z "$(find many one two -name lock)"

# A run that somebody trains is nobody else's.
mkdir -p busy
exec 9>busy/lock
flock -x 9
run train -c run.cfg --out busy
check "a folder in which another process works" refuses 5 'busy: another process'
exec 9>&-
run train -c run.cfg --out busy
check "and when it has gone" says busy/model.safetensors

run sweep -c run.cfg --out x --status --set 'sweep.methods=["mest_r", "granet_g"]' --set 'sweep.controls=[]'
check "growth by a method's name" test "$(awk 'NF > 1 && !/runs:/ { print $1 }' out | tr '\n' ' ')" = "mest_r_0.2_s1 mest_r_0.5_s1 granet_g_0.2_s1 granet_g_0.5_s1 "
run sweep -c run.cfg --out growth --set 'sweep.methods=["mest_r", "mest_g"]' --set 'sweep.densities=[0.3]' --set 'sweep.controls=[]'
check "two growths of one method" quiet
check "grow at random" grep -q 'growth = "random"' growth/mest_r_0.3_s1/config.cfg
check "and by gradients" grep -q 'growth = "gradient"' growth/mest_g_0.3_s1/config.cfg
check "each with its name" grep -q '^mest_r 0.3 s1' out
run sweep -c run.cfg --out x --status --set 'sweep.methods=["dense"]' --set 'sweep.densities=[0.2, 0.2001]'
check "a net of a width once" test "$(awk 'NF > 1 && !/runs:/ { print $1 }' out | tr '\n' ' ')" = "dense_s1 dense_parameters_0.2_s1 dense_flops_0.2_s1 "
run sweep -c run.cfg --out x --set 'sweep.controls=["width"]'
check "a control that there is not" refuses 2 controls parameters flops
run sweep -c run.cfg --out x --set sweep.workers=0
check "no workers" refuses 2 workers
finish
