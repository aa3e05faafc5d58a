# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the models that ship are for: their data, labels, colours and conditions of use (own.py: others)."""

from dataclasses import dataclass

IGNORE = 255  # a label that counts neither in training nor in scores
MEAN = (0.485, 0.456, 0.406)  # ImageNet's, for RGB in 0..1
STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Task:
    train: str  # folder with images/ and labels/, or a file of sources
    val: str  # folder with images/ and labels/, class numbers and IGNORE
    empty: str  # folder with images/ that show none of the foreground, to measure false area; or ""
    probabilities: bool  # two classes, labels in training 0..254: how likely the second is
    classes: tuple
    palette: tuple
    foreground: tuple
    input_size: str  # HxW that the exported model asks for
    license: str
    description: str

    def area(self):
        """Pixels that the network sees of a frame."""
        height, width = self.input_size.split("x")
        return int(height) * int(width)


PEOPLE_LICENSE = (
    "Trained on Clothing Co-Parsing (Apache-2.0 by its repository), Pexels photographs of before "
    "March 2018 (CC0) and pictures found under CC BY 4.0, CC0 and MIT, as their uploaders declare, "
    "with human labels for some of Clothing Co-Parsing and labels by RobustVideoMatting (GPL-3.0) and "
    "DeepLabv3 MobileNetV2 PASCAL VOC (Apache-2.0) for the rest; people.md names all sources. These "
    "weights may be used for any purpose as far as their authors can grant that")

TASKS = {
    "people": Task(
        "people.sources", "people/val", "tune-none", True,
        ("background", "person"), ("#000000", "#ff3b70"), ("person",), "256x448",
        PEOPLE_LICENSE,
        "People against everything else, from portraits to distant walkers"),
    "street": Task(
        "camvid/train", "camvid/val", "", False,
        ("sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car",
         "pedestrian", "bicyclist"),
        # not CamVid's: on dark pictures its road and car are one purple
        ("#87ceeb", "#a0522d", "#c0c080", "#1e90ff", "#9b5cff", "#2e8b22", "#00f5b0", "#8080a0",
         "#ff8c00", "#ff2a6d", "#ffe600"),
        ("road", "pavement", "sign", "car", "pedestrian", "bicyclist"), "360x480",
        "Research and other non-commercial use only: trained on CamVid (copy with the SegNet "
        "tutorial, CC BY-NC 4.0) and on the Supervisely Person Dataset (non-commercial use)",
        "Street scenes seen from a car: the 11 classes of CamVid"),
}
