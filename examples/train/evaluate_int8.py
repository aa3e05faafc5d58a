#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds a calibrated model's int8 masks to its fp32 ones on a `val` part.

Told are each class's intersection over union in both, the share of pixels whose class is the same, and
that share among the pixels within 3 of an edge of fp32's mask. Exit status 1 where int8 loses more than
0.2 points of mean IoU, or keeps less than 99.5 % of the pixels, or less than 97 % of those at edges.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

import checkpoint
from datasets import image_files
from evaluate import engine_predict, size_of, table
from own import check_size, read_labels, read_picture
from scores import Confusion

NEAR = 3  # pixels
LOSS, SAME, SAME_NEAR = 0.002, 0.995, 0.97


def near_edges(classes):
    """Of a mask [h, w]: which pixels have another class than their own within NEAR rows and columns."""
    padded = np.pad(classes, NEAR, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, (2 * NEAR + 1, 2 * NEAR + 1))
    return around.min((2, 3)) != around.max((2, 3))


class Agreement:
    """Counts pixels, those whose class is the same, and both among those at edges."""

    def __init__(self):
        self.counts = np.zeros((2, 2), np.int64)

    def add(self, expected, found):
        same, near = expected == found, near_edges(expected)
        self.counts += [[same.size, same.sum()], [near.sum(), same[near].sum()]]

    def shares(self):
        return self.counts[:, 1] / np.maximum(self.counts[:, 0], 1)


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model", type=Path, help="calibrated model file (.safetensors)")
    p.add_argument("folder", type=Path, help="folder with images/ and labels/, e.g. camvid/val")
    p.add_argument("--tool", required=True, help="the engine's hrnet-segment")
    p.add_argument("--size", help="HxW to run at, or auto: the model's area in the picture's aspect "
                                  "(default: each picture's own size)")
    p.add_argument("--limit", type=int, help="pictures at most")
    o = p.parse_args()
    metadata = checkpoint.read(o.model)[1]
    classes = json.loads(metadata["hrnet.classes"])
    palette = json.loads(metadata.get("hrnet.palette", "[]"))
    columns = {precision: Confusion(len(classes)) for precision in ("fp32", "int8")}
    agreement = Agreement()
    with tempfile.TemporaryDirectory() as folder:
        for picture_file, label_file in image_files(o.folder)[:o.limit]:
            picture, labels = read_picture(picture_file), read_labels(label_file, palette)
            check_size(label_file, labels, picture)
            size = size_of(o.size, labels.shape, metadata)
            masks = [engine_predict(o.tool, o.model, picture, size, Path(folder), precision)
                     for precision in columns]
            for confusion, mask in zip(columns.values(), masks):
                confusion.add(labels, mask)
            agreement.add(*masks)

    table(classes, columns)
    loss = columns["fp32"].mean_iou() - columns["int8"].mean_iou()
    same, same_near = agreement.shares()
    print(f"pixels as in fp32: {100 * same:.2f} %, within {NEAR} of an edge {100 * same_near:.2f} %; "
          f"mean IoU lost: {100 * loss:.2f} points")
    sys.exit(0 if loss <= LOSS and same >= SAME and same_near >= SAME_NEAR else 1)


if __name__ == "__main__":
    main()
