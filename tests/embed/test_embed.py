#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The embedding examples: what they print agrees with each other and with hrnet-segment.

test_embed.py NAME=PROGRAM... with the names segment, class-shares, pad-probe, and, where they can
run, python (an interpreter with GObject-Introspection) and scripts (the folder of the examples).
"""

import os
import re
import shutil
import struct
import subprocess
import sys
import zlib

import tap
from tools.formats import write_jpeg

PROGRAMS = {name: os.path.abspath(path) for name, path in
            (argument.split("=", 1) for argument in sys.argv[1:])}
SOURCE = "videotestsrc num-buffers=3 ! video/x-raw,format=I420,width=75,height=53,framerate=10/1"


def run(*command, status=0):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == status, f"{command}: {done.returncode}: {done.stderr}"
    return done.stderr if status else done.stdout


def script(name):
    if "python" not in PROGRAMS:
        raise tap.Skip("no Python with GObject-Introspection")
    return PROGRAMS["python"], os.path.join(PROGRAMS["scripts"], name)


def picture(width=75, height=53):
    """An RGB picture of an odd width, in whose rows gdk-pixbuf leaves gaps."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))
    rows = b"".join(b"\0" + bytes((x * 3 + y * 5 * c) % 256 for x in range(width) for c in range(3))
                    for y in range(height))
    with open("picture.png", "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" +
                   chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
                   chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
    return "picture.png"


def shares(text):
    return {name: float(share) for name, share in re.findall(r"^(\w+)\s+([\d.]+) %$", text, re.M)}


def segment_shares(path, model="test"):
    lines = run(PROGRAMS["segment"], "--model", model, path).splitlines()
    return {name: float(share) for share, name in (line.split(" %  ") for line in lines)}


def same(got, expected):
    assert set(got) == {"road", "person", "car"}, got
    for name, share in got.items():
        assert abs(share - expected.get(name, 0)) <= 0.06, (got, expected)


def test_class_shares_in_c():
    for path in (picture(), picture(45, 90)):
        same(shares(run(PROGRAMS["class-shares"], "test", path)), segment_shares(path))


def test_class_shares_in_python():
    for path in (picture(), picture(45, 90)):
        same(shares(run(*script("class-shares.py"), "test", path)), segment_shares(path))


def photograph(orientation):
    """A JPEG of 144x72 that is to be turned as EXIF's number says."""
    blocks = [[(x * 67 + y * 101 + x * y * 13) % 256 for x in range(18)] for y in range(9)]
    write_jpeg("photograph.jpg", blocks, orientation)
    return "photograph.jpg"


def test_photographs_are_seen_upright():
    seen = []
    for program in ([PROGRAMS["class-shares"]], list(script("class-shares.py"))):
        for orientation in (1, 6):
            seen.append(shares(run(*program, "balanced", photograph(orientation))))
            same(seen[-1], segment_shares("photograph.jpg", "balanced"))
    assert seen[0] != seen[1] and seen[:2] == seen[2:], seen


def test_class_shares_tell_what_failed():
    for program in ([PROGRAMS["class-shares"]], list(script("class-shares.py"))):
        assert "absent" in run(*program, "absent", picture(), status=1)
        assert "absent.png" in run(*program, "test", "absent.png", status=1)


def frames(text):
    """Seconds and shares of each frame."""
    return [(line.split()[0], {name: float(share) for name, share in
                               re.findall(r"(\w+) ([\d.]+)%", line)})
            for line in text.splitlines()]


def check_frames(got):
    assert len(got) == 3, got
    for _, classes in got:
        assert classes and set(classes) <= {"road", "person", "car"}, classes
        assert abs(sum(classes.values()) - 100) <= 0.3, classes


def test_pad_probe_in_c():
    got = frames(run(PROGRAMS["pad-probe"],
                     f"{SOURCE} ! hrnetseg name=seg model=test mode=meta ! fakesink"))
    check_frames(got)
    assert [time for time, _ in got] == [f"0:00:00.{n}00000000" for n in range(3)], got


def test_pad_probe_in_python():
    pipeline = f"{SOURCE} ! hrnetseg name=seg model=test mode=meta ! fakesink"
    got = frames(run(*script("metadata.py"), pipeline))
    check_frames(got)
    assert [time for time, _ in got] == ["0.000", "0.100", "0.200"], got
    assert [c for _, c in got] == [c for _, c in frames(run(PROGRAMS["pad-probe"], pipeline))]


def test_all_elements_metadata_in_python():
    """The last element's first, each with its own classes."""
    first, last = (f"hrnetseg {name} model=test mode=meta model-options=\"options,"
                   f"classes=<{classes}>,foreground=<{classes}>\""
                   for name, classes in (("", "a,b,c"), ("name=seg", "x,y,z")))
    got = frames(run(*script("metadata.py"), f"{SOURCE} ! {first} ! {last} ! fakesink"))
    assert [time for time, _ in got] == [t for t in ("0.000", "0.100", "0.200") for _ in "ab"], got
    for (_, mine), (_, others) in zip(got[::2], got[1::2]):
        assert mine and set(mine) <= set("xyz") and others and set(others) <= set("abc"), got


def test_no_deprecated_calls():
    pipeline = f"{SOURCE} ! hrnetseg name=seg model=test mode=meta ! fakesink"
    program, *arguments = script("metadata.py")
    # Raised as errors they would be lost in the probe.
    done = subprocess.run([program, "-W", "always::DeprecationWarning", *arguments, pipeline],
                          capture_output=True, text=True, timeout=120, check=True)
    check_frames(frames(done.stdout))
    assert "deprecated" not in done.stderr, done.stderr


KEEPING = """
import sys
sys.path.insert(0, sys.argv[1])
import metadata
from gi.repository import Gst

kept = []

def keep(_pad, info):
    kept.append(info.get_buffer().get_custom_meta("GstHrnetSegMeta").get_structure().copy())
    return Gst.PadProbeReturn.OK

Gst.init(None)
metadata.on_buffer = keep
metadata.main(sys.argv[2])
for structure in kept:
    print(structure.get_uint64("pts")[1], sum(metadata.label_counts(structure.get_value("mask"))[1:]))
"""


def test_masks_are_kept_by_copying():
    """The element and its frames are gone by the time that the masks are read."""
    program, path = list(script("metadata.py"))
    pipeline = f"{SOURCE} ! hrnetseg name=seg model=test mode=meta ! fakesink"
    got = [line.split() for line in run(program, "-c", KEEPING, os.path.dirname(path), pipeline).splitlines()]
    assert [int(pts) for pts, _ in got] == [0, 100000000, 200000000], got
    assert len({n for _, n in got}) == 1 and int(got[0][1]) > 0, got


def test_pad_probes_tell_what_failed():
    for program in ([PROGRAMS["pad-probe"]], list(script("metadata.py"))):
        run(*program, "no-such-element", status=1)
        assert "absent" in run(*program, f"{SOURCE} ! hrnetseg name=seg model=absent ! fakesink",
                               status=1)


def test_model_changes_while_playing():
    model = os.path.join(os.environ["HRNET_MODEL_PATH"], "test.safetensors")
    other = os.path.abspath("other.safetensors")
    shutil.copy(model, other)
    pipeline = ("videotestsrc is-live=true ! video/x-raw,width=64,height=48,framerate=30/1 ! "
                f"hrnetseg name=seg model={model} ! fakesink")
    player = subprocess.Popen(script("change-model.py") + (pipeline,), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True, bufsize=1)
    try:
        line = player.stdout.readline()
        assert line == f"model {model}\n", line
        player.stdin.write("absent\n")
        line = player.stdout.readline()
        assert line.startswith("refused: ") and "absent" in line, line
        player.stdin.write(other + "\n")
        line = player.stdout.readline()
        assert line == f"model {other}\n", line
        player.stdin.close()
        assert player.wait(60) == 0
    finally:
        player.kill()
        player.wait()
        player.stdout.close()


def test_messages_are_read():
    line = SOURCE.replace("num-buffers=3", "num-buffers=10")
    out = run(*script("messages.py"), f"{line} ! hrnetseg model=test message-interval=200 sync-mode=exact ! fakesink")
    told = re.findall(r"^(\d\.\d{3})((?:  \w+ [\d.]+% \(sure by \d+%\) in \d+x\d+\+\d+\+\d+)+)$", out, re.M)
    assert len(told) >= 3 and len(told) == len(out.splitlines()), out
    for _, areas in told:
        total = sum(float(share) for share in re.findall(r" ([\d.]+)% \(", areas))
        assert abs(total - 100) < 0.5, areas


def test_wrong_pipelines_are_told_in_a_line():
    for name in ("change-model.py", "metadata.py", "messages.py"):
        told = run(*script(name), "no-such-element ! fakesink", status=1)
        assert "no-such-element" in told and "Traceback" not in told, told
    for name in ("change-model.py", "metadata.py"):
        told = run(*script(name), "videotestsrc ! fakesink", status=1)
        assert "seg" in told and len(told.splitlines()) == 1, told


tap.main()
