#!/bin/bash
# A network camera. Its pictures may come late, never old: what waits is dropped.
# Usage: samples/live/rtsp.sh rtsp://... [MODEL.safetensors...]
# Environment: LATENCY (ms that packets may be out of order, 200), and what common.sh names.
# Without an address, or where nobody answers within five seconds, a test pattern takes its place.
# SPDX-License-Identifier: LGPL-2.1-or-later
address=${1:-}
[ $# -eq 0 ] || shift
# shellcheck source=samples/live/common.sh
. "$(dirname "$0")/common.sh"

answers() {
    local host=${address#rtsp://}
    host=${host%%/*}
    host=${host##*@}
    local port=554
    [[ $host != *:* ]] || port=${host##*:}
    # shellcheck disable=SC2016 # the inner shell expands
    timeout 5 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "${host%:*}" "$port" 2>/dev/null
}

if [ -n "$address" ] && answers; then
    camera=(rtspsrc "location=$address" "latency=${LATENCY:-200}" drop-on-latency=true ! decodebin)
else
    echo "nobody answers at \"$address\": a test pattern takes its place" >&2
    camera=(videotestsrc is-live=true pattern=ball ! "video/x-raw,width=640,height=480,framerate=30/1")
fi
play "${camera[@]}" ! videoconvert ! "${leaky[@]}" ! "${analysis[@]}" ! "${view[@]}"
