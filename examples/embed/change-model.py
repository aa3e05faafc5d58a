#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Another model while the video plays: each line of standard input names the one to change to.

    change-model.py 'v4l2src ! videoconvert ! hrnetseg name=seg ! videoconvert ! autovideosink'

The stream goes on with the former model until the new one is loaded; one that cannot be used leaves
the former where it is. Prints the model whenever masks begin to be another's, and why one was
refused. Ends with its input. Needs python3-gi and gir1.2-gstreamer-1.0.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402


class Player:
    def __init__(self, description):
        self.loop = GLib.MainLoop()
        self.model = self.error = None
        self.pipeline = Gst.parse_launch(description)
        self.seg = self.pipeline.get_by_name("seg") if isinstance(self.pipeline, Gst.Bin) else None
        if not self.seg:
            raise ValueError("no element of the name seg in the pipeline")
        self.seg.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, self.on_buffer)
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message", self.on_message)
        GLib.io_add_watch(sys.stdin.fileno(), GLib.PRIORITY_DEFAULT,
                          GLib.IOCondition.IN | GLib.IOCondition.HUP, self.on_line)

    def on_buffer(self, _pad, info):
        """Runs on the streaming thread."""
        meta = info.get_buffer().get_custom_meta("GstHrnetSegMeta")
        model = meta.get_structure().get_string("model") if meta else self.model
        if model != self.model:
            self.model = model
            print(f"model {model}", flush=True)
        return Gst.PadProbeReturn.OK

    def on_line(self, *_):
        name = sys.stdin.readline().strip()
        if not name:
            self.loop.quit()
            return False
        self.seg.set_property("model", name)
        return True

    def on_message(self, _bus, message):
        if message.type == Gst.MessageType.WARNING:
            print(f"refused: {message.parse_warning()[0].message}", flush=True)
        elif message.type == Gst.MessageType.ERROR:
            self.error = message.parse_error()[0].message
            self.loop.quit()

    def run(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        self.pipeline.set_state(Gst.State.NULL)
        return self.error


if __name__ == "__main__":
    Gst.init(None)
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} PIPELINE, with a hrnetseg name=seg in it")
    try:
        player = Player(sys.argv[1])
    except (GLib.Error, ValueError) as error:
        sys.exit(getattr(error, "message", str(error)))
    sys.exit(player.run())
