# SPDX-License-Identifier: LGPL-2.1-or-later
"""State dicts of HRNetV2 with random weights, saved in the forms that the engine reads."""

import json
import struct
import sys
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "train"))
import hrnet  # noqa: E402


def network(variant, seed=0, **options):
    """A network in evaluation whose normalisation does something, negative gammas included."""
    torch.manual_seed(seed)
    model = hrnet.HRNet(replace(hrnet.VARIANTS[variant], **options))
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.0)
            module.weight.data[::7] *= -1
            module.bias.data.uniform_(-0.2, 0.2)
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)
        elif isinstance(module, torch.nn.Conv2d) and module.bias is not None:
            module.bias.data.uniform_(-0.2, 0.2)
    return model.eval()


def write_safetensors(path, tensors, metadata=None):
    """By hand, so that neither a package nor the engine's own writer is believed."""
    names = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64"}
    header, data = {}, []
    if metadata:
        header["__metadata__"] = metadata
    offset = 0
    for name, tensor in tensors.items():
        raw = tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
        header[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape),
                        "data_offsets": [offset, offset + len(raw)]}
        data.append(raw)
        offset += len(raw)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.writelines(data)


def prefixed(state, prefix):
    return OrderedDict((prefix + name, tensor) for name, tensor in state.items())


def rounded(state, dtype):
    return OrderedDict((name, t.to(dtype) if t.is_floating_point() else t)
                       for name, t in state.items())


def training_checkpoint(model, key, prefix):
    """As a training program keeps it, with an optimiser that has moments of every weight."""
    model.requires_grad_(True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [30, 60])
    for parameter in model.parameters():
        optimizer.state[parameter]["momentum_buffer"] = torch.ones_like(parameter)
    return {"epoch": 484, "best_mIoU": torch.tensor(0.7).double().numpy()[()],
            "optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict(),
            key: prefixed(model.state_dict(), prefix)}


def mmsegmentation(state):
    def rename(name):
        for ours, theirs in (("last_layer.0.", "decode_head.convs.0.conv."),
                             ("last_layer.1.", "decode_head.convs.0.bn."),
                             ("last_layer.3.", "decode_head.conv_seg.")):
            if name.startswith(ours):
                return theirs + name[len(ours):]
        return "backbone." + name
    renamed = OrderedDict((rename(name), tensor) for name, tensor in state.items())
    renamed["auxiliary_head.conv_seg.weight"] = torch.zeros(19, 32, 1, 1)
    return {"meta": {"CLASSES": ("road", "sidewalk"), "PALETTE": [[128, 64, 128], [244, 35, 232]],
                     "mmseg_version": "0.30.0", "epoch": 1, "iter": 160000},
            "state_dict": renamed, "optimizer": None}


def save_zip(path, content):
    torch.save(content, path)


def save_legacy(path, content):
    torch.save(content, path, _use_new_zipfile_serialization=False)


def forms(model, folder):
    """Writes one form after the other; yields its name, path, and the largest relative rounding."""
    state = model.state_dict()
    channels_last = OrderedDict(
        (name, t.to(memory_format=torch.channels_last) if t.dim() == 4 else t)
        for name, t in state.items())
    one_storage = torch.cat([t.reshape(-1).float() for t in state.values()])
    parts = one_storage.split([t.numel() for t in state.values()])
    views = OrderedDict((n, p.view(t.shape)) for (n, t), p in zip(state.items(), parts))
    parameters = OrderedDict((n, torch.nn.Parameter(t) if t.is_floating_point() else t)
                             for n, t in state.items())
    writers = {
        "safetensors-f32": lambda p: write_safetensors(p, state),
        "safetensors-f16": lambda p: write_safetensors(p, rounded(state, torch.float16)),
        "safetensors-bf16": lambda p: write_safetensors(p, rounded(state, torch.bfloat16)),
        "zip": lambda p: save_zip(p, state),
        "zip-f16": lambda p: save_zip(p, rounded(state, torch.float16)),
        "zip-f64": lambda p: save_zip(p, rounded(state, torch.float64)),
        "zip-parameters": lambda p: save_zip(p, parameters),
        "zip-channels-last": lambda p: save_zip(p, channels_last),
        "zip-views": lambda p: save_zip(p, views),
        "zip-protocol-4": lambda p: torch.save(state, p, pickle_protocol=4),
        "zip-checkpoint": lambda p: save_zip(
            p, training_checkpoint(model, "state_dict", "module.model.")),
        "zip-model": lambda p: save_zip(p, {"model": prefixed(state, "module."), "epoch": 3}),
        "zip-mmsegmentation": lambda p: save_zip(p, mmsegmentation(state)),
        "legacy": lambda p: save_legacy(p, state),
        "legacy-bf16": lambda p: save_legacy(p, rounded(state, torch.bfloat16)),
        "legacy-checkpoint": lambda p: save_legacy(
            p, training_checkpoint(model, "model_state_dict", "model.")),
        "legacy-channels-last": lambda p: save_legacy(p, channels_last),
    }
    for name, write in writers.items():
        path = Path(folder) / name
        write(path)
        yield name, path, {"f16": 2.0 ** -9, "bf16": 2.0 ** -6}.get(name.split("-")[-1], 0.0)
        path.unlink()
