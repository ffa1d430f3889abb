#!/bin/bash
# Layers against oneDNN, nets against PyTorch, decoding against ffmpeg, OpenCV and torchvision, elements against GStreamer's: text on stdout, samples as JSON in build/bench.
# Usage: tests/bench/run.sh BUILD quick|full
# SPDX-License-Identifier: LGPL-2.1-or-later
set -u
build=$1 mode=$2
here=$(cd "$(dirname "$0")" && pwd)
out=build/bench/$mode
cores=$(nproc)
mkdir -p "$out" || exit
failed=0
if [ "$mode" = quick ]; then
    threads=$((cores < 2 ? cores : 2))
    "$build/bench_layers" --quick --threads $threads --json "$out/layers_$threads.json" || failed=1
    /usr/bin/python3 "$here/bench_nets.py" "$build/bench_nets" --quick --json "$out/nets.json" || failed=1
    /usr/bin/python3 "$here/bench_decode.py" "$build/bench_decode" --rounds 3 --json "$out/decode.json" || failed=1
    /usr/bin/python3 "$here/bench_elements.py" "$build/bench_elements" "$build/coppice" --quick --rounds 2 --json "$out/elements.json" || failed=1
else
    for threads in 1 2; do
        [ $threads -le "$cores" ] || continue
        "$build/bench_layers" --net all --check-all --threads $threads --json "$out/layers_$threads.json" || failed=1
    done
    archs=()
    for arch in r3d_18 r2plus1d_18 x3d_stack; do
        grep -q "^$arch$" <("$build/bench_nets" --archs) && archs+=("--arch=$arch")
    done
    /usr/bin/python3 "$here/bench_nets.py" "$build/bench_nets" "${archs[@]}" --json "$out/nets.json" || failed=1
    /usr/bin/python3 "$here/bench_decode.py" "$build/bench_decode" --rounds 9 --json "$out/decode.json" || failed=1
    /usr/bin/python3 "$here/bench_elements.py" "$build/bench_elements" "$build/coppice" --rounds 5 --json "$out/elements.json" || failed=1
fi
/usr/bin/python3 "$here/bench_live.py" "$build/coppice" --json "$out/live.json" || failed=1
echo
echo "every sample: $out/*.json; tables of them: tests/bench/bench_tables.py --markdown $out/{layers_*,nets}.json"
exit $failed
