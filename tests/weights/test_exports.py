#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ONNX exports tell how each part of the network upsamples, and what eps is; what is none is named.

    test_exports.py COMPARE_WEIGHTS HRNET_SEGMENT

Prints TAP; skipped without PyTorch and onnx.
"""

import sys
import tempfile
from pathlib import Path

try:
    import onnx
    import torch
except ImportError:
    print("1..0 # SKIP PyTorch or onnx is not installed")
    sys.exit(0)

import checkpoints
from forms import Report

SIZE = (131, 197)


class Upsampled(torch.nn.Module):
    """A network with its logits' way to the picture's size at the end."""

    def __init__(self, net, align_corners):
        super().__init__()
        self.net, self.align_corners = net, align_corners

    def forward(self, x):
        return torch.nn.functional.interpolate(self.net(x), x.shape[-2:], mode="bilinear",
                                               align_corners=self.align_corners)


# What the network is made with, how it is exported, and the options that say the same.
EXPORTS = [
    ({"exchange": {"upsample": "nearest"}}, {}, {"exchange_upsample": "nearest"}),
    ({"head": {"upsample": "nearest"}}, {}, {"head_upsample": "nearest"}),
    ({"head": {"align_corners": True}}, {}, {"head_align_corners": "true"}),
    ({"exchange": {"upsample": "nearest"}, "align_corners": True}, {},
     {"align_corners": "true", "exchange_upsample": "nearest"}),
    ({"eps": 0.01}, {"keep_norm": True}, {"eps": "0.01"}),
    ({"classes": 1}, {}, {}),
    ({"input_channels": 1}, {}, {}),
]


def export(path, model, **options):
    channels = model.conv1.in_channels if hasattr(model, "conv1") else 3
    with checkpoints.warnings.catch_warnings():
        checkpoints.warnings.simplefilter("ignore")
        if options.pop("keep_norm", False):
            options |= {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
        torch.onnx.export(model, (torch.zeros(1, channels, *SIZE),), path, dynamo=False,
                          opset_version=13, **options)


def clipped(graph):
    """Clip from 0 up in the place of each ReLU."""
    graph.initializer.append(onnx.helper.make_tensor("zero", onnx.TensorProto.FLOAT, [], [0.0]))
    for node in graph.node:
        if node.op_type == "Relu":
            node.op_type = "Clip"
            node.input.append("zero")


def bounded(graph):
    """ReLU6 is none."""
    clipped(graph)
    graph.initializer.append(onnx.helper.make_tensor("six", onnx.TensorProto.FLOAT, [], [6.0]))
    for node in graph.node:
        if node.op_type == "Clip":
            node.input.append("six")


def quantised(graph):
    at = next(i for i, node in enumerate(graph.node) if node.op_type == "Relu")
    output = graph.node[at].output[0]
    graph.node[at].output[0] = "real"
    for name, kind, value in (("scale", onnx.TensorProto.FLOAT, 0.1), ("zero", onnx.TensorProto.UINT8, 0)):
        graph.initializer.append(onnx.helper.make_tensor(name, kind, [], [value]))
    graph.node.insert(at + 1, onnx.helper.make_node("QuantizeLinear", ["real", "scale", "zero"], ["whole"]))
    graph.node.insert(at + 2, onnx.helper.make_node("DequantizeLinear", ["whole", "scale", "zero"], [output]))


def foreign(graph):
    next(node for node in graph.node if node.op_type == "Conv").domain = "com.example"


CHANGES = [(clipped, None), (bounded, "with a ReLU behind"), (quantised, "is quantised"), (foreign, "com.example")]


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain, path = folder / "plain.safetensors", folder / "model.onnx"
        report, grey = Report(*sys.argv[1:3], name), None
        for shape, how, options in EXPORTS:
            model = checkpoints.varied(**shape)
            if "input_channels" in shape:
                grey = Report(*sys.argv[1:3], name, channels=1)
                grey.n, grey.failed = report.n, report.failed
            checkpoints.write_safetensors(plain, model.state_dict(),
                                          {f"hrnet.{k}": v for k, v in options.items()})
            export(path, model, **how)
            (grey or report).case(f"export of {shape}", plain, path, 1e-6, model=model)
        report.n, report.failed = grey.n, grey.failed

        model = checkpoints.varied()
        checkpoints.write_safetensors(plain, model.state_dict(), {"hrnet.logits_align_corners": "true"})
        export(path, Upsampled(model, True))
        report.case("the logits' own upsampling", plain, path, 1e-6)
        checkpoints.write_safetensors(plain, model.state_dict())
        export(path, model)
        for change, message in CHANGES:
            changed = onnx.load(path)
            change(changed.graph)
            onnx.save(changed, folder / "changed.onnx")
            report.case(change.__name__, plain, folder / "changed.onnx", 1e-6, refused=message is not None,
                        message=message or "")
    print(f"1..{report.n}")
    return report.failed != 0


sys.exit(main())
