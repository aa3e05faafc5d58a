#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every form of checkpoint gives the weights of the plain one:   test_forms.py COMPARE VARIANT...

COMPARE is the program compare_weights. Prints TAP; skipped where PyTorch is not installed.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import torch  # noqa: F401
except ImportError:
    print("1..0 # SKIP PyTorch is not installed")
    sys.exit(0)

import checkpoints


class Report:
    """Cases, as TAP."""

    def __init__(self, compare):
        self.compare, self.n, self.failed = compare, 0, 0

    def case(self, title, plain, path, rounding, refused=False):
        run = subprocess.run([self.compare, plain, path, str(rounding)], capture_output=True, text=True)
        good = run.returncode == refused
        self.n += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.n} - {title}")
        print("# " + (run.stdout + run.stderr).strip().replace("\n", "\n# "), flush=True)


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
    report.case("onnx weights beside", plain, path, 1e-6)
    graph = onnx.load(path, load_external_data=False)
    for location in ("../model.data", str(Path(folder) / "model.data"), "..", "absent", ""):
        for tensor in graph.graph.initializer:
            for entry in tensor.external_data:
                if entry.key == "location":
                    entry.value = location
        onnx.save(graph, path)
        report.case(f"onnx weights in '{location}' are refused", plain, path, 1e-6, refused=True)
    path.unlink()


def onnx_cases(report, folder):
    plain, path = Path(folder) / "plain.safetensors", Path(folder) / "model.onnx"
    for options in ONNX_OPTIONS + ONNX_SHAPES:
        model = checkpoints.network("w18-small-v1", **options)
        metadata = {f"hrnet.{k}": str(v).lower() for k, v in options.items() if options in ONNX_OPTIONS}
        checkpoints.write_safetensors(plain, model.state_dict(), metadata)
        checkpoints.export_onnx(path, model)
        report.case(f"onnx {options}", plain, path, 1e-6)
    external_cases(report, folder, plain, path)
    model = checkpoints.pphumanseg(path)
    checkpoints.write_safetensors(plain, model.state_dict(), {"hrnet.padding": "same"})
    report.case("onnx like PP-HumanSeg", plain, path, 1e-6)


def main():
    report = Report(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        for variant in sys.argv[2:]:
            model = checkpoints.network(variant)
            plain = Path(folder) / "plain.safetensors"
            checkpoints.write_safetensors(plain, model.state_dict())
            for form, path, rounding in checkpoints.forms(model, folder):
                report.case(f"{variant} {form}", plain, path, rounding)
            if variant == "w18-small-v1" and checkpoints.onnx_forms(model):
                onnx_cases(report, folder)
    print(f"1..{report.n}")
    return report.failed != 0


sys.exit(main())
