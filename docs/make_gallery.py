#!/usr/bin/python3
"""Draws docs/gallery/*.jpg and docs/GALLERY.md: every corruption at its five severities.

The clip is a camera that moves over a picture of the astronaut Eileen Collins (NASA, public domain,
as scikit-image distributes it): 60 frames of 256 x 192. Usage: docs/make_gallery.py build/coppice
SPDX-License-Identifier: LGPL-2.1-or-later
"""
import io
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import skimage.data
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
FRAMES, WIDTH, HEIGHT, TILE = 60, 256, 192, 160
SEEDS = {"bitstream": 2}  # of which the frame's group is hit harder from severity to severity; others: 1
NOTES = {"bitstream": "What is hit is chance: with another seed a group may be lost at severity 1, or whole at 5.\n\n"}
HEAD = """# Gallery

Every corruption at severities 1 to 5 under its default preset, the frame in the middle of the clip; `coppice list corruptions NAME` has
its parameters, [CORRUPTIONS.md](CORRUPTIONS.md) what it costs and how it was checked. Made by `make_gallery.py` with `coppice preview`. The
picture is a portrait of the astronaut Eileen Collins, NASA, public domain; a camera moves over it.
"""


def clip(path):
    """A camera that pans and comes nearer."""
    picture = Image.fromarray(skimage.data.astronaut())
    frames = []
    for i in range(FRAMES):
        w = 420 - 1.2 * i
        left, top = 10 + 0.9 * i, 4 + 0.4 * i
        box = (left, top, left + w, top + w * HEIGHT / WIDTH)
        frames.append(np.asarray(picture.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC, box)))
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}",
                    "-r", "25", "-i", "-", "-c:v", "ffv1", "-pix_fmt", "yuv420p", path],
                   input=np.stack(frames).tobytes(), check=True)


def main(coppice):
    corruptions = json.loads(subprocess.run([coppice, "list", "corruptions", "--json"], check=True,
                                            stdout=subprocess.PIPE).stdout)
    families = list(dict.fromkeys(c["family"] for c in corruptions))
    text = HEAD
    os.makedirs(f"{HERE}/gallery", exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        clip(f"{folder}/astronaut.mkv")
        for family in families:
            subprocess.run([coppice, "preview", f"{folder}/astronaut.mkv", "-o", f"{folder}/sheet.png", "--corruption",
                            family, "--tile", str(TILE), "--seed", str(SEEDS.get(family, 1))], check=True)
            jpeg = io.BytesIO()
            Image.open(f"{folder}/sheet.png").save(jpeg, "JPEG", quality=82, optimize=True)
            open(f"{HERE}/gallery/{family}.jpg", "wb").write(jpeg.getvalue())
            text += f"\n## {family.capitalize()}\n![{family}](gallery/{family}.jpg)\n\n{NOTES.get(family, '')}"
            text += "".join(f"- `{c['name']}`: {c['summary']}. {c['reference']}.\n" for c in corruptions
                            if c["family"] == family)
    open(f"{HERE}/GALLERY.md", "w").write(text)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(os.path.abspath(sys.argv[1]))
