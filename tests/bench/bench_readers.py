"""Times the peers' way to 16 frames of each file, and prints a line of JSON.

Usage: bench_readers.py opencv|read_video|VideoReader STRIDE PASSES FILE FIRST [FILE FIRST]...
Each reader is asked in the way that its documentation shows: OpenCV is set to the first frame,
grabs all and retrieves those wanted; torchvision (video_reader backend) seeks by time and drops
what is not wanted. Neither lets itself be held to one decoding thread.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import itertools
import json
import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["GLOG_minloglevel"] = "2"
SAMPLES = 16


def opencv():
    import cv2
    cv2.setNumThreads(1)

    def read(path, first, stride):
        video = cv2.VideoCapture(path, cv2.CAP_FFMPEG)
        video.set(cv2.CAP_PROP_POS_FRAMES, first)
        frames = []
        for i in range((SAMPLES - 1) * stride + 1):
            if not video.grab():
                break
            if i % stride == 0:
                frames.append(video.retrieve()[1])
        video.release()
        return frames
    return read, cv2.__version__


def torchvision_of(kind):
    import torch
    import torchvision
    torch.set_num_threads(1)
    torchvision.set_video_backend("video_reader")
    rates = {}

    def rate(path):
        if path not in rates:
            rates[path] = torchvision.io.VideoReader(path, "video").get_metadata()["video"]["fps"][0]
        return rates[path]

    def read_video(path, first, stride):
        fps, span = rate(path), (SAMPLES - 1) * stride
        frames, _, _ = torchvision.io.read_video(path, (first - .25) / fps, (first + span + .25) / fps, "sec")
        return list(frames[::stride])

    def video_reader(path, first, stride):
        video = torchvision.io.VideoReader(path, "video")
        video.seek((first - .25) / rate(path))
        frames = itertools.islice(video, 0, (SAMPLES - 1) * stride + 1, stride)
        return [frame["data"] for frame in frames]
    return (read_video if kind == "read_video" else video_reader), torchvision.__version__


def main():
    kind, stride, passes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    plan = list(zip(sys.argv[4::2], map(int, sys.argv[5::2])))
    read, version = opencv() if kind == "opencv" else torchvision_of(kind)
    total, count = 0, 0
    for path, first in plan:
        frames = read(path, first, stride)
        count += len(frames)
        total += sum(float(frame.astype("f4").mean() if kind == "opencv" else frame.float().mean())
                     for frame in frames) / len(frames)
    wall, cpu = [], []
    for _ in range(passes):
        start = time.perf_counter(), time.process_time()
        for path, first in plan:
            read(path, first, stride)
        wall.append(time.perf_counter() - start[0])
        cpu.append(time.process_time() - start[1])
    print(json.dumps({"mean": total / len(plan), "frames": count, "wall": wall, "cpu": cpu, "version": version}))


main()
