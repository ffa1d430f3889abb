"""Shared by the parity scripts: safetensors in NumPy, and counting.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import json
import os
import struct
import subprocess
import sys

import numpy as np

DTYPES = {"F32": np.float32, "F64": np.float64, "I64": np.int64, "U8": np.uint8}
NAMES = {np.dtype(v): k for k, v in DTYPES.items()}
COPPICE = os.environ["COPPICE"]
BUILD = os.path.dirname(COPPICE)
passed = failed = 0
rows = []


def save(path, tensors, meta=None):
    header, offset, blobs = {}, 0, []
    if meta:
        header["__metadata__"] = {k: str(v) for k, v in meta.items()}
    for name, array in tensors.items():
        array = np.ascontiguousarray(array)
        blob = array.tobytes()
        header[name] = {"dtype": NAMES[array.dtype], "shape": list(np.shape(array)),
                        "data_offsets": [offset, offset + len(blob)]}
        offset += len(blob)
        blobs.append(blob)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def load(path):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    return {name: np.frombuffer(data[8 + size + row["data_offsets"][0]:8 + size + row["data_offsets"][1]],
                                DTYPES[row["dtype"]]).reshape(row["shape"])
            for name, row in header.items()}


def metadata(path):
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        return json.loads(file.read(size)).get("__metadata__", {})


def run(*words):
    return subprocess.run([str(w) for w in words], check=True, stdout=subprocess.PIPE, text=True).stdout


def check(what, value, limit):
    global passed, failed
    ok = bool(value <= limit)
    passed += ok
    failed += not ok
    rows.append({"what": what, "value": float(value), "limit": float(limit)})
    print(f"{'ok  ' if ok else 'FAIL'} {what}: {value:.3g} (limit {limit:.3g})", flush=True)


def finish():
    """Leaves what was measured in build/parity/errors/SCRIPT.json and ends the script."""
    folder, name = os.path.join(BUILD, "parity", "errors"), os.path.basename(sys.argv[0]).rsplit(".", 1)[0]
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name + ".json"), "w") as file:
        json.dump(rows, file, indent=1)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)
