# SPDX-License-Identifier: LGPL-2.1-or-later
"""Training samples, composed from the `train` parts alone. Those of `people` are in people.py.

`Street` cuts CamVid frames, often around a rare class, and at times lays another frame's rare
objects over them at their own place. `Cuts` is for any set: it cuts pictures, often around a class,
each class as often as any other.
"""

import numpy as np

import augment
from tasks import IGNORE, TASKS

STREET = TASKS["street"].classes
RARE = [STREET.index(c) for c in ("pole", "sign", "fence", "pedestrian", "bicyclist")]
VOID = len(STREET)


def choose(rng, pairs):
    return pairs[int(rng.integers(len(pairs)))]


def index(pairs, classes, least=30):
    """Classes that pictures show by `least` pixels, each with the numbers of these pictures."""
    lists = {c: [] for c in classes}
    for i in range(len(pairs)):
        counts = np.bincount(pairs[i][1].ravel(), minlength=IGNORE + 1)
        for c in classes:
            if counts[c] >= least:
                lists[c].append(i)
    return [(c, numbers) for c, numbers in lists.items() if numbers]


def seek(rng, pairs, shown):
    """A picture, its labels and a pixel (y, x) of one of the classes of an index, any as likely."""
    c, numbers = shown[rng.integers(len(shown))]
    picture, labels = pairs[numbers[rng.integers(len(numbers))]]
    ys, xs = np.nonzero(labels == c)
    k = rng.integers(len(ys))
    return picture, labels, (ys[k], xs[k])


class Cuts:
    """`area`: the pixels that the network sees of a frame when it runs."""

    def __init__(self, pairs, classes, area):
        self.pairs, self.area = pairs, area
        self.shown = index(pairs, range(len(classes)))
        for c in set(range(len(classes))).difference(c for c, _ in self.shown):
            print(f"no picture shows {classes[c]!r}: it will not be found")

    def sample(self, rng, size, phase=0):
        focus = None
        if rng.random() < 0.5 and self.shown:
            picture, labels, focus = seek(rng, self.pairs, self.shown)
        else:
            picture, labels = choose(rng, self.pairs)
        scales = augment.run_scales(labels.shape, size, self.area)
        picture, labels = augment.random_cut(rng, picture, labels, size, scales, focus)
        return augment.recolour(rng, picture), labels


class Street:
    def __init__(self, frames):
        self.frames = frames
        self.rare_frames = index(frames, RARE)

    def _overlay_rare(self, rng, picture, labels):
        """Another frame's rare objects, where they were: the camera sits in the same car."""
        other, other_labels = choose(rng, self.frames)
        mask = np.isin(other_labels, RARE) & ~np.isin(labels, RARE)
        picture, labels = picture.copy(), labels.copy()
        picture[mask], labels[mask] = other[mask], other_labels[mask]
        return picture, labels

    def sample(self, rng, size, phase=0):
        focus = None
        if rng.random() < 0.5 and self.rare_frames:
            picture, labels, focus = seek(rng, self.frames, self.rare_frames)
        else:
            picture, labels = choose(rng, self.frames)
        if rng.random() < 0.25:
            picture, labels = self._overlay_rare(rng, picture, labels)
        picture, labels = augment.random_cut(rng, picture, labels, size, (0.55, 2.0), focus)
        labels = np.where(labels < VOID, labels, IGNORE)
        return augment.recolour(rng, picture), labels
