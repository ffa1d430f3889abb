#!/usr/bin/python3
"""Tables in Markdown from what bench_layers and bench_nets.py wrote.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import argparse
import json
import math
import sys

BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"


def number(ms):
    return f"{ms:.0f}" if ms >= 100 else f"{ms:.3g}"


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head),
            *("| " + " | ".join(row) + " |" for row in rows), ""]


def machine_words(machine):
    return (f"{machine['cpu']}, {machine['cores']} cores, tier {machine['tier']}, gcc {machine['compiler']}, "
            f"Linux {machine['kernel']}")


def plural(n, word):
    return f"{n} {word}" + "s" * (n != 1)


def cell(peer, ours):
    return f"{number(ours['median'])} ({peer['median'] / ours['median']:.2f})"


def pick(entry, density):
    """The density of one pass of one layer; a stem has the dense one alone."""
    return next((o for o in entry["ours"] if o["density"] == density), entry["ours"][0])


def sums(layers, density):
    """pass -> (oneDNN, ours, geometric mean of ratios but the stem's), medians times counts; and
    what taking over the weights takes."""
    found, load = {}, 0
    for layer in layers:
        for entry in layer["passes"]:
            ours, n = pick(entry, density), layer["count"]
            peer, own = entry["onednn"]["median"], ours["time"]["median"]
            total = found.setdefault(entry["pass"], [0, 0, 0, 0])
            total[0] += n * peer
            total[1] += n * own
            if not layer["stem"]:
                total[2] += n * math.log(peer / own)
                total[3] += n
            load += n * ours.get("load", {"median": 0})["median"]
    return {key: (a, b, math.exp(c / n) if n else math.nan) for key, (a, b, c, n) in found.items()}, load


def step(layers, density):
    """What the convolutions of a training step take: oneDNN, ours."""
    found, load = sums(layers, density)
    return sum(v[0] for v in found.values()), sum(v[1] for v in found.values()) + load


def sum_rows(layers, densities):
    for density in densities:
        found, _ = sums(layers, density)
        row = [f"{density:g}"]
        for name in ("forward", "data", "weight"):
            a, b, mean = found.get(name, (0, 0, 0))
            row.append(f"{number(a)} / {number(b)} = **{a / b:.2f}** ({mean:.2f})" if b else "")
        a, b = step(layers, density)
        blocks = step([layer for layer in layers if not layer["stem"]], density)
        yield row + [f"{number(a)} / {number(b)} = **{a / b:.2f}** ({blocks[0] / blocks[1]:.2f})"]


def layer_rows(layers, densities):
    for layer in layers:
        kernel, stride = ("x".join(map(str, layer[key])) for key in ("kernel", "stride"))
        name = (f"{layer['name']} x{layer['count']}: {layer['channels'][0]}->{layer['channels'][1]}, {kernel}"
                f"{'' if stride == '1x1x1' else ' / ' + stride}, on {'x'.join(map(str, layer['input']))}")
        if not layer["supported"]:
            yield [name, "not supported"] + [""] * (1 + len(densities))
        for entry in layer["passes"]:
            peer = entry["onednn"]
            times = {o["density"]: o["time"] for o in entry["ours"]}
            yield [name, entry["pass"], f"{number(peer['median'])} ± {50 * peer['spread']:.0f} %"] + [
                cell(peer, times[d]) if d in times else "" for d in densities]
            name = ""


def layer_tables(data):
    yield (f"### Layers, {plural(data['batch'], 'clip')}, {plural(data['threads'], 'thread')}\n")
    yield (f"{machine_words(data['machine'])}; oneDNN {data['onednn']}; {data['rounds']} rounds; "
           f"{'wall' if data['clock'] == 'wall' else 'processor'} time.\n")
    for net in data["nets"]:
        layers = net["layers"]
        densities = sorted({o["density"] for layer in layers if not layer["stem"]
                            for entry in layer["passes"] for o in entry["ours"]}, reverse=True)
        missing = sum(layer["count"] for layer in layers if not layer["supported"])
        yield (f"**{net['net']}**, all layers: ms of oneDNN / ours = ratio (geometric mean over layers; "
               "of a step, the ratio without the stem)" + (
                   f"; {plural(missing, 'layer')} not supported and left out" if missing else "") + "\n")
        yield from table(["density", "forward", "backward-data", "backward-weight", "training step"],
                         sum_rows(layers, densities))
        yield from table(["layer", "pass", "oneDNN ms"] + [f"{d:g}" for d in densities],
                         layer_rows(layers, densities))


def net_tables(data):
    first = True
    for net in data["nets"]:
        peer, *ours = net["rows"]
        if first:
            yield "### Whole nets\n"
            yield f"{machine_words(ours[0]['machine'])}; {peer['version']}; {data['rounds']} rounds.\n"
            first = False
        clip = f", clips of {net['frames']}x{net['side']}x{net['side']}" if net.get("side") else ""
        yield (f"**{net['arch']}**, {'training step' if net['train'] else 'inference'}, "
               f"{plural(net['batch'], 'clip')}{clip}, {plural(net['threads'], 'thread')}\n")
        rows = [[f"PyTorch ({peer['variant']})", "", number(peer["min"]), number(peer["median"]),
                 f"{peer['spread']:.0%}", "", f"{peer['peak_mib']:.0f}"]]
        for row in ours:
            rows.append([f"{row['density']:g} {row['init'] or ''}".strip(), f"{row['gmacs']:.3g}",
                         number(row["min"]), number(row["median"]), f"{row['spread']:.0%}",
                         f"**{peer['median'] / row['median']:.2f}** ({peer['min'] / row['min']:.2f})",
                         f"{row['peak_mib']:.0f}"])
        yield from table(["density", "GMAC a clip", "min ms", "median ms", "spread", "ratio (of minima)",
                          "peak MiB"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--markdown", action="store_true", help="print them (the default)")
    parser.add_argument("--into", metavar="FILE", help="replace what lies between FILE's marks instead")
    parser.add_argument("json", nargs="+")
    args = parser.parse_args()
    lines = []
    for path in args.json:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        lines += layer_tables(data) if "onednn" in data else net_tables(data)
    text = "\n".join(lines)
    if not args.into:
        print(text)
        return 0
    with open(args.into, encoding="utf-8") as file:
        page = file.read()
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        print(f"{args.into}: no marks", file=sys.stderr)
        return 1
    with open(args.into, "w", encoding="utf-8") as file:
        file.write(page[:page.index(BEGIN) + len(BEGIN)] + "\n\n" + text + "\n" + page[page.index(END):])
    return 0


sys.exit(main())
