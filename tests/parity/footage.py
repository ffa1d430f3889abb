"""Pictures in and out of coppice and of the ffmpeg command, as NumPy arrays.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import json
import os
import subprocess

import numpy as np

from common import COPPICE, run

FFMPEG = ("ffmpeg", "-v", "error", "-nostdin", "-y")


def ffmpeg(*words):
    """Runs the ffmpeg command."""
    run(*FFMPEG, *words)


def source(path, words, size="320x240", frames=40, rate=25, pattern="testsrc2"):
    """Encodes a moving test pattern with `words` as output options."""
    ffmpeg("-f", "lavfi", "-i", f"{pattern}=size={size}:rate={rate}", "-frames:v", frames, *words, path)


def stream_of(path):
    """Facts about the first video stream, as ffprobe names them."""
    text = run("ffprobe", "-v", "error", "-select_streams", "V:0", "-show_streams", "-of", "json", path)
    return json.loads(text)["streams"][0]


def raw_process(path, pixel_format):
    """The ffmpeg command writing every decoded frame once, upright as its tags say, to a pipe."""
    return subprocess.Popen(["ffmpeg", "-v", "quiet", "-nostdin", "-threads", "1", "-i", str(path),
                             "-map", "0:V:0", "-fps_mode", "passthrough", "-pix_fmt", pixel_format,
                             "-f", "rawvideo", "-"], stdout=subprocess.PIPE)


def raw_frames(path, pixel_format, frame_bytes):
    """Yields the frames of raw_process()."""
    process = raw_process(path, pixel_format)
    while len(frame := process.stdout.read(frame_bytes)) == frame_bytes:
        yield np.frombuffer(frame, np.uint8)
    process.stdout.close()
    process.wait()


def corrupt(source_path, out, corruption="brightness", severity=0, *words):
    """Runs coppice corrupt; severity 0 leaves every pixel as it was."""
    return run(COPPICE, "corrupt", source_path, out, "--corruption", corruption, "--severity", severity, *words)


Y4M_CHROMA = {"mono": None, "420": (2, 2), "422": (2, 1), "444": (1, 1)}


def y4m_frames(stream):
    """Yields (planes [h, w] uint8, header fields) for every frame of a y4m stream."""
    head = stream.readline().decode().split()
    if not head or head[0] != "YUV4MPEG2":
        return
    fields = {word[0]: word[1:] for word in head[1:] if word[0] != "X"}
    width, height, chroma = int(fields["W"]), int(fields["H"]), fields.get("C", "420jpeg")
    step = Y4M_CHROMA[chroma if chroma == "mono" else chroma[:3]]
    shapes = [(height, width)]
    if step:
        shapes += 2 * [(-(-height // step[1]), -(-width // step[0]))]
    while stream.readline().startswith(b"FRAME"):
        planes = [np.frombuffer(stream.read(h * w), np.uint8).reshape(h, w) for h, w in shapes]
        yield planes, head


def coppice_frames(path, corruption="brightness", severity=0, *words):
    """Yields planes of every frame that comes out of coppice corrupt."""
    process = subprocess.Popen([COPPICE, "corrupt", str(path), "-", "--corruption", corruption,
                                "--severity", str(severity), *map(str, words)], stdout=subprocess.PIPE)
    for planes, _ in y4m_frames(process.stdout):
        yield planes
    process.stdout.close()
    process.wait()


def read_rgb(path):
    """All frames [t, h, w, 3] of a file that holds RGB."""
    facts = stream_of(path)
    width, height = facts["width"], facts["height"]
    frames = raw_frames(path, "rgb24", 3 * width * height)
    return np.stack([frame.reshape(height, width, 3) for frame in frames])


def write_rgb(path, frames):
    """Stores frames [t, h, w, 3] uint8 without loss (FFV1, RGB)."""
    _, height, width, _ = frames.shape
    subprocess.run([*map(str, FFMPEG[:3]), "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-i",
                    "-", "-c:v", "ffv1", "-pix_fmt", "bgr0", str(path)],
                   input=np.ascontiguousarray(frames).tobytes(), check=True)


def psnr(a, b):
    """In decibels, of 8-bit pictures."""
    return 10 * np.log10(255 ** 2 / np.mean((np.float64(a) - np.float64(b)) ** 2))


def opencv_clips():
    """Footage of Debian's opencv-doc package, where that is installed."""
    listing = subprocess.run(["dpkg", "-L", "opencv-doc"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             text=True).stdout.split()
    return [path for path in listing if path.endswith(".avi") and os.path.exists(path)]
