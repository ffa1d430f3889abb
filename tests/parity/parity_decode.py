"""Decoded frames against the ffmpeg command's, byte for byte; colours against the
definition of BT.601 and BT.709 in floating point.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import itertools
import os
import subprocess
import sys
import tempfile

import numpy as np

from common import check, finish
from footage import coppice_frames, corrupt, ffmpeg, opencv_clips, raw_frames, read_rgb, source, stream_of

X264 = ("-c:v", "libx264", "-preset", "veryfast")
VFR = ("-vf", "select=not(mod(n\\,3))+lt(n\\,9)", "-fps_mode", "vfr")
# name, output options, further words of source()
MADE = [
    ("bframes.mp4", (*X264, "-bf", "3", "-pix_fmt", "yuv420p"), {}),
    ("odd-444.mp4", (*X264, "-pix_fmt", "yuv444p"), {"size": "161x91"}),
    ("odd-420.mkv", ("-c:v", "ffv1", "-pix_fmt", "yuv420p"), {"size": "161x91"}),
    ("422.mkv", (*X264, "-pix_fmt", "yuv422p"), {}),
    ("full.mp4", (*X264, "-pix_fmt", "yuvj420p", "-vf", "scale=out_range=pc"), {}),
    ("fields.ts", (*X264, "-flags", "+ilme+ildct", "-pix_fmt", "yuv420p"), {}),
    ("grey.mp4", (*X264, "-pix_fmt", "gray"), {}),
    ("bframes.avi", ("-c:v", "mpeg4", "-bf", "2", "-q:v", "4"), {}),
    ("xvid.avi", ("-c:v", "libxvid", "-bf", "2", "-q:v", "4"), {}),
    ("mjpeg.avi", ("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p"), {}),
    ("mjpeg-422-odd.avi", ("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj422p"), {"size": "99x75"}),
    ("mpeg2.mpg", ("-c:v", "mpeg2video", "-bf", "2", "-q:v", "4"), {}),
    ("vp9.webm", ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-auto-alt-ref", "1"), {}),
    ("vp8.webm", ("-c:v", "libvpx", "-deadline", "realtime"), {}),
    ("hevc.mkv", ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"), {}),
    ("theora.ogv", ("-c:v", "libtheora", "-q:v", "7"), {}),
    ("grey.mkv", ("-c:v", "ffv1", "-pix_fmt", "gray"), {"size": "33x57"}),
    ("10bit.mkv", ("-c:v", "ffv1", "-pix_fmt", "yuv420p10le"), {"size": "160x90"}),
    ("10bit-odd.mkv", ("-c:v", "ffv1", "-pix_fmt", "yuv422p10le"), {"size": "97x55"}),
    ("10bit-hevc.mp4", ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-x265-params",
                        "log-level=none"), {}),
    ("12bit.mkv", ("-c:v", "ffv1", "-pix_fmt", "yuv444p12le"), {"size": "64x48"}),
    ("grey-10bit.mkv", ("-c:v", "ffv1", "-pix_fmt", "gray10le"), {"size": "64x48"}),
    ("rgb.mkv", ("-c:v", "ffv1", "-pix_fmt", "bgr0"), {"size": "101x77"}),
    ("rgba.mov", ("-c:v", "png", "-pix_fmt", "rgba"), {"size": "64x48", "frames": 5}),
    ("palette.gif", (), {"size": "64x48", "frames": 5}),
    ("picture.png", (), {"size": "64x48", "frames": 1}),
    ("rgb264.mp4", ("-c:v", "libx264rgb", "-crf", "20"), {}),
    # Variable rates, groups that are not closed, times that do not begin at 0.
    ("vfr.mp4", (*VFR, *X264, "-pix_fmt", "yuv420p"), {}),
    ("vfr.mkv", (*VFR, *X264, "-pix_fmt", "yuv420p"), {}),
    ("vfr.webm", (*VFR, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"), {}),
    ("open.mp4", (*X264, "-g", "12", "-x264-params", "open-gop=1", "-pix_fmt", "yuv420p"), {}),
    ("open.ts", (*X264, "-g", "12", "-x264-params", "open-gop=1", "-pix_fmt", "yuv420p"), {}),
    ("refresh.ts", (*X264, "-g", "12", "-x264-params", "intra-refresh=1", "-pix_fmt", "yuv420p"), {}),
    ("late.mkv", (*X264, "-output_ts_offset", "7.3", "-pix_fmt", "yuv420p"), {}),
    ("fragments.mp4", (*X264, "-movflags", "+frag_keyframe+empty_moov", "-pix_fmt", "yuv420p"), {}),
    # Codecs that tests of the build's own do not have, or not with these samples.
    ("av1.mp4", ("-c:v", "libsvtav1", "-preset", "12", "-pix_fmt", "yuv420p"), {}),
    ("av1.webm", ("-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime", "-pix_fmt", "yuv420p"), {}),
    ("prores.mov", ("-c:v", "prores_ks"), {}),
    ("dnxhd.mxf", ("-c:v", "dnxhd", "-b:v", "120M", "-pix_fmt", "yuv422p"), {"size": "1920x1080", "frames": 5}),
    ("huffyuv.avi", ("-c:v", "huffyuv", "-pix_fmt", "yuv422p"), {}),
    ("h263.3gp", ("-c:v", "h263"), {"size": "352x288"}),
    ("wmv2.asf", ("-c:v", "wmv2"), {}),
    ("sorenson.flv", ("-c:v", "flv"), {}),
    ("snow.nut", ("-c:v", "snow", "-strict", "-2", "-pix_fmt", "yuv420p"), {}),
    ("jpeg2000.mov", ("-c:v", "jpeg2000", "-pix_fmt", "yuv444p"), {"size": "64x48", "frames": 5}),
    # Rotation tags; of 4:2:0 with more than 8 bits in even sizes (chroma is repeated before it is turned).
    *[(f"turn{angle}.mp4", (*X264, "-pix_fmt", "yuv420p", "-metadata:s:v", f"rotate={angle}"), {})
      for angle in (90, 180, 270)],
    ("turn90-odd.mov", ("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p", "-metadata:s:v", "rotate=90"),
     {"size": "99x75", "pattern": "testsrc"}),
    ("turn270-444.mp4", (*X264, "-pix_fmt", "yuv444p", "-metadata:s:v", "rotate=270"),
     {"size": "161x91", "pattern": "testsrc"}),
    ("turn180-422.mov", ("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj422p", "-metadata:s:v", "rotate=180"),
     {"size": "99x75", "pattern": "testsrc"}),
    ("turn90-10bit.mp4", ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-x265-params",
                          "log-level=none", "-metadata:s:v", "rotate=90"), {}),
    ("turn90-rgb.mov", ("-c:v", "png", "-pix_fmt", "rgb24", "-metadata:s:v", "rotate=90"), {"size": "64x48"}),
]
EIGHT_BITS = ("gray", "yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p")


def deep_frames(path, facts):
    """Frames of more than 8 bits as coppice defines them: rounded to 8, chroma repeated to full size."""
    name, width, height = facts["pix_fmt"], facts["width"], facts["height"]
    grey = name.startswith("gray")
    depth = int(name.removesuffix("le").partition("p" if not grey else "y")[2])
    across, down = (2, 2) if "420" in name else (2, 1) if "422" in name else (1, 1)
    shapes = [(height, width)] + ([] if grey else 2 * [(-(-height // down), -(-width // across))])
    ends = np.cumsum([0] + [h * w for h, w in shapes])
    for frame in raw_frames(path, name, 2 * int(ends[-1])):
        values = frame.view("<u2").astype(np.int64)
        # Grey without a stated range is full range, so its top level becomes 255.
        values = ((values * 255 + (2 ** depth - 1) // 2) // (2 ** depth - 1) if grey else
                  np.minimum((values + 2 ** (depth - 9)) >> (depth - 8), 255)).astype(np.uint8)
        planes = [values[ends[i]:ends[i + 1]].reshape(shape) for i, shape in enumerate(shapes)]
        yield np.concatenate([planes[0].ravel()] +
                             [p.repeat(down, 0).repeat(across, 1)[:height, :width].ravel() for p in planes[1:]])


def upright(facts):
    """Facts with width and height as they are shown."""
    turn = [side.get("rotation", 0) for side in facts.get("side_data_list", [])]
    if turn and turn[0] % 180:
        return facts | {"width": facts["height"], "height": facts["width"]}
    return facts


def reference(path, facts):
    name, width, height = facts["pix_fmt"], facts["width"], facts["height"]
    if name not in EIGHT_BITS:
        return deep_frames(path, facts)
    across, down = (2, 2) if "420" in name else (2, 1) if "422" in name else (1, 1)
    chroma = 0 if name == "gray" else -(-width // across) * -(-height // down)
    return raw_frames(path, name, width * height + 2 * chroma)


def compare(label, path, folder):
    """Counts frames that differ or that only one side has."""
    facts = upright(stream_of(path))
    if facts["pix_fmt"].startswith(("rgb", "bgr", "gbr", "pal")):
        out, size = f"{folder}/out.mkv", 3 * facts["width"] * facts["height"]
        corrupt(path, out)  # y4m has no RGB; FFV1 has
        ours, theirs = raw_frames(out, "rgb24", size), raw_frames(path, "rgb24", size)
    else:
        ours = (np.concatenate([plane.ravel() for plane in planes]) for planes in coppice_frames(path))
        theirs = reference(path, facts)
    wrong = frames = 0
    for a, b in itertools.zip_longest(ours, theirs):
        frames += 1
        wrong += a is None or b is None or not np.array_equal(a, b)
    check(f"{label}: frames of {frames} that differ", wrong if frames else np.inf, 0)


def derived(folder):
    """Files made by cutting, turning and breaking."""
    long, cut, turned, short = (f"{folder}/{name}" for name in ("long.mp4", "cut.mp4", "turned.mp4", "short.avi"))
    source(long, (*X264, "-g", "12", "-pix_fmt", "yuv420p"), frames=80)
    ffmpeg("-ss", "0.7", "-i", long, "-c", "copy", cut)
    ffmpeg("-i", long, "-c", "copy", "-metadata:s:v", "rotate=90", turned)
    data = open(f"{folder}/bframes.avi", "rb").read()
    open(short, "wb").write(data[:len(data) * 2 // 3])
    hurt = []
    # Decoders that conceal, or leave out, what is lost. FFmpeg's of VP8 and HEVC show what its buffers held before, so
    # that the command differs from itself.
    for name in ("bframes.avi", "fields.ts", "theora.ogv", "vp9.webm"):
        broken = bytearray(open(f"{folder}/{name}", "rb").read())
        for at in np.random.default_rng(1).integers(len(broken) // 4, len(broken) * 3 // 4, 20):
            broken[at] ^= 0x55
        hurt.append((f"damaged {name}", f"{folder}/hurt-{name}"))
        open(hurt[-1][1], "wb").write(broken)
    return [("cut at no key frame", cut), ("turned by a tag", turned), ("cut off", short), *hurt]


def to_rgb(planes, kr, kb, full):
    """ITU-R BT.601 and BT.709 in doubles, chroma repeated."""
    y, cb, cr = (np.float64(plane) for plane in planes)
    h, w = y.shape
    cb, cr = (c.repeat(-(-h // c.shape[0]), 0)[:h].repeat(-(-w // c.shape[1]), 1)[:, :w] - 128 for c in (cb, cr))
    y, cb, cr = (y, cb, cr) if full else ((y - 16) * 255 / 219, cb * 255 / 224, cr * 255 / 224)
    kg = 1 - kr - kb
    r, b = y + 2 * (1 - kr) * cr, y + 2 * (1 - kb) * cb
    return np.stack([r, (y - kr * r - kb * b) / kg, b], -1)


def colours(folder):
    """Pictures that come out as PNG: within rounding (half a level, and the fixed point's .01)."""
    tags = {"bt601": "smpte170m", "bt709": "bt709"}
    weights = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722)}
    for (matrix, tag), spread in itertools.product(tags.items(), ("tv", "pc")):
        path, picture = f"{folder}/{matrix}-{spread}.mkv", f"{folder}/picture.png"
        source(path, ("-c:v", "ffv1", "-pix_fmt", "yuv420p", "-colorspace", tag, "-color_range", spread, "-vf",
                      "noise=alls=60:all_seed=7"), size="151x99", frames=1)
        corrupt(path, picture)
        exact = np.clip(to_rgb(next(coppice_frames(path)), *weights[matrix], spread == "pc"), 0, 255)
        check(f"{matrix} {spread} to RGB: largest difference from the exact value",
              np.abs(read_rgb(picture)[0] - exact).max(), 0.51)


def main():
    with tempfile.TemporaryDirectory() as folder:
        for name, words, extra in MADE:
            path = f"{folder}/{name}"
            try:
                source(path, words, **extra)
            except subprocess.CalledProcessError:
                print(f"skip {name}: this ffmpeg cannot write it")
                continue
            compare(name, path, folder)
        for label, path in derived(folder):
            compare(label, path, folder)
        for path in opencv_clips():
            compare(os.path.basename(path), path, folder)
        colours(folder)
    finish()


sys.exit(main())
