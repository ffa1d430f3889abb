#!/usr/bin/python3
"""Times corruptions on one core against implementations on NumPy, SciPy, scikit-image, OpenCV and Pillow (those that
the parity scripts compare with), by turns, and writes the tables of docs/CORRUPTIONS.md.

Frames are a camera that moves over the astronaut of scikit-image (NASA, public domain). Ours are timed as streams of
RGB frames, the copy of each frame included, in processor time, after what a clip needs once; theirs without reading
and writing. Usage: bench_corrupt.py build/bench_corrupt build/coppice [--rounds N] [--only NAME,...] [--into FILE]
[--errors build/parity/errors]
SPDX-License-Identifier: LGPL-2.1-or-later
"""
import argparse
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import cv2
import numpy as np
import skimage.data
from PIL import Image, ImageOps

SIZES = {224: (224, 224, 64), 720: (1280, 720, 16)}  # width, height, frames
ORIGINALS = ("imagenet-c-224", "3dcc", "ucf101-p")
BEGIN, END = "<!-- tables: begin -->\n", "<!-- tables: end -->\n"
PARITY = {  # classes: docs/CORRUPTIONS.md
    "gaussian_noise": "I", "shot_noise": "I", "speckle_noise": "I", "impulse_noise": "I", "iso_noise": "S",
    "low_light": "S", "gaussian_blur": "E", "defocus_blur": "E", "glass_blur": "I", "motion_blur": "I",
    "zoom_blur": "E", "fog": "I", "rain": "I", "snow": "I", "spatter": "I", "frost": "S", "brightness": "E",
    "contrast": "E", "saturate": "E", "elastic_transform": "I", "pixelate": "E", "jpeg_compression": "E",
    "color_quant": "E", "motion_blur_temporal": "E", "frame_rate": "E", "sampling": "E", "reverse_sampling": "E",
    "jumble": "E", "box_jumble": "E", "freeze": "E", "burst": "E", "static_rotate": "E", "rotate": "E",
    "translate": "E", "translate_ramp": "E", "rotate_ramp": "E", "shear_ramp": "E", "tilt_ramp": "E",
    "scale_ramp": "E", "brightness_ramp": "E", "zoom_ramp": "E", "blur_ramp": "E", "low_pass": "E", "high_pass": "E",
    "band_noise": "S", "fourier_basis": "E", "fourier_basis_3d": "E", "flicker": "E", "single_frequency": "E",
    "brownish_noise": "S", "blue_noise_sample": "S", "checkerboard_cutout": "E", "temporal_low_pass": "E",
    "temporal_high_pass": "E", "h264_crf": "S", "h265_crf": "S", "h264_abr": "S", "h265_abr": "S", "bit_error": "E",
    "packet_loss": "I", "bitstream_excision": "E", "mpeg1": "E", "mpeg2": "E", "mpeg4": "E", "mjpeg": "E",
}


def camera(width, height, frames):
    picture = Image.fromarray(skimage.data.astronaut())
    out = []
    for i in range(frames):
        w = 400 - 1.2 * i
        box = (10 + i, 4 + .5 * i, 10 + i + w, 4 + .5 * i + w * height / width)
        out.append(np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC, box)))
    return np.stack(out)


def write_clip(path, x):
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s",
                    f"{x.shape[2]}x{x.shape[1]}", "-r", "25", "-i", "-", "-c:v", "ffv1", "-pix_fmt", "bgr0", path],
                   input=x.tobytes(), check=True)


