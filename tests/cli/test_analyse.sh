#!/bin/bash
# coppice analyse: a sweep's figures as tables and pictures, answers that are kept, what it refuses.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"
make_set
cd "$work" || exit 1
cat >>run.cfg <<'END'
sweep = { methods = ["dense", "static", "rigl"]; densities = [0.5, 0.2]; seeds = [1, 2]; controls = ["parameters"]; };
END
sed -i 's/arch = "r3d_tiny";/arch = "r3d_tiny"; options = "width=8";/' run.cfg
"$coppice" sweep -c run.cfg --out sw >/dev/null 2>&1 || { echo "the sweep failed"; exit 1; }

column() { # FILE NAME: its number
    head -n 1 "$1" | tr -d '\r' | tr , '\n' | grep -nx "$2" | cut -d: -f1
}
rows() { tail -n +2 "$1" | wc -l; }
# The series' labels hold commas: they are read without their quotes.
plain() { tr -d '\r' <"$1" | sed -E 's/"([^"]*), ([^"]*)"/\1 \2/g'; }

run analyse sw -o fig --grid 2
check "all figures" quiet
check "says what was made" says "fig/figures.html: 7 figures of 14 runs in 7 series"
made=$(sed -n 's/.*, \([0-9]*\) predictions made.*/\1/p' out)
check "models were run" test "${made:-0}" -gt 0
tables="gain gain_by_severity accuracy energy topology topology_degrees topology_kernels topology_norms training
training_layers training_epochs radius radius_area fourier fourier_gain"
pictures="gain gain_relative gain_by_severity accuracy energy topology_map topology_degrees topology_norms training
training_layers radius fourier"
for name in $tables; do
    check "$name.csv has rows" test "$(rows "fig/$name.csv")" -gt 0
    check "$name.json is the same" json "fig/$name.json" '$.table' '$.columns' '$.rows[0]'
    cells=$(sqlite3 :memory: "SELECT json_array_length(readfile('fig/$name.json'), '\$.rows')")
    check "$name.json has as many rows" test "$cells" -eq "$(rows "fig/$name.csv")"
    check "$name.csv has a header without repeats" test -z "$(head -n 1 "fig/$name.csv" | tr -d '\r' | tr , '\n' | sort | uniq -d)"
done
for name in $pictures; do
    check "$name.png" test "$(head -c 4 "fig/$name.png" | tail -c 3)" = PNG
    check "$name.svg" grep -q '</svg>' "fig/$name.svg"
    check "$name is on the page" grep -q "href=\"$name.png\"" fig/figures.html
done
check "the page fetches nothing" test -z "$(grep -oE '(src|href)="(https?:)?//[^"]*' fig/figures.html)"
check "the common columns" grep -q '^series,method,density,control,scope,corruption,family,severity,seeds,' fig/gain.csv

# Gains over seeds are those of compare: gain, its deviation, interval and p.
run compare sw/results.db --format seeds
check "a row a recipe and scope" says recipe,arch,method,density,parameters,scope,name,seeds,
of_compare() { awk -F, -v s="$1" '$1 == s && $6 == "robust" { print $11, $12, $13, $14, $15, $16 }' out; }
of_figure() {
    plain fig/gain.csv | awk -F, -v s="$1" '$1 == s && $5 == "robust" { print $9, $14, $15, $19, $20, $21 }'
}
agree() { # SERIES: six numbers each way, all there
    echo "$(of_compare "$1") $(of_figure "$1")" | awk '
        function abs(x) { return x < 0 ? -x : x }
        { for (i = 1; i <= 6; i++) bad += abs($i - $(i + 6)) > 1e-9 * (1 + abs($i)) }
        END { exit !(NF == 12 && !bad) }'
}
check "gains of static over two seeds" agree "static 0.5"
check "gains of rigl over two seeds" agree "rigl 0.2"
run compare sw/results.db
check "and a table of them" says "points above dense of the same seed"

# Anchors: a low-pass of all frequencies and a high-pass of none are the clean clips.
top1=$(column fig/radius.csv top1) clean=$(column fig/radius.csv clean) radius=$(column fig/radius.csv radius)
band=$(column fig/radius.csv band) pass=$(column fig/radius.csv pass)
anchors() { # holds where every curve has its anchor, and there are six of them a run
    plain fig/radius.csv | awk -F, -v t="$top1" -v c="$clean" -v r="$radius" -v b="$band" -v p="$pass" '
        NR == 1 { next }
        { key = $1 "|" $5 "|" $b "|" $p; runs[$1 "|" $5] = 1 }
        $p == "high" && $r == -1 { ends[key] = $t - $c }
        $p == "low" { ends[key] = $t - $c } # the last row of a curve has the largest radius
        END {
            for (key in ends) { n++; if (ends[key] != 0) bad++ }
            for (run in runs) m++
            exit !(n == 6 * m && m == 14 && !bad)
        }'
}
check "anchors" anchors
check "a wave of each frequency of half a plane" test "$(rows fig/fourier.csv)" -eq $((14 * 10))

