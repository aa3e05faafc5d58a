# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pairs of picture and label map, decoded once into flat arrays and then memory-mapped.

A folder holds `images/NAME.jpg|webp|png` and `labels/NAME.png`. The cache holds, for each folder,
`pixels.npy` (bytes, RGB), `labels.npy` (bytes) and `sizes.npy` (rows and columns a picture).
"""

from pathlib import Path

import numpy as np
from PIL import Image


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


def image_files(source):
    """Pictures of a folder with their label files, by name."""
    files = sorted((source / "images").iterdir())
    pairs = [(f, source / "labels" / f"{f.stem}.png") for f in files]
    for _, label in pairs:
        if not label.is_file():
            raise FileNotFoundError(f"{label}: no labels for this picture")
    return pairs


def read_labels(file):
    """Labels as bytes; of a 1-bit picture 0 and 1."""
    return np.asarray(Image.open(file)).astype(np.uint8)


def open_pairs(source, cache):
    """The pairs of `source`, decoded into `cache` when they are not there yet."""
    source, cache = Path(source), Path(cache)
    if not (cache / "sizes.npy").exists():
        decode(source, cache)
    return Pairs(cache)


def decode(source, cache):
    cache.mkdir(parents=True, exist_ok=True)
    pixels, labels, sizes = [], [], []
    for picture_file, label_file in image_files(source):
        picture = np.asarray(Image.open(picture_file).convert("RGB"))
        label = read_labels(label_file)
        if picture.shape[:2] != label.shape:
            raise ValueError(f"{label_file}: {label.shape} labels for {picture.shape} pixels")
        pixels.append(picture.ravel())
        labels.append(label.ravel())
        sizes.append(label.shape)
    np.save(cache / "pixels.npy", np.concatenate(pixels))
    np.save(cache / "labels.npy", np.concatenate(labels))
    np.save(cache / "sizes.npy", np.array(sizes, np.int32))  # last: its presence says all is there
