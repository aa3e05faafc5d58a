# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `people` has to hold to, on pictures that no training has seen: `evaluate.py --gates`.

Pictures are run at the model's area in their own aspect, as the element and `hrnet-segment` do.
"""

import csv
from dataclasses import dataclass, field

import numpy as np
from PIL import Image
from scipy import ndimage

from datasets import read_labels
from scores import run_size
from tasks import IGNORE

PAINTED = 0.01  # of a picture's area: painted, where nobody is there
PEOPLE = 0.01  # of a picture's area: a group of connected labels that has to be found
FOUND = 0.5  # of such a group: found


@dataclass
class Empty:
    """Pictures that show nobody."""

    areas: list = field(default_factory=list)

    def add(self, labels, mask):
        self.areas.append(mask.mean())

    def results(self):
        areas = np.array(self.areas)
        return {"mean area painted": (areas.mean(), "<", 0.01),
                "pictures with more than 1 % painted": ((areas > PAINTED).mean(), "<", 0.10)}


@dataclass
class People:
    """Pictures with labels of people; `goal` of their intersection over union."""

    goal: float
    goal_found: float = 0.0
    hits: int = 0
    union: int = 0
    groups: int = 0
    found: int = 0

    def add(self, labels, mask):
        known, truth = labels != IGNORE, labels == 1
        self.hits += np.count_nonzero(truth & mask & known)
        self.union += np.count_nonzero((truth | mask) & known)
        if self.goal_found:
            parts, n = ndimage.label(truth)
            sizes = ndimage.sum_labels(np.ones_like(parts), parts, np.arange(1, n + 1))
            painted = ndimage.sum_labels(mask, parts, np.arange(1, n + 1))
            large = sizes > PEOPLE * labels.size
            self.groups += np.count_nonzero(large)
            self.found += np.count_nonzero(painted[large] >= FOUND * sizes[large])

    def results(self):
        out = {"IoU of person": (self.hits / max(1, self.union), ">", self.goal)}
        if self.goal_found:
            out[f"people of more than 1 % ({self.groups}) found by half"] = (
                self.found / max(1, self.groups), ">", self.goal_found)
        return out


def gates(sets):
    """(name, what to measure, list of (picture file, label file or None)) of each gate."""
    with open(sets / "found" / "list.tsv", newline="") as stream:
        rows = [row for row in csv.DictReader(stream, delimiter="\t") if row["part"] == "gate"]

    def found(kind):
        files = [sets / "found" / "images" / row["file"] for row in rows if row["kind"] == kind]
        return [(f, sets / "found" / "labels" / f"{f.stem}.png" if kind == "people" else None)
                for f in files]

    def folder(images, labels, stems=None):
        return [(f, labels / f"{f.stem}.png") for f in sorted(images.iterdir())
                if stems is None or f.stem in stems]
    people, ccp = sets / "people" / "val", sets / "ccp"
    return [
        ("found, nobody", Empty(), found("none")),
        ("found, people", People(0.84, 0.92), found("people")),
        ("people/val", People(0.80), folder(people / "images", people / "labels")),
        ("ccp", People(0.91), folder(ccp / "images", ccp / "labels",
                                     set((ccp / "gate.txt").read_text().split()))),
    ]


def measure(sets, predict, area, limit=None):
    """Yields a gate's name, how many pictures it has, and what it measures: (value, sense, goal).

    `predict(picture, size)` gives classes; 1 is person.
    """
    for name, gate, pairs in gates(sets):
        for picture_file, label_file in pairs[:limit]:
            picture = np.asarray(Image.open(picture_file).convert("RGB"))
            mask = predict(picture, run_size(area, picture.shape[:2])) == 1
            gate.add(read_labels(label_file) if label_file else None, mask)
        yield name, len(pairs[:limit]), gate.results()


def table(columns):
    """Prints the measures of each column ("PyTorch", "engine"); True where all goals are reached."""
    print(f"{'gate':16}{'measure':48}{'goal':>8}" + "".join(f"{c:>10}" for c in columns))
    all_hold = True
    for gates_of_all in zip(*columns.values()):
        name, _, measures = gates_of_all[0]
        for measure_name, (_, sense, goal) in measures.items():
            values = [g[2][measure_name][0] for g in gates_of_all]
            holds = all(v < goal if sense == "<" else v >= goal for v in values)
            all_hold &= holds
            print(f"{name:16}{measure_name:48}{sense + f'{100 * goal:.0f} %':>8}"
                  + "".join(f"{100 * v:10.2f}" for v in values) + ("" if holds else "  not reached"))
    return all_hold
