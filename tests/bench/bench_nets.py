"""Whole nets, ours against PyTorch: inference and training steps.

Each timing is a process of its own, which warms up and then times a few steps; in each round
every contender has one, and no two are ever there at once. Writes text and, after each
comparison, JSON. PyTorch frees and asks for every activation anew, and with glibc's defaults
each comes from the kernel page by page, which can take longer than the arithmetic: its
processes keep what they freed and have it in huge pages, unless --allocator=default.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ALLOCATORS = {  # of PyTorch's processes: GLIBC_TUNABLES
    "kept": "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:"
            "glibc.malloc.trim_threshold=68719476736:glibc.malloc.top_pad=67108864",
    "default": "",
}
QUICK = [
    {"train": False, "batch": 1, "threads": 2},
    {"train": True, "batch": 16, "threads": 2, "frames": 8, "side": 56},
]
FULL = [{"train": train, "batch": batch, "threads": threads}
        for train in (False, True) for batch in (1, 16) for threads in (1, 2)]


def call(command, threads):
    """The JSON of a process; None, after its words on stderr, when it fails."""
    env = dict(os.environ, OMP_NUM_THREADS=str(threads))
    got = subprocess.run(command, env=env, stdout=subprocess.PIPE, check=False)
    return json.loads(got.stdout) if got.returncode == 0 else None


def words(config):
    """The options that both programs take."""
    options = [f"--{key}={config[key]}" for key in ("arch", "batch", "threads", "frames", "side")
               if config.get(key)]
    return options + ["--train"] * config["train"]


def torch_command(config, args, *more):
    return ["env", f"GLIBC_TUNABLES={ALLOCATORS[args.allocator]}",
            "/usr/bin/python3", f"{HERE}/bench_torch.py", *words(config), *more]


def quartiles(values):
    if len(values) < 2:
        return values * 2
    cut = statistics.quantiles(values, n=4, method="inclusive")
    return cut[0], cut[2]


def summary(runs):
    """A round's time is the median of its steps; the minimum is that of all steps."""
    rounds = [statistics.median(run["ms"]) for run in runs]
    median = statistics.median(rounds)
    low, high = quartiles(rounds)
    return {"min": min(min(run["ms"]) for run in runs), "median": median,
            "spread": (high - low) / median,
            "load": statistics.median(run["load"] for run in runs),
            "peak_mib": max(run["peak_mib"] for run in runs), "rounds": rounds}


def title(config):
    clip = (f", {config['frames']} frames" if config.get("frames") else "") + (
        f", {config['side']}x{config['side']} pixels" if config.get("side") else "")
    return (f"{config['arch']}, {'training step' if config['train'] else 'inference'}, "
            f"{config['batch']} clips{clip}, {config['threads']} threads")


def contenders(config, args):
    """(row, command): the row says who it is."""
    peer = {"who": "PyTorch", "variant": args.variant, "allocator": args.allocator}
    if not args.variant:
        found = call(torch_command(config, args, "--list-variants", "--seconds=0.5"),
                     config["threads"])
        if found is None:
            return []
        peer |= found
        peer["variant"] = min(found["variants"], key=found["variants"].get)
    rows = [(peer, torch_command(config, args, "--variant", peer["variant"]))]
    for density, init in [(1, "uniform"), *args.sparse]:
        rows.append(({"who": "coppice", "density": density, "init": init if density < 1 else None},
                     [args.binary, *words(config), "--density", str(density), "--init", init]))
    return rows


def compare(config, args):
    rows = contenders(config, args)
    runs = [[] for _ in rows]
    for turn in range(args.rounds):
        for i in range(len(rows)):
            at = (i + turn) % len(rows)
            row, command = rows[at]
            run = call([*command, "--seconds", str(args.seconds)], config["threads"])
            if run is None:
                return None
            runs[at].append(run)
            row.update({key: run[key] for key in ("gmacs", "machine", "version") if key in run})
        print(f"\r{title(config)}: round {turn + 1} of {args.rounds}", end="", file=sys.stderr)
    print("\r\033[K", end="", file=sys.stderr)
    for (row, _), run in zip(rows, runs):
        row.update(summary(run))
    return [row for row, _ in rows] or None


def show(config, rows):
    peer = rows[0]
    print(f"\n{title(config)}")
    print(f"  {'':22}{'min ms':>10}{'median':>10}{'iqr':>6}{'cpu/wall':>10}{'MiB':>8}"
          "   ratio of medians (of minima)")
    for row in rows:
        name = "PyTorch" if row is peer else " ".join(
            ["coppice", f"{row['density']:g}", row["init"] or "dense"])
        ratio = "" if row is peer else (f"   {peer['median'] / row['median']:.2f} "
                                        f"({peer['min'] / row['min']:.2f})")
        print(f"  {name:22}{row['min']:10.1f}{row['median']:10.1f}{row['spread']:6.0%}"
              f"{row['load']:10.2f}{row['peak_mib']:8.0f}{ratio or '   ' + peer['variant']}",
              flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", help="bench_nets, as make built it")
    parser.add_argument("--arch", action="append", help="may be given again; default r3d_18")
    parser.add_argument("--quick", action="store_true",
                        help="two threads, ERK alone, training on small clips")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1, help="of a process, past its warm-up")
    parser.add_argument("--batch", type=int, help="only this one")
    parser.add_argument("--threads", type=int, help="only so many")
    parser.add_argument("--mode", choices=("inference", "training"), help="only this one")
    parser.add_argument("--init", choices=("uniform", "erk"), help="densities by this one alone")
    parser.add_argument("--density", type=lambda text: [float(word) for word in text.split(",")],
                        metavar="LIST", help="besides 1 (default 0.5,0.1)")
    parser.add_argument("--frames", type=int, help="of a clip, the net's own if not said")
    parser.add_argument("--side", type=int, help="its height and width, likewise")
    parser.add_argument("--variant", help="PyTorch's, as a run before named it as the fastest; "
                        "default: all are tried first, which takes minutes with 16 clips")
    parser.add_argument("--allocator", choices=ALLOCATORS, default="kept",
                        help="PyTorch's: keeps what is freed, or as glibc does unasked")
    parser.add_argument("--json", help="file to write")
    args = parser.parse_args()
    inits = [args.init] if args.init else ["erk"] if args.quick else ["uniform", "erk"]
    args.sparse = [(density, init) for density in args.density or (0.5, 0.1) for init in inits]
    done, failed = [], 0
    for arch in args.arch or ["r3d_18"]:
        for config in QUICK if args.quick else FULL:
            if (args.batch or config["batch"]) != config["batch"] or \
               (args.threads or config["threads"]) != config["threads"] or \
               (args.mode or "") == ("inference" if config["train"] else "training"):
                continue
            config = {"arch": arch, **config, "threads": min(config["threads"], os.cpu_count())}
            config |= {key: value for key, value in (("frames", args.frames), ("side", args.side)) if value}
            rows = compare(config, args)
            if rows is None:
                print(f"{title(config)}: failed")
                failed += 1
                continue
            show(config, rows)
            done.append({**config, "rows": rows})
            if args.json:
                with open(args.json, "w", encoding="utf-8") as out:
                    json.dump({"rounds": args.rounds, "nets": done}, out, indent=1)
    return 1 if failed else 0


sys.exit(main())
