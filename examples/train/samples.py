# SPDX-License-Identifier: LGPL-2.1-or-later
"""Training samples of each task, composed from the `train` parts alone.

`Street` cuts CamVid frames, often around a rare class, and at times lays another frame's rare
objects over them at their own place.

`People` mixes four kinds, so that portraits and distant walkers are both learnt: plain cuts,
mosaics of several reduced photographs, people cut out along their labels and pasted small onto
streets and empty backgrounds, and street frames whose pedestrians are people.

`People` has a mild form for the end of a run, nearer to what the network is made for: scales closer
to 1, and composed pictures less often. (The like for `Street` brought nothing.)
"""

import numpy as np
from PIL import Image, ImageFilter

import augment
from tasks import IGNORE, TASKS

STREET = TASKS["street"].classes
RARE = [STREET.index(c) for c in ("pole", "sign", "fence", "pedestrian", "bicyclist")]
VOID = len(STREET)


def choose(rng, pairs):
    return pairs[int(rng.integers(len(pairs)))]


class Street:
    def __init__(self, frames, size):
        self.frames, self.size = frames, size
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

    def sample(self, rng):
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
        picture, labels = augment.random_cut(rng, picture, labels, self.size, (0.55, 2.0), focus)
        labels = np.where(labels < VOID, labels, IGNORE)
        return augment.recolour(rng, picture), labels


class People:
    """`streets` may be None: then backgrounds come from the photographs alone."""

    PERSON_OF_STREET = np.full(256, IGNORE, np.uint8)
    PERSON_OF_STREET[:VOID] = 0
    PERSON_OF_STREET[STREET.index("pedestrian")] = 1
    PERSON_OF_STREET[STREET.index("bicyclist")] = IGNORE  # person and bicycle in one

    def __init__(self, photographs, streets, size, mild=False):
        self.photographs, self.streets, self.size = photographs, streets, size
        self.scales = (0.7, 1.4) if mild else (0.6, 1.7)
        # shares of plain cuts, those and mosaics, those and pasted people; the rest are streets
        self.up_to = (0.72, 0.80, 0.94) if mild else (0.60, 0.75, 0.92)

    def _plain(self, rng, size, scales):
        return augment.random_cut(rng, *choose(rng, self.photographs), size, scales)

    def _mosaic(self, rng):
        """Four reduced photographs around a random corner."""
        rows, columns = self.size
        y, x = int(rows * rng.uniform(0.3, 0.7)), int(columns * rng.uniform(0.3, 0.7))
        picture = np.empty((rows, columns, 3), np.uint8)
        labels = np.empty((rows, columns), np.uint8)
        for ys in (slice(0, y), slice(y, rows)):
            for xs in (slice(0, x), slice(x, columns)):
                size = (ys.stop - ys.start, xs.stop - xs.start)
                photograph = choose(rng, self.photographs)
                fits = max(size[0] / photograph[1].shape[0], size[1] / photograph[1].shape[1])
                picture[ys, xs], labels[ys, xs] = augment.random_cut(
                    rng, *photograph, size, (fits, 1.6 * fits))
        return picture, labels

    def _street(self, rng, scales):
        picture, labels = choose(rng, self.streets)
        labels = self.PERSON_OF_STREET[labels]
        focus = None
        persons = np.flatnonzero(labels == 1)
        if len(persons) and rng.random() < 0.6:
            focus = divmod(int(rng.choice(persons)), labels.shape[1])
        return augment.random_cut(rng, picture, labels, self.size, scales, focus)

    def _empty(self, rng):
        """A cut with as few people as a few tries give, from a photograph or a street."""
        if self.streets and rng.random() < 0.5:
            return self._street(rng, (0.7, 2.0))
        best, least = None, np.inf
        for _ in range(6):
            candidate = self._plain(rng, self.size, (1.0, 3.0))
            people = np.count_nonzero(candidate[1])  # IGNORE is as unwelcome
            if people < least:
                best, least = candidate, people
            if people == 0:
                break
        return best

    def _figure(self, rng, height):
        """People cut out along their labels: pixels and soft mask, `height` rows tall."""
        picture, labels = choose(rng, self.photographs)
        ys, xs = np.flatnonzero(labels.any(1)), np.flatnonzero(labels.any(0))
        if len(ys) < 16 or len(xs) < 8:
            return None
        box = (int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1)
        width = max(4, int(round(height * (box[2] - box[0]) / (box[3] - box[1]))))
        if width > self.size[1]:
            return None
        soft = Image.fromarray(labels * np.uint8(255)).filter(ImageFilter.BoxBlur(1))
        target = (width, height)
        pixels = np.asarray(Image.fromarray(picture).resize(target, Image.BILINEAR, box=box))
        mask = np.asarray(soft.resize(target, Image.BILINEAR, box=box))
        if rng.random() < 0.5:
            pixels, mask = pixels[:, ::-1], mask[:, ::-1]
        return pixels, mask

    def _pasted(self, rng):
        picture, labels = (a.copy() for a in self._empty(rng))
        for _ in range(int(rng.integers(1, 5))):
            figure = self._figure(rng, int(augment.log_uniform(rng, 28, 0.95 * self.size[0])))
            if figure is None:
                continue
            pixels, mask = figure
            h, w = mask.shape
            y = int(rng.integers(0, self.size[0] - h + 1))
            x = int(rng.integers(-w // 3, self.size[1] - w + w // 3 + 1))
            x0, x1 = max(x, 0), min(x + w, self.size[1])
            pixels, mask = pixels[:, x0 - x:x1 - x], mask[:, x0 - x:x1 - x]
            alpha = mask[..., None] / np.float32(255)
            window = picture[y:y + h, x0:x1]
            window[:] = window + alpha * (pixels.astype(np.float32) - window)
            labels[y:y + h, x0:x1][mask >= 128] = 1
        return picture, labels

    def sample(self, rng):
        kind = rng.random()
        plain, mosaic, pasted = self.up_to
        if kind < plain:
            picture, labels = self._plain(rng, self.size, self.scales)
        elif kind < mosaic:
            picture, labels = self._mosaic(rng)
        elif kind < pasted or not self.streets:
            picture, labels = self._pasted(rng)
        else:
            picture, labels = self._street(rng, (0.6, 2.0))
        return augment.recolour(rng, picture), labels
