#!/bin/bash
# The main job from end to end: draw a labelled set of H.264 files, train a dense and two
# sparse nets on it, corrupt the test clips in memory, and show which net still sees what.
# Usage: samples/demo.sh COPPICE; QUICK=1 runs the same path on a tenth of the work.
# Everything lands in runs/demo (runs/quick); a second run takes up what is there.
# SPDX-License-Identifier: LGPL-2.1-or-later
set -eu
coppice=$1
if [ "${QUICK:-}" = 1 ]; then
    out=runs/quick clips=10
    more=(--set train.epochs=2 --set 'corrupt.severities=[3]')
else
    out=runs/demo clips=120
    more=()
fi
start=$SECONDS
mkdir -p "$out"

echo "== 1. A data set: ten motions, drawn"
if [ -f "$out/data/annotations/classInd.txt" ]; then
    echo "$out/data is there"
else
    rm -rf "$out/data.part"
    "$coppice" synth "$out/data.part" --clips "$clips"
    mv "$out/data.part" "$out/data"
fi

echo
echo "== 2. Train, corrupt, evaluate, report"
"$coppice" sweep -c configs/demo.cfg --out "$out" \
    --set "data.root=$PWD/$out/data/videos" --set "data.annotation=$PWD/$out/data/annotations" \
    ${more[@]+"${more[@]}"}

echo
echo "== 3. One corrupted file, to look at"
video=$(find "$out/data/videos" -name '*.mp4' | LC_ALL=C sort | head -n 1)
"$coppice" corrupt "$video" "$out/noise.mp4" --corruption gaussian_noise --severity 3
echo "$out/noise.mp4"
echo
echo "done in $((SECONDS - start)) s. Open $out/report.html in a browser."
