# SPDX-License-Identifier: LGPL-2.1-or-later
"""HRNetV2 as MMSegmentation runs it, for exporters to see: sums that begin at 0, upsampling in two
steps, every branch resized before the concatenation, and the picture's size at the end."""

import torch
import torch.nn.functional as F

import checkpoints
import hrnet


def resize(x, size):
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


def multiplied(x, factor):
    """By a factor, as whole numbers of Python: a trace keeps the size that it was made at."""
    return resize(x, [int(n * float(factor)) for n in x.shape[-2:]])


class Exchange(torch.nn.Module):
    def __init__(self, module):
        super().__init__()
        self.branches, self.fuse_layers = module.branches, module.fuse_layers

    def forward(self, xs):
        xs = [branch(x) for branch, x in zip(self.branches, xs)]
        outputs = []
        for i, row in enumerate(self.fuse_layers):
            total = 0
            for j, path in enumerate(row):
                y = xs[j] if path is None else path(xs[j])
                if j > i:
                    y = resize(multiplied(y, 2 ** (j - i)), xs[i].shape[2:])
                total = total + y
            outputs.append(F.relu(total))
        return outputs


class Segmentor(torch.nn.Module):
    """end: "logits", "scores" or "labels"."""

    def __init__(self, net, end="logits"):
        super().__init__()
        for stage in (net.stage2, net.stage3, net.stage4):
            for m, module in enumerate(stage):
                if isinstance(module, hrnet.Exchange):
                    stage[m] = Exchange(module)
        self.net, self.end = net, end

    def forward(self, x):
        xs = self.net.features(x)
        logits = self.net.last_layer(torch.cat([resize(branch, xs[0].shape[2:]) for branch in xs], 1))
        if self.end == "logits":
            return logits
        scores = F.softmax(resize(logits, x.shape[2:]), 1)
        return scores.argmax(1) if self.end == "labels" else scores


def segmentor(end):
    return Segmentor(checkpoints.varied(), end).eval()
