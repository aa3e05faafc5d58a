# SPDX-License-Identifier: LGPL-2.1-or-later
"""Model files: safetensors, written and read with PyTorch and the standard library alone.

The format: 8 bytes of header length (little endian), the header as JSON (name -> dtype, shape,
offsets into the rest; `__metadata__` -> strings), the tensors' bytes.
"""

import json
import struct

import numpy as np
import torch

import hrnet

TYPES = {"F32": (torch.float32, 4), "F16": (torch.float16, 2), "BF16": (torch.bfloat16, 2)}


def write(file, tensors, metadata):
    """`tensors` of one type; halves as they are, others as F32."""
    header, blobs, end = {"__metadata__": metadata}, [], 0
    for name, tensor in tensors.items():
        half = tensor.dtype == torch.float16
        blob = tensor.detach().cpu().contiguous().numpy().astype("<f2" if half else "<f4").tobytes()
        header[name] = {"dtype": "F16" if half else "F32", "shape": list(tensor.shape),
                        "data_offsets": [end, end + len(blob)]}
        blobs.append(blob)
        end += len(blob)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with open(file, "wb") as stream:
        stream.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def read(file):
    """Tensors in float32, and the metadata."""
    with open(file, "rb") as stream:
        length, = struct.unpack("<Q", stream.read(8))
        header = json.loads(stream.read(length))
        data = np.frombuffer(stream.read(), np.uint8)
    metadata, tensors = header.pop("__metadata__", {}), {}
    for name, entry in header.items():
        dtype, _ = TYPES[entry["dtype"]]
        start, end = entry["data_offsets"]
        raw = torch.from_numpy(data[start:end].copy())
        tensors[name] = raw.view(dtype).view(entry["shape"]).float()
    return tensors, metadata


def network(file, variant="w18-small-v1"):
    """The network of a model file, in evaluation mode, and the file's metadata."""
    tensors, metadata = read(file)
    net = hrnet.build(variant, classes=len(tensors["last_layer.3.bias"]),
                      align_corners=metadata.get("hrnet.align_corners") == "true",
                      upsample=metadata.get("hrnet.upsample", "bilinear"))
    missing, unexpected = net.load_state_dict(tensors, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise ValueError(f"{file}: not a {variant}: {(missing + unexpected)[0]}")
    return net.eval(), metadata
