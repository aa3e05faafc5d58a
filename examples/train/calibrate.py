#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shifts each class's logit so that mean IoU on `val` is highest: between training and export.

What a run shows more often than the world does, rare classes above all, it also sees too often, and
thin things too seldom. Upsampling keeps a shift as it is, so that it goes into the classifier's
bias. The shifts are found one class after the other, over and over until none gains.

Told first is what the shifts found on either half of `val` do for the other half: whether they are
more than chance.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

import checkpoint
import hrnet
import scores
from datasets import open_pairs
from own import reading
from tasks import TASKS, Task

GAIN = 1e-5  # of mean IoU that a step has to bring


def collect(net, pairs, device):
    """Logits [classes, pixels] and labels [pixels] of the known ones among every 2nd row and column."""
    logits, truth = [], []
    for picture, labels in pairs:
        out = scores.logits(net, picture, device)
        labels = labels[::2, ::2]
        known = labels < net.config.classes
        logits.append(out[:, ::2, ::2].cpu().numpy()[:, known])
        truth.append(labels[known].astype(np.int64))
    return np.concatenate(logits, 1), np.concatenate(truth)


def mean_ious(logits, truth, k, shifts):
    """Mean IoU with each of the (ascending) shifts of class k alone."""
    n = len(logits)
    others = logits.copy()
    others[k] = -np.inf
    best = others.argmax(0)
    # from which of the shifts on a pixel turns to k
    turn = np.searchsorted(shifts, np.take_along_axis(others, best[None], 0)[0] - logits[k])
    pairs = (turn * n + truth) * n + best
    counts = np.bincount(pairs, minlength=(len(shifts) + 1) * n * n).reshape(-1, n, n)
    found = []
    for i in range(len(shifts)):
        confusion = scores.Confusion(n)
        confusion.counts[:] = counts[i + 1:].sum(0)
        confusion.counts[:, k] += counts[:i + 1].sum((0, 2))
        found.append(confusion.mean_iou())
    return found


def find(logits, truth, most, step):
    """The shift of each class, and the mean IoU before and after."""
    total = np.zeros(len(logits))
    candidates = np.arange(-round(most / step), round(most / step) + 1) * step
    first = best = mean_ious(logits, truth, 0, np.zeros(1))[0]
    while True:
        before = best
        for k in range(len(logits)):
            found = mean_ious(logits, truth, k, candidates - total[k])
            if max(found) > best + GAIN:
                best, new = max(found), candidates[int(np.argmax(found))]
                logits[k] += new - total[k]
                total[k] = new
        if best <= before + GAIN:
            return total, first, best


def cross_check(halves, most, step):
    for (name, (logits, truth)), (_, (other, other_truth)) in (halves, halves[::-1]):
        shifts, _, _ = find(logits.copy(), truth, most, step)
        before, after = (mean_ious(l, other_truth, 0, np.zeros(1))[0]
                         for l in (other, other + shifts.astype(np.float32)[:, None]))
        print(f"found on the {name} half, on the other: {before:.4f} -> {after:.4f}")


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("run", type=Path, help="best-TASK.pt of a run")
    p.add_argument("out", type=Path, help="the same with shifts, for export.py")
    p.add_argument("--data", type=Path, required=True, help="folder of the sets")
    p.add_argument("--cache", type=Path, help="decoded pictures (default: beside the run's folder)")
    p.add_argument("--most", type=float, default=0.5, help="largest shift (%(default)s)")
    p.add_argument("--step", type=float, default=0.125, help="between shifts (%(default)s)")
    p.add_argument("--pictures", type=int, default=300, help="of val at most (%(default)s)")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    o = p.parse_args()
    best = checkpoint.load_run(o.run)
    task = Task(**best["about"]) if best.get("about") else TASKS[best["task"]]
    net = hrnet.build(best["variant"], classes=len(task.classes)).to(o.device).eval()
    net.load_state_dict(best["state"])
    cache = o.cache or o.run.parent.parent / "cache"
    pairs = open_pairs(o.data, task.val, cache, *reading(best["task"], task))
    n = min(len(pairs), o.pictures)
    if n < 2:
        p.error("val has fewer than 2 pictures")
    chosen = [pairs[int(i)] for i in np.linspace(0, len(pairs) - 1, n)]
    halves = [("first", collect(net, chosen[:n // 2], o.device)),
              ("second", collect(net, chosen[n // 2:], o.device))]
    cross_check(halves, o.most, o.step)
    logits, truth = (np.concatenate(parts, -1) for parts in zip(*(half for _, half in halves)))
    shifts, before, after = find(logits, truth, o.most, o.step)
    for name, shift in zip(task.classes, shifts):
        print(f"{name:12}{shift:+7.3f}")
    print(f"mean IoU of {n} pictures: {before:.4f} -> {after:.4f}")
    best["state"]["last_layer.3.bias"] += torch.from_numpy(shifts).float()
    best["val_miou"] = after
    torch.save(best, o.out)


if __name__ == "__main__":
    main()
