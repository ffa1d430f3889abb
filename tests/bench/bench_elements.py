#!/usr/bin/python3
"""Times videocorrupt, a corruption at a time, beside identity and GStreamer's own effects, in one run, and writes the
table of docs/LIVE.md. Frames a second are those of one core: processor time of all threads, with the copy of the frame
that a source would write. Effects that are not installed, or do not take the format, are left out.
Usage: bench_elements.py build/bench_elements build/coppice [--quick] [--rounds N] [--into FILE] [--json FILE | --from FILE]
SPDX-License-Identifier: LGPL-2.1-or-later
"""
import argparse
import json
import subprocess
import sys

BEGIN, END = "<!-- tables: begin -->\n", "<!-- tables: end -->\n"
SIZES = ("640x480", "1280x720")
QUICK = ("gaussian_noise", "gaussian_blur", "fog", "rain", "contrast", "static_rotate", "motion_blur_temporal", "mpeg2")
# What of theirs is nearest to what of ours, and the format that it takes.
OTHERS = (("identity", "I420", ""), ("videobalance contrast=0.5", "I420", "contrast"),
          ("videobalance saturation=2", "I420", "saturate"), ("gaussianblur sigma=3", "AYUV", "gaussian_blur"),
          ("rotate angle=0.5", "RGBx", "static_rotate"))


def measure(program, rounds, size, form, elements):
    out = subprocess.run([program, str(rounds), size, form, *elements], check=True, stdout=subprocess.PIPE, text=True)
    return [json.loads(line) for line in out.stdout.splitlines()]


def installed(element):
    return subprocess.run(["gst-inspect-1.0", "--exists", element.split()[0]], check=False).returncode == 0


def number(x):
    return f"{x:.0f}" if x >= 100 else f"{x:.3g}"


def rate(rows, size, element):
    return next((1000 / r["ms"] for r in rows if f"{r['width']}x{r['height']}" == size and r["element"] == element), None)


def line_of(name):
    return f"videocorrupt corruption={name} severity=3"


def table(rows, corruptions):
    sizes = [s for s in SIZES if any(f"{r['width']}x{r['height']}" == s for r in rows)]
    text = "| element | format | latency, frames | " + " | ".join(f"frames/s, {s}" for s in sizes) + " |\n"
    text += "|---|---|---|" + "---|" * len(sizes) + "\n"

    def row(shown, element):
        found = [r for r in rows if r["element"] == element]
        if not found:
            return ""
        rates = (rate(rows, s, element) for s in sizes)
        cells = " | ".join("-" if r is None else number(r) for r in rates)
        return f"| {shown} | {found[0]['format']} | {found[0]['latency']} | {cells} |\n"

    for element, _, near in OTHERS:
        text += row(f"`{element}`" + (f" (beside `{near}`)" if near else ""), element)
    text += row("`videocorrupt severity=0`", "videocorrupt severity=0")
    family = None
    for c in corruptions:
        added = row(f"`{c['name']}`", line_of(c["name"]))
        if added and c["family"] != family:
            family = c["family"]
            text += f"| **{family}** | | |" + " |" * len(sizes) + "\n"
        text += added
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("coppice")
    parser.add_argument("--quick", action="store_true", help="few corruptions, one size")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--into")
    parser.add_argument("--json")
    parser.add_argument("--from", dest="old", help="no timing: the table of what --json wrote")
    options = parser.parse_args()
    listed = subprocess.run([options.coppice, "list", "corruptions", "--json"], check=True, stdout=subprocess.PIPE)
    corruptions = json.loads(listed.stdout)
    if options.old:
        rows = json.load(open(options.old))
    else:
        rows = []
        names = [c["name"] for c in corruptions if not options.quick or c["name"] in QUICK]
        there = [o for o in OTHERS if installed(o[0])]
        for element, _, _ in OTHERS:
            if element not in [o[0] for o in there]:
                print(f"bench_elements: {element.split()[0]} is not installed", file=sys.stderr)
        for size in SIZES[:1] if options.quick else SIZES:
            for form in dict.fromkeys(o[1] for o in there):  # ours in the same process as theirs
                ours = ["videocorrupt severity=0", *map(line_of, names)] if form == "I420" else []
                rows += measure(options.program, options.rounds, size, form, [o[0] for o in there if o[1] == form] + ours)
    if options.json:
        json.dump(rows, open(options.json, "w"), indent=1)
    text = table(rows, corruptions)
    if not options.into:
        print(text, end="")
        return
    page = open(options.into).read()
    head, rest = page.split(BEGIN)
    open(options.into, "w").write(head + BEGIN + text + END + rest.split(END)[1])


if __name__ == "__main__":
    main()
