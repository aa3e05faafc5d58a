# SPDX-License-Identifier: LGPL-2.1-or-later
"""Training samples of `people`: labels are probabilities of a person, 0..254, and IGNORE.

Samples with people are plain cuts, mosaics of reduced photographs, and people cut out along their
labels and pasted onto grounds without any. Samples without are cuts of pictures that show nobody, cuts
beside the people of others, and plain walls made here. Where people are pasted, things are too, with
the same seams: things in their own outline, and pieces of other pictures in a person's, so that no seam
and no place in the middle tells a person.

What a picture's pixel is in the network when it runs (a frame at the model's area) is scale 1: cuts are
taken around it, down to where a small cut holds the whole picture.
"""

import numpy as np
from PIL import Image, ImageFilter

import augment
from datasets import UNLABELLED
from tasks import IGNORE

CERTAIN = 254  # the label of a person beyond doubt
AREA = 256 * 448  # of the frame as the model sees it


def person(labels):
    """Where a person is more likely than not."""
    return (labels >= CERTAIN // 2) & (labels != IGNORE)


class People:
    """`sources`: a list of Source. `empty`: for each phase the share of samples without people. `mild`:
    in the last phase nearer to the pictures that the network is made for. `hard`: for sources without
    people, a weight for each picture, by the source's name."""

    def __init__(self, sources, empty=(0.25,), mild=False, hard=None):
        self.shown = [s for s in sources if s.kind not in UNLABELLED]
        self.things = [s for s in sources if s.kind == "things"]
        self.none = [s for s in sources if s.kind == "none"]
        self.empty = empty
        self.mild_at_end, self.mild = mild, False
        self.chances = {s.name: np.cumsum(w / w.sum()) for s in self.none
                        if (w := (hard or {}).get(s.name)) is not None}
        self.shares = {id(g): np.cumsum([s.weight for s in g]) / sum(s.weight for s in g)
                       for g in (self.shown, self.none, self.things) if g}

    def _choose(self, rng, group):
        source = group[int(np.searchsorted(self.shares[id(group)], rng.random(), side="right"))]
        chances = self.chances.get(source.name)
        i = (int(rng.integers(len(source.pairs))) if chances is None
             else int(np.searchsorted(chances, rng.random(), side="right")))
        return source.pairs[min(i, len(source.pairs) - 1)]

    def _scales(self, shape, size):
        spread = (0.95, (0.9, 0.5)) if self.mild else (0.85, (1, 0.6))
        return augment.run_scales(shape, size, AREA, *spread)

    def _plain(self, rng, size):
        picture, labels = self._choose(rng, self.shown)
        focus = None
        if rng.random() < 0.5:
            ys, xs = np.nonzero(person(labels[::4, ::4]))
            if len(ys):
                k = int(rng.integers(len(ys)))
                focus = 4 * ys[k], 4 * xs[k]
        return augment.random_cut(rng, picture, labels, size, self._scales(labels.shape, size), focus)

    def _mosaic(self, rng, size):
        """Four reduced photographs around a random corner, one in four of nobody."""
        rows, columns = size
        y, x = int(rows * rng.uniform(0.3, 0.7)), int(columns * rng.uniform(0.3, 0.7))
        picture = np.empty((rows, columns, 3), np.uint8)
        labels = np.empty((rows, columns), np.uint8)
        for ys in (slice(0, y), slice(y, rows)):
            for xs in (slice(0, x), slice(x, columns)):
                part = (ys.stop - ys.start, xs.stop - xs.start)
                group = self.none if self.none and rng.random() < 0.25 else self.shown
                photograph = self._choose(rng, group)
                fits = max(part[0] / photograph[1].shape[0], part[1] / photograph[1].shape[1])
                picture[ys, xs], labels[ys, xs] = augment.random_cut(
                    rng, *photograph, part, (fits, 1.6 * fits))
        return picture, labels

    def _wall(self, rng, size):
        """A plain surface: a slope of light, one or two edges, a little grain."""
        y, x = np.mgrid[-1:1:size[0] * 1j, -1:1:size[1] * 1j].astype(np.float32)
        tone = rng.uniform(20, 240) + rng.uniform(-40, 40) * x + rng.uniform(-40, 40) * y
        for _ in range(int(rng.integers(0, 3))):
            a, b, c = rng.normal(0, 1), rng.normal(0, 1), rng.normal(0, 0.5)
            tone = tone + (a * x + b * y > c) * rng.uniform(-60, 60)
        tint = rng.normal(0, 12, 3)
        grain = rng.normal(0, rng.uniform(0.5, 6), (*size, 1))
        picture = (tone[..., None] + tint + grain).clip(0, 255).astype(np.uint8)
        return picture, np.zeros(size, np.uint8)

    def _beside(self, rng, size):
        """A cut with as few people as a few tries give; None where that is some."""
        for _ in range(4):
            picture, labels = self._choose(rng, self.shown)
            low, high = self._scales(labels.shape, size)
            cut = augment.random_cut(rng, picture, labels, size, (low * 1.2, high * 1.6))
            grey = (cut[0] == augment.GREY).all(-1)
            if not cut[1][~grey].any():
                return cut
        return None

    def _empty(self, rng, size):
        kind = rng.random()
        if kind < 0.04:
            return self._wall(rng, size)
        if kind < 0.22 or not self.none:
            beside = self._beside(rng, size)
            if beside is not None:
                return beside
        if not self.none:
            return self._wall(rng, size)
        picture, labels = self._choose(rng, self.none)
        low, high = self._scales(labels.shape, size)
        return augment.random_cut(rng, picture, labels, size, (low, 1.2 * high))

    def _outline(self, rng, height, columns):
        """People of a photograph, `height` rows tall: pixels, soft mask, where labels are not known."""
        picture, labels = self._choose(rng, self.shown)
        mask = person(labels)
        ys, xs = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if len(ys) < 24 or len(xs) < 12:
            return None
        box = (int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1)
        width = max(4, int(round(height * (box[2] - box[0]) / (box[3] - box[1]))))
        if width > columns:
            return None
        target = (width, height)
        soft = Image.fromarray(mask * np.uint8(255)).filter(ImageFilter.BoxBlur(1))
        doubt = Image.fromarray((labels == IGNORE) * np.uint8(255))
        parts = [np.asarray(Image.fromarray(picture).resize(target, Image.BILINEAR, box=box)),
                 np.asarray(soft.resize(target, Image.BILINEAR, box=box)),
                 np.asarray(doubt.resize(target, Image.NEAREST, box=box)) > 0]
        return [p[:, ::-1] for p in parts] if rng.random() < 0.5 else parts

    def _thing(self, rng, height, columns):
        """A thing in its own outline, as tall or as wide as that: pixels, soft mask, nothing unknown."""
        picture, mask = self._choose(rng, self.things)
        fits = min(height / mask.shape[0], columns / mask.shape[1])
        target = [max(8, int(round(n * fits))) for n in (mask.shape[1], mask.shape[0])]
        target[1] = min(target[1], height)
        parts = [np.asarray(Image.fromarray(part).resize(target, Image.BILINEAR)) for part in (picture, mask)]
        if rng.random() < 0.5:
            parts = [p[:, ::-1] for p in parts]
        return *parts, np.zeros(parts[1].shape, bool)

    def _paste(self, rng, picture, labels, thing):
        """Lays one outline over the sample; a thing's is its own, or has another picture's pixels."""
        rows, columns = labels.shape
        height = int(augment.log_uniform(rng, max(16, rows / 9), 0.95 * rows))
        whole = thing and self.things and rng.random() < 0.6
        outline = (self._thing if whole else self._outline)(rng, height, columns)
        if outline is None:
            return
        pixels, mask, doubt = outline
        h, w = mask.shape
        if thing and not whole:
            other = self._choose(rng, self.none if self.none and rng.random() < 0.7 else self.shown)
            pixels, under = augment.random_cut(rng, *other, (h, w), (0.5, 2.0))
            if person(under).any():
                return
            doubt = np.zeros_like(doubt)
        y = int(rng.integers(0, rows - h + 1))
        x = int(rng.integers(-w // 3, columns - w + w // 3 + 1))
        x0, x1 = max(x, 0), min(x + w, columns)
        pixels, mask, doubt = (p[:, x0 - x:x1 - x] for p in (pixels, mask, doubt))
        window = picture[y:y + h, x0:x1]
        pixels = pixels.astype(np.float32)
        if rng.random() < 0.5:  # the ground's light
            inside = mask >= 128
            if inside.any():
                pixels = pixels + rng.uniform(0.3, 0.8) * (window.mean((0, 1)) - pixels[inside].mean(0))
        alpha = mask[..., None] / np.float32(255)
        window[:] = (window + alpha * (pixels - window)).clip(0, 255)
        under = labels[y:y + h, x0:x1]
        under[mask >= 128] = 0 if thing else CERTAIN
        under[doubt & (mask >= 16)] = IGNORE

    def _pasted(self, rng, size, people):
        picture, labels = (a.copy() for a in self._empty(rng, size))
        things = int(rng.integers(0, 3)) if people else int(rng.integers(1, 4))
        kinds = [True] * things + [False] * (int(rng.integers(1, 5)) if people else 0)
        rng.shuffle(kinds)
        for thing in kinds:
            self._paste(rng, picture, labels, thing)
        return picture, labels

    def sample(self, rng, size, phase=0):
        self.mild = self.mild_at_end and phase == len(self.empty) - 1
        if rng.random() < self.empty[phase]:
            picture, labels = (self._pasted(rng, size, False) if rng.random() < 0.35
                               else self._empty(rng, size))
        else:
            kind = rng.random()
            # plain cuts; those and mosaics; the rest have people pasted
            plain, mosaic = (0.74, 0.82) if self.mild else (0.62, 0.76)
            if kind < plain:
                picture, labels = self._plain(rng, size)
            elif kind < mosaic:
                picture, labels = self._mosaic(rng, size)
            else:
                picture, labels = self._pasted(rng, size, True)
        return augment.recolour(rng, picture), labels
