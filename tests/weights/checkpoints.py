# SPDX-License-Identifier: LGPL-2.1-or-later
"""State dicts of HRNetV2 with random weights, saved in the forms that the engine reads."""

import contextlib
import importlib.util
import json
import struct
import sys
import warnings
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "train"))
import hrnet  # noqa: E402


# The last word of a form's name: how far its weights may be from the original's, relatively. Other
# tools fold normalisation in float32.
ROUNDING = {"f16": 2.0 ** -9, "bf16": 2.0 ** -6, "folded": 1e-6, "size": 1e-6,
            "exporter": 1e-6}


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


class Resize:
    """How one part of a network upsamples, in the place of hrnet.Layers."""

    def __init__(self, upsample="bilinear", align_corners=False, twice=False):
        self.options = {"mode": upsample}
        if upsample == "bilinear":
            self.options["align_corners"] = align_corners
        self.twice = twice

    def resize(self, x, size):
        if x.shape[-2:] == size:
            return x
        if self.twice:
            factor = 1
            while x.shape[-1] * factor < size[1] or x.shape[-2] * factor < size[0]:
                factor *= 2
            x = F.interpolate(x, scale_factor=factor, **self.options)
        return F.interpolate(x, size, **self.options)


def varied(exchange=None, head=None, eps=None, head_kernel=1, input_channels=3, **options):
    """A small network that differs from the authors' in what the arguments say."""
    model = network("w18-small-v1", **options)
    for module in model.modules():
        if isinstance(module, hrnet.Exchange) and exchange:
            module.make = Resize(**exchange)
        if isinstance(module, torch.nn.BatchNorm2d) and eps is not None:
            module.eps = eps
    if head:
        model.make = Resize(**head)
    if head_kernel == 3:
        mix = torch.nn.Conv2d(240, 60, 3, padding=1)
        model.last_layer[0], model.last_layer[1] = mix, torch.nn.BatchNorm2d(60)
        model.last_layer[3] = torch.nn.Conv2d(60, model.config.classes, 1)
    if input_channels != 3:
        model.conv1 = torch.nn.Conv2d(input_channels, 64, 3, 2, 1, bias=False)
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


def with_rounded_weights(model, form):
    """The network as a form of 16 bits holds it; else the network itself."""
    dtype = {"f16": torch.float16, "bf16": torch.bfloat16}.get(form.split("-")[-1])
    if dtype is None:
        return model
    copy = hrnet.HRNet(model.config).eval()
    copy.load_state_dict({n: t.float() if t.is_floating_point() else t
                          for n, t in rounded(model.state_dict(), dtype).items()})
    return copy


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


def export_onnx(path, model, size=(64, 96), example=None, **options):
    """As torch.onnx.export writes it; normalisation is folded unless `keep_norm`."""
    if options.pop("keep_norm", False):
        options |= {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
    # The newer exporter tells of its steps where a test's results are read.
    with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
        warnings.simplefilter("ignore")
        torch.onnx.export(model, (torch.zeros(1, 3, *size) if example is None else example,), path,
                          **{"dynamo": False, "opset_version": 13, **options})


def onnx_forms(model):
    """Writers of ONNX files by name; none where its Python package is missing."""
    try:
        import onnx  # noqa: F401 (what torch.onnx.export needs)
    except ImportError:
        return {}
    newer = {}
    if importlib.util.find_spec("onnxscript"):
        newer["onnx-newer-exporter"] = lambda p: export_onnx(p, model, dynamo=True, opset_version=18)
    axes = {"input_names": ["x"], "dynamic_axes": {"x": {2: "h", 3: "w"}}}
    return newer | {
        "onnx-folded": lambda p: export_onnx(p, model),
        "onnx-norm": lambda p: export_onnx(p, model, keep_norm=True, opset_version=11),
        "onnx-any-size": lambda p: export_onnx(p, model, opset_version=17, **axes),
    }


def pphumanseg(path, size=192):
    """The like of OpenCV Zoo's PP-HumanSeg: W18-Small-v1 out of Paddle, its normalisation folded,
    padded as "same", two classes, with the mask's upsampling and softmax at its end. Returns the
    network."""
    import onnx
    model = network("w18-small-v1", classes=2, padding="same")
    symmetric = network("w18-small-v1", classes=2)
    symmetric.load_state_dict(model.state_dict())

    class Whole(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = symmetric

        def forward(self, x):
            return torch.softmax(hrnet.upsample_logits(self.net(x), (size, size)), 1)

    export_onnx(path, Whole().eval(), (size, size))
    graph = onnx.load(path)
    for node in graph.graph.node:
        attributes = {a.name: a for a in node.attribute}
        if node.op_type == "Conv" and list(attributes["strides"].ints) == [2, 2]:
            attributes["pads"].ints[:] = [0, 0, 1, 1]
    assert sum(node.op_type == "Conv" for node in graph.graph.node) == 73
    onnx.save(graph, path)
    return model


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
        "legacy": lambda p: save_legacy(p, state),
        "legacy-bf16": lambda p: save_legacy(p, rounded(state, torch.bfloat16)),
        "legacy-checkpoint": lambda p: save_legacy(
            p, training_checkpoint(model, "model_state_dict", "model.")),
        "legacy-channels-last": lambda p: save_legacy(p, channels_last),
    }
    writers |= onnx_forms(model)
    for name, write in writers.items():
        path = Path(folder) / name
        write(path)
        yield name, path, ROUNDING.get(name.split("-")[-1], 0.0)
        path.unlink()
