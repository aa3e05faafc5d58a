#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the fuzzers' first inputs into corpus/: a small network in each form. Needs PyTorch and onnx."""

import io
import json
import sys
import tempfile
from pathlib import Path

import onnx
import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "weights"))
import checkpoints  # noqa: E402
import hrnet  # noqa: E402

hrnet.STEM_CHANNELS = 1  # as small as it gets: what counts is the structure


def put(reader, name, content):
    folder = HERE / "corpus" / reader
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def saved(content, **options):
    file = io.BytesIO()
    torch.save(content, file, **options)
    return file.getvalue()


def legacy(content):
    """Without the three pickles that fuzz_pth_legacy.c puts in front."""
    whole = saved(content, _use_new_zipfile_serialization=False)
    at = 0
    for _ in range(3):
        at = whole.index(b".\x80\x02", at) + 1
    return whole[at:]


def shorn(path):
    """An ONNX file without the long names that exporters give."""
    model = onnx.load(path)
    short = {}
    for node in model.graph.node:
        node.name = node.doc_string = ""
        for names in (node.input, node.output):
            names[:] = [n and short.setdefault(n, str(len(short))) for n in names]
    for value in (*model.graph.initializer, *model.graph.input, *model.graph.output):
        value.name = short.get(value.name, value.name)
    del model.graph.value_info[:]
    return model.SerializeToString()


def main():
    config = hrnet.Config(1, 1, (1, 1, 1), 1, (1, 1, 1, 1), classes=1)
    state = {n: t for n, t in hrnet.HRNet(config).state_dict().items() if "batches" not in n}
    some = {n: t for n, t in state.items() if n.startswith(("conv1", "bn1"))}
    header, at = {"__metadata__": {"hrnet.mean": "[0.5, 0.5, 0.5]", "license": "x"}}, 0
    for name, tensor in state.items():
        n_bytes = tensor.numel() * 4
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [at, at + n_bytes]}
        at += n_bytes
    put("safetensors", "network", at.to_bytes(2, "little") + json.dumps(header).encode())
    small = {n: header[n] for n in ("__metadata__", *some)}
    put("safetensors", "stem", b"\0\1" + json.dumps(small).encode())
    put("pth_legacy", "network", legacy(state))
    put("pth_legacy", "checkpoint", legacy({"epoch": 1, "lr": 0.1, "state_dict": some}))
    put("pth_legacy", "half", legacy({n: t.half() for n, t in some.items()}))
    put("pth_zip", "network", saved(some))
    put("pth_zip", "checkpoint", saved({"epoch": 1, "model": {"module." + n: t for n, t in some.items()}}))

    network = hrnet.HRNet(config).eval()
    for name, keep in (("folded", False), ("norm", True)):
        with tempfile.NamedTemporaryFile() as file:
            checkpoints.export_onnx(file.name, network, (32, 32), keep_norm=keep)
            put("onnx", name, shorn(file.name))


main()
