#!/usr/bin/python3
"""The first pictures of an IDX data set, as one.

    samples/study/first.py data/mnist data/mnist-10k 10000 2000

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import struct
import sys
from pathlib import Path


def cut(source, target, n):
    """Type in the third byte, dimensions in the fourth, then their lengths."""
    data = source.read_bytes()
    head = 4 + 4 * data[3]
    total, *rest = struct.unpack(f">{data[3]}I", data[4:head])
    if n > total:
        sys.exit(f"{source}: {total} entries; {n} were asked for")
    entry = (len(data) - head) // total
    target.write_bytes(data[:4] + struct.pack(f">{data[3]}I", n, *rest) + data[head:head + n * entry])


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    for name, n in (("train", int(sys.argv[3])), ("t10k", int(sys.argv[4]))):
        cut(source / f"{name}-images-idx3-ubyte", target / f"{name}-images-idx3-ubyte", n)
        cut(source / f"{name}-labels-idx1-ubyte", target / f"{name}-labels-idx1-ubyte", n)


main()
