# SPDX-License-Identifier: LGPL-2.1-or-later
"""Losses over logits [batch, classes, rows, columns] and labels [batch, rows, columns].

Labels are classes, or for a task of probabilities (tasks.py) 0..254, how likely the second class is.
"""

import torch
from torch.nn import functional as F

from tasks import IGNORE


def class_weights(label_maps, classes, power):
    """Rare classes weigh more: (median frequency / frequency)^power, between 0.5 and 3."""
    counts = torch.zeros(classes, dtype=torch.float64)
    for labels in label_maps:
        counts += torch.bincount(torch.from_numpy(labels.ravel().astype("int64")),
                                 minlength=256)[:classes]
    frequency = counts / counts.sum()
    return ((frequency.median() / frequency) ** power).clamp(0.5, 3).float()


def upsampling_matrix(positions, extent, cells):
    """[positions, cells]: bilinear weights of cells at pixels of an axis of `extent` pixels."""
    at = ((positions.float() + 0.5) * cells / extent - 0.5).clamp(0, cells - 1)
    return (1 - (at[:, None] - torch.arange(cells, device=positions.device)).abs()).clamp(min=0)


def sample_grid(logits, labels, step):
    """Logits upsampled to the labels' size, and the labels, at every `step`-th row and column.

    The grid begins at random, so that all pixels get their turn. Exactly bilinear upsampling
    (align_corners=False), but only where the loss looks: two small matrix products.
    """
    parts = []
    for extent, cells in zip(labels.shape[-2:], logits.shape[-2:]):
        first = int(torch.randint(step, ()))
        positions = torch.arange(first, extent, step, device=labels.device)
        parts.append((positions, upsampling_matrix(positions, extent, cells)))
    (rows, by_row), (columns, by_column) = parts
    return by_row @ logits.contiguous() @ by_column.T, labels[:, rows][:, :, columns]


def hard_cross_entropy(logits, labels, weights, easy, least=16):
    """Cross entropy of the pixels that lose more than `easy`, of 1/`least` of all anyway (OHEM).

    With `easy` 0 all pixels count.
    """
    loss = F.cross_entropy(logits, labels, weights, ignore_index=IGNORE, reduction="none").ravel()
    hard = loss[loss > easy] if easy > 0 else loss[labels.ravel() != IGNORE]
    count = loss.numel() // least
    return hard.mean() if hard.numel() > count else loss.topk(count)[0].mean()


def probability_cross_entropy(logits, labels):
    """Cross entropy of two classes against probabilities of the second, labels 0..254 and IGNORE."""
    known = labels != IGNORE
    loss = F.binary_cross_entropy_with_logits(logits[:, 1] - logits[:, 0],
                                              labels.clamp(max=254).float() / 254, reduction="none")
    return (loss * known).sum() / known.sum().clamp(min=1)


def certain_classes(labels):
    """Classes 0 and 1 of probabilities 0..254; IGNORE where neither is likely enough."""
    classes = (labels >= 127).long()
    return torch.where((labels > 64) & (labels < 190) | (labels == IGNORE), IGNORE, classes)


def presence_loss(score, labels):
    """Cross entropy of one score a picture: does it show any person? Pictures in doubt do not count."""
    share = (certain_classes(labels) == 1).float().mean((1, 2))
    doubt = (labels == IGNORE).float().mean((1, 2))
    known = (share > 0.004) | ((share == 0) & (doubt < 0.3))
    loss = F.binary_cross_entropy_with_logits(score, (share > 0.004).float(), reduction="none")
    return (loss * known).sum() / known.sum().clamp(min=1)


def lovasz_softmax(logits, labels):
    """A convex surrogate of 1 - mean IoU over the classes that a batch shows.

    Berman, Triki, Blaschko: "The Lovasz-Softmax loss", CVPR 2018. A class's pixels are sorted by
    error; each error weighs what its pixel takes from the Jaccard index when it turns wrong.
    """
    scores = logits.softmax(1).movedim(1, 0).flatten(1)
    labels = labels.ravel()
    known = labels != IGNORE
    scores, labels = scores[:, known].unbind(), labels[known]
    losses = []
    for c in labels.unique().tolist():
        truth = (labels == c).float()
        errors, order = (truth - scores[c]).abs().sort(descending=True)
        truth = truth[order]
        union = truth.sum() + (1 - truth).cumsum(0)
        jaccard = 1 - (truth.sum() - truth.cumsum(0)) / union
        jaccard[1:] = jaccard[1:] - jaccard[:-1].clone()
        losses.append((errors * jaccard).sum())
    return torch.stack(losses).mean() if losses else logits.sum() * 0


def branch_loss(logits, labels, weights):
    """Auxiliary: a classifier's logits at a branch's own size against the nearest labels."""
    small = F.interpolate(labels[:, None].float(), logits.shape[-2:], mode="nearest-exact")
    loss = F.cross_entropy(logits, small[:, 0].long(), weights, ignore_index=IGNORE,
                           reduction="sum")
    return loss / max(1, small.numel())
