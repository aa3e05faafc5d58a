# SPDX-License-Identifier: LGPL-2.1-or-later
"""Model files: safetensors, written and read with PyTorch and the standard library alone.

The format: 8 bytes of header length (little endian), the header as JSON (name -> dtype, shape,
offsets into the rest; `__metadata__` -> strings), the tensors' bytes.
"""

import json
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import torch

import hrnet

MODELS = (Path(__file__).resolve().parents[2] / "engine" / "models",
          Path("/usr/local/share/hrnet/models"), Path("/usr/share/hrnet/models"))
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


def locate(name):
    """A file, or a model that is known by its name alone, as the engine looks for it."""
    folders = [Path(f) for f in os.environ.get("HRNET_MODEL_PATH", "").split(":") if f]
    for file in (Path(name), *(f / f"{name}.safetensors" for f in (*folders, *MODELS))):
        if file.is_file():
            return file
    raise SystemExit(f"{name}: no such file, and no model of that name")


def read(file):
    """Tensors in float32, and the metadata."""
    try:
        with open(file, "rb") as stream:
            length, = struct.unpack("<Q", stream.read(8))
            header = json.loads(stream.read(length))
            data = np.frombuffer(stream.read(), np.uint8)
    except (OSError, struct.error, ValueError, OverflowError, MemoryError):
        raise SystemExit(f"{file}: is no model file, or cannot be read") from None
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
        raise SystemExit(f"{file}: not a {variant}: {(missing + unexpected)[0]}")
    return net.eval(), metadata


def initial(file, own, tasks):
    """What a run starts from, as far as it fits the tensors `own` of a run of these tasks, and its licence.

    That is the mean weights of another run, or a model file's; heads of other classes stay out.
    """
    if file.suffix == ".safetensors":
        tensors, metadata = read(file)
        found = {f"nets.{t}.{name}": v for t in tasks for name, v in tensors.items()}
        licence = metadata.get("license", "")
    else:
        run = load_run(file)
        if "mean" not in run:
            raise SystemExit(f"{file}: not the last.pt of a run, nor a model file")
        found, licence = run["mean"], next((t["license"] for t in run.get("about", {}).values()), "")
    state = {name: v for name, v in found.items() if name in own and own[name].shape == v.shape}
    new = ("last_layer", "aux", "presence", "num_batches_tracked")
    if any(name not in state and not any(part in name for part in new) for name in own):
        raise SystemExit(f"{file}: not of this network: is it another --variant?")
    return state, licence


def load_run(file):
    """What train.py saved."""
    try:
        return torch.load(file, map_location="cpu")
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError):
        raise SystemExit(f"{file}: is nothing that train.py saved, or cannot be read") from None
