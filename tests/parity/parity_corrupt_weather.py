"""Weather against NumPy, SciPy, scikit-image and OpenCV, byte for byte: the numbers that coppice draws are
drawn here, too, from their addresses, and go through the definitions.

Fog, snow, spatter and frost: Hendrycks and Dietterich, ICLR 2019. Rain: Yi et al., NeurIPS 2021 (datasets and
benchmarks).
SPDX-License-Identifier: LGPL-2.1-or-later
"""
import os
import sys
import tempfile

import cv2
import numpy as np
import scipy.ndimage
import scipy.special
import skimage.filters
from PIL import Image

from common import check, finish
from footage import corrupt, psnr, read_rgb, write_rgb
from parity_corrupt import pictures

SIZES = {224: "imagenet-c-224", 64: "tiny-64"}
SEVERITIES = range(1, 6)
SEED = 11

FOG = {224: ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)), 64: ((.4, 3), (.7, 3), (1, 2.5), (1.5, 2), (2, 1.75))}
SNOW = {224: ((.1, .3, 3, .5, 10, 4, .8), (.2, .3, 2, .5, 12, 4, .7), (.55, .3, 4, .9, 12, 8, .7),
              (.55, .3, 4.5, .85, 12, 8, .65), (.55, .3, 2.5, .85, 12, 12, .55)),
        64: ((.1, .2, 1, .6, 8, 3, .8), (.1, .2, 1, .5, 10, 4, .8), (.15, .3, 1.75, .55, 10, 4, .7),
             (.25, .3, 2.25, .6, 12, 6, .65), (.3, .3, 1.25, .65, 14, 12, .6))}
SPATTER = {224: ((.65, .3, 4, .69, .6, 0), (.65, .3, 3, .68, .6, 0), (.65, .3, 2, .68, .5, 0),
                 (.65, .3, 1, .65, 1.5, 1), (.67, .4, 1, .65, 1.5, 1)),
           64: ((.62, .1, .7, .7, .6, 0), (.65, .1, .8, .7, .6, 0), (.65, .3, 1, .69, .6, 0), (.65, .1, .7, .68, .6, 1),
                (.65, .1, .5, .67, .6, 1))}
RAIN = ((770, 10, .8), (770, 30, .8), (770, 60, .7), (500, 60, .6), (400, 80, .5))
FROST = ((1, .4), (.8, .6), (.7, .7), (.65, .7), (.6, .75))
FROST_PSNR = (13.1, 11.3, 10.5, 10.8, 10.4)  # of the original's photographs

# --- addressed numbers: Philox4x32-10 (Salmon et al., SC 2011) -----------------------------------------


def mix64(x):
    for shift in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        x = (x ^ x >> 33) * shift % 2 ** 64
    return x ^ x >> 33


def key_of(name):
    fnv = 0xCBF29CE484222325
    for byte in f"corrupt:{name}".encode():
        fnv = (fnv ^ byte) * 0x100000001B3 % 2 ** 64
    return mix64((mix64(SEED) + fnv) % 2 ** 64)


