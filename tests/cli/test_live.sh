#!/bin/bash
# coppice live and the scripts of samples/live: where frames come from, where they go, what is
# refused. Cameras are patterns of a camera's formats.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"
unset DISPLAY WAYLAND_DISPLAY
slow_unwinder
samples=$(realpath "$(dirname "$0")/../../samples/live")
build=$(dirname "$coppice")

frames() { # FILE: how many can be decoded
    ffprobe -v error -count_frames -select_streams v -show_entries stream=nb_read_frames \
        -of csv=p=0 "$1" 2>/dev/null | tr -d ',\r'
}
counted() { [ $code -eq 0 ] && grep -qxF "coppice live: $1 frames" "$work/err"; }

# --- the line ------------------------------------------------------------------------
run live --print -c fog -s 2.5 --seed 7 --params 'a="b\c"' --size 320x240 --fps 12.5 -o x.mkv
check "the line is printed" quiet
check "words are quoted" grep -qF 'params="a=\"b\\c\""' "$work/out"
check "size and rate" grep -qF 'width=320,height=240' "$work/out"
check "a rate that is a fraction" grep -qF 'framerate=25/2' "$work/out"
run live --print --http 0 -o x.webm
check "two ends" grep -qF 'tee name=branches' "$work/out"
run live camera:/dev/none --print
check "no camera" grep -qF 'no camera at /dev/none: a test pattern takes its place' "$work/err"
check "a pattern instead" grep -q '^videotestsrc' "$work/out"
run live screen --print
check "no screen" grep -qF 'DISPLAY is not set: a test pattern' "$work/err"

# --- ends ----------------------------------------------------------------------------
run live --duration 1 --fps 10 --size 64x48
check "without a display messages go to stdout" counted 10
check "as JSON" json "$work/out" '$.message' '$.corruption' '$.severity'
run live --duration 2 --fps 10 --size 64x48 -o "$work/a.mkv" --json "$work/said.json" \
    --schedule '0:fog:1;1:snow:2'
check "a file" counted 20
check "all frames are in it" test "$(frames "$work/a.mkv")" = 20
check "both corruptions are said" test "$(wc -l <"$work/said.json")" -eq 2
tail -n 1 "$work/said.json" >"$work/last.json"
check "as lines of JSON" json "$work/last.json" '$.corruption'
check "the second is snow" grep -q '"corruption":"snow"' "$work/said.json"
for out in a.avi a.webm a.png; do
    run live --duration 1 --fps 10 --size 64x48 -o "$work/$out"
    check "$out" counted 10
    check "$out has frames" test "$(frames "$work/$out")" -ge 1
done
run live "$work/a.mkv" -c brightness -s 5 -o "$work/b.mkv"
check "a file is a source" counted 20
check "and keeps its frames" test "$(frames "$work/b.mkv")" = 20
run live 'gst:videotestsrc num-buffers=7 ! video/x-raw,width=32,height=32' -o "$work/c.mkv"
check "elements are a source" counted 7
"$coppice" live --size 64x48 --fps 10 -o "$work/d.mkv" gst:'videotestsrc is-live=true' \
    >"$work/out" 2>"$work/err" &
live=$!
for _ in $(seq 300); do # until there is a frame
    [ ! -s "$work/d.mkv" ] || break
    sleep 0.1
done
kill -INT $live
wait $live
code=$?
check "a signal ends the stream" test $code -eq 0
check "and the file" test "$(frames "$work/d.mkv")" -ge 1

# --- a browser -----------------------------------------------------------------------
"$coppice" live --http 0 --duration 20 -c rain -s 3 --size 64x48 --fps 10 >"$work/out" 2>"$work/err" &
live=$!
port=
for _ in $(seq 100); do
    port=$(sed -n 's|.*http://localhost:\([0-9]*\)/.*|\1|p' "$work/err")
    [ -z "$port" ] || break
    sleep 0.1
done
ask() { # PATH SECONDS: what is answered
    timeout "$2" bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" &&
        printf "GET %s HTTP/1.0\r\n\r\n" "$1" >&3 && cat <&3' "$port" "$1"
}
code=0
check "a page" grep -qF '<img src=/stream' <(ask / 5)
check "what is said" grep -qF '"corruption":"rain"' <(sleep 1; ask /said 5)
check "no other paths" grep -qF '404' <(ask /etc/passwd 5)
ask /stream 3 >"$work/stream"
check "a stream of JPEG" test "$(grep -ac '^--frame' "$work/stream")" -ge 3
run live --http "$port" --duration 1
check "a port that is taken" refuses 5 "--http $port"
kill -INT $live
wait $live

# --- what is refused -----------------------------------------------------------------
run live "$work/none.mp4"
check "no such file" refuses 3 none.mp4 'camera[:DEVICE]'
run live --size 64 ; check "size" refuses 2 --size WIDTHxHEIGHT
run live -o x.gif ; check "suffix" refuses 2 x.gif .mkv
run live --http x ; check "address" refuses 2 --http PORT
run live a b ; check "two sources" refuses 2 '"a" and "b"'
run live -m "$work/none.safetensors" ; check "no such model" refuses 4 none.safetensors
run live --corruptions fog ; check "for models alone" refuses 2 --model
run live --schedul x ; check "a wrong word" refuses 2 '--schedule'
run live --duration 1 -s 9
check "severity" refuses 2 --severity '0 to 5'
run live -c fgo --duration 1
check "a corruption that there is not" test $code -eq 2

