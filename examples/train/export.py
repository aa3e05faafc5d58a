#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the best weights of a run as a model file for the engine: F16, with all its metadata."""

import argparse
import json
from pathlib import Path

import torch

import checkpoint
from tasks import MEAN, STD, TASKS


def metadata(task, variant, classes):
    about = TASKS[task]
    if classes != len(about.classes):
        raise ValueError(f"{classes} classes for {task}, which has {len(about.classes)}")
    return {
        "hrnet.classes": json.dumps(about.classes),
        "hrnet.palette": json.dumps(about.palette),
        "hrnet.foreground": json.dumps(about.foreground),
        "hrnet.mean": json.dumps(MEAN),
        "hrnet.std": json.dumps(STD),
        "hrnet.input_size": about.input_size,
        "hrnet.align_corners": "false",
        "hrnet.upsample": "bilinear",
        "hrnet.norm": "bn",
        "hrnet.padding": "symmetric",
        "license": about.license,
        "description": f"{about.description}. HRNetV2 {variant}",
    }


def halves(state):
    """Tensors as F16; one that has no place there is an error rather than an infinity."""
    tensors = {}
    for name, tensor in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        tensors[name] = tensor.half()
        if not torch.isfinite(tensors[name]).all():
            raise ValueError(f"{name}: values beyond F16")
    return tensors


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("run", type=Path, help="best-TASK.pt of a run")
    p.add_argument("model", type=Path, help="model file to write (.safetensors)")
    o = p.parse_args()
    best = torch.load(o.run, map_location="cpu")
    state = best["state"]
    about = metadata(best["task"], best["variant"], len(state["last_layer.3.bias"]))
    checkpoint.write(o.model, halves(state), about)
    print(f"{o.model}: {best['task']}, {best['variant']}, val mIoU {best['val_miou']:.4f} "
          f"after {best['steps']} steps, seed {best['seed']}")


if __name__ == "__main__":
    main()
