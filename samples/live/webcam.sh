#!/bin/bash
# A camera, with models beside it that look through noise, fog and blur.
# Usage: samples/live/webcam.sh [MODEL.safetensors...]
# Environment: DEVICE (/dev/video0), FORMAT=mjpeg|yuy2 (what the camera is asked for), and what
# common.sh names. Without a camera a test pattern of the same format takes its place.
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source=samples/live/common.sh
. "$(dirname "$0")/common.sh"
device=${DEVICE:-/dev/video0}

# USB 2 carries 640x480 raw; larger pictures come as JPEG.
case ${FORMAT:-mjpeg} in
mjpeg) encode=(jpegenc) caps=image/jpeg,width=1280,height=720,framerate=30/1 decode=(jpegdec) ;;
yuy2) encode=() caps=video/x-raw,format=YUY2,width=640,height=480,framerate=30/1 decode=() ;;
*) echo "FORMAT: got \"$FORMAT\"; allowed: mjpeg, yuy2" >&2; exit 2 ;;
esac

if [ -c "$device" ]; then
    camera=(v4l2src "device=$device" ! "$caps")
else
    echo "no camera at $device: a test pattern takes its place" >&2
    size=${caps#*,}
    camera=(videotestsrc is-live=true pattern=ball ! "video/x-raw,${size#format=YUY2,}")
    if [ ${#encode[@]} -gt 0 ]; then
        camera+=(! "${encode[@]}" ! "$caps")
    else
        camera+=(! videoconvert ! "$caps")
    fi
fi
play "${camera[@]}" ! ${decode[@]+"${decode[@]}" !} videoconvert ! "${leaky[@]}" ! \
    "${analysis[@]}" ! "${view[@]}"
