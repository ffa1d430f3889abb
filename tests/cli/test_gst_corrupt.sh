#!/bin/bash
# The element videocorrupt, in gst-launch-1.0: the frames of coppice corrupt, its documentation,
# its launch lines, its errors.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
if [ "${SAN:-}" = thread ]; then
    echo "0 passed, 0 failed, 1 skipped" # a process of somebody else's cannot be watched
    exit 0
fi
# Our plugin and the few that lines below need: nothing else is scanned.
system=$(pkg-config --variable=pluginsdir gstreamer-1.0)
mkdir "$work/plugins"
for name in coreelements rawparse videotestsrc 'videoconvert*' ; do
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
mapfile -t names < <("$coppice" list corruptions | awk 'NR > 2 { print $1 }')
ff=(ffmpeg -v error -nostdin -y)

# --- the same frames ----------------------------------------------------------
# One process a format: every corruption is a branch, so that buffers are shared, too.
# With 40 frames groups of pictures end inside and at the end. Some branches send nothing before
# that end, and no sink goes on before all have something: queues must hold it all.
"${ff[@]}" -f lavfi -i testsrc2=s=64x48:r=25:d=1.6 -pix_fmt yuv420p "$work/i420.y4m"
"${ff[@]}" -i "$work/i420.y4m" -pix_fmt rgb24 -c:v rawvideo "$work/rgb.nut"
equal_frames() { # FORMAT FILE PIXELS
    local format=$1 file=$2 pixels=$3 name size
    "${ff[@]}" -i "$file" -pix_fmt "$pixels" -f rawvideo "$work/source.$format"
    local line=(filesrc "location=$work/source.$format" '!' rawvideoparse "format=$format"
        width=64 height=48 framerate=25/1 '!' tee name=t)
    for name in "${names[@]}"; do
        line+=(t. '!' queue max-size-time=0 '!' videocorrupt "corruption=$name" severity=3.5 seed=5
            '!' filesink "location=$work/$name.$format")
    done
    gst gst-launch-1.0 -q "${line[@]}"
    check "$format: every corruption at once" test $code -eq 0
    size=$(stat -c %s "$work/source.$format")
    for name in "${names[@]}"; do
        run corrupt "$file" "$work/$name.mkv" --corruption "$name" --severity 3.5 --seed 5
        "${ff[@]}" -i "$work/$name.mkv" -pix_fmt "$pixels" -f rawvideo "$work/want"
        check "$format: $name: 40 frames" test "$(stat -c %s "$work/$name.$format")" -eq "$size"
        check "$format: $name is coppice corrupt" cmp -s "$work/want" "$work/$name.$format"
        check "$format: $name does something" differ "$work/source.$format" "$work/$name.$format"
        rm -f "$work/$name.mkv"
    done
}
equal_frames i420 "$work/i420.y4m" yuv420p
equal_frames rgb "$work/rgb.nut" rgb24

# --- documentation --------------------------------------------------------------
gst gst-inspect-1.0 videocorrupt
shows() { grep -qE -- "$1" "$work/out"; }
check "gst-inspect" test $code -eq 0
check "long name" shows 'Long-name +Video corruption'
check "klass" shows 'Klass +Filter/Effect/Video$'
check "author" shows 'Author +coppice developers'
check "licence" shows 'License +LGPL$'
check "version" shows "Version +$("$coppice" --version | cut -d ' ' -f 2)"
for property in clip-id corruption frames latency params preset schedule seed severity temporal; do
    check "property $property" shows "^  $property +: [A-Z].{20}"
done
check "severity is controllable" test -n "$(grep -A1 '^  severity' "$work/out" |
    grep 'controllable, changeable in NULL, READY, PAUSED or PLAYING state')"
check "range of severity" shows 'Double. Range: +0 - +5 Default: +3'
for name in "${names[@]}"; do
    check "$name is listed and described" shows "\([0-9]+\): $name +- .{10}"
done
gst gst-inspect-1.0 "$plugin/libgstcoppice.so"
check "the plugin lists it" shows 'videocorrupt: Video corruption'

# --- launch lines, with a test picture for the camera and no window ----------------
mapfile -t lines < <(sed -nE 's/^ \* //
    /^gst-launch-1.0/ { :next; /\\$/ { N; s/ *\\\n \* */ /; b next }; p }' \
    "$root"/elements/video_corrupt.c)
check "launch lines" test "${#lines[@]}" -eq 3
for line in "${lines[@]}"; do
    line=$(sed -E 's/v4l2src|videotestsrc( num-buffers=[0-9]+)?/videotestsrc num-buffers=10/
        s/autovideosink/fakesink/; s/gst-launch-1.0/& -q/' <<<"$line")
    check "$line: of a test picture" grep -q 'num-buffers=10 .* fakesink$' <<<"$line"
    gst bash -c "$line"
    check "$line" quiet
done

# --- errors -----------------------------------------------------------------------
fails() { # TEXT WORD...: an error on stderr that holds the text, and no frame
    local text=$1
    shift
    gst gst-launch-1.0 -q videotestsrc num-buffers=3 ! videocorrupt "$@" ! filesink \
        "location=$work/none"
    check "$* is refused" test $code -ne 0
    check "$*: \"$text\"" grep -qF -- "$text" "$work/err"
}
fails 'sigma' corruption=gaussian_noise params=sigma=-1
fails 'size' corruption=gaussian_noise params=size=3
fails 'imagenet-c-224' corruption=gaussian_noise preset=imagenet
fails 'fog' schedule=0:fgo:1
fails 'corruption' corruption=fgo

finish
