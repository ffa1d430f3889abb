# What the tests of the command line share; they source it, and end with "finish".
# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
set -u
coppice=$(realpath "${COPPICE:-build/coppice}")
work=$(mktemp -d)
trap '[ -n "${KEEP:-}" ] || rm -rf "$work"' EXIT # KEEP=1: look at what is left
passed=0 failed=0 code=0

check() { # NAME CONDITION...: counts one test
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $name"
        sed 's/^/    stdout: /' "$work/out" | head -n 5
        sed 's/^/    stderr: /' "$work/err" | head -n 5
    fi
}
# GStreamer names more things than GLib's first table holds: tests/leaks.supp.
slow_unwinder() { export ASAN_OPTIONS=fast_unwind_on_malloc=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}; }
run() { # ARGUMENT...: runs coppice; leaves code, $work/out, $work/err, $work/plan
    "$coppice" "$@" >"$work/out" 2>"$work/err" </dev/null
    code=$?
    set_plan_apart
}
# What training says of its memory is no complaint: it goes from $work/err to $work/plan.
set_plan_apart() {
    grep 'parameters active; .* MiB for the net' "$work/err" >"$work/plan"
    sed -i '/parameters active; .* MiB for the net/d' "$work/err"
}
finish() {
    echo "$passed passed, $failed failed"
    exit $((failed > 0))
}

# Conditions, of the last run.
quiet() { [ $code -eq 0 ] && [ ! -s "$work/err" ]; }
says() { quiet && grep -qF -- "$1" "$work/out"; }
refuses() { # CODE TEXT...: nothing on stdout, one line on stderr that holds each text
    local text
    [ $code -eq "$1" ] && [ ! -s "$work/out" ] && [ "$(wc -l <"$work/err")" -eq 1 ] || return 1
    grep -q '^coppice' "$work/err" || return 1
    shift
    for text in "$@"; do grep -qF -- "$text" "$work/err" || return 1; done
}
# Others.
differ() { ! cmp -s "$1" "$2"; }
json() { # FILE PATH...: valid JSON that has something at each path; SQLite's dialect of paths
    local file=$1 path
    [ "$(sqlite3 :memory: "SELECT json_valid(readfile('$file'))")" = 1 ] || return 1
    shift
    for path in "$@"; do
        [ -n "$(sqlite3 :memory: "SELECT json_type(readfile('$file'), '$path')")" ] || return 1
    done
}

# A few small H.264 files in $work/set, and $work/run.cfg, which trains on them.
make_set() {
    "$coppice" synth "$work/set" --classes 3 --clips 6 --size 32 --frames 12 >/dev/null
    cat >"$work/run.cfg" <<'END'
data = { format = "ucf101"; root = "set/videos"; annotation = "set/annotations"; };
clip = { frames = 4; stride = 2; };
prep = { resize = [24, 24]; };
model = { arch = "r3d_tiny"; };
train = { epochs = 2; batch = 4; };
sparse = { method = "rigl"; density = 0.3; interval = 2; };
corrupt = { corruptions = ["gaussian_noise", "h264_crf"]; severities = [1, 5]; };
END
}
