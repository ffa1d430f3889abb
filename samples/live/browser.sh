#!/bin/bash
# The same in a browser: a page at http://localhost:PORT/ with the stream and what is said of it.
# Usage: samples/live/browser.sh [SOURCE] [MODEL.safetensors...]; SOURCE as of coppice live
# Environment: PORT (8080; ADDRESS:PORT lets the network in), and what common.sh names.
# SPDX-License-Identifier: LGPL-2.1-or-later
source=${1:-camera}
[ $# -eq 0 ] || shift
# shellcheck source=samples/live/common.sh
. "$(dirname "$0")/common.sh"
words=("$source" --http "${PORT:-8080}")
for model in ${models[@]+"${models[@]}"}; do
    words+=(--model "$model")
done
if [ ${#models[@]} -gt 0 ]; then
    words+=(--corruptions "$corruptions" --severities "${SEVERITIES:-1,3,5}")
else
    words+=(--corruption "${corruptions%%,*}")
fi
exec "$here/build/coppice" live "${words[@]}" ${DURATION:+--duration "$DURATION"}
