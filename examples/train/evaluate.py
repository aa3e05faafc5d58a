#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scores a model file on a `val` part: PyTorch's masks and, with --tool, the engine's beside them.

With --gates FOLDER is that of the unpacked sets, and what is told is how `people` does on pictures that
no training has seen (gates.py). Exit status 1 where PyTorch and the engine differ by more than 0.2
points, or a gate's goal is not reached.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import checkpoint
import scores
from datasets import image_files
from own import check_size, read_labels, read_picture

AGREEMENT = 0.002  # of mean IoU


def engine_predict(tool, model, picture, size, folder, precision="fp32"):
    """Classes of a picture by `hrnet-segment`."""
    source, masks = folder / "picture.png", folder / "labels.png"
    Image.fromarray(picture).save(source, compress_level=1)
    subprocess.run([tool, "--model", model, "--size", "{}x{}".format(*size), "--precision", precision,
                    "--labels", masks, source], check=True, stdout=subprocess.DEVNULL)
    return np.asarray(Image.open(masks)) - np.uint8(1)  # label k is class k - 1


def table(classes, columns):
    """Percent a class, a column for each who made the masks."""
    print(f"{'class':12}" + "".join(f"{name:>10}" for name in columns))
    rows = [*zip(classes, *(c.iou() for c in columns.values())),
            ("mean", *(c.mean_iou() for c in columns.values()))]
    for name, *values in rows:
        print(f"{name:12}" + "".join(f"{100 * v:10.2f}" for v in values))


def area(metadata):
    height, width = map(int, metadata["hrnet.input_size"].split("x"))
    return height * width


def size_of(asked, shape, metadata):
    if asked == "auto":
        return scores.run_size(area(metadata), shape)
    return tuple(map(int, asked.split("x"))) if asked else shape


def evaluate_gates(o, predictors, metadata):
    import gates  # needs SciPy, which nothing else here does

    columns = {}
    for name, predict in predictors.items():
        columns[name] = list(gates.measure(o.folder, predict, area(metadata), o.limit))
    holds = gates.table(columns)
    if len(columns) > 1:
        for (name, _, theirs), (_, _, ours) in zip(*columns.values()):
            for what, (value, _, _) in theirs.items():
                # a share of pictures moves by whole pictures
                if "pictures" not in what and abs(value - ours[what][0]) > AGREEMENT:
                    sys.exit(f"{name}, {what}: the engine's masks are not PyTorch's")
    return holds


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model", type=Path, help="model file (.safetensors)")
    p.add_argument("folder", type=Path, help="folder with images/ and labels/, e.g. camvid/val")
    p.add_argument("--gates", action="store_true", help="measure the goals of people instead")
    p.add_argument("--engine-only", action="store_true", help="with --tool: leave PyTorch's out")
    p.add_argument("--tool", help="the engine's hrnet-segment, to score its masks too")
    p.add_argument("--size", help="HxW to run at, or auto: the model's area in the picture's aspect "
                                  "(default: each picture's own size)")
    p.add_argument("--variant", default="w18-small-v1")
    p.add_argument("--limit", type=int, help="pictures at most")
    p.add_argument("--threads", type=int, help="of PyTorch")
    o = p.parse_args()
    if o.threads:
        torch.set_num_threads(o.threads)
    net, metadata = checkpoint.network(o.model, o.variant)
    with tempfile.TemporaryDirectory() as folder:
        predictors = {"PyTorch": lambda picture, size: scores.predict(net, picture, size=size)}
        if o.tool:
            predictors["engine"] = lambda picture, size: engine_predict(o.tool, o.model, picture, size,
                                                                        Path(folder))
        if o.tool and o.engine_only:
            del predictors["PyTorch"]
        if o.gates:
            sys.exit(0 if evaluate_gates(o, predictors, metadata) else 1)
        columns = {name: scores.Confusion(net.config.classes) for name in predictors}
        palette = json.loads(metadata.get("hrnet.palette", "[]"))
        for picture_file, label_file in image_files(o.folder)[:o.limit]:
            picture, labels = read_picture(picture_file), read_labels(label_file, palette)
            check_size(label_file, labels, picture)
            size = size_of(o.size, labels.shape, metadata)
            for name, predict in predictors.items():
                columns[name].add(labels, predict(picture, size))

    classes = json.loads(metadata["hrnet.classes"])
    table(classes, columns)
    means = [c.mean_iou() for c in columns.values()]
    if max(means) - min(means) > AGREEMENT:
        sys.exit("the engine's masks are not PyTorch's")


if __name__ == "__main__":
    main()
