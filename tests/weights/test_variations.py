#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Networks that differ from the authors' in what an option says, or in shape, against PyTorch.

    test_variations.py COMPARE_WEIGHTS HRNET_SEGMENT

Prints TAP; skipped without PyTorch.
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

# What the network is made with, and the options that say so. Each has to differ from the defaults
# by more than the tolerance, or nothing would be tested.
VARIATIONS = [
    ({"head_kernel": 3}, {}),
    ({"classes": 1}, {}),
    ({"eps": 0.01}, {"eps": "0.01"}),
    ({"exchange": {"twice": True}}, {"exchange_twice": "true"}),
    ({"exchange": {"upsample": "nearest"}}, {"exchange_upsample": "nearest"}),
    ({"head": {"upsample": "nearest"}}, {"head_upsample": "nearest"}),
    ({"exchange": {"align_corners": True}}, {"exchange_align_corners": "true"}),
    ({"head": {"align_corners": True}},
     {"align_corners": "true", "exchange_align_corners": "false"}),
    ({"head": {"align_corners": True}, "head_kernel": 3}, {"head_align_corners": "true"}),
    ({"exchange": {"upsample": "nearest"}, "align_corners": True},
     {"align_corners": "true", "exchange_upsample": "nearest"}),
]


def compare(report, folder, title, model, options):
    path, bare = folder / "model.safetensors", folder / "bare.safetensors"
    metadata = {f"hrnet.{key}": value for key, value in options.items()}
    checkpoints.write_safetensors(path, model.state_dict(), metadata)
    report.case(title, path, path, 0, model=model)
    if options and report.segment != "-":
        checkpoints.write_safetensors(bare, model.state_dict())
        _, logits = report.logits_of(path)
        _, others = report.logits_of(bare)
        far = ((logits - others).abs().max() / logits.abs().max()).item()
        report.check(f"{title}: without it the logits differ", far > 0.005, f"by {far:.2g}")


def main():
    with tempfile.TemporaryDirectory() as name:
        report = Report(*sys.argv[1:3], name)
        for shape, options in VARIATIONS:
            compare(report, Path(name), str(shape), checkpoints.varied(**shape), options)
        grey = Report(*sys.argv[1:3], name, channels=1)
        grey.n, grey.failed = report.n, report.failed
        compare(grey, Path(name), "one channel", checkpoints.varied(input_channels=1), {})
        for channels in (2, 4):
            model = checkpoints.varied(input_channels=channels)
            path = Path(name) / "refused.safetensors"
            checkpoints.write_safetensors(path, model.state_dict())
            grey.case(f"{channels} channels are refused", path, path, 0, refused=True)
    print(f"1..{grey.n}")
    return grey.failed != 0


sys.exit(main())