# What is there is not done again, and says the same.
cp -r fig first
run analyse sw -o fig --grid 2
check "a second time" quiet
check "no model runs" test -z "$(grep predictions out)"
same() {
    local name
    for name in $tables; do cmp -s "first/$name.csv" "fig/$name.csv" || return 1; done
}
check "and nothing changes" same
runs_in() { sqlite3 "$1" 'SELECT count(*) FROM run'; }
check "nor is it noted" test "$(runs_in first/analyse.db)" = "$(runs_in fig/analyse.db)"
run analyse sw -o fig --only radius --set clip.clips=2
check "other views are another setup" quiet
check "whose answers are made" grep -q predictions out
run analyse sw -o fig --only radius
check "and do not stand in for the first one's" cmp -s first/radius.csv fig/radius.csv
run analyse sw -o fig --only fourier --grid 3 --limit 2
check "other waves are new" quiet
check "few of them" test "$(sed -n 's/.*, \([0-9]*\) predictions made.*/\1/p' out)" -lt "$made"
clips=$(column fig/fourier.csv clips)
check "over the clips that were asked for" test "$(plain fig/fourier.csv | cut -d, -f"$clips" | sort -u | grep -vc clips)" -eq 1
check "which are two" test "$(plain fig/fourier.csv | tail -n 1 | cut -d, -f"$clips")" -eq 2

# Single runs, one that is broken, one layer, another baseline.
mkdir broken
cp sw/rigl_0.5_s1/config.cfg broken/
head -c 1000 sw/rigl_0.5_s1/model.safetensors >broken/model.safetensors
run analyse sw/dense_s1 sw/rigl_0.5_s1 broken -o one --only gain,topology --layer layer2.0.conv2.0
check "a broken run is left out" test $code -eq 0
check "and named" grep -q 'left out: .*broken' err
check "on the page, too" grep -q 'Runs that could not be used' one/figures.html
check "only what was asked for" test ! -e one/training.csv -a ! -e one/analyse.db -a -e one/gain.csv
check "the layer that was asked for" grep -q ',layer2.0.conv2.0,' one/topology.csv
run analyse sw -o two --only gain --baseline 'rigl 0.5'
check "another baseline" quiet
check "which is not set against itself" test "$(grep -c '^rigl 0.2,' two/gain.csv)" -gt 0 -a -z "$(grep '^rigl 0.5,' two/gain.csv)"
mkdir copies
for name in dense_s1 dense_parameters_0.2_s1 rigl_0.5_s1; do cp -r sw/$name "copies/x$name"; done
cp -r sw/rigl_0.5_s1 copies/again
run analyse copies -o four --db sw/results.db --only gain,accuracy
check "a control in a folder of another name" grep -q '^"dense, 0.2 × weights",dense,0.2,parameters,' four/accuracy.csv
check "a copy of a run" grep -q 'left out: .*is the same model as' err
check "is no second seed" test -z "$(grep -v ',1,' four/accuracy.csv | grep '^rigl')"
mkdir alone && cp -r sw/rigl_0.5_s1 alone/run
run analyse alone -o three --set data.root=nowhere
check "what a figure lacks" test $code -eq 0
check "leaves it out" grep -q 'no figure gain: .*results.db' err
check "and others are made" test -e three/topology_map.png -a -e three/training.png -a ! -e three/gain.png

run analyse -o x
check "no runs" refuses 2 RUNS
run analyse sw
check "no folder" refuses 2 '-o DIR'
run analyse sw -o x --only gian
check "an unknown figure" refuses 2 gian gain
run analyse sw -o x --baseline rigl
check "an unknown baseline" refuses 2 rigl
run analyse sw -o x --only topology --layer layer2.0.conv2.0.weigth
check "an unknown layer" refuses 3 layer2.0.conv2.0.weigth 'nearest: layer2.0.conv2.0.weight'
run analyse sw/dense_parameters_0.2_s1 -o x --only topology --layer fc
check "a layer of controls alone" refuses 3 'another width'
run analyse sw/dense_s1 -o x --only topology
check "no layer with a mask" refuses 3 'no run has a layer'
run analyse set -o x
check "no run at all" refuses 3 set
run analyse nowhere -o x
check "no folder of that name" refuses 3 nowhere
run analyse broken -o x
check "nothing but broken runs" refuses 3 'no run can be used'
run analyse alone -o x --only gain
check "a figure that is asked for and lacks its data" refuses 3 results.db
run analyse sw -o x --grid 0
check "no frequencies" refuses 2 grid
run analyse sw -o x --set data.rooot=y
check "an unknown key" refuses 2 rooot root
run analyse sw -o x --limit -1
check "fewer clips than none" refuses 2 limit
finish
