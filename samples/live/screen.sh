#!/bin/bash
# What is on the X screen, a window of it or all of it.
# Usage: samples/live/screen.sh [MODEL.safetensors...]
# Environment: XID (of one window, as xwininfo says), and what common.sh names.
# Without a screen a test pattern takes its place.
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source=samples/live/common.sh
. "$(dirname "$0")/common.sh"
if [ -n "${DISPLAY:-}" ]; then
    screen=(ximagesrc use-damage=false ${XID:+"xid=$XID"} !
        videoconvert ! videoscale ! "video/x-raw,width=640,height=360,framerate=15/1")
else
    echo "no X screen: a test pattern takes its place" >&2
    screen=(videotestsrc is-live=true pattern=ball ! "video/x-raw,width=640,height=360,framerate=15/1")
fi
play "${screen[@]}" ! videoconvert ! "${leaky[@]}" ! "${analysis[@]}" ! "${view[@]}"