def words(name, n, draw=0, frame=0, clip=0):
    """The words of positions 0 .. n - 1."""
    key, low = key_of(name), np.uint64(0xFFFFFFFF)
    c = [np.arange((n + 3) // 4, dtype=np.uint64)] + [np.full((n + 3) // 4, x, np.uint64) for x in (draw, frame, clip)]
    k = [key % 2 ** 32, key >> 32]
    for _ in range(10):
        p, q = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        high = np.uint64(32)
        c = [(q >> high) ^ c[1] ^ np.uint64(k[0]), q & low, (p >> high) ^ c[3] ^ np.uint64(k[1]), p & low]
        k = [(k[0] + 0x9E3779B9) % 2 ** 32, (k[1] + 0xBB67AE85) % 2 ** 32]
    return np.stack(c, 1).ravel()[:n]


def normals(name, shape, mean, std, **address):
    word = words(name, shape[0] * shape[1], **address)
    return mean + std * scipy.special.ndtri((word + 0.5) / 2 ** 32).reshape(shape)


# --- definitions ---------------------------------------------------------------------------------------


def plasma(side, decay, uniform):
    """Diamond-square on a torus; uniform in -1 .. 1, level by level."""
    p, step, wibble, used = np.zeros((side, side)), side, 100.0, 0
    while step > 1:
        n, half = side // step, step // 2
        take = uniform[used:used + 3 * n * n].reshape(3, n, n) * wibble * wibble
        used += 3 * n * n
        corner = p[::step, ::step]
        rows = corner + np.roll(corner, -1, 0)
        centre = (rows + np.roll(rows, -1, 1)) / 4 + take[0]
        p[half::step, half::step] = centre
        p[::step, half::step] = (centre + np.roll(centre, 1, 0) + (corner + np.roll(corner, -1, 1))) / 4 + take[1]
        p[half::step, ::step] = (centre + np.roll(centre, 1, 1) + (corner + np.roll(corner, -1, 0))) / 4 + take[2]
        step, wibble = half, wibble / decay
    p -= p.min()
    return p / p.max()


def fog_map(side, decay, frame=0):
    return plasma(side, decay, words("fog", side * side, frame=frame) / 2 ** 31 - 1)


def fog(x, p, weight):
    x = x / 255.
    most = x.max()
    return np.uint8(np.clip((x + weight * p[:x.shape[0], :x.shape[1], None]) * most / (most + weight), 0, 1) * 255)


def motion_blur(x, radius, sigma, angle):
    """ImageMagick 6.9.11-60: one-sided, 16 bits, cut to 8."""
    i = np.arange(2 * radius + 1)
    weight = np.exp(-i ** 2 / (2 * sigma ** 2))
    weight /= weight.sum()
    rows, columns = np.mgrid[:x.shape[0], :x.shape[1]]
    total = np.zeros(x.shape)
    for k, w in zip(i, weight):
        dx = int(np.ceil(k * np.cos(np.deg2rad(angle)) - 0.5))
        dy = int(np.ceil(k * np.sin(np.deg2rad(angle)) - 0.5))
        total += w * 257. * x[np.clip(rows + dy, 0, x.shape[0] - 1), np.clip(columns + dx, 0, x.shape[1] - 1)]
    return np.uint8(np.floor(total + 0.5) // 257)


def zoomed(x, zoom):
    h = x.shape[0]
    crop = int(np.ceil(h / zoom))
    top = (h - crop) // 2
    big = scipy.ndimage.zoom(x[top:top + crop, top:top + crop], zoom, order=1)
    trim = (big.shape[0] - h) // 2
    return big[trim:trim + h, trim:trim + h]


def snow(x, frame, mean, std, zoom, threshold, radius, sigma, weight):
    layer = zoomed(normals("snow", x.shape[:2], mean, std, draw=1, frame=frame), zoom)
    layer[layer < threshold] = 0
    angle = -135 + 90 * words("snow", 1, frame=frame)[0] / 2 ** 32
    layer = motion_blur(np.uint8(np.clip(layer, 0, 1) * 255), radius, sigma, angle) / 255.
    x = np.float32(x) / 255
    grey = cv2.cvtColor(x, cv2.COLOR_RGB2GRAY)[..., None]
    x = np.float32(weight) * x + np.float32(1 - weight) * np.maximum(x, grey * np.float32(1.5) + np.float32(.5))
    return np.uint8(np.clip(x + layer[..., None] + np.rot90(layer, 2)[..., None], 0, 1) * 255)


def spatter(x, frame, mean, std, sigma, threshold, amount, mud):
    x = np.float32(x) / 255
    liquid = skimage.filters.gaussian(normals("spatter", x.shape[:2], mean, std, frame=frame), sigma)
    liquid[liquid < threshold] = 0
    if mud:
        m = skimage.filters.gaussian(np.float32(liquid > threshold), sigma=amount)
        m[m < 0.8] = 0
        colour = np.float32(m[..., None] * np.float32([63 / 255., 42 / 255., 20 / 255.]))
        return np.uint8(np.clip(x * (1 - m[..., None]) + colour, 0, 1) * 255)
    liquid = np.uint8(liquid * 255)
    d = np.minimum(cv2.distanceTransform(255 - cv2.Canny(liquid, 50, 150), cv2.DIST_L2, 5), 20)
    d = cv2.equalizeHist(cv2.blur(d, (3, 3)).astype(np.uint8))
    d = cv2.filter2D(d, cv2.CV_8U, np.float32([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]))
    m = liquid * cv2.blur(d, (3, 3)).astype(np.float32)
    if m.max() > 0:
        m /= m.max()
    m = (m * np.float32(amount))[..., None]
    return np.uint8(np.clip(x + m * np.float32([175 / 255., 238 / 255., 238 / 255.]), 0, 1) * 255)


def rain(x, frame, area, length, darken):
    h, w, _ = x.shape
    n = h * w // area
    slant = int(words("rain", 1, draw=3, frame=frame)[0]) * 20 // 2 ** 32 - 10
    place = words("rain", 2 * n, frame=frame) / 2 ** 32
    across = np.int64(place[::2] * (w - slant)) + min(slant, 0)
    if slant >= 0:
        across = np.int64(place[::2] * (w - slant))
    down = np.int64(place[1::2] * (h - length)) if h > length else -np.int64(place[1::2] * (1 + length - h))
    mask = np.zeros((h + 2 * length, w), np.uint8)  # rows outside are cut away
    for u, v in zip(across, down + length):
        if u == 0:
            mask[v, 0] = 220
        elif u > 0:
            mask[v:v + length // 2, u] = 220
            mask[v + length // 2:v + length + 1, u - 1] = 220
    m = mask[length:length + h, :, None] / 255.
    lit = x + np.uint8(mask[length:length + h, :, None] * (1 - x / 255.) * (1 - x.mean() / 255))
    soft = cv2.blur(lit, (3, 3))
    wet = soft * m + x * (1 - m)
    mean = wet.mean((0, 1))
    return np.uint8(np.clip((wet - mean) * darken + mean, 0, 255))


# --- checks --------------------------------------------------------------------------------------------


def ours(folder, x, name, severity, *options):
    path, out = f"{folder}/in.mkv", f"{folder}/{name}.mkv"
    write_rgb(path, x)
    corrupt(path, out, name, severity, "--seed", SEED, *options)
    return read_rgb(out)


def check_bytes(label, got, want, share=0):
    """At most `share` of the bytes may differ, by one level: where a sum before a cut is a whole number but for the
    order of its terms, or SciPy keeps single precision between two passes (mud)."""
    off = np.abs(np.int16(got) - np.stack(want))
    check(f"{label}: share of bytes that differ", (off > 0).mean(), share)
    check(f"{label}: levels apart", off.max(), share > 0)


def check_weather(folder):
    """Each picture is a frame with draws of its own."""
    for side, preset in SIZES.items():
        x, iid = pictures(side), ("--temporal", "iid", "--preset", preset)
        for severity in SEVERITIES:
            weight, decay = FOG[side][severity - 1]
            want = [fog(y, fog_map(256 if side == 224 else 64, decay, i), weight) for i, y in enumerate(x)]
            check_bytes(f"fog {severity} at {side}", ours(folder, x, "fog", severity, *iid), want)
            want = [snow(y, i, *SNOW[side][severity - 1]) for i, y in enumerate(x)]
            check_bytes(f"snow {severity} at {side}", ours(folder, x, "snow", severity, *iid), want, 1e-4)
            want = [spatter(y, i, *SPATTER[side][severity - 1]) for i, y in enumerate(x)]
            check_bytes(f"spatter {severity} at {side}", ours(folder, x, "spatter", severity, *iid), want, 1e-4)
            got = ours(folder, x, "rain", severity, "--temporal", "iid", "--preset", "kinetics-c")
            want = [rain(y, i, *RAIN[severity - 1]) for i, y in enumerate(x)]
            check_bytes(f"rain {severity} at {side}", got, want, 2e-4)


def check_fog_of_clips(folder):
    """One map for the clip, the maximum of each frame."""
    x = pictures(224)
    for severity in SEVERITIES:
        weight, decay = FOG[224][severity - 1]
        got = ours(folder, x, "fog", severity, "--temporal", "static", "--preset", "kinetics-c")
        check_bytes(f"fog {severity} of kinetics-c", got, [fog(y, fog_map(256, decay), weight) for y in x])


def check_frost(folder):
    """A picture of the user's, which fits exactly, and ours beside the original's strength."""
    x, own = pictures(224), f"{folder}/own"
    os.mkdir(own)
    frost = np.random.default_rng(1).integers(0, 256, (224, 224, 3), np.uint8)
    Image.fromarray(frost).save(f"{own}/one.png")
    for severity, (a, b) in zip(SEVERITIES, FROST):
        got = ours(folder, x, "frost", severity, "--preset", "imagenet-c-224", "--params", f"folder={own}")
        want = [np.uint8(np.clip(a * y + b * frost, 0, 255)) for y in x]
        check_bytes(f"frost {severity} of a picture", got, want)
        clips = [ours(folder, x, "frost", severity, "--preset", "imagenet-c-224", "--clip-id", i) for i in range(4)]
        level = np.mean([psnr(picture, y) for clip in clips for picture, y in zip(clip, x)])
        check(f"frost {severity}, {level:.1f} dB: off the photographs', dB", abs(level - FROST_PSNR[severity - 1]), 1.5)


def main():
    with tempfile.TemporaryDirectory() as folder:
        check_weather(folder)
        check_fog_of_clips(folder)
        check_frost(folder)
    finish()


if __name__ == "__main__":
    sys.exit(main())
