# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checkpoints of the tests' own making: .safetensors files read and written with Python's library."""

import json
import struct


def read_model(path):
    """Metadata, and each tensor's type, shape and bytes."""
    with open(path, "rb") as file:
        data = file.read()
    length = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__")
    body = memoryview(data)[8 + length:]
    return metadata, {name: (part["dtype"], part["shape"],
                             bytes(body[slice(*part["data_offsets"])]))
                      for name, part in header.items()}


def write_model(path, metadata, tensors):
    header, parts, at = {"__metadata__": metadata}, [], 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        parts.append(data)
        at += len(data)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))


def shift_logits(tensors, shifts):
    """Adds a number to each class's logits, by the classifier's bias."""
    dtype, shape, data = tensors["last_layer.3.bias"]
    assert dtype == "F32" and len(data) == 4 * len(shifts)
    values = struct.unpack(f"<{len(shifts)}f", data)
    tensors["last_layer.3.bias"] = dtype, shape, struct.pack(
        f"<{len(shifts)}f", *(value + shift for value, shift in zip(values, shifts)))