def references():
    """name: function of a frame at severity 3 of imagenet-c-224 or the nearest table."""
    import parity_corrupt_blur as blur
    import parity_corrupt_camera as camera_
    import parity_corrupt_noise as noise
    import parity_corrupt_tone as tone
    import parity_corrupt_weather as weather
    field = np.random.RandomState(1)
    rng = np.random.default_rng(1)

    def noisy(name, value):
        return lambda x: noise.noise_by_numpy(name, x / 255., value, rng)

    def fog(x):
        side = 1 << (max(x.shape[:2]) - 1).bit_length()
        return weather.fog(x, weather.plasma(side, 1.7, field.uniform(-1, 1, side * side - 1)), 2.5)

    def snow(x):
        layer = weather.zoomed(field.normal(.55, .3, x.shape[:2]), 4)[:x.shape[0], :x.shape[1]]
        layer = np.pad(layer, [(0, n - m) for n, m in zip(x.shape[:2], layer.shape)])
        layer[layer < .9] = 0
        layer = weather.motion_blur(np.uint8(np.clip(layer, 0, 1) * 255), 12, 8, -100) / 255.
        x = np.float32(x) / 255
        grey = cv2.cvtColor(x, cv2.COLOR_RGB2GRAY)[..., None]
        x = .7 * x + .3 * np.maximum(x, grey * 1.5 + .5)
        return np.uint8(np.clip(x + layer[..., None] + np.rot90(layer, 2)[..., None], 0, 1) * 255)

    def square_zoom(x):  # the original wants squares
        side = min(x.shape[:2])
        out = x.copy()
        for left in range(0, x.shape[1], side):
            piece = np.zeros((side, side, 3), np.uint8)
            width = min(side, x.shape[1] - left)
            piece[:, :width] = x[:side, left:left + width]
            out[:side, left:left + width] = blur.zoom(piece, 1.21, .02)[:, :width]
        return out

    out = {
        "gaussian_noise": noisy("gaussian_noise", .18), "shot_noise": noisy("shot_noise", 12),
        "speckle_noise": noisy("speckle_noise", .35), "impulse_noise": noisy("impulse_noise", .09),
        "iso_noise": noisy("iso_noise", .18), "low_light": noisy("low_light", .4),
        "gaussian_blur": lambda x: blur.gaussian(x, 3), "defocus_blur": lambda x: blur.defocus(x, 6, .5),
        "glass_blur": lambda x: blur.glass(x, 1, 2, 3, rng), "motion_blur": lambda x: blur.motion(x, 15, 8, 20),
        "zoom_blur": square_zoom, "pixelate": lambda x: blur.pixelate(x, .4),
        "jpeg_compression": lambda x: blur.jpeg(x, 15), "brightness": lambda x: tone.brighten(x, .3),
        "saturate": lambda x: tone.saturate(x, (2, 0)), "contrast": lambda x: tone.contrast(x, .2), "fog": fog,
        "snow": snow,
        "elastic_transform": lambda x: camera_.elastic(x, 12.2, 2.44, 4.88, field),
        "static_rotate": lambda x: camera_.turned(x, 30), "translate": lambda x: camera_.moved(x, 10, 10),
        "color_quant": lambda x: np.asarray(ImageOps.posterize(Image.fromarray(x), 3)),
    }
    return out


def time_theirs(function, x, seconds):
    """Median and least ms of a frame, in processor time."""
    ms, start = [], time.process_time()
    while len(ms) < 3 or (time.process_time() - start < seconds and len(ms) < 50):
        before = time.process_time()
        function(x[len(ms) % len(x)])
        ms.append(1e3 * (time.process_time() - before))
        if len(ms) == 1 and ms[0] > 20000:
            break
    return float(np.median(ms))


