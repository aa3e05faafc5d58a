#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The models that ship, as they are looked at.   test_models.py SOURCE-ROOT"""

import glob
import itertools
import json
import os
import struct
import sys

import tap

ROOT = os.path.abspath(sys.argv[1])
# Of CIELAB, where 2 can just be told apart.
AT_A_GLANCE = 25


def models():
    found = glob.glob(os.path.join(ROOT, "engine", "models", "*.safetensors"))
    assert len(found) >= 2
    for path in sorted(found):
        with open(path, "rb") as file:
            length, = struct.unpack("<Q", file.read(8))
            yield os.path.basename(path), json.loads(file.read(length))["__metadata__"]


def cielab(red, green, blue):
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4
              for v in (red / 255, green / 255, blue / 255)]
    rows = ((0.4124 / 0.9505, 0.3576 / 0.9505, 0.1805 / 0.9505), (0.2126, 0.7152, 0.0722),
            (0.0193 / 1.089, 0.1192 / 1.089, 0.9505 / 1.089))
    x, y, z = (f ** (1 / 3) if f > 0.008856 else 7.787 * f + 16 / 116
               for f in (sum(a * b for a, b in zip(row, linear)) for row in rows))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def over(colour, ground):
    """A colour as it is painted over a grey one."""
    return cielab(*((int(colour[i:i + 2], 16) + ground) / 2 for i in (1, 3, 5)))


def test_painted_colours_differ_at_a_glance():
    for name, about in models():
        foreground = json.loads(about["hrnet.foreground"])
        painted = [(label, colour) for label, colour in zip(json.loads(about["hrnet.classes"]),
                                                           json.loads(about["hrnet.palette"]))
                   if label in foreground]
        for ground in (0, 64, 128, 255):
            for (one, a), (other, b) in itertools.combinations(painted, 2):
                distance = sum((p - q) ** 2 for p, q in zip(over(a, ground), over(b, ground))) ** 0.5
                assert distance > AT_A_GLANCE, f"{name}: {one} and {other} over {ground}: {distance:.1f}"


tap.main()
