# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the two models are for: their labels, colours and conditions of use."""

from dataclasses import dataclass

IGNORE = 255  # a label that counts neither in training nor in scores
MEAN = (0.485, 0.456, 0.406)  # ImageNet's, for RGB in 0..1
STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Task:
    folder: str  # of the data set, with train/{images,labels} and val/{images,labels}
    classes: tuple
    palette: tuple
    foreground: tuple
    input_size: str  # HxW that the exported model asks for
    license: str
    description: str


TASKS = {
    "people": Task(
        "people", ("background", "person"), ("#000000", "#ff3b70"), ("person",), "256x448",
        "Research and other non-commercial use only: trained on the Supervisely Person Dataset "
        "(non-commercial use) and on CamVid (copy with the SegNet tutorial, CC BY-NC 4.0)",
        "People against everything else, from portraits to distant walkers"),
    "street": Task(
        "camvid",
        ("sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car",
         "pedestrian", "bicyclist"),
        ("#808080", "#800000", "#c0c080", "#804080", "#3c28de", "#808000", "#c08080", "#404080",
         "#400080", "#404000", "#0080c0"),
        ("road", "pavement", "sign", "car", "pedestrian", "bicyclist"), "360x480",
        "Research and other non-commercial use only: trained on CamVid (copy with the SegNet "
        "tutorial, CC BY-NC 4.0) and on the Supervisely Person Dataset (non-commercial use)",
        "Street scenes seen from a car: the 11 classes of CamVid"),
}
