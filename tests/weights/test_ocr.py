#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""HRNetV2+OCR by everyone's names gives the weights of the authors' file, and PyTorch's logits.

    test_ocr.py COMPARE_WEIGHTS HRNET_SEGMENT

Without HRNET_SEGMENT ("-") weights are compared only. Prints TAP; skipped without PyTorch.
"""

import json
import sys
import tempfile
from pathlib import Path

try:
    import torch
except ImportError:
    print("1..0 # SKIP PyTorch is not installed")
    sys.exit(0)

import checkpoints
from checkpoints import prefixed
from forms import Report

BLOCK = "ocr_distri_head.object_context_block."
THEIRS = "decode_head.1.object_context_block."

# The authors' names, and others', from the longest on.
NVIDIA = {"aux_head.1.": "aux_head.1.0.", "aux_head.3.": "aux_head.2.",
          "conv3x3_ocr.1.": "conv3x3_ocr.1.0."}
OPENSEG = {"aux_head.1.": "aux_head.1.0.", "aux_head.3.": "aux_head.2.",
           "conv3x3_ocr.0.": "conv3x3.0.", "conv3x3_ocr.1.": "conv3x3.1.0."}
MMSEGMENTATION = {
    "aux_head.0.": "decode_head.0.convs.0.conv.", "aux_head.1.": "decode_head.0.convs.0.bn.",
    "aux_head.3.": "decode_head.0.conv_seg.",
    "conv3x3_ocr.0.": "decode_head.1.bottleneck.conv.",
    "conv3x3_ocr.1.": "decode_head.1.bottleneck.bn.",
    "ocr_distri_head.conv_bn_dropout.0.": THEIRS + "bottleneck.conv.",
    "ocr_distri_head.conv_bn_dropout.1.0.": THEIRS + "bottleneck.bn.",
    "cls_head.": "decode_head.1.conv_seg.",
    **{f"{BLOCK}{ours}.{2 * i + norm}.{'0.' * norm}": f"{THEIRS}{their}_project.{i}.{kind}."
       for ours, their in (("f_pixel", "query"), ("f_object", "key"))
       for i in (0, 1) for norm, kind in ((0, "conv"), (1, "bn"))},
    **{f"{BLOCK}{ours}.{norm}.{'0.' * norm}": f"{THEIRS}{their}_project.{kind}."
       for ours, their in (("f_down", "value"), ("f_up", "out"))
       for norm, kind in ((0, "conv"), (1, "bn"))},
}
HEAD = ("aux_head.", "conv3x3_ocr.", "ocr_distri_head.", "cls_head.")


def renamed(state, names, trunk, head):
    """What the trunk's names and the head's stand behind, and the head's own."""
    result = {}
    for name, tensor in state.items():
        is_head = name.startswith(HEAD)
        for ours, theirs in names.items():
            if is_head and name.startswith(ours):
                name = theirs + name[len(ours):]
                break
        result[(head if is_head else trunk) + name] = tensor
    return result


def openseg_network():
    """Its region scores come from a 3x3 convolution."""
    model = checkpoints.network("w18-small-v1", ocr=True, align_corners=True)
    model.aux_head[0] = torch.nn.Conv2d(240, 240, 3, padding=1)
    return model.eval()


def cases():
    """Title, network, state and options of each."""
    plain = checkpoints.network("w18-small-v1", ocr=True)
    state = plain.state_dict()
    yield "authors", plain, {"model." + n: t for n, t in state.items()} | {
        "loss.criterion.weight": torch.ones(19)}, {}
    yield "NVIDIA", plain, prefixed(renamed(state, NVIDIA, "backbone.", "ocr."), "module.") | {
        "module.scale_attn.conv0.weight": torch.zeros(256, 512, 3, 3)}, {}
    wide = openseg_network()
    yield "openseg", wide, renamed(wide.state_dict(), OPENSEG, "module.backbone.", "module."), {
        "align_corners": "true"}
    aligned = checkpoints.network("w18-small-v1", ocr=True, align_corners=True, norm="inplace_abn")
    yield "authors' torch04", aligned, prefixed(aligned.state_dict(), "module."), {
        "align_corners": "true", "norm": "inplace_abn"}
    twice = checkpoints.varied(exchange={"twice": True}, ocr=True)
    yield "MMSegmentation", twice, renamed(twice.state_dict(), MMSEGMENTATION, "backbone.", ""), {}


def export_cases(report, folder, plain):
    """ONNX exports, at a fixed size and at any; and one whose attention is not as published."""
    path = folder / "model.onnx"
    free = {"dynamic_axes": {"input": {2: "h", 3: "w"}}, "input_names": ["input"]}
    for title, options, export in (("fixed", {"align_corners": True}, {}), ("of any size", {}, free)):
        model = checkpoints.network("w18-small-v1", ocr=True, **options)
        checkpoints.write_safetensors(plain, model.state_dict(), {
            f"hrnet.{k}": str(v).lower() for k, v in options.items()})
        checkpoints.export_onnx(path, model, **export)
        report.case(f"onnx {title}", plain, path, 1e-6, model=model)
    model.ocr_distri_head.object_context_block.scale = 0.1
    checkpoints.export_onnx(path, model)
    report.case("onnx with another scale: refused", plain, path, 0, refused=True,
                message="expected scores times 0.0625")


def refusals(state):
    """A part too few, of the wrong shape, and one too many: what is told names it."""
    missing = renamed(state, MMSEGMENTATION, "backbone.", "")
    del missing[THEIRS + "key_project.1.bn.running_var"]
    yield "a tensor too few", missing, THEIRS + "key_project.1.bn.running_var is missing"
    yield "classes that differ", {**state, "cls_head.weight": torch.zeros(7, 512, 1, 1)}, \
        "tensor cls_head.weight is [7, 512, 1, 1], expected [19, 512, 1, 1]"
    yield "another kernel", {**state, "conv3x3_ocr.0.weight": torch.zeros(512, 240, 1, 1)}, \
        "tensor conv3x3_ocr.0.weight is [512, 240, 1, 1], expected [512, 240, 3, 3]"
    yield "another part", {**state, BLOCK + "f_pixel.4.weight": torch.zeros(3)}, \
        BLOCK + "f_pixel.4.weight has no place"
    unnamed = {n.replace("cls_head.", "classify."): t for n, t in state.items()}
    yield "other names", unnamed, "a head of object contexts"


def main():
    with tempfile.TemporaryDirectory() as name:
        report = Report(*sys.argv[1:3], name)
        plain, path = Path(name) / "plain.safetensors", Path(name) / "model.pth"
        for title, model, state, options in cases():
            metadata = {f"hrnet.{key}": value for key, value in options.items()}
            twice = {"hrnet.exchange_twice": "true"} if title == "MMSegmentation" else {}
            checkpoints.write_safetensors(plain, model.state_dict(), metadata | twice)
            checkpoints.save_zip(path, {"state_dict": state, "epoch": 3})
            side = Path(f"{path}.json")
            side.write_text(json.dumps(metadata))
            report.case(title, plain, path, 0, model=model)
            side.unlink()
        if checkpoints.onnx_forms(model):
            export_cases(report, Path(name), plain)
        state = checkpoints.network("w18-small-v1", ocr=True).state_dict()
        checkpoints.write_safetensors(plain, state)
        for title, changed, message in refusals(state):
            checkpoints.save_zip(path, changed)
            report.case(f"{title}: refused", plain, path, 0, refused=True, message=message)
    print(f"1..{report.n}")
    return report.failed != 0


sys.exit(main())
