#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes weights of a run as a model file for the engine: F16, with all its metadata.

RUN is best-TASK.pt, or last.pt for the mean weights where the run stands (with --task). With
--statistics the normalisation's means and variances are measured anew, as means over batches of
training pictures at the sizes that the network will run at: those that training leaves behind are of
cuts, and lag behind the mean weights.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

import checkpoint
import hrnet
import scores
from datasets import read_sources
from people import People
from tasks import MEAN, STD, TASKS, Task

SIZES = ((256, 448), (448, 256), (256, 256), (288, 384), (384, 288), (224, 320))
BATCH = 4


def metadata(about, variant):
    found = {
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
    return {name: value for name, value in found.items() if value}


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


def load(file, task, variant):
    """What best-TASK.pt holds, also of the mean weights in last.pt."""
    run = checkpoint.load_run(file)
    if "mean" not in run:
        return run
    prefix = f"nets.{task}."
    state = {n[len(prefix):]: v for n, v in run["mean"].items() if n.startswith(prefix)}
    if not state:
        raise SystemExit(f"{file}: holds no network of {task!r}; --task names it")
    return {"variant": variant, "task": task, "state": state, "steps": run["step"],
            "val_miou": float("nan"), "seed": "?", "about": run.get("about", {}).get(task)}


def describe(run, licence, foreground):
    """The task that a run was for, with what its maker says of it."""
    about = Task(**run["about"]) if run.get("about") else TASKS[run["task"]]
    shown = tuple(foreground.split(",")) if foreground else about.foreground
    for name in shown:
        if name not in about.classes:
            raise SystemExit(f"--foreground: {name}: not one of {', '.join(about.classes)}")
    return replace(about, foreground=shown, license=licence or about.license)


@torch.no_grad()
def measure_statistics(net, sampler, batches, seed=1):
    """Running statistics as plain means over batches of samples at `SIZES`."""
    norms = [m for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # cumulative mean
    rng = np.random.default_rng(seed)
    net.train()
    for i in range(batches):
        size = SIZES[i % len(SIZES)]
        pictures = np.stack([sampler.sample(rng, size)[0] for _ in range(BATCH)])
        net(scores.normalise(torch.from_numpy(pictures)))
    net.eval()


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("run", type=Path, help="best-TASK.pt or last.pt of a run")
    p.add_argument("model", type=Path, help="model file to write (.safetensors)")
    p.add_argument("--task", help="which of last.pt's")
    p.add_argument("--variant", default="w18-small-v1", help="of last.pt (%(default)s)")
    p.add_argument("--statistics", type=int, default=0, metavar="BATCHES",
                   help="measure the normalisation's statistics over so many batches (people)")
    p.add_argument("--empty", type=float, default=0.4,
                   help="share of pictures that show nobody, in --statistics (%(default)s)")
    p.add_argument("--bias", type=float, default=0.0,
                   help="added to the last class's score (people: bias_curve.py)")
    p.add_argument("--foreground", help="classes that are painted, between commas (default: the task's)")
    p.add_argument("--license", help="on which conditions the model may be used (default: the task's)")
    p.add_argument("--data", type=Path, help="folder of the sets, for --statistics")
    p.add_argument("--sources", type=Path, default=Path(__file__).with_name("people.sources"))
    p.add_argument("--cache", type=Path, help="decoded pictures (default: DATA/../cache)")
    o = p.parse_args()
    best = load(o.run, o.task, o.variant)
    about = describe(best, o.license, o.foreground)
    if o.statistics:
        if best["task"] != "people" or not o.data:
            p.error("--statistics is for people, and needs --data")
        net = hrnet.build(best["variant"], classes=2)
        net.load_state_dict(best["state"])
        sources = read_sources(o.sources, o.data, o.cache or o.data.parent / "cache")
        measure_statistics(net, People(sources, [o.empty], mild=True), o.statistics)
        best["state"] = net.state_dict()
    state = best["state"]
    state["last_layer.3.bias"][-1] += o.bias
    checkpoint.write(o.model, halves(state), metadata(about, best["variant"]))
    print(f"{o.model}: {best['task']}, {best['variant']}, val mIoU {best['val_miou']:.4f} "
          f"after {best['steps']} steps, seed {best['seed']}")


if __name__ == "__main__":
    main()
