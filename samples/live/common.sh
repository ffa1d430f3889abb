# What the scripts beside this one share: where the plugin is, which models run, where pictures go.
# Environment: CORRUPTIONS and SEVERITIES that models are tried on, OUT=FILE.mkv to write instead
# of opening a window, DURATION=SECONDS to end.
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034 # these are for who sources it
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export GST_PLUGIN_PATH=${GST_PLUGIN_PATH:-$here/build/gst}

# Models: those named, or those that make demo has trained; "none" for none.
shopt -s nullglob
models=("$@")
for runs in demo quick; do
    [ ${#models[@]} -gt 0 ] || models=("$here/runs/$runs"/*/model.safetensors)
done
corruptions=${CORRUPTIONS:-gaussian_noise,fog,motion_blur}
[ "${models[*]}" != none ] || models=()
if [ ${#models[@]} -gt 0 ]; then
    list=$(IFS=,; echo "${models[*]}")
    analysis=(robustness "models=$list" "corruptions=$corruptions"
        "severities=${SEVERITIES:-1,3,5}" overlay=true)
else
    echo "no models: corruption alone" >&2
    analysis=(videocorrupt "corruption=${corruptions%%,*}" severity=3)
fi

# On a live source nothing may wait: what comes too fast is dropped here.
leaky=(queue leaky=downstream max-size-buffers=2 max-size-bytes=0 max-size-time=0)

if [ -n "${OUT:-}" ]; then
    view=(videoconvert ! jpegenc ! matroskamux ! filesink "location=$OUT")
elif [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    view=(videoconvert ! autovideosink)
else
    echo "no display: messages only (OUT=FILE.mkv writes the pictures)" >&2
    view=(fakesink sync=true)
fi

# gst-launch-1.0 of these words, messages shown, with an orderly end after DURATION.
play() {
    local limit=()
    [ -z "${DURATION:-}" ] || limit=(timeout --signal=INT --kill-after=20 "$DURATION")
    printf '%q ' gst-launch-1.0 "$@" >&2
    printf '\n' >&2
    local status=0
    "${limit[@]}" gst-launch-1.0 -e -m "$@" | grep -E --line-buffered \
        '\(element\): (robustness|videoclassify|videocorrupt)|ERROR|WARNING' || status=${PIPESTATUS[0]}
    # An end that was asked for is none of an error.
    [ "$status" -eq 124 ] || [ "$status" -eq 130 ] && status=0
    return "$status"
}
