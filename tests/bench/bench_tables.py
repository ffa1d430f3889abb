#!/usr/bin/python3
"""Tables in Markdown from what bench_layers and bench_nets.py wrote.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import argparse
import json
import math
import sys

BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"
ORDER = ("r3d_18", "r2plus1d_18", "vgg16", "x3d", "x3d_stack", "resnet18", "vgg16_bn")


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


def ratio(peer, ours):
    return f"{peer / ours:.2f}" if ours else ""


def sum_rows(layers, densities):
    for density in densities:
        found, _ = sums(layers, density)
        row = [f"{density:g}"]
        for name in ("forward", "data", "weight"):
            a, b, mean = found.get(name, (0, 0, 0))
            row.append(f"{number(a)} / {number(b)} = **{ratio(a, b)}** ({mean:.2f})" if b else "")
        a, b = step(layers, density)
        blocks = step([layer for layer in layers if not layer["stem"]], density)
        yield row + [f"{number(a)} / {number(b)} = **{ratio(a, b)}** ({ratio(*blocks)})"
                     if len(found) == 3 else ""]


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


def place(name):
    """Of a net among the others; what is not in ORDER comes last."""
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)


def layer_tables(runs):
    """Of runs of one machine, batch and so on, each with a net or several."""
    data = runs[0]
    yield f"### Layers, {plural(data['batch'], 'clip')}, {plural(data['threads'], 'thread')}\n"
    yield (f"{machine_words(data['machine'])}; oneDNN {data['onednn']}; {data['rounds']} rounds; "
           f"{'wall' if data['clock'] == 'wall' else 'processor'} time.\n")
    for net in sorted((net for run in runs for net in run["nets"]), key=lambda net: place(net["net"])):
        layers = net["layers"]
        densities = sorted({o["density"] for layer in layers if not layer["stem"]
                            for entry in layer["passes"] for o in entry["ours"]}, reverse=True)
        missing = sum(layer["count"] for layer in layers if not layer["supported"])
        yield (f"**{net['net']}**, all layers: ms of oneDNN / ours = ratio (geometric mean over layers; "
               "of a step, the ratio without the stem)" + (
                   f"; {plural(missing, 'layer')} not supported and left out" if missing else "") + "\n")
        yield from table(["density", "forward", "backward-data", "backward-weight", "training step"],
                         sum_rows(layers, densities))
        yield "<details><summary>Layer by layer</summary>\n"
        yield from table(["layer", "pass", "oneDNN ms"] + [f"{d:g}" for d in densities],
                         layer_rows(layers, densities))
        yield "</details>\n"


def net_words(net):
    size = [f"{net['frames']} frames"] if net.get("frames") else []
    size += [f"{net['side']}x{net['side']} pixels"] if net.get("side") else []
    return ", ".join([f"**{net['arch']}**", "training step" if net["train"] else "inference",
                      plural(net["batch"], "clip"), *size, plural(net["threads"], "thread")])


def net_tables(runs):
    """Of runs of one machine and peer."""
    peer, first, *_ = runs[0]["nets"][0]["rows"]
    yield "### Whole nets\n"
    yield f"{machine_words(first['machine'])}; {peer['version']}; {runs[0]['rounds']} rounds.\n"
    nets = [net for run in runs for net in run["nets"]]
    for net in sorted(nets, key=lambda net: (place(net["arch"]), net["train"], net["batch"], net["threads"])):
        peer, *ours = net["rows"]
        yield net_words(net) + "\n"
        name = peer["variant"] + ", memory kept" * (peer.get("allocator") == "kept")
        rows = [[f"PyTorch ({name})", "", number(peer["min"]), number(peer["median"]),
                 f"{peer['spread']:.0%}", "", f"{peer['peak_mib']:.0f}"]]
        for row in ours:
            rows.append([f"{row['density']:g} {row['init'] or ''}".strip(), f"{row['gmacs']:.3g}",
                         number(row["min"]), number(row["median"]), f"{row['spread']:.0%}",
                         f"**{peer['median'] / row['median']:.2f}** ({peer['min'] / row['min']:.2f})",
                         f"{row['peak_mib']:.0f}"])
        yield from table(["density", "GMAC a clip", "min ms", "median ms", "spread", "ratio (of minima)",
                          "peak MiB"], rows)


def kind_of(data):
    """What runs that share a heading have in common; None for a file of another program."""
    if not isinstance(data, dict) or not data.get("nets"):
        return None
    if "onednn" in data:
        head = {key: data[key] for key in ("onednn", "batch", "threads", "rounds", "clock", "machine")}
        return json.dumps([0, head])
    peer, ours, *_ = data["nets"][0]["rows"]
    return json.dumps([1, peer["version"], ours["machine"], data["rounds"]])


def tables(paths):
    """Layers before nets; in each, machines and peers in the order of the files."""
    kinds = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            try:
                data = json.load(file)
            except json.JSONDecodeError:
                print(f"{path}: broken off, left out", file=sys.stderr)
                continue
        kind = kind_of(data)
        if kind:
            kinds.setdefault(kind, []).append(data)
        else:
            print(f"{path}: neither layers nor nets, left out", file=sys.stderr)
    for kind in sorted(kinds, key=lambda kind: json.loads(kind)[0]):
        yield from (net_tables if json.loads(kind)[0] else layer_tables)(kinds[kind])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--markdown", action="store_true", help="print them (the default)")
    parser.add_argument("--into", metavar="FILE", help="replace what lies between FILE's marks instead")
    parser.add_argument("json", nargs="+")
    args = parser.parse_args()
    text = "\n".join(tables(args.json))
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
