#!/usr/bin/python3
"""Weights from PyTorch to coppice and back; needs torch and numpy alone.

    torch_weights.py r3d_18.pth r3d_18.safetensors       then: coppice ... model.weights, infer --arch r3d_18
    torch_weights.py model.safetensors model.pth         then: net.load_state_dict(torch.load("model.pth"))

A .pth may hold a state dict, or a checkpoint with one under "state_dict" or "model". Compact files (coppice model
convert --compact) are read, too. SPDX-License-Identifier: LGPL-2.1-or-later
"""
import json
import struct
import sys

import numpy as np
import torch

TYPES = {"F64": np.float64, "F32": np.float32, "F16": np.float16, "I64": np.int64, "I32": np.int32, "U8": np.uint8}
NAMES = {np.dtype(v): k for k, v in TYPES.items()}


def write(path, tensors):
    header, blobs, offset = {"__metadata__": {"format": "pt"}}, [], 0
    for name, tensor in tensors.items():
        array = tensor.detach().cpu().contiguous().numpy()
        header[name] = {"dtype": NAMES[array.dtype], "shape": list(array.shape),
                        "data_offsets": [offset, offset + array.nbytes]}
        blobs.append(array.tobytes())
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:start])
    meta = header.pop("__metadata__", {})
    arrays = {name: np.frombuffer(data[start + row["data_offsets"][0]:start + row["data_offsets"][1]],
                                  TYPES[row["dtype"]]).reshape(row["shape"]) for name, row in header.items()}
    if meta.get("sparse.format") == "bitmask":
        for stem in [name[:-len(".bitmask")] for name in arrays if name.endswith(".bitmask")]:
            values, bits, shape = (arrays.pop(stem + end) for end in (".compressed", ".bitmask", ".shape"))
            whole = np.zeros(shape, values.dtype)
            whole.flat[np.flatnonzero(np.unpackbits(bits, bitorder="little", count=whole.size))] = values
            arrays[stem] = whole
    return {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}


def main():
    if len(sys.argv) != 3 or sum(word.endswith(".safetensors") for word in sys.argv[1:]) != 1:
        sys.exit(__doc__)
    source, target = sys.argv[1:]
    if source.endswith(".safetensors"):
        torch.save(read(source), target)
        return
    state = torch.load(source, map_location="cpu")
    for key in ("state_dict", "model"):
        state = state.get(key, state)
    write(target, {name: value for name, value in state.items() if torch.is_tensor(value)})


if __name__ == "__main__":
    main()
