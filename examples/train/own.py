# SPDX-License-Identifier: LGPL-2.1-or-later
"""Classes of one's own: what they are called and painted in, and pictures with painted labels.

A folder holds `classes.txt`, and `train` and `val`, each with `images/NAME.jpg|webp|png` and
`labels/NAME.png`. A line of `classes.txt` is a class, in the order of their numbers from 0: its name and
the colour that it is painted in, `traffic light #ff8000`. A coloured label picture is read by these
colours; whatever has another one, or is transparent, is not known, and counts nowhere: the soft edge of a
brush above all. A grey one has numbers of classes, and IGNORE. Both lie over the picture as it is looked
at: turned by its EXIF orientation.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from tasks import IGNORE, TASKS, Task

MOST_CLASSES = 255
DETAIL = 4  # pictures are kept with so many times the pixels that the network sees


def read_classes(file):
    """Names and `#rrggbb` colours of a `classes.txt`."""
    classes, palette = [], []
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if not line.strip():
            continue
        name, mark, digits = line.rpartition("#")
        name, colour = name.strip(), f"#{digits.strip().lower()}"
        if not (name and mark and len(colour) == 7 and set(colour[1:]) <= set("0123456789abcdef")):
            raise SystemExit(f"{file}:{number}: expected a name and a colour: road #804080")
        if name in classes or colour in palette:
            raise SystemExit(f"{file}:{number}: a name or a colour that is taken already")
        classes.append(name)
        palette.append(colour)
    if not 2 <= len(classes) <= MOST_CLASSES:
        raise SystemExit(f"{file}: names {len(classes)} classes, but has to name 2 to {MOST_CLASSES}, "
                         "what is none of the others being one as well")
    return tuple(classes), tuple(palette)


def find_task(name, data, input_size):
    """The task of that name: one of `TASKS`, or a folder below `data` that holds a `classes.txt`."""
    if name in TASKS:
        return TASKS[name]
    file = Path(data) / name / "classes.txt"
    if not file.is_file():
        raise SystemExit(f"--tasks: {name}: is not one of {', '.join(TASKS)}, and there is no {file}")
    classes, palette = read_classes(file)
    return Task(f"{name}/train", f"{name}/val", "", False, classes, palette, classes, input_size, "",
                f"{name}: {', '.join(classes)}")


def open_image(file):
    try:
        return ImageOps.exif_transpose(Image.open(file))
    except (OSError, UnidentifiedImageError):
        raise SystemExit(f"{file}: is no picture that can be read") from None


def read_picture(file):
    """Bytes [h, w, 3], the right way up."""
    return np.asarray(open_image(file).convert("RGB"))


def by_colour(file, image, palette):
    """Classes of a painted picture; IGNORE where it has no class's colour."""
    red, green, blue, alpha = np.moveaxis(np.asarray(image.convert("RGBA")).astype(np.uint32), -1, 0)
    colours = red << 16 | green << 8 | blue
    labels = np.full(colours.shape, IGNORE, np.uint8)
    for number, colour in enumerate(palette):
        labels[(colours == int(colour[1:], 16)) & (alpha == 255)] = number
    if (labels == IGNORE).all():
        found, counts = np.unique(colours, return_counts=True)
        raise SystemExit(f"{file}: has no class's colour, but #{found[counts.argmax()]:06x} for most; "
                         f"the classes have {', '.join(palette)}")
    return labels


def read_labels(file, palette):
    """Labels [h, w] of a grey picture as they are, of a coloured one by the classes' colours."""
    image = open_image(file)
    if image.mode == "1" or image.mode == "L" or image.mode.startswith("I"):
        return np.asarray(image).clip(0, IGNORE).astype(np.uint8)
    return by_colour(file, image, palette)


def check_size(label_file, labels, picture):
    if labels.shape != picture.shape[:2]:
        raise SystemExit("{}: is {}x{}, but its picture {}x{}".format(
            label_file, *labels.shape, *picture.shape[:2]))


class Reader:
    """Reads a task's pairs of picture and label file, those of `area` pixels times DETAIL at most."""

    def __init__(self, task):
        self.task = task
        self.area = task.area()

    def __call__(self, picture_file, label_file):
        picture, labels = read_picture(picture_file), read_labels(label_file, self.task.palette)
        check_size(label_file, labels, picture)
        count = len(self.task.classes)
        wrong = labels[(labels >= count) & (labels != IGNORE)]
        if len(wrong):
            raise SystemExit(f"{label_file}: has the number {wrong[0]}, but the classes are 0 to "
                             f"{count - 1}, and {IGNORE} is what is not known")
        return self._reduce(picture, labels)

    def _reduce(self, picture, labels):
        scale = (DETAIL * self.area / labels.size) ** 0.5
        if scale >= 1:
            return picture, labels
        size = [max(1, round(n * scale)) for n in labels.shape[::-1]]
        return (np.asarray(Image.fromarray(picture).resize(size, Image.BOX)),
                np.asarray(Image.fromarray(labels).resize(size, Image.NEAREST)))


def reading(name, task):
    """How datasets.open_pairs is to read the pairs of a task: nothing special for those of `TASKS`."""
    return () if name in TASKS else (f"{task.area()}", Reader(task))
