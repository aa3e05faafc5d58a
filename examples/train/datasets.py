# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pairs of picture and label map, decoded once into flat arrays and then memory-mapped.

A folder holds `images/NAME.jpg|webp|png` and `labels/NAME.png`. A file of sources names folders, each
with its weight and the kind of its labels (`people.sources` explains them). The cache holds, for each folder,
`pixels.npy` (bytes, RGB), `labels.npy` (bytes) and `sizes.npy` (rows and columns a picture).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tasks import IGNORE


class Pairs:
    """Sequence of (picture uint8 [h, w, 3], labels uint8 [h, w]), both read-only."""

    def __init__(self, folder):
        self.sizes = np.load(folder / "sizes.npy")
        self.pixels = np.load(folder / "pixels.npy", mmap_mode="r")
        self.labels = np.load(folder / "labels.npy", mmap_mode="r")
        areas = self.sizes.astype(np.int64).prod(1)
        self.starts = np.concatenate([[0], np.cumsum(areas)])

    def __len__(self):
        return len(self.sizes)

    def __getitem__(self, i):
        (rows, columns), start, end = self.sizes[i], self.starts[i], self.starts[i + 1]
        return (self.pixels[3 * start:3 * end].reshape(rows, columns, 3),
                self.labels[start:end].reshape(rows, columns))


@dataclass(frozen=True)
class Source:
    """Pictures of one origin. Labels of a kind are brought to 0..254, the probability, and IGNORE."""

    name: str
    weight: float
    kind: str  # as is: label maps, unchanged; the others as `people.sources` explains
    pairs: Pairs


KINDS = {
    "as is": lambda labels: labels,
    "hard": lambda labels: np.where(labels == IGNORE, IGNORE, (labels > 0) * np.uint8(254)),
    "soft": lambda labels: (labels.astype(np.uint16) * 254 // 255).astype(np.uint8),
    "none": None,
    "things": None,
}
UNLABELLED = ("none", "things")


def read_sources(file, data, cache):
    """The sources that a file names, folders being below `data`."""
    sources = []
    for number, line in enumerate(Path(file).read_text().splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            name, weight, kind = words[0], float(words[1]), words[2]
            if len(words) > 3 or kind not in KINDS or not weight > 0:
                raise ValueError
        except (IndexError, ValueError):
            raise SystemExit(f"{file}:{number}: expected a folder, a weight, and one of "
                             f"{', '.join(k for k in KINDS if ' ' not in k)}") from None
        pairs = open_pairs(data, name, cache, kind)
        sources.append(Source(name, weight, kind, pairs))
    if not sources:
        raise SystemExit(f"{file}: names no folder")
    return sources


def image_files(source):
    """Pictures of a folder with their label files, by name."""
    files = picture_files(source)
    pairs = [(f, source / "labels" / f"{f.stem}.png") for f in files]
    for picture, label in pairs:
        if not label.is_file():
            raise SystemExit(f"{label}: is not there, and {picture} has no other labels")
    return pairs


def picture_files(source):
    folder = source / "images"
    if not folder.is_dir():
        raise SystemExit(f"{folder}: no such folder; README.md tells what the sets look like")
    files = sorted(f for f in folder.iterdir() if not f.name.startswith("."))
    if not files:
        raise SystemExit(f"{folder}: holds no picture")
    return files


def read_labels(file):
    """Labels as bytes; of a 1-bit picture 0 and 1."""
    return np.asarray(Image.open(file)).astype(np.uint8)


def read_thing(picture_file, _):
    """A picture that has an outline: the labels are how opaque it is."""
    picture = np.asarray(Image.open(picture_file).convert("RGBA"))
    return picture[..., :3], picture[..., 3]


def read_pair(picture_file, label_file, kind):
    picture = np.asarray(Image.open(picture_file).convert("RGB"))
    labels = (KINDS[kind](read_labels(label_file)) if label_file
              else np.zeros(picture.shape[:2], np.uint8))
    if picture.shape[:2] != labels.shape:
        raise SystemExit(f"{label_file}: {labels.shape} labels for {picture.shape} pixels")
    return picture, labels.astype(np.uint8)


def open_pairs(data, folder, cache, kind="as is", read=None):
    """The pairs of a folder below `data`, decoded into one below `cache` when what is there is older.

    `read`, if given, makes picture and labels of a pair of files.
    """
    name = folder.replace("/", "-") + ("" if kind == "as is" else f"-{kind}")
    source, cache = Path(data) / folder, Path(cache) / name
    pairs = ([(f, None) for f in picture_files(source)] if kind in UNLABELLED else image_files(source))
    if kind == "things":
        read = read_thing
    made = cache / "sizes.npy"
    if not made.exists() or made.stat().st_mtime < newest(source, pairs):
        decode(pairs, cache, read or (lambda picture, label: read_pair(picture, label, kind)))
    return Pairs(cache)


def newest(source, pairs):
    """When the pairs were last changed, by the files and by the folders that they are in."""
    files = [f for pair in pairs for f in pair if f]
    beside = [f for f in (source / "images", source / "labels", source.parent / "classes.txt")
              if f.exists()]
    return max(f.stat().st_mtime for f in files + beside)


def decode(pairs, cache, read):
    cache.mkdir(parents=True, exist_ok=True)
    pixels, labels, sizes = [], [], []
    for picture_file, label_file in pairs:
        picture, label = read(picture_file, label_file)
        pixels.append(picture.ravel())
        labels.append(label.ravel())
        sizes.append(label.shape)
    save(cache / "pixels.npy", np.concatenate(pixels))
    save(cache / "labels.npy", np.concatenate(labels))
    save(cache / "sizes.npy", np.array(sizes, np.int32))  # last: its presence says all is there


def save(file, array):
    """Not over a file that somebody has mapped."""
    part = file.with_suffix(".part")
    with open(part, "wb") as stream:
        np.save(stream, array)
    part.replace(file)
