# SPDX-License-Identifier: LGPL-2.1-or-later
"""Intersection over union, and a network's masks over a validation set."""

import numpy as np
import torch
from torch.nn import functional as F

from hrnet import upsample_logits
from tasks import MEAN, STD


class Confusion:
    """Counts of (true, predicted) pairs of classes; labels outside of them do not count."""

    def __init__(self, classes):
        self.counts = np.zeros((classes, classes), np.int64)

    def add(self, labels, predicted):
        n = len(self.counts)
        known = labels < n
        pairs = labels[known].astype(np.int64) * n + predicted[known]
        if predicted.max() >= n:
            raise ValueError("a prediction outside of the classes")
        self.counts += np.bincount(pairs, minlength=n * n).reshape(n, n)

    def iou(self):
        """Of each class; NaN for one that neither has."""
        hits = np.diag(self.counts)
        union = self.counts.sum(0) + self.counts.sum(1) - hits
        return np.where(union > 0, hits / np.maximum(union, 1), np.nan)

    def mean_iou(self):
        return float(np.nanmean(self.iou()))


def run_size(area, shape):
    """HxW of `area` pixels in the aspect of a picture, in multiples of 32."""
    scale = np.sqrt(area / (shape[0] * shape[1]))
    return tuple(max(32, int(np.floor(n * scale / 32 + 0.5)) * 32) for n in shape)


def normalise(pictures):
    """uint8 [batch, h, w, 3] to float32 [batch, 3, h, w]."""
    x = pictures.permute(0, 3, 1, 2).float().div(255)
    mean, std = (torch.tensor(v, device=x.device).view(1, 3, 1, 1) for v in (MEAN, STD))
    return ((x - mean) / std).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def logits(net, picture, device="cpu", size=None):
    """Float32 [classes, h, w] of a picture uint8 [h, w, 3], run at `size` (default: its own)."""
    x = normalise(torch.from_numpy(np.array(picture))[None].to(device))
    own = x.shape[-2:]
    if size and tuple(size) != tuple(own):
        x = F.interpolate(x, size, mode="bilinear", antialias=True, align_corners=False)
    return upsample_logits(net(x).float(), own, net.config.align_corners)[0]


def predict(net, picture, device="cpu", size=None):
    """Classes uint8 [h, w], likewise."""
    return logits(net, picture, device, size).argmax(0).byte().cpu().numpy()


def score(net, pairs, device="cpu", area=None):
    """The confusion of a network in evaluation mode over pairs of picture and labels.

    Pictures are run at their own size, or in their own aspect with `area` pixels.
    """
    confusion = Confusion(net.config.classes)
    for picture, labels in pairs:
        size = run_size(area, labels.shape) if area else None
        confusion.add(labels, predict(net, picture, device, size))
    return confusion
