#!/bin/bash
# The elements videoclassify and robustness, in gst-launch-1.0: the answers of coppice predict, a
# result file that compare and report read, their documentation, their errors.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"
if [ "${SAN:-}" = thread ]; then
    echo "0 passed, 0 failed, 1 skipped" # a process of somebody else's cannot be watched
    exit 0
fi
system=$(pkg-config --variable=pluginsdir gstreamer-1.0)
mkdir "$work/plugins"
for name in coreelements rawparse videotestsrc; do
    ln -s "$system"/libgst$name.so "$work/plugins/"
done
plugin=$(dirname "$coppice")/gst
export GST_PLUGIN_SYSTEM_PATH_1_0='' GST_PLUGIN_PATH_1_0=$work/plugins:$plugin
export GST_REGISTRY_1_0=$work/registry
[ -z "${SAN:-}" ] || preload=$(${CC:-gcc} -print-file-name=libasan.so)
gst() { # PROGRAM ARGUMENT...: leaves code, $work/out, $work/err
    LD_PRELOAD=${preload:-} ASAN_OPTIONS=detect_leaks=0 timeout 120 "$@" \
        >"$work/out" 2>"$work/err" </dev/null
    code=$?
}

# Two models on clips of 4 frames, stride 2, and a video that is one clip long: 7 frames.
for seed in 1 2; do
    run model new --arch r3d_tiny --classes 3 -o "$work/$seed.safetensors" --set run.seed=$seed \
        --set "model.options=width=6, blocks=1, 1, stem_kernel=3" --set clip.frames=4 \
        --set clip.stride=2 --set prep.resize=16,16 --set prep.crop=0 --set model.name=m$seed
    check "model $seed" quiet
done
ffmpeg -v error -nostdin -y -f lavfi -i testsrc2=s=64x48:r=25 -frames:v 7 -pix_fmt yuv420p \
    "$work/clip.y4m"
ffmpeg -v error -nostdin -y -i "$work/clip.y4m" -f rawvideo "$work/clip.raw"
source=(filesrc "location=$work/clip.raw" '!' rawvideoparse format=i420 width=64 height=48
    framerate=25/1)

# --- the same answers ----------------------------------------------------------
run predict --model "$work/1.safetensors" --tile off --json "$work/clip.y4m"
best=$(grep -o '"class":[0-9]*' "$work/out" | head -n 1 | cut -d: -f2)
score=$(grep -o '"score":[0-9.]*' "$work/out" | head -n 1 | cut -d: -f2 | cut -c1-12)
gst gst-launch-1.0 -m "${source[@]}" '!' videoclassify "model=$work/1.safetensors" tile=false \
    top-k=1 '!' fakesink
check "videoclassify runs" test $code -eq 0
check "one window, one message" test "$(grep -c ' videoclassify, window=' "$work/out")" -eq 1
check "the class of predict" grep -qF "classes=(int)< $best >" "$work/out"
check "the score of predict" grep -qF "scores=(double)< $score" "$work/out"

# --- files ---------------------------------------------------------------------
gst gst-launch-1.0 -q videotestsrc num-buffers=40 pattern=ball '!' \
    video/x-raw,width=64,height=48,framerate=25/1 '!' \
    robustness "models=$work/1.safetensors,$work/2.safetensors" \
    corruptions="gaussian_noise, fog:2, h264_crf:5" severities="1, 4" label=1 hop=5 \
    overlay=true "location=$work/live.db" '!' fakesink
check "robustness runs" test $code -eq 0
run compare "$work/live.db"
check "compare counts models, windows and corruptions" says "2 models, 7 clips, 3 corruptions"
check "compare has both models" grep -q '^m2 ' "$work/out"
run report "$work/live.db" -o "$work/live.html"
check "report" grep -q h264_crf "$work/live.html"
gst gst-launch-1.0 -q "${source[@]}" '!' robustness "models=$work/1.safetensors" \
    corruptions=fog "location=$work/live.jsonl" stream=cam '!' fakesink
check "lines of JSON: a window and the summary" test "$(wc -l <"$work/live.jsonl")" -eq 2
check "the stream's name" grep -q '"stream":"cam"' "$work/live.jsonl"

# --- documentation and errors -----------------------------------------------------
for element in videoclassify robustness; do
    gst gst-inspect-1.0 $element
    check "$element: inspected" test $code -eq 0
    check "$element: what it is" grep -q 'Filter/Analyzer/Video' "$work/out"
    for property in backpressure overlay hop windows-dropped latency-p95 clips-per-second; do
        check "$element: $property" grep -qE "^  $property +: " "$work/out"
    done
done
gst gst-launch-1.0 videotestsrc num-buffers=3 '!' videoclassify model=/no/such.safetensors '!' \
    fakesink
check "a model that is not there" grep -q '/no/such.safetensors' "$work/err"
check "is an error" test $code -ne 0
gst gst-launch-1.0 videotestsrc num-buffers=3 '!' robustness "models=$work/1.safetensors" \
    corruptions=fgo '!' fakesink
check "a corruption that is none comes with the nearest" grep -q 'fog' "$work/err"
finish
