#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every form of checkpoint gives the weights of the plain one, and PyTorch's logits.

    test_forms.py COMPARE_WEIGHTS HRNET_SEGMENT VARIANT...

Without HRNET_SEGMENT ("-") weights are compared only. Prints TAP; skipped without PyTorch.
"""

import sys
import tempfile
from pathlib import Path

try:
    import torch  # noqa: F401
except ImportError:
    print("1..0 # SKIP PyTorch is not installed")
    sys.exit(0)

import checkpoints
from forms import Report


# What only an ONNX graph tells of itself.
ONNX_OPTIONS = [{"align_corners": True}, {"upsample": "nearest"}]
ONNX_SHAPES = [{"bottleneck": True}, {"single_output": True, "classifier_kernel": 3},
               {"stage1_width": 16, "channels": (64, 32, 16, 8)},
               {"stage1_width": 16, "channels": (16, 16, 16, 16), "bottleneck": True, "modules": (2, 1, 2)}]


def external_cases(report, folder, plain, path):
    """Weights in a file of their own: beside the model, and where it has no business to read."""
    import onnx
    model = checkpoints.network("w18-small-v1")
    checkpoints.write_safetensors(plain, model.state_dict())
    checkpoints.export_onnx(path, model)
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="model.data", size_threshold=0)
    report.case("onnx weights beside", plain, path, 1e-6, model=model)
    graph = onnx.load(path, load_external_data=False)
    for location in ("../model.data", str(Path(folder) / "model.data"), "..", "absent", ""):
        for tensor in graph.graph.initializer:
            for entry in tensor.external_data:
                if entry.key == "location":
                    entry.value = location
        onnx.save(graph, path)
        report.case(f"onnx weights in '{location}' are refused", plain, path, 1e-6, refused=True)
    path.unlink()


def mmsegmentation_case(report, folder, plain):
    """Its exchange units upsample in two steps, which its names tell."""
    path = Path(folder) / "mmsegmentation"
    model = checkpoints.varied(exchange={"twice": True})
    checkpoints.write_safetensors(plain, model.state_dict(), {"hrnet.exchange_twice": "true"})
    checkpoints.save_zip(path, checkpoints.mmsegmentation(model.state_dict()))
    report.case("MMSegmentation", plain, path, 0, model=model)


def refused_cases(report, folder, plain, model):
    """Other heads of MMSegmentation, and none."""
    path = Path(folder) / "refused"
    whole = checkpoints.mmsegmentation(model.state_dict())["state_dict"]
    second = whole | {"decode_head.convs.1.conv.weight": torch.zeros(15, 15, 3, 3)}
    backbone = {name: t for name, t in whole.items() if name.startswith("backbone.")}
    for title, state in (("a second convolution", second), ("no head", backbone)):
        checkpoints.save_zip(path, state)
        report.case(f"MMSegmentation with {title} is refused", plain, path, 0, refused=True)


def onnx_cases(report, folder):
    plain, path = Path(folder) / "plain.safetensors", Path(folder) / "model.onnx"
    for options in ONNX_OPTIONS + ONNX_SHAPES:
        model = checkpoints.network("w18-small-v1", **options)
        metadata = {f"hrnet.{k}": str(v).lower() for k, v in options.items() if options in ONNX_OPTIONS}
        checkpoints.write_safetensors(plain, model.state_dict(), metadata)
        checkpoints.export_onnx(path, model)
        report.case(f"onnx {options}", plain, path, 1e-6, model=model)
    external_cases(report, folder, plain, path)
    model = checkpoints.pphumanseg(path)
    checkpoints.write_safetensors(plain, model.state_dict(), {"hrnet.padding": "same"})
    report.case("onnx like PP-HumanSeg", plain, path, 1e-6, model=model)


def main():
    with tempfile.TemporaryDirectory() as folder:
        report = Report(*sys.argv[1:3], folder)
        for variant in sys.argv[3:]:
            model = checkpoints.network(variant)
            plain = Path(folder) / "plain.safetensors"
            checkpoints.write_safetensors(plain, model.state_dict())
            for form, path, rounding in checkpoints.forms(model, folder):
                kept = checkpoints.with_rounded_weights(model, form)
                report.case(f"{variant} {form}", plain, path, rounding, model=kept)
            if variant == "w18-small-v1":
                refused_cases(report, folder, plain, model)
                mmsegmentation_case(report, folder, plain)
            if variant == "w18-small-v1" and checkpoints.onnx_forms(model):
                onnx_cases(report, folder)
    print(f"1..{report.n}")
    return report.failed != 0


sys.exit(main())
