#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What hrnetseg finds, as its element messages tell it: a line for each, with the classes' shares and boxes.

    messages.py 'v4l2src ! videoconvert ! hrnetseg message-interval=500 ! fakesink'

Each message `hrnet-classes` has an array of structures, of which `gst-launch-1.0 -m` shows no more than
an escaped string. Needs python3-gi and gir1.2-gstreamer-1.0.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402


def describe(area):
    """One class of a message."""
    name = area.get_string("name")
    share = area.get_double("share")[1]
    confidence = area.get_double("confidence")[1]
    x, y, width, height = (area.get_uint(side)[1] for side in ("x", "y", "width", "height"))
    return f"{name} {100 * share:.1f}% (sure by {100 * confidence:.0f}%) in {width}x{height}+{x}+{y}"


def show(structure):
    array = structure.get_array("classes")[1]
    areas = [array.get_nth(number) for number in range(array.n_values)]
    seconds = structure.get_uint64("stream-time")[1] / Gst.SECOND
    print(f"{seconds:.3f}", *map(describe, areas), sep="  ", flush=True)


def main(description):
    try:
        pipeline = Gst.parse_launch(description)
    except GLib.Error as error:
        return error.message
    pipeline.set_state(Gst.State.PLAYING)
    bus = pipeline.get_bus()
    wanted = Gst.MessageType.ERROR | Gst.MessageType.EOS | Gst.MessageType.ELEMENT
    problem = None
    while True:
        message = bus.timed_pop_filtered(Gst.CLOCK_TIME_NONE, wanted)
        if message.type == Gst.MessageType.ELEMENT:
            if message.get_structure().get_name() == "hrnet-classes":
                show(message.get_structure())
            continue
        if message.type == Gst.MessageType.ERROR:
            problem = message.parse_error()[0].message
        break
    pipeline.set_state(Gst.State.NULL)
    return problem


if __name__ == "__main__":
    Gst.init(None)
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} PIPELINE, with a hrnetseg that has a message-interval")
    sys.exit(main(sys.argv[1]))