def ours(program, clip, rounds, words):
    out = subprocess.run([program, clip, str(rounds), *words], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def number(x):
    return "-" if x is None else f"{x:.3g}" if x < 100 else f"{x:.0f}"


def rows_of(options, corruptions):
    theirs = references()
    with tempfile.TemporaryDirectory() as folder:
        clips, frames = {}, {}
        for side, (width, height, n) in SIZES.items():
            frames[side] = camera(width, height, n)
            clips[side] = f"{folder}/{side}.mkv"
            write_clip(clips[side], frames[side])
        for c in corruptions:
            name = c["name"]
            row = {"name": name, "family": c["family"], "class": PARITY.get(name, "P")}
            every = ours(options.program, clips[224], 1, [f"{name}:{s}" for s in range(1, 6)])
            row["psnr"] = [r["psnr"] for r in every]
            for side in SIZES:
                got = ours(options.program, clips[side], options.rounds, [f"{name}:3"])
                if got:
                    row[f"ms_{side}"], row[f"once_{side}"] = got[0]["ms_min"], got[0]["once_ms"]
                if got and name in theirs:  # theirs have lengths in pixels, whatever the picture's size
                    preset = next((p["name"] for p in c["presets"] if p["name"] in ORIGINALS), "")
                    same = ours(options.program, clips[side], options.rounds, [f"{name}:3:{preset}"])[0]
                    row[f"ratio_{side}"] = time_theirs(theirs[name], frames[side], 2) / same["ms_min"]
            print(json.dumps(row), file=sys.stderr)
            yield row


HEAD = ("corruption", "class", "PSNR, dB, severities 1 to 5", "ms, 224x224", "ms, 1280x720", "frames/s at 720p",
        "speed-up 224", "speed-up 720p", "measured error")


def line(cells):
    return "| " + " | ".join(cells) + " |\n"


def cells_of(row):
    """All but the last cell, which is what parity scripts measured."""
    psnr = " ".join("∞" if p is None else f"{p:.1f}" for p in row["psnr"])
    rate = 1000 / row["ms_720"] if row.get("ms_720") else None
    return [f"`{row['name']}`", row["class"], psnr, number(row.get("ms_224")), number(row.get("ms_720")), number(rate),
            number(row.get("ratio_224")), number(row.get("ratio_720"))]


def read_table(page):
    """Cells by corruption of the table that a page has, as many as this script writes."""
    found = {}
    for text in page.split(BEGIN)[1].split(END)[0].splitlines():
        cells = [cell.strip() for cell in text.strip("|").split("|")]
        if cells[0].startswith("`"):
            found[cells[0].strip("`")] = (cells + ["-"] * len(HEAD))[:len(HEAD)]
    return found


def table(rows, errors, old, corruptions):
    """Rows that were measured, and those of an older table for the others, in the registry's order."""
    new = {row["name"]: cells_of(row) for row in rows}
    text, family = line(HEAD) + "|" + len(HEAD) * "---|" + "\n", None
    for c in corruptions:
        name = c["name"]
        before = old.get(name, [])
        cells = new.get(name, before[:-1])
        if not cells:
            continue
        if c["family"] != family:
            family = c["family"]
            text += f"| **{family}** |" + (len(HEAD) - 1) * " |" + "\n"
        text += line(cells + [errors.get(name, before[-1] if before else "-")])
    return text


def plain(x, digits=1):
    """Rounded up, so that it stays a bound."""
    if x == 0:
        return "0"
    step = 10. ** (math.floor(math.log10(x)) - digits)
    return f"{math.ceil(x / step - 1e-9) * step:.{digits + 1}g}"


# Words that end a check's label: what it measured, and how it is said. The first that fits counts.
MEASURES = (("share of bytes that differ", "share"), ("share of values that differ", "share"), ("that differ", "count"),
            ("that are no turn", "count"), ("that are no translation", "count"), ("frames out of place", "count"),
            ("frames lost from their windows", "count"), ("frames that differ from a hold", "count"), ("levels apart", "levels"), ("by how much", "levels"),
            ("largest difference", "levels"), ("dB apart", "dB"), ("off the photographs', dB", "dB"),
            ("share of the 0.1 % point", "ks"), ("in standard errors", "se"))


def errors_of(path, names):
    """What the parity scripts left in a folder, said for each corruption: the worst of each measure."""
    worst = {}
    for script in sorted(os.listdir(path)):
        with open(os.path.join(path, script)) as file:
            checks = json.load(file)
        for check in checks:
            label = check["what"]
            name = next((word for word in re.findall(r"\w+", label) if word in names), None)
            kind = next((kind for ending, kind in MEASURES if label.endswith(ending)), None)
            if not name or not kind or "mean residual" in label:
                continue
            of = worst.setdefault(name, {})
            of[kind] = max(of.get(kind, 0), check["value"])
    return {name: said(of) for name, of in worst.items()}


def said(of):
    parts = []
    if of.get("count", 0) > 0:
        parts.append(f"{of['count']:.0f} values")
    if of.get("levels", 0) > 0:
        unit = "level" if of["levels"] == 1 else "levels"
        parts.append(f"{of['levels']:.0f} {unit} in {plain(100 * of.get('share', 1))} %")
    elif "levels" in of or "count" in of:
        parts.append("0")
    if "dB" in of:
        parts.append(f"{plain(of['dB'])} dB")
    if "ks" in of:
        parts.append(f"KS {plain(of['ks'])} of its 0.1 % point")
    elif "se" in of and "dB" not in of:
        parts.append(f"{plain(of['se'])} standard errors")
    return "; ".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("coppice")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="")
    parser.add_argument("--into", help="the page; rows of corruptions that are not timed stay")
    parser.add_argument("--errors", help="build/parity/errors, for the last column; alone, nothing is timed")
    parser.add_argument("--json")
    parser.add_argument("--from", dest="old", nargs="+", help="no timing: tables of what --json wrote; the first file that has a corruption counts")
    options = parser.parse_args()
    os.environ["COPPICE"] = os.path.abspath(options.coppice)
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "parity"))
    cv2.setNumThreads(1)
    listed = json.loads(subprocess.run([options.coppice, "list", "corruptions", "--json"], check=True,
                                       stdout=subprocess.PIPE).stdout)
    wanted = set(filter(None, options.only.split(",")))
    corruptions = [c for c in listed if not wanted or c["name"] in wanted]
    if options.old:
        seen = {}
        for path in options.old:
            for row in json.load(open(path)):
                seen.setdefault(row["name"], {**row, "class": PARITY.get(row["name"], "P")})
        rows = [seen[c["name"]] for c in corruptions if c["name"] in seen]
    elif options.errors and not wanted:
        rows = []
    else:
        rows = list(rows_of(options, corruptions))
    if options.json:
        json.dump(rows, open(options.json, "w"), indent=1)
    page = ""
    if options.into:
        with open(options.into) as file:
            page = file.read()
    errors = errors_of(options.errors, {c["name"] for c in listed}) if options.errors else {}
    text = table(rows, errors, read_table(page) if page else {}, listed)
    if not options.into:
        print(text, end="")
        return
    head, rest = page.split(BEGIN)
    tail = rest.split(END)[1]
    with open(options.into, "w") as file:
        file.write(head + BEGIN + text + END + tail)


if __name__ == "__main__":
    main()
