# SPDX-License-Identifier: LGPL-2.1-or-later
"""Training samples, composed from the `train` parts alone. Those of `people` are in people.py.

`Street` cuts CamVid frames, often around a rare class, and at times lays another frame's rare
objects over them at their own place.
"""

import numpy as np

import augment
from tasks import IGNORE, TASKS

STREET = TASKS["street"].classes
RARE = [STREET.index(c) for c in ("pole", "sign", "fence", "pedestrian", "bicyclist")]
VOID = len(STREET)


def choose(rng, pairs):
    return pairs[int(rng.integers(len(pairs)))]


class Street:
    def __init__(self, frames):
        self.frames = frames
        self.rare_frames = self._index(RARE)

    def _index(self, classes):
        """For each class the frames that show it."""
        lists = {c: [] for c in classes}
        for i in range(len(self.frames)):
            counts = np.bincount(self.frames[i][1].ravel(), minlength=VOID + 1)
            for c in classes:
                if counts[c] >= 30:
                    lists[c].append(i)
        return [(c, frames) for c, frames in lists.items() if frames]

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
            c, frames = self.rare_frames[rng.integers(len(self.rare_frames))]
            picture, labels = self.frames[frames[rng.integers(len(frames))]]
            ys, xs = np.nonzero(labels == c)
            k = rng.integers(len(ys))
            focus = ys[k], xs[k]
        else:
            picture, labels = choose(rng, self.frames)
        if rng.random() < 0.25:
            picture, labels = self._overlay_rare(rng, picture, labels)
        picture, labels = augment.random_cut(rng, picture, labels, size, (0.55, 2.0), focus)
        labels = np.where(labels < VOID, labels, IGNORE)
        return augment.recolour(rng, picture), labels
