"""Decoding, ours against the ffmpeg command, OpenCV and torchvision.

Two questions: all frames of a long file, one thread, against the ffmpeg command, which throws
them away; and 16 frames of each of some clips, as RGB, against OpenCV and torchvision.
Each timing is a process of its own, contenders take turns, and the order turns
from round to round. Writes text and JSON. The clips are made once, beside the JSON.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CLIPS, STRIDE, LOOPS = 6, 4, 5
SPAN = 15 * STRIDE + 1
# name, what it stands for, size, frames a second, seconds, output options, suffix
KINDS = [
    ("H.264", "as the web has it", "640x360", 30, 10, ("-c:v", "libx264", "-crf", "24"), "mp4"),
    ("H.264, short groups", "a key frame a second", "320x240", 30, 10,
     ("-c:v", "libx264", "-crf", "24", "-g", "30"), "mp4"),
    ("MPEG-4 in AVI", "as UCF101", "320x240", 25, 7, ("-c:v", "libxvid", "-q:v", "5"), "avi"),
    ("VP9", "as Something-Something", "426x240", 24, 8,
     ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "400k"), "webm"),
]


def run(words, **more):
    return subprocess.run([str(word) for word in words], check=True, **more)


def make_clips(folder):
    """{name: [paths]}, and a long file of each kind, its last path."""
    found = {}
    for name, _, size, rate, seconds, words, suffix in KINDS:
        stem = f"{folder}/{name.replace(' ', '-').replace(',', '')}-{seconds}s"
        paths = [f"{stem}-{i}.{suffix}" for i in range(CLIPS)] + [f"{stem}-long.{suffix}"]
        for i, path in enumerate(paths):
            if os.path.exists(path):
                continue
            part = f"{path}.part.{suffix}"
            source = (("-stream_loop", LOOPS, "-i", paths[0], "-c", "copy") if i == CLIPS else
                      ("-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate},noise=alls=9:allf=t:all_seed={i}",
                       "-t", seconds, "-pix_fmt", "yuv420p", *words))
            run(["ffmpeg", "-v", "error", "-nostdin", "-y", *source, part])
            os.replace(part, path)
        found[name] = paths
    return found


def timed(words):
    """Seconds on the wall and of the processor that a process takes, and what it prints."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    out = run(words, stdout=subprocess.PIPE).stdout
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, out


def turns(rounds, contenders, title):
    """Calls each contender once a round; results by contender."""
    got = [[] for _ in contenders]
    for turn in range(rounds):
        for i in range(len(contenders)):
            at = (i + turn) % len(contenders)
            got[at].append(contenders[at]())
        print(f"\r\033[K{title}: round {turn + 1} of {rounds}", end="", file=sys.stderr)
    print("\r\033[K", end="", file=sys.stderr)
    return got


def whole(args, name, path):
    ffmpeg = ["ffmpeg", "-v", "error", "-nostdin", "-threads", 1, "-filter_threads", 1, "-i", path, "-map", "0:V:0",
              "-fps_mode", "passthrough", "-f", "null", "-"]
    ours = [args.binary, "whole", path]
    theirs, mine = turns(args.rounds, [lambda: timed(ffmpeg), lambda: timed(ours)], name)
    frames = json.loads(mine[0][2])["frames"]
    rows = [{"who": who, "wall": [got[0] for got in runs], "cpu": [got[1] for got in runs]}
            for who, runs in (("ffmpeg command", theirs), ("coppice", mine))]
    print(f"\n{name}, all {frames} frames, one thread")
    for row in rows:
        ratio = "" if row is rows[0] else (f"   speed by ffmpeg's: {min(rows[0]['wall']) / min(row['wall']):.2f} "
                                           f"(processor {min(rows[0]['cpu']) / min(row['cpu']):.2f})")
        print(f"  {row['who']:24}{min(row['wall']):8.3f} s min{statistics.median(row['wall']):8.3f} s median"
              f"{frames / min(row['wall']):9.0f} frames/s{ratio}", flush=True)
    return {"kind": name, "frames": frames, "rows": rows}


def sampled(args, name, paths, rate, seconds):
    draw = random.Random(name)
    plan = [word for path in paths for word in (path, draw.randrange(rate * seconds - SPAN - 2))]
    commands = [("OpenCV", ["/usr/bin/python3", f"{HERE}/bench_readers.py", "opencv"]),
                ("torchvision read_video", ["/usr/bin/python3", f"{HERE}/bench_readers.py", "read_video"]),
                ("torchvision VideoReader", ["/usr/bin/python3", f"{HERE}/bench_readers.py", "VideoReader"]),
                ("coppice", [args.binary, "sample"])]

    def call(words):
        try:
            return json.loads(run([*words, STRIDE, args.passes, *plan], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL).stdout)
        except subprocess.CalledProcessError:
            return None  # a peer that dies over a file is said to have failed
    runs = turns(args.rounds, [lambda words=words: call(words) for _, words in commands], name)
    rows = []
    for (who, _), result in zip(commands, runs):
        result = [got for got in result if got]
        rows.append({"who": who, "failed": args.rounds - len(result)} | ({} if not result else {
            "mean": result[0]["mean"], "scan_ms": 1e3 * min(got.get("scan", 0) for got in result) / len(paths)} | {
                clock: [1e3 * s / len(paths) for got in result for s in got[clock]] for clock in ("wall", "cpu")}))
    print(f"\n{name}, 16 frames by {STRIDE} of each of {len(paths)} clips of {rate * seconds} frames, as RGB; "
          "ms a clip")
    mine = rows[-1]
    for row in rows:
        if "wall" not in row:
            print(f"  {row['who']:24} failed")
            continue
        wall, cpu = min(row["wall"]), min(row["cpu"])
        more = (f"   first pass, once: {row['scan_ms']:.1f}" if row is mine else
                f"   coppice is faster by {wall / min(mine['wall']):.2f} (processor {cpu / min(mine['cpu']):.2f})")
        print(f"  {row['who']:24}{wall:8.2f} min{statistics.median(row['wall']):8.2f} median, processor "
              f"{cpu:8.2f} min, mean level {row['mean']:.1f}{more}", flush=True)
    return {"kind": name, "clips": len(paths), "frames": rate * seconds, "rows": rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", help="bench_decode, as make built it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--passes", type=int, default=3, help="over the clips, in each process")
    parser.add_argument("--clips", default="build/bench/clips", help="folder that keeps them")
    parser.add_argument("--only", choices=("whole", "sampled"), help="one of the two questions")
    parser.add_argument("--json", help="file to write")
    args = parser.parse_args()
    os.makedirs(args.clips, exist_ok=True)
    clips = make_clips(args.clips)
    done = {"machine": json.loads(run([args.binary, "machine"], stdout=subprocess.PIPE).stdout),
            "decode": [], "sample": []}
    for name, note, size, _, _, _, _ in KINDS if args.only != "sampled" else ():
        done["decode"].append(whole(args, f"{name} {size} ({note})", clips[name][-1]))
    for name, note, size, rate, seconds, _, _ in KINDS if args.only != "whole" else ():
        done["sample"].append(sampled(args, f"{name} {size} ({note})", clips[name][:-1], rate, seconds))
    if args.json:
        with open(args.json, "w", encoding="utf-8") as out:
            json.dump(done, out, indent=1)
    return 0


sys.exit(main())
