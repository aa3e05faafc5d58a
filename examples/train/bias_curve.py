#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a shift of `people`'s last bias trades: area painted where nobody is, against people found.

    bias_curve.py MODEL --data DATA

Measured on what was left out of training (`tune-none`, `tune-people`) and on every 20th picture of the
training sets with people, at the model's area in each picture's aspect. export.py --bias applies one.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

import checkpoint
import scores
from datasets import UNLABELLED, open_pairs, read_sources
from people import AREA, person
from tasks import IGNORE

SHIFTS = np.arange(-3, 1.01, 0.25)


def margins(net, picture):
    """How far person's score is above background's, at every 2nd pixel."""
    out = scores.logits(net, picture, size=scores.run_size(AREA, picture.shape[:2]))
    return (out[1] - out[0])[::2, ::2].numpy()


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model", type=Path, help="model file (.safetensors)")
    p.add_argument("--data", type=Path, required=True)
    p.add_argument("--cache", type=Path, help="decoded pictures (default: DATA/../cache)")
    p.add_argument("--every", type=int, default=20, help="of the training pictures (%(default)s)")
    p.add_argument("--threads", type=int)
    o = p.parse_args()
    if o.threads:
        torch.set_num_threads(o.threads)
    cache = o.cache or o.data.parent / "cache"
    net, _ = checkpoint.network(o.model)
    none = open_pairs(o.data, "tune-none", cache, "none")
    areas = np.array([[(m > -s).mean() for s in SHIFTS]
                      for m in (margins(net, none[i][0]) for i in range(len(none)))])
    hits, union = np.zeros(len(SHIFTS)), np.zeros(len(SHIFTS))
    tune = open_pairs(o.data, "tune-people", cache, "hard")
    pairs = [tune[i] for i in range(len(tune))]
    for source in read_sources(Path(__file__).with_name("people.sources"), o.data, cache):
        if source.kind not in UNLABELLED:
            pairs += [source.pairs[i] for i in range(0, len(source.pairs), o.every)]
    for picture, labels in pairs:
        margin, labels = margins(net, picture), labels[::2, ::2]
        truth, known = person(labels), labels != IGNORE
        for i, s in enumerate(SHIFTS):
            mask = margin > -s
            hits[i] += np.count_nonzero(truth & mask & known)
            union[i] += np.count_nonzero((truth | mask) & known)
    print(f"{len(none)} pictures of nobody, {len(pairs)} with people")
    print(f"{'shift':>7}{'area %':>9}{'> 1 %':>8}{'IoU %':>8}")
    for i, s in enumerate(SHIFTS):
        print(f"{s:7.2f}{100 * areas[:, i].mean():9.2f}{100 * (areas[:, i] > 0.01).mean():8.1f}"
              f"{100 * hits[i] / union[i]:8.2f}")


if __name__ == "__main__":
    main()
