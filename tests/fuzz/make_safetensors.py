#!/usr/bin/python3
# Writes the corpus of fuzz_safetensors.c: small files, sound and broken, written
# from the description of the format with Python's json. Nothing is random.
# Usage: make_safetensors.py FOLDER
# SPDX-License-Identifier: LGPL-2.1-or-later
import json
import pathlib
import struct
import sys


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def pack(header, size, pad=0):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text += b" " * pad
    return struct.pack("<Q", len(text)) + text + bytes(i * 37 & 255 for i in range(size))


files = {
    "empty": pack({}, 0),
    "metadata": pack({"__metadata__": {"format": "pt", "k\u00e9y": "\U0001f600 \"\\\n\t"}}, 0, 9),
    "two": pack({"conv1.weight": entry("F32", [2, 3], 4, 28), "n": entry("I32", [], 0, 4)}, 28),
    "all": pack({d: entry(d, [1], 8 * i, 8 * i + 8) if d[-2:] == "64" else
                 entry(d, [8 // s], 8 * i, 8 * i + 8)
                 for i, (d, s) in enumerate([
                     ("F64", 8), ("F32", 4), ("F16", 2), ("BF16", 2), ("I64", 8), ("I32", 4),
                     ("I16", 2), ("I8", 1), ("U8", 1), ("BOOL", 1), ("U16", 2), ("U32", 4),
                     ("U64", 8)])}, 104, 3),
    "zero": pack({"a": entry("U8", [0], 0, 0), "b": entry("U8", [0, 5], 0, 0),
                  "c": entry("U8", [1, 1, 1, 1, 1, 1, 1, 1], 0, 1)}, 1),
    "raw": pack(b'{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80":{"dtype":"\\u0055\\u0038","shape":[2],'
                b'"data_offsets":[0,2]}}', 2),
    "overlap": pack({"a": entry("U8", [4], 0, 4), "b": entry("U8", [4], 2, 6)}, 6),
    "overflow": pack({"a": entry("F32", [2**62], 0, 0)}, 0),
    "twins": pack(b'{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},'
                  b'"\\u0061":{"dtype":"U8","shape":[],"data_offsets":[1,2]}}', 2),
    "surrogate": pack(b'{"__metadata__":{"\\ud83d":"\\ude00"}}', 0),
    "nested": pack(b'{"a":' * 50 + b"[" * 50, 0),
    "compact": pack({"__metadata__": {"sparse.format": "bitmask"},
                     "w.compressed": entry("F32", [3], 0, 12), "w.bitmask": entry("U8", [1], 28, 29),
                     "w.shape": entry("I64", [2], 12, 28)}, 0) + struct.pack("<3f2qB", 1, 2, 3, 2, 3, 37),
    "length": struct.pack("<Q", 2**63) + b"{}",
}
for name, data in files.items():
    (pathlib.Path(sys.argv[1]) / (name + ".safetensors")).write_bytes(data)
