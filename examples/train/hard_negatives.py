#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Weighs the pictures that show nobody by how much of them a model paints: `train.py --hard`.

    hard_negatives.py MODEL OUT.npz --data DATA

A picture's weight is 1 and, for each percent of its area that is painted, --gain more, 8 at most.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

import checkpoint
import scores
from datasets import read_sources
from people import AREA

MOST = 8.0


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model", type=Path, help="model file (.safetensors)")
    p.add_argument("out", type=Path, help="weights to write (.npz)")
    p.add_argument("--data", type=Path, required=True)
    p.add_argument("--cache", type=Path, help="decoded pictures (default: DATA/../cache)")
    p.add_argument("--sources", type=Path, default=Path(__file__).with_name("people.sources"))
    p.add_argument("--gain", type=float, default=0.7)
    p.add_argument("--threads", type=int)
    o = p.parse_args()
    if o.threads:
        torch.set_num_threads(o.threads)
    net, _ = checkpoint.network(o.model)
    weights = {}
    for source in read_sources(o.sources, o.data, o.cache or o.data.parent / "cache"):
        if source.kind != "none":
            continue
        areas = np.array([(scores.predict(net, picture, size=scores.run_size(AREA, picture.shape[:2])) == 1)
                          .mean() for picture, _ in (source.pairs[i]
                                                     for i in range(len(source.pairs)))])
        weights[source.name] = np.minimum(1 + o.gain * 100 * areas, MOST)
        print(f"{source.name:16}{len(areas):6} pictures, {100 * areas.mean():.2f} % painted, "
              f"{100 * (areas > 0.01).mean():.0f} % of them more than 1 %")
    np.savez(o.out, **weights)


if __name__ == "__main__":
    main()
