#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/demo on inputs of every kind:   test_demo.py SOURCE-ROOT BUILD-ROOT

What it leaves is read back; what it cannot use ends in one line, and leaves what an earlier run made.
"""

import os
import shlex
import signal
import struct
import subprocess
import sys
import time

import tap

ROOT, BUILD = map(os.path.abspath, sys.argv[1:3])
DEMO = os.path.join(ROOT, "examples", "demo")
WIDTH, HEIGHT = 96, 64
RAW = f"video/x-raw,width={WIDTH},height={HEIGHT}"
SOURCE = f"videotestsrc num-buffers=12 pattern=ball ! {RAW},framerate=12/1"
VARIABLE = f"videotestsrc num-buffers=12 pattern=ball ! {RAW},framerate=12/1 ! capssetter " \
           f"caps={RAW},framerate=0/1,format=I420 replace=true"

# What writes each input: name, elements, and the frames that the painted video has to have at least.
INPUTS = (
    ("vp8.webm", f"{SOURCE} ! vp8enc ! webmmux", 12),
    ("vp9.webm", f"{SOURCE} ! vp9enc cpu-used=8 ! webmmux", 12),
    ("variable.webm", f"{VARIABLE} ! vp8enc ! webmmux", 11),
    ("streamable.webm", f"{SOURCE} ! vp8enc ! webmmux streamable=true", 12),
    ("theora.ogg", f"{SOURCE} ! theoraenc ! oggmux", 11),
    ("motion.avi", f"{SOURCE} ! jpegenc ! avimux", 12),
    ("uncompressed.avi", f"{SOURCE},format=YUY2 ! avimux", 12),
    ("grey.avi", f"{SOURCE},format=GRAY8 ! jpegenc ! avimux", 12),
    ("motion.mov", f"{SOURCE} ! jpegenc ! qtmux", 12),
    ("raw.mkv", f"{SOURCE},format=YUY2 ! matroskamux", 12),
    ("frames.y4m", f"{SOURCE},format=I420 ! y4menc", 12),
    ("photo.jpg", f"videotestsrc num-buffers=1 ! {RAW} ! jpegenc", 1),
    ("grey.jpg", f"videotestsrc num-buffers=1 ! {RAW},format=GRAY8 ! jpegenc", 1),
    ("photo.png", f"videotestsrc num-buffers=1 ! {RAW} ! pngenc", 1),
    ("alpha.png", f"videotestsrc num-buffers=1 ! {RAW},format=RGBA ! pngenc", 1),
    ("deep.png", f"videotestsrc num-buffers=1 ! {RAW},format=GRAY16_BE ! pngenc", 1),
    ("odd.webm", "videotestsrc num-buffers=12 ! video/x-raw,width=75,height=51 ! vp8enc ! webmmux", 12),
    ("one frame.webm", f"videotestsrc num-buffers=1 ! {RAW} ! vp8enc ! webmmux", 1),
    ("it's 100% \"new\" & #1?.webm", f"{SOURCE} ! vp8enc ! webmmux", 12),
    ("with sound.mkv", f"{SOURCE} ! vp8enc ! queue ! m. audiotestsrc num-buffers=20 ! vorbisenc ! queue ! "
     "matroskamux name=m", 12),
)
TOO_SMALL = ("small.png", "videotestsrc num-buffers=1 ! video/x-raw,width=8,height=8 ! pngenc")
SOUND = ("sound.ogg", "audiotestsrc num-buffers=20 ! vorbisenc ! oggmux")


def launch(line):
    done = subprocess.run(["gst-launch-1.0", "-q", *shlex.split(line)], capture_output=True, text=True,
                          timeout=600, check=False)
    assert done.returncode == 0 and "ERROR" not in done.stderr, f"{line}: {done.stderr}"
    return done.stdout


def make(name, elements):
    head, _, tail = elements.rpartition(" ! ") if "name=m" not in elements else (elements, "", "")
    line = f"{head} ! {tail} ! " if tail else f"{head} ! "
    launch(f"{line}filesink location={shlex.quote(name)}")


def environment():
    return {**os.environ, "BUILD": BUILD, "MODEL": "people"}


def demo(*arguments):
    return subprocess.run([DEMO, *arguments], capture_output=True, text=True, timeout=900, check=False,
                          env=environment())


def frames(path):
    launch(f"filesrc location={shlex.quote(path)} ! matroskademux ! vp8dec ! videoconvert ! "
           "video/x-raw,format=I420 ! filesink location=frames")
    return os.path.getsize("frames")


def check_made(least, width=WIDTH, height=HEIGHT):
    size = (width + 1) // 2 * 2 * ((height + 1) // 2 * 2) * 3 // 2
    assert frames("demo-overlay.webm") >= least * width * height * 3 // 2, (frames("demo-overlay.webm"), size)
    launch("filesrc location=demo-overlay.png ! pngdec ! videoconvert ! video/x-raw,format=GRAY8,"
           f"width={width},height={height} ! filesink location=picture")
    assert not [name for name in os.listdir() if name.startswith(".demo-overlay")]


def test_inputs_of_every_kind():
    wrong = []
    for name, elements, least in INPUTS:
        make(name, elements)
        done = demo(name)
        try:
            assert done.returncode == 0, done.stderr
            assert "Redistribute" not in done.stdout and not done.stderr, (done.stdout, done.stderr)
            check_made(least, *((75, 51) if name == "odd.webm" else ()))
        except AssertionError as error:
            wrong.append(f"{name}: {error}")
        for made in ("demo-overlay.webm", "demo-overlay.png"):
            if os.path.exists(made):
                os.remove(made)
    assert not wrong, "\n".join(wrong)


def test_a_phone_s_film_stands_upright():
    make("turned.mov", f"{SOURCE} ! jpegenc ! qtmux")
    # The track's matrix, 40 bytes after its header's name: a quarter to the right.
    with open("turned.mov", "r+b") as file:
        at = file.read().index(b"tkhd") + 4 + 40
        file.seek(at)
        file.write(struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30))
    done = demo("turned.mov")
    assert done.returncode == 0, done.stderr
    check_made(12, HEIGHT, WIDTH)


def test_failures_are_one_line_and_lose_nothing():
    make(*TOO_SMALL)
    make(*SOUND)
    os.mkdir("folder")
    for name, content in (("empty.mp4", ""), ("text.mp4", "no video\n" * 200)):
        with open(name, "w", encoding="utf-8") as file:
            file.write(content)
    for made in ("demo-overlay.webm", "demo-overlay.png"):
        with open(made, "w", encoding="utf-8") as file:
            file.write("former")
    for name, word in (("folder", "folder"), ("absent.mp4", "no such file"), ("empty.mp4", "empty"),
                       ("text.mp4", "text.mp4"), ("sound.ogg", "no video"), ("small.png", "16x16"),
                       ("rtsp://127.0.0.1:9/nothing", "rtsp://127.0.0.1:9"), ("nonsense://x", "nonsense")):
        done = demo(name)
        assert done.returncode == 1 and word in done.stderr, (name, done.stderr)
        assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("demo: "), (name, done.stderr)
        assert "ERROR" not in done.stdout, (name, done.stdout)
        for made in ("demo-overlay.webm", "demo-overlay.png"):
            with open(made, encoding="utf-8") as file:
                assert file.read() == "former", name
    assert not [name for name in os.listdir() if name.startswith(".demo-overlay")]


def test_an_unknown_model_is_told():
    make(*INPUTS[11][:2])
    done = subprocess.run([DEMO, INPUTS[11][0]], capture_output=True, text=True, timeout=900, check=False,
                          env={**environment(), "MODEL": "pepole"})
    assert done.returncode == 1 and "pepole" in done.stderr, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_ctrl_c_ends_the_files():
    """A named pipe that never ends stands in for a live stream; the whole group gets Ctrl-C's signal."""
    os.mkfifo("live.y4m")
    feeder = subprocess.Popen(["gst-launch-1.0", "-q", *shlex.split(
        f"videotestsrc is-live=true ! {RAW},format=I420,framerate=24/1 ! y4menc ! "
        "filesink location=live.y4m buffer-mode=unbuffered")])
    log = open("log", "w+", encoding="utf-8")
    process = subprocess.Popen([DEMO, f"fd://0"], stdin=os.open("live.y4m", os.O_RDONLY), stdout=log,
                               stderr=log, env=environment(), start_new_session=True)
    try:
        for _ in range(600):  # until frames come through
            time.sleep(0.5)
            log.seek(0)
            if "seconds" in log.read() or process.poll() is not None:
                break
        time.sleep(2)
        os.killpg(process.pid, signal.SIGINT)
        status = process.wait(120)
        log.seek(0)
        assert status == 0, log.read()
    finally:
        feeder.kill()
        feeder.wait()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    check_made(12)


def test_printed_commands_can_be_copied():
    """From a folder with a space, into a shell."""
    os.mkdir("my films")
    os.chdir("my films")
    make("it's.webm", INPUTS[0][1])
    done = demo("it's.webm")
    assert done.returncode == 0, done.stderr
    os.remove("demo-overlay.webm")
    lines = done.stdout[done.stdout.index("GST_PLUGIN_PATH="):].split("\n\n")[0]
    again = subprocess.run(["bash", "-c", lines], capture_output=True, text=True, timeout=600, check=False)
    assert again.returncode == 0 and "ERROR" not in again.stderr, again
    check_made(12)


tap.main()
