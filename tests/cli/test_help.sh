#!/bin/bash
# The command line's contract: exit codes, and what goes to which stream.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"
slow_unwinder

helps() { quiet && [ -s "$work/out" ]; }

for word in "" --help -h help; do
    run $word
    check "coppice $word" helps
done
commands=$(sed -n 's/^  \([a-z]\+\) .*/\1/p' "$work/out")
check "commands are listed" test -n "$commands"
run --version
check "--version" helps
check "--version names a version" grep -qE '^coppice [0-9]+\.[0-9]+\.[0-9]+$' "$work/out"

for command in $commands; do
    for word in --help -h; do
        run "$command" $word
        check "$command $word" helps
        check "$command $word shows its usage" says "coppice $command"
    done
    run "$command" --help --no-such-option
    check "$command refuses an unknown option" refuses 2 "coppice $command: " --no-such-option
    run "$command" --hepl
    check "$command names the nearest option" refuses 2 --hepl "did you mean --help?"
done

run sinth
check "nearest command" refuses 2 '"sinth"' '"synth"'
run --sinth
check "unknown leading option" refuses 2 '"--sinth"'
run confog -c x.cfg
check "nearest command with arguments" refuses 2 '"config"'

for list in corruptions methods formats samplers; do
    run list $list
    check "list $list" helps
    run list $list --json
    check "list $list --json" helps
    check "list $list --json has names" says '"name"'
    check "list $list --json has option rows" says '"type"'
done
run list corruptions
check "list corruptions has gaussian_noise" says gaussian_noise
check "its source" says "Hendrycks"
check "its modes over time" says "iid, static"
check "how long a codec waits" says "group of 32"
run list corruptions motion_blur_temporal
check "one corruption in full" says "kinetics-c"
check "with its parameters" says "half the window"
run list corruptions gausian_noise
check "one that is not there" refuses 2 gaussian_noise
run list formats ucf101
check "one of another list" refuses 2 "left over"
run list corruptions --json
check "corruptions as JSON" json "$work/out" '$[0].presets[0].severities[5][0]' '$[0].temporal[1]' \
    '$[0].reach[4].latency'
run list methods
check "list methods has rigl" says rigl
run list
check "list without a name" refuses 2 corruptions samplers
run list metods
check "nearest list" refuses 2 '"metods"' '"methods"'
run list methods formats
check "one list at a time" refuses 2 '"formats"'

printf 'train = {\n  epochs = 3;\n};\n' >"$work/a.cfg"
run config -c "$work/a.cfg" --set train.batch=4 --set clip.frames=16
check "config" helps
check "config shows the file's value" says 'epochs = 3;'
check "config shows --set's value" says 'batch = 4;'
cp "$work/out" "$work/b.cfg"
run config -c "$work/b.cfg"
check "config loads back" cmp -s "$work/out" "$work/b.cfg"
run config -c "$work/a.cfg" --set train.epoch=4
check "config: unknown key in --set" refuses 2 '"epoch"' '"epochs"'
run config -c "$work/none.cfg"
check "config: missing file" refuses 2 none.cfg
printf 'train = {\n  epochs = 3;\n  lr = "fast";\n};\n' >"$work/a.cfg"
run config -c "$work/a.cfg"
check "config: wrong type" refuses 2 'a.cfg:3: train.lr'
run config a.cfg
check "config: file without -c" refuses 2 '"a.cfg"' '-c'
run config -c
check "config: missing argument" refuses 2 -c

if [ -w /dev/full ]; then
    "$coppice" config >/dev/full 2>"$work/err"
    code=$?
    : >"$work/out"
    check "full disk" refuses 5 "standard output"
fi

finish
