#!/bin/bash
# A broken link that is real: VP8 over RTP on the loopback interface, where packets get lost on
# the way. Beside it, models on what arrives.
# Usage: samples/live/rtp_loss.sh [MODEL.safetensors...]
# Environment: LOSS (share of packets, 0.02), PORT (5004), and what common.sh names.
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source=samples/live/common.sh
. "$(dirname "$0")/common.sh"
port=${PORT:-5004}
gst-launch-1.0 -q videotestsrc is-live=true pattern=ball ! \
    video/x-raw,width=640,height=480,framerate=30/1 ! \
    vp8enc deadline=1 cpu-used=8 target-bitrate=1000000 keyframe-max-dist=30 error-resilient=default ! \
    rtpvp8pay mtu=1200 ! identity "drop-probability=${LOSS:-0.02}" ! \
    udpsink host=127.0.0.1 "port=$port" &
sender=$!
trap 'kill "$sender" 2>/dev/null' EXIT
play udpsrc address=127.0.0.1 "port=$port" \
    caps=application/x-rtp,media=video,clock-rate=90000,encoding-name=VP8,payload=96 ! \
    rtpjitterbuffer latency=100 do-lost=true ! rtpvp8depay ! vp8dec ! videoconvert ! \
    "${leaky[@]}" ! "${analysis[@]}" ! "${view[@]}"