# --- models --------------------------------------------------------------------------
"$coppice" synth "$work/set" --classes 2 --clips 2 --size 64 --frames 40 >/dev/null
clip=$(find "$work/set" -name '*.mp4' | LC_ALL=C sort | head -n 1)
for seed in 1 2; do
    "$coppice" model new --arch r3d_tiny --classes 4 --set run.seed=$seed \
        --set "model.name=net $seed" -o "$work/m$seed.safetensors" >/dev/null
done
run live "$clip" -m "$work/m1.safetensors" -m "$work/m2.safetensors" --corruptions fog,gaussian_noise \
    --severities 1,5 --size 320x240 --db "$work/live.db" --json "$work/said.json" -o "$work/a.png"
check "two models" counted 40
check "windows are said" test "$(grep -c '"message":"robustness",' "$work/said.json")" -eq 2
check "both models are in them" grep -qF '"models":["net 1","net 2"]' "$work/said.json"
check "a summary at the end" grep -qF '"message":"robustness-summary"' <(tail -n 1 "$work/said.json")
run compare "$work/live.db"
check "results that compare reads" says 'net 2'
check "of both corruptions" says fog
run live "$clip" -m "$work/m1.safetensors" --classify --size 320x240 --json "$work/said.json"
check "one model" counted 40
check "only names what it sees" grep -qF '"message":"videoclassify",' "$work/said.json"
run predict --model "$work/m1.safetensors" "$clip"
check "as predict does" grep -qF "$(sed -n 's/.*"labels":\["\([^"]*\)".*/\1/p' "$work/said.json" | head -n 1)" "$work/out"
run live "$clip" -m "$work/m1.safetensors" -m "$work/a.png"
check "a model that is none" test $code -eq 4

# A window, on a screen that nobody sees.
if command -v Xvfb >/dev/null && [ -z "${SAN:-}" ]; then
    # Else it starts anew when the last client leaves, which one that looks at the screen may be.
    Xvfb -noreset -displayfd 3 -screen 0 800x600x24 3>"$work/display" >/dev/null 2>&1 &
    server=$!
    for _ in $(seq 100); do
        [ ! -s "$work/display" ] || break
        sleep 0.1
    done
    DISPLAY=:$(cat "$work/display")
    export DISPLAY
    "$coppice" live test -m "$work/m1.safetensors" --corruptions fog --severities 5 --size 640x480 \
        --duration 30 >"$work/out" 2>"$work/err" &
    live=$!
    for _ in $(seq 30); do # until something of it is on the screen
        sleep 0.5
        gst-launch-1.0 -q ximagesrc num-buffers=1 use-damage=false ! videoconvert ! pngenc ! \
            filesink location="$work/screen.png" >/dev/null 2>&1
        colours=$(ffmpeg -v error -i "$work/screen.png" -vf signalstats,metadata=print:file=- -f null - |
            sed -n 's/^lavfi.signalstats.YAVG=//p')
        awk -v y="${colours:-0}" 'BEGIN { exit !(y > 30) }' && break
    done
    check "a window shows it" awk -v y="${colours:-0}" 'BEGIN { exit !(y > 30) }'
    kill -INT $live
    wait $live
    code=$?
    check "and closes" test $code -eq 0
    kill $server
    unset DISPLAY
fi

# --- samples -------------------------------------------------------------------------
sample() { # SECONDS NAME ARGUMENT...: runs it into $work/out.mkv
    local seconds=$1 name=$2
    shift 2
    rm -f "$work/out.mkv"
    DURATION=$seconds OUT=$work/out.mkv "$samples/$name.sh" "$@" >"$work/out" 2>"$work/err" </dev/null
    code=$?
}
plays() { [ $code -eq 0 ] && [ "$(frames "$work/out.mkv")" -ge "$1" ]; }
export GST_REGISTRY="$work/registry" GST_PLUGIN_PATH=$build/gst
if [ -z "${SAN:-}" ]; then # gst-launch-1.0 loads no plugin that is built with a sanitizer
    FORMAT=mjpeg DEVICE=/dev/none sample 6 webcam "$work/m1.safetensors" "$work/m2.safetensors"
    check "a camera's JPEG" plays 5
    check "with models beside it" grep -qF 'robustness, window=' "$work/out"
    check "is a pattern, and says so" grep -qF 'no camera at /dev/none' "$work/err"
    FORMAT=yuy2 DEVICE=/dev/none sample 4 webcam none
    check "a camera's YUY2" plays 5
    sample 4 screen none
    check "a screen" plays 5
    sample 5 rtp_loss none
    check "packets over a link that loses some" plays 5
    sample 60 file "$work/a.mkv" none
    check "a file" plays 20
    sample 4 rtsp rtsp://127.0.0.1:1/none none
    check "nobody answers" grep -qF 'nobody answers' "$work/err"
    check "a pattern instead" plays 5
    "$build/tests/rtsp_server" >"$work/port" &
    server=$!
    for _ in $(seq 100); do
        [ ! -s "$work/port" ] || break
        sleep 0.1
    done
    sample 6 rtsp "rtsp://127.0.0.1:$(cat "$work/port")/camera" none
    kill $server
    check "a network camera" plays 5
    check "is one of 320 pixels" test "$(ffprobe -v error -show_entries stream=width -of csv=p=0 "$work/out.mkv")" = 320
fi
finish
