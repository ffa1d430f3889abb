"""Damaged H.264 streams against the ffmpeg command: it codes each group, mirrored as ours are; a Python of its own
damages the packets at the places that Philox4x32-10 (Salmon et al., SC 2011) gives, or FFmpeg's bitstream filter does;
the command decodes what is left. A picture that the decoder does not give is the last one again.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import json
import math
import re
import struct
import sys
import tempfile

import numpy as np

from common import check, finish, run
from footage import FFMPEG, coppice_frames, ffmpeg, opencv_clips, raw_frames, source

WIDTH, HEIGHT, FRAMES, GOP, LEAD, RATE = 256, 192, 40, 16, 4, 25  # the last group is cut short
LUMA = WIDTH * HEIGHT
MTU = 1472
HITS = (0.3, 0.8, 2, 4, 10)
LOSSES = (1, 2, 3, 5, 10)
HOLES = ((1, .8, .1), (1, .4, .2), (2, .4, .2), (4, .4, .2), (8, .2, .4))  # frames, position, share
JITTER = .1
SEED = 3


# --- draws ---

def philox(key, counter):
    k0, k1 = key
    c0, c1, c2, c3 = counter
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = p1 >> 32 ^ c1 ^ k0, p1 & 0xFFFFFFFF, p0 >> 32 ^ c3 ^ k1, p0 & 0xFFFFFFFF
        k0, k1 = k0 + 0x9E3779B9 & 0xFFFFFFFF, k1 + 0xBB67AE85 & 0xFFFFFFFF
    return c0, c1, c2, c3


def mix(x):
    x = (x ^ x >> 33) * 0xFF51AFD7ED558CCD & (1 << 64) - 1
    x = (x ^ x >> 33) * 0xC4CEB9FE1A85EC53 & (1 << 64) - 1
    return x ^ x >> 33


def key_of(name):
    purpose = 0xCBF29CE484222325
    for byte in f"corrupt:{name}".encode():
        purpose = (purpose ^ byte) * 0x100000001B3 & (1 << 64) - 1
    key = mix(mix(SEED) + purpose & (1 << 64) - 1)
    return key & 0xFFFFFFFF, key >> 32


def word(key, position, draw, group):
    return philox(key, (position // 4, draw, group, 0))[position % 4]


def uniform(key, position, draw, group):
    return word(key, position, draw, group) / 2 ** 32


# --- damage: of packets, lists of bytearrays in decoding order ---

def flip_bytes(packets, group, severity):
    """A Poisson process over the group's bytes."""
    key = key_of("bit_error")
    sizes = [len(packet) for packet in packets]
    time, k, expected = 0, 0, HITS[severity - 1] * len(packets) / GOP
    while True:
        time -= math.log(1 - uniform(key, k, 0, group))
        if time >= expected:
            return packets
        at = int(uniform(key, k, 1, group) * sum(sizes))
        i = 0
        while at >= sizes[i]:
            at, i = at - sizes[i], i + 1
        packets[i][at] ^= 1 + (word(key, k, 2, group) * 255 >> 32)
        k += 1


def lose_packets(packets, group, severity):
    """Each packet of MTU bytes by itself; frames begin packets of their own."""
    key = key_of("packet_loss")
    pieces = [[packet[at:at + MTU] for at in range(0, len(packet), MTU)] for packet in packets]
    rate = min(1, LOSSES[severity - 1] * len(packets) / GOP / sum(map(len, pieces)))
    sent, out = 0, []
    for picture in pieces:
        kept = bytearray()
        for piece in picture:
            if uniform(key, sent, 0, group) >= rate:
                kept += piece
            sent += 1
        out.append(kept)
    return out


