#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The engine alone, from Python: a picture in, the share of each class out.

    class-shares.py MODEL PICTURE

Needs python3-gi and gir1.2-gdkpixbuf-2.0, and the engine's typelib where GObject-Introspection looks
for it: installed, or by GI_TYPELIB_PATH.
"""

import sys

import gi

gi.require_version("GdkPixbuf", "2.0")
gi.require_version("Hrnet", "1.0")
from gi.repository import GdkPixbuf, GLib, Hrnet  # noqa: E402


def segment(session, pixbuf):
    pixel_format = (Hrnet.PixelFormat.RGBA if pixbuf.get_has_alpha() else Hrnet.PixelFormat.RGB)
    return session.segment_bytes(pixel_format, pixbuf.get_width(), pixbuf.get_height(),
                                 pixbuf.get_rowstride(), pixbuf.read_pixel_bytes())


def main(model_name, picture):
    try:
        # Upright, as EXIF says.
        pixbuf = GdkPixbuf.Pixbuf.new_from_file(picture).apply_embedded_orientation()
        # Load once a process; a session a stream, which keeps its memory from picture to picture.
        model = Hrnet.Model.load(model_name, None)
        height, width = model.get_input_size()
        height, width = Hrnet.Session.fit_size(height * width,
                                               pixbuf.get_width() / pixbuf.get_height())
        session = Hrnet.Session.new(model, height, width, 0, Hrnet.Precision.AUTO)
        labels = bytes(segment(session, pixbuf).get_labels())
    except GLib.Error as error:
        sys.exit(error.message)
    for label, name in enumerate(model.get_classes()):
        if label > 0:  # 0 is `unlabelled`
            print(f"{name:20} {100 * labels.count(label) / len(labels):6.2f} %")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} MODEL PICTURE")
    main(*sys.argv[1:])
