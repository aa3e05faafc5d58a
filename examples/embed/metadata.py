#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""GStreamer from Python: reads the masks that hrnetseg attaches to the frames of a pipeline.

    metadata.py 'v4l2src ! videoconvert ! hrnetseg name=seg mode=meta ! fakesink'

The pipeline has to have a hrnetseg of the name `seg`. Needs python3-gi and gir1.2-gstreamer-1.0; the
metadata is a GstStructure by the name of GstHrnetSegMeta, so that nothing of ours is linked. Works with
and without the overrides of gst-python.

What get_structure() returns belongs to the frame and is gone with it. To keep a mask copy the structure:
that copies no pixels, and the mask is then the copy's.
"""

import sys
import warnings

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstVideo", "1.0")
from gi.repository import GLib, Gst, GstVideo  # noqa: E402


# Without overrides there is no other way to read the elements of a GstValueArray.
warnings.filterwarnings("ignore", "GObject.ValueArray.get_nth is deprecated", DeprecationWarning)


def label_counts(mask):
    """Pixels of each label: rows are `stride` bytes apart, of which `width` are labels."""
    meta = GstVideo.buffer_get_video_meta(mask)
    data = mask.extract_dup(meta.offset[0], mask.get_size() - meta.offset[0])
    stride = meta.stride[0]
    labels = b"".join(data[y * stride:y * stride + meta.width] for y in range(meta.height))
    return [labels.count(label) for label in range(256)]


def segmentations(buffer):
    """The structures of all elements that the frame came through, the last element's first. Where
    only that one counts, buffer.get_custom_meta(...) has it: what is found is taken off a buffer that
    has the metadata alone."""
    copy = Gst.Buffer.new()
    copy.copy_into(buffer, Gst.BufferCopyFlags.META, 0, buffer.get_size())
    while meta := copy.get_custom_meta("GstHrnetSegMeta"):
        yield meta.get_structure().copy()
        copy.remove_meta(meta.meta)


def on_buffer(_pad, info):
    """Runs on the streaming thread: what takes long belongs elsewhere."""
    for segmentation in segmentations(info.get_buffer()):
        counts = label_counts(segmentation.get_value("mask"))
        classes = segmentation.get_array("classes")[1]
        seconds = segmentation.get_uint64("pts")[1] / Gst.SECOND
        shares = [f"{classes.get_nth(label)} {100 * counts[label] / sum(counts):.1f}%"
                  for label in range(1, classes.n_values) if counts[label]]
        print(f"{seconds:.3f}", *shares, sep="  ", flush=True)
    return Gst.PadProbeReturn.OK


def main(description):
    try:
        pipeline = Gst.parse_launch(description)
    except GLib.Error as error:
        return error.message
    seg = pipeline.get_by_name("seg") if isinstance(pipeline, Gst.Bin) else None
    if not seg:
        return "no element of the name seg in the pipeline"
    seg.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, on_buffer)
    pipeline.set_state(Gst.State.PLAYING)
    message = pipeline.get_bus().timed_pop_filtered(
        Gst.CLOCK_TIME_NONE, Gst.MessageType.ERROR | Gst.MessageType.EOS)
    pipeline.set_state(Gst.State.NULL)
    if message.type == Gst.MessageType.ERROR:
        return message.parse_error()[0].message
    return None


if __name__ == "__main__":
    Gst.init(None)
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} PIPELINE, with a hrnetseg name=seg in it")
    sys.exit(main(sys.argv[1]))