def cut_holes(packets, group, severity, places):
    """A share of each slice of so many P and B frames; `places` are those of packets as shown."""
    key = key_of("bitstream_excision")
    frames, position, share = HOLES[severity - 1]
    order = sorted(range(1, len(packets)), key=lambda i: (word(key, i, 0, group), i))
    for packet, place in zip(packets, places):
        if place not in order[:frames]:
            continue
        start = min(1, max(0, position + (2 * uniform(key, place, 1, group) - 1) * JITTER))
        begins = [m.start() for m in re.finditer(b"\0\0\1", packet)]
        for begin, end in reversed(list(zip(begins, begins[1:] + [len(packet)]))):
            payload = begin + 4
            if packet[begin + 3] & 31 not in (1, 5) or payload + 1 >= end:
                continue
            length = end - payload
            at = payload + max(1, int(start * length))
            del packet[at:min(end, at + max(1, int(share * length)))]
    return packets


# --- the command ---

def code(frames, folder, *words):
    """Packets of a group, the parameter sets before them, and the place of each as shown; also a file of them."""
    n = len(frames)
    lead = LEAD if n > LEAD else n - 1
    mirrored = [abs(i) if i < n else 2 * (n - 1) - i for i in range(-lead, 2 * n - 1)]
    with open(f"{folder}/raw", "wb") as file:
        file.write(b"".join(frames[i].tobytes() for i in mirrored))
    ffmpeg("-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{WIDTH}x{HEIGHT}", "-r", RATE, "-i", f"{folder}/raw",
           "-c:v", "libx264", "-crf", 23, *words, "-g", GOP, "-forced-idr", 1, "-force_key_frames",
           f"expr:eq(n,{lead})+eq(n,{lead + n})", "-threads", 1, "-x264-params", "cpu-independent=1",
           f"{folder}/all.nut")
    group = f"{folder}/group.nut"
    ffmpeg("-ss", lead / RATE, "-i", f"{folder}/all.nut", "-c", "copy", "-frames:v", n, "-bsf:v",
           "filter_units=remove_types=6", group)
    ffmpeg("-i", group, "-c", "copy", "-bsf:v", "dump_extra=freq=keyframe", "-f", "image2", f"{folder}/%d.packet")
    packets = [bytearray(open(f"{folder}/{i + 1}.packet", "rb").read()) for i in range(n)]
    begin = next(m.start() for m in re.finditer(b"\0?\0\0\1", packets[0]) if packets[0][m.end()] & 31 == 5)
    sets, packets[0] = bytes(packets[0][:begin]), packets[0][begin:]
    rows = json.loads(run("ffprobe", "-v", "error", "-show_entries", "packet=pts_time", "-of", "json", group))["packets"]
    times = [float(row["pts_time"]) for row in rows]
    places = [sorted(times).index(t) for t in times]
    return packets, sets, places, group


def write_ivf(path, packets, sets, places):
    """The parameter sets go with the first packet that is left."""
    with open(path, "wb") as file:
        file.write(struct.pack("<4sHH4sHHIIII", b"DKIF", 0, 32, b"H264", WIDTH, HEIGHT, RATE, 1, len(packets), 0))
        for packet, place in zip(packets, places):
            if packet:
                file.write(struct.pack("<IQ", len(sets) + len(packet), place) + sets + packet)
                sets = b""


