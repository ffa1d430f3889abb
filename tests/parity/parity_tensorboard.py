#!/usr/bin/python3
"""TensorBoard's event files, of training and of coppice compare --tensorboard, decoded by Google's own protoc by
the fields of tensorboard/compat/proto/event.proto and summary.proto, with their checksums worked out bit by bit,
against the run's JSON lines and the result file: as many figures, each the same single-precision number.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import glob
import json
import math
import os
import re
import struct
import subprocess
import tempfile

import numpy as np

from common import COPPICE, check, finish, run
from results import add_models, evaluate, load

PROTO = """syntax = "proto2";
message Value { optional string tag = 1; optional float simple_value = 2; }
message Summary { repeated Value value = 1; }
message SessionLog { optional int32 status = 1; }
message Event { optional double wall_time = 1; optional int64 step = 2; optional string file_version = 3;
                optional Summary summary = 5; optional SessionLog session_log = 7; }
message Events { repeated Event event = 1; }
"""
TAGS = {"loss": "train/loss", "train_top1": "train/top1", "test_top1": "test/top1", "lr": "train/lr",
        "density": "sparse/density", "explored": "sparse/explored", "explored_open": "sparse/explored_open",
        "flops": "train/flops", "inference_flops": "sparse/inference_flops", "bytes": "sparse/bytes",
        "clips_per_second": "speed/clips_per_second", "data_wait": "speed/data_wait", "seconds": "speed/seconds"}
CLEAN, ROBUST = ("clean", "clean"), ("robust", "robust")


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def records(path):
    """Payloads of a TFRecord file, and how many checksums are wrong."""
    data, at, payloads, wrong = open(path, "rb").read(), 0, [], 0
    while at < len(data):
        size, = struct.unpack_from("<Q", data, at)
        for start, length in ((at, 8), (at + 12, size)):
            crc = crc32c(data[start:start + length])
            masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
            wrong += masked != struct.unpack_from("<I", data, start + length)[0]
        payloads.append(data[at + 12:at + 12 + size])
        at += 16 + size
    return payloads, wrong


def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def decode(folder, path):
    """{(tag, step): value} of a file; protoc prints the shortest text of a float that reads back, and fields that
    the format does not have as numbers."""
    payloads, wrong = records(path)
    with open(f"{folder}/event.proto", "w") as file:
        file.write(PROTO)
    text = subprocess.run(["protoc", f"--proto_path={folder}", "--decode=Events", "event.proto"], check=True,
                          input=b"".join(b"\x0a" + varint(len(p)) + p for p in payloads),
                          stdout=subprocess.PIPE).stdout.decode()
    events = re.split(r"^event \{$", text, flags=re.M)[1:]
    check("checksums that are wrong", wrong, 0)
    check("records that are no events", abs(len(events) - len(payloads)), 0)
    check("fields that events do not have", len(re.findall(r"^\s*\d+[ :]", text, flags=re.M)), 0)
    check("begins with its version", int('file_version: "brain.Event:2"' not in events[0]), 0)
    out = {}
    for event in events:
        step = re.search(r"^  step: (\d+)$", event, flags=re.M)
        for tag, value in re.findall(r'tag: "([^"]*)"\s+simple_value: (\S+)', event):
            out[tag, int(step.group(1)) if step else 0] = np.float32(value)
    return out


def compare(what, got, wanted):
    """Both have the same keys, and the same float under each."""
    check(f"{what}: figures on one side only {sorted(set(got) ^ set(wanted))[:3]}", len(set(got) ^ set(wanted)), 0)
    check(f"{what}: that differ, of {len(wanted)}",
          sum(got[k].tobytes() != np.float32(v).tobytes() for k, v in wanted.items() if k in got), 0)


def events_of(folder, where):
    found = glob.glob(f"{where}/events.out.tfevents.*")
    check(f"event files of {os.path.basename(where)}", abs(len(found) - 1), 0)
    return decode(folder, found[0])


def check_training(folder, name):
    lines = [json.loads(line) for line in open(f"{folder}/{name}/metrics.jsonl")]
    got, wanted = events_of(folder, f"{folder}/{name}"), {}
    layers = {}
    for line in lines:
        if "layer" in line:
            layers[line["layer"]] = line["density"]
        if "epoch" in line:
            wanted.update({(TAGS[k], line["step"]): v for k, v in line.items() if k in TAGS})
            wanted.update({(f"density/{k}", line["step"]): v for k, v in layers.items() if v < 1})
    compare(f"training {name}", got, wanted)


def check_results(folder, path):
    grid, about, _ = load(path)
    labels = [m["label"] for m in json.loads(run(COPPICE, "compare", path, "--json"))["models"]]
    run(COPPICE, "compare", path, "--tensorboard", f"{folder}/tb{len(labels)}")
    for m, label in enumerate(labels):
        wanted = {("top1/clean", 0): grid.score(m, CLEAN)[0], ("top1/robust", 0): grid.score(m, ROBUST)[0]}
        for k, (corruption, _, severity) in enumerate(grid.columns):
            if corruption != "clean":
                wanted[f"top1/{corruption}", round(100 * severity)] = grid.cell(m, k)["top1"]
        wanted = {k: v for k, v in wanted.items() if not math.isnan(v)}
        compare(f"results of {label}", events_of(folder, f"{folder}/tb{len(labels)}/{label}"), wanted)


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = evaluate(folder)
        for name in ("dense", "rigl"):
            check_training(folder, name)
        check_results(folder, path)
        add_models(path)
        check_results(folder, path)


main()
finish()
