"""robustness beside a live stream of 640x480 at 30 frames a second: windows a second, time of a window, frames that
came late. Models are those of "make demo", or random ones of their shape; the stream is a test picture.

/usr/bin/python3 tests/bench/bench_live.py COPPICE [--seconds S] [--json FILE]
SPDX-License-Identifier: LGPL-2.1-or-later
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import tempfile

SOURCE = "gst:videotestsrc is-live=true pattern=smpte ! video/x-raw,format=I420,width=640,height=480,framerate=30/1"
# Words behind the models: nine variants a window, windows that touch; the same, twice as many windows.
CASES = (("two models, 10 lanes, a window each 15 frames", ["--severities", "1,3,5"]),
         ("two models, 10 lanes, a window each 5 frames", ["--severities", "1,3,5", "--hop", "5"]),
         ("two models, 16 lanes, a window each 15 frames", ["--severities", "1,2,3,4,5"]))


def models(coppice, folder):
    found = [f"runs/demo/{name}/model.safetensors" for name in ("dense_s1", "rigl_0.5_s1")]
    if all(map(os.path.exists, found)):
        return found
    made = [f"{folder}/{seed}.safetensors" for seed in (1, 2)]
    for seed, path in enumerate(made):
        subprocess.run([coppice, "model", "new", "--arch", "r3d_tiny", "--classes", "10", "--set", f"run.seed={seed}",
                        "-o", path], check=True, stdout=subprocess.DEVNULL)
    return made


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def measure(coppice, nets, words, seconds, folder):
    said = f"{folder}/said.json"
    command = [coppice, "live", SOURCE, "--pace", "--duration", str(seconds), "--json", said,
               "--corruptions", "gaussian_noise,fog,motion_blur", *words]
    for net in nets:
        command += ["--model", net]
    err = subprocess.run(command, check=True, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True).stderr
    shown, late = map(int, re.search(r"(\d+) in time, (\d+) late", err).groups())
    rows = [json.loads(line) for line in open(said)]
    rows = [row for row in rows if row["message"] == "robustness"]
    run = [row["run"] * 1e-6 for row in rows]
    delay = [(row["run"] + row["waited"]) * 1e-6 for row in rows]
    return {"in time": shown, "late": late, "frames": seconds * 30, "windows": len(rows),
            "run ms, median": statistics.median(run), "run ms, 95 %": percentile(run, 0.95),
            "answer after ms, median": statistics.median(delay), "answer after ms, 95 %": percentile(delay, 0.95)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("coppice")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--json")
    words = parser.parse_args()
    result = {}
    with tempfile.TemporaryDirectory() as folder:
        nets = models(words.coppice, folder)
        print(f"640x480, 30 frames/s, {words.seconds} s each; {os.cpu_count()} cores; {', '.join(nets)}")
        for name, more in CASES:
            r = result[name] = measure(words.coppice, nets, more, words.seconds, folder)
            print(f"{name}: {r['in time']} of {r['frames']} frames in time, {r['late']} late; {r['windows'] / words.seconds:.2f} "
                  f"windows/s; a window takes {r['run ms, median']:.0f} ms (95 %: {r['run ms, 95 %']:.0f}), its answer comes "
                  f"after {r['answer after ms, median']:.0f} ms (95 %: {r['answer after ms, 95 %']:.0f})", flush=True)
    if words.json:
        with open(words.json, "w") as file:
            json.dump(result, file, indent=1)


main()
