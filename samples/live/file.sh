#!/bin/bash
# A file, at its own speed; H.264 and others need the package gstreamer1.0-libav.
# Usage: samples/live/file.sh FILE [MODEL.safetensors...]
# SPDX-License-Identifier: LGPL-2.1-or-later
file=${1:?a file is wanted}
shift
# shellcheck source=samples/live/common.sh
. "$(dirname "$0")/common.sh"
[ -r "$file" ] || { echo "$file: cannot be read" >&2; exit 3; }
play filesrc "location=$file" ! decodebin ! videoconvert ! queue ! \
    "${analysis[@]}" ! "${view[@]}"
