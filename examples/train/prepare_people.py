#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lays the sets that `people` is trained with out as the folders that `people.sources` names.

    prepare_people.py SETS STAMPS DATA

SETS holds the unpacked sets: `ccp/` (Clothing Co-Parsing), `people/` (photographs), `pexels/labels/`
and `found/` with its `list.tsv`; STAMPS are the pictures of Debian's tuxpaint-stamps-default
(`usr/share/tuxpaint/stamps` in it), of which photographs of animals and things are taken; DATA gets folders of links, each with `images/` and, where the
pictures show people, `labels/`. Parts named `gate` stay out of all of them.

What is left out, having been looked at: broadcast pictures and stock photography, as far as they can be
told (the sources below, and pictures whose border is a white studio's); stadiums, whose players are
too small for any label; and single pictures whose labels are wrong. The set of garments laid out on
floors and beds shows nobody, whatever its labels say: it is taken as pictures without people.
What is left out of training serves to choose the model's bias (`tune-none`, `tune-people`).
"""

import argparse
import csv
import sys
from pathlib import Path

import numpy as np
from PIL import Image

LEFT_OUT = {
    "yassinfrh/football_yolo": "broadcast, tiny players",
    "0waisNoor/UfcFightAnalysis": "broadcast",
    "Log45/Fencing-Referee": "broadcast",
    "RizqullohRayhanUNSD3TI/workout-equipment-dataset": "catalogue pictures",
    "AyeshaImran-61/Bottle-Detection-YOLO": "stock photography",
    "lilwindax/AI_Hackathon_2023": "stock photography",
    "ShikhaaAgrawal/Object_detectives": "stock photography",
    "Wande953/road-defect-detector": "labels of what is no person",
    "Eteryz/TrashCanDetectorYOLOv8": "labels of what is no person",
    "faizanali710/LUMS-Road-Dataset": "labels of what is no person",
}
STILL_EMPTY = {"Eteryz/TrashCanDetectorYOLOv8", "Wande953/road-defect-detector",
               "faizanali710/LUMS-Road-Dataset"}  # whose pictures without people are right
TUNE = {"RizqullohRayhanUNSD3TI/workout-equipment-dataset", "AyeshaImran-61/Bottle-Detection-YOLO",
        "lilwindax/AI_Hackathon_2023", "ShikhaaAgrawal/Object_detectives"}
GARMENTS = "alexeygrigorev/clothing-dataset-small"
STAMPS = ("animals", "food", "household", "hobbies", "military/vehicles", "plants", "sports", "town", "vehicles")
LEAST_COLOURS = 60  # of 32768 in a photograph at 64x64
WHITE, WHITE_BORDER = 235, 0.5  # a studio: this share of the border is as light as this


def white_border(file):
    grey = np.asarray(Image.open(file).convert("L"))
    border = np.concatenate([grey[:4].ravel(), grey[-4:].ravel(), grey[:, :4].ravel(),
                             grey[:, -4:].ravel()])
    return (border >= WHITE).mean() > WHITE_BORDER


def photographed_thing(file):
    """Whether a stamp has an outline and the colours of a photograph."""
    picture = Image.open(file).convert("RGBA")
    small = np.asarray(picture.convert("RGB").resize((64, 64))).reshape(-1, 3) // 8
    clear = np.asarray(picture)[..., 3] < 10
    return (min(picture.size) >= 60 and clear.mean() >= 0.03
            and len(np.unique(small, axis=0)) >= LEAST_COLOURS)


class Layout:
    """Folders of links; counts what went where."""

    def __init__(self, data):
        self.data, self.counts = data, {}

    def add(self, source, picture, label=None, name=None):
        self.counts[source] = self.counts.get(source, 0) + 1
        for sub, file in (("images", picture), ("labels", label)):
            if file is None:
                continue
            if not file.is_file():
                sys.exit(f"{file}: missing")
            folder = self.data / source / sub
            folder.mkdir(parents=True, exist_ok=True)
            link = folder / ((name or picture.stem) + file.suffix)
            if not link.is_symlink():
                link.symlink_to(file.resolve())


def read_names(file):
    return set(file.read_text().split())


def found(sets, layout, wrong):
    with open(sets / "found" / "list.tsv", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    for row in rows:
        picture = sets / "found" / "images" / row["file"]
        label = sets / "found" / "labels" / f"{picture.stem}.png"
        source, kind = row["source"], row["kind"]
        if row["part"] != "train" or picture.stem in wrong:
            continue
        if source == GARMENTS:
            layout.add("garments", picture)
        elif kind == "unsure":
            continue
        elif source in TUNE:
            layout.add(f"tune-{kind}", picture, label)
        elif source in LEFT_OUT and not (kind == "none" and source in STILL_EMPTY):
            continue
        elif white_border(picture):
            continue
        elif kind == "none":
            layout.add("empty", picture)
        else:
            layout.add("varied", picture, label)


def ccp(sets, layout):
    folder = sets / "ccp"
    gate, human = read_names(folder / "gate.txt"), read_names(folder / "human.txt")
    for picture in sorted((folder / "images").iterdir()):
        if picture.stem not in gate:
            layout.add("fashion-human" if picture.stem in human else "fashion", picture,
                       folder / "labels" / f"{picture.stem}.png")


def pexels(sets, layout):
    for picture in sorted((sets / "people" / "train" / "images").iterdir()):
        if picture.stem.startswith("pexels-photo-"):
            layout.add("portraits", picture, sets / "pexels" / "labels" / f"{picture.stem}.png")


def things(stamps, layout):
    for folder in STAMPS:
        for picture in sorted((stamps / folder).rglob("*.png")):
            if "cartoon" not in picture.parts and photographed_thing(picture):
                layout.add("things", picture, name="-".join(picture.relative_to(stamps).with_suffix("").parts))


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("sets", type=Path, help="folder of the unpacked sets")
    p.add_argument("stamps", type=Path, help="folder of tuxpaint's stamps")
    p.add_argument("data", type=Path, help="folder to make")
    o = p.parse_args()
    layout = Layout(o.data)
    wrong = read_names(Path(__file__).with_name("people.wrong"))
    found(o.sets, layout, wrong)
    ccp(o.sets, layout)
    pexels(o.sets, layout)
    things(o.stamps, layout)
    for picture in sorted((o.sets / "people" / "val" / "images").iterdir()):
        layout.add("people/val", picture, o.sets / "people" / "val" / "labels" / f"{picture.stem}.png")
    for source, count in layout.counts.items():
        print(f"{source:16}{count:6}")


if __name__ == "__main__":
    main()
