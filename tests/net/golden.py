#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes golden.json beside it: sampled logits of every variant and option, by PyTorch.

    python3 tests/net/golden.py

Weights and input are those of tests/support/synthetic.h. Needs PyTorch and numpy.
"""

import json
import pathlib
import sys

import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parent.parent / "examples" / "train")]

import hrnet  # noqa: E402
import synthetic  # noqa: E402

SAMPLES = 200
SIZES = [(33, 34), (133, 201), (512, 1024)]
OPTIONS = [
    {"align_corners": True},
    {"upsample": "nearest"},
    {"norm": "inplace_abn"},
    {"padding": "same"},
    {"padding": "same", "upsample": "nearest", "norm": "inplace_abn"},
    {"classifier_kernel": 3},
    {"bottleneck": True},
    {"single_output": True},
    {"classes": 1},
    {"classes": 150},
]
OPTION_SIZES = [(64, 96), (61, 99)]
OCR_SIZES = [(128, 192), (133, 201)]
OCR_OPTIONS = [{"align_corners": True}, {"norm": "inplace_abn", "align_corners": True},
               {"upsample": "nearest"}, {"classes": 1}, {"classes": 150}]


def case(variant, size, options):
    network = hrnet.build(variant, **options).eval()
    synthetic.fill(network)
    with torch.inference_mode():
        logits = network(synthetic.picture(*size))[0]
    flat = logits.flatten()
    picked = flat[torch.from_numpy(synthetic.samples(SAMPLES, flat.numel()))]
    return {
        "variant": variant,
        "height": size[0],
        "width": size[1],
        "options": options,
        "shape": list(logits.shape),
        "largest": float(f"{flat.abs().max().item():.7g}"),
        "values": [float(f"{v:.7g}") for v in picked.tolist()],
    }


def main():
    cases = [case(v, s, {}) for v in hrnet.VARIANTS for s in SIZES]
    cases += [case("w18-small-v1", s, o) for o in OPTIONS for s in OPTION_SIZES]
    cases += [case(v, s, {"ocr": True}) for v in hrnet.VARIANTS for s in OCR_SIZES]
    cases += [case("w18-small-v1", s, {"ocr": True, **o}) for o in OCR_OPTIONS for s in OCR_SIZES]
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    (HERE / "golden.json").write_text(f"[\n{lines}\n]\n")
    for c in cases:
        print(c["variant"], c["height"], c["width"], c["options"], "largest", c["largest"])


if __name__ == "__main__":
    main()
