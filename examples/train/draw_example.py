#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws a set to try the recipe with, in the form that one of your own has: balls and boxes on tables.

40 pictures of 240x320, 32 of them to train on, with labels painted in the colours of `classes.txt`
as a brush leaves them: soft at the edges.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

ROWS, COLUMNS = 240, 320
FINER = 2  # drawn at so many times the size, and reduced
CLASSES = {"table": "#806040", "ball": "#ff3b70", "box": "#3c28de"}
PARTS = {"train": 32, "val": 8}


def table_top(rng):
    """Boards of one wood, with its grain along them."""
    wood = rng.uniform((70, 50, 30), (200, 160, 120))
    board = rng.normal(0, 10, (8, 1, 1)).repeat(ROWS // 8, 0)
    grain = rng.normal(0, 9, (ROWS, COLUMNS // 16, 1)).repeat(16, 1)
    light = np.linspace(*rng.uniform(-30, 30, 2), COLUMNS)[None, :, None]
    picture = wood + board + grain + light + rng.normal(0, 4, (ROWS, COLUMNS, 1))
    image = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
    return image.resize((COLUMNS * FINER, ROWS * FINER), Image.BILINEAR)


def colour(rng, part=1.0):
    return tuple(int(v * part) for v in rng.uniform(30, 230, 3))


def draw_ball(rng, picture, labels, centre, radius):
    """Lit from above on the left, in rings from the dark edge inwards."""
    hue = rng.uniform(60, 255, 3)
    for part in np.linspace(0, 0.9, 24):
        r, shift = radius * (1 - part), radius * part * 0.4
        x, y = centre[0] - shift, centre[1] - shift
        tone = tuple(int(v) for v in (hue * (0.45 + 0.7 * part)).clip(0, 255))
        picture.ellipse((x - r, y - r, x + r, y + r), fill=tone)
    (x, y), r = centre, radius
    labels.ellipse((x - r, y - r, x + r, y + r), fill=CLASSES["ball"])


def draw_box(rng, picture, labels, centre, radius):
    """Its lid, turned anyhow, and a side below."""
    angle, flat = rng.uniform(0, np.pi / 2), rng.uniform(0.6, 1)
    corners = [(centre[0] + radius * np.cos(angle + k * np.pi / 2),
                centre[1] + flat * radius * np.sin(angle + k * np.pi / 2)) for k in range(4)]
    below = [(x, y + 0.5 * radius) for x, y in corners]
    hue = colour(rng)
    for i, j in ((0, 1), (1, 2), (2, 3), (3, 0)):
        side = [corners[i], corners[j], below[j], below[i]]
        picture.polygon(side, fill=tuple(int(v * (0.5 + 0.1 * (i % 2))) for v in hue))
        labels.polygon(side, fill=CLASSES["box"])
    picture.polygon(corners, fill=hue)
    labels.polygon(corners, fill=CLASSES["box"])


def draw_pair(rng):
    """A picture and its painted labels."""
    picture = table_top(rng)
    labels = Image.new("RGB", picture.size, CLASSES["table"])
    brushes = ImageDraw.Draw(picture), ImageDraw.Draw(labels)
    for _ in range(int(rng.integers(2, 6))):
        radius = rng.uniform(16, 44) * FINER
        centre = [rng.uniform(0.6 * radius, n * FINER - 0.6 * radius) for n in (COLUMNS, ROWS)]
        draw = draw_ball if rng.random() < 0.5 else draw_box
        draw(rng, *brushes, centre, radius)
    size = (COLUMNS, ROWS)
    picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.5))).resize(size, Image.BOX)
    return picture, labels.resize(size, Image.BOX)


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder", type=Path, help="to make")
    folder = p.parse_args().folder
    rng = np.random.default_rng(40)
    for part, count in PARTS.items():
        for kind in ("images", "labels"):
            (folder / part / kind).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            picture, labels = draw_pair(rng)
            picture.save(folder / part / "images" / f"{i:02}.jpg", quality=90)
            labels.save(folder / part / "labels" / f"{i:02}.png")
    lines = [f"{name} {painted}\n" for name, painted in CLASSES.items()]
    (folder / "classes.txt").write_text("".join(lines))


if __name__ == "__main__":
    main()