def decode(path, n, first=0):
    """Frames by their place; one that does not come is the one before it, at the head the one after it."""
    words = ("-flags", "+output_corrupt", "-max_pixels", (WIDTH + 64) * (HEIGHT + 64), "-threads", 1, "-i", path,
             "-fps_mode", "passthrough")
    run(*FFMPEG[:1], "-v", "quiet", "-nostdin", "-y", *words, "-f", "rawvideo", "-pix_fmt", "yuv420p", path + ".raw")
    listed = run(*FFMPEG[:1], "-v", "quiet", "-nostdin", *words, "-enc_time_base", f"1/{RATE}", "-copyts", "-f", "framecrc", "-")
    places = [int(line.split(",")[2]) - first for line in listed.splitlines() if not line.startswith("#")]
    data = np.fromfile(path + ".raw", np.uint8).reshape(-1, LUMA * 3 // 2)
    out = []
    for place, frame in zip(places, data):
        if len(out) <= place < n:
            out += [out[-1] if out else frame] * (place - len(out)) + [frame]
    while len(out) < n:
        out.append(out[-1] if out else np.full(LUMA * 3 // 2, 128, np.uint8))
    return out


# --- checks ---

def clips(folder):
    out = [("a test pattern", f"{folder}/pattern.mkv")]
    source(out[0][1], ("-c:v", "ffv1", "-pix_fmt", "yuv420p"), size=f"{WIDTH}x{HEIGHT}", frames=FRAMES)
    for clip in opencv_clips():
        if clip.endswith("vtest.avi"):
            out.append(("vtest.avi", f"{folder}/vtest.mkv"))
            ffmpeg("-ss", 2, "-i", clip, "-an", "-frames:v", FRAMES, "-c:v", "ffv1", "-pix_fmt", "yuv420p", "-vf",
                   f"scale={WIDTH}:{HEIGHT}", out[-1][1])
    return out


def groups_of(frames):
    return [(start, frames[start:start + GOP]) for start in range(0, len(frames), GOP)]


def differing(path, name, severity, theirs, *words):
    ours = [np.concatenate([plane.ravel() for plane in planes])
            for planes in coppice_frames(path, name, severity, "--seed", SEED, *words)]
    assert len(ours) == len(theirs)
    return sum(int((a != b).sum()) for a, b in zip(ours, theirs))


def check_damage(folder, label, path, name, damage, b_frames):
    frames = list(raw_frames(path, "yuv420p", LUMA * 3 // 2))
    coded = [(start, *code(group, folder, "-preset", "superfast", "-bf", b_frames)[:3])
             for start, group in groups_of(frames)]
    for severity in range(1, 6):
        theirs, changed = [], 0
        for start, packets, sets, places in coded:
            hurt = [bytearray(packet) for packet in packets]
            hurt = damage(hurt, start, severity, places) if name == "bitstream_excision" else damage(hurt, start, severity)
            changed += sum(a != b for a, b in zip(hurt, packets))
            write_ivf(f"{folder}/hurt.ivf", hurt, sets, places)
            theirs += decode(f"{folder}/hurt.ivf", len(packets))
        check(f"{name} {severity} on {label}, {changed} packets damaged: values that differ",
              differing(path, name, severity, theirs), 0)


def check_noise_filter(folder, label, path):
    """The published damage is FFmpeg's own: its bitstream filter, on each group."""
    frames = list(raw_frames(path, "yuv420p", LUMA * 3 // 2))
    for amount in (20000, 3000, 500):
        theirs = []
        for _, group in groups_of(frames):
            coded = code(group, folder, "-preset", "medium", "-bf", 3)[3]
            ffmpeg("-i", coded, "-c", "copy", "-bsf:v", f"noise=amount={amount}", "-copyts", f"{folder}/hurt.nut")
            first = min(float(row["pts_time"]) for row in json.loads(
                run("ffprobe", "-v", "error", "-show_entries", "packet=pts_time", "-of", "json", coded))["packets"])
            theirs += decode(f"{folder}/hurt.nut", len(group), round(first * RATE))
        check(f"bit_error by the filter noise, a byte in {amount}, on {label}: values that differ",
              differing(path, "bit_error", 3, theirs, "--preset", "kinetics-c", "--params", f"amount={amount}"), 0)


def main():
    with tempfile.TemporaryDirectory() as folder:
        for label, path in clips(folder):
            check_damage(folder, label, path, "bit_error", flip_bytes, 3)
            check_damage(folder, label, path, "packet_loss", lose_packets, 3)
            check_damage(folder, label, path, "bitstream_excision", cut_holes, 0)
            check_noise_filter(folder, label, path)
    finish()


if __name__ == "__main__":
    sys.exit(main())
