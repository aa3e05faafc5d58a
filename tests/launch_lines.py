# SPDX-License-Identifier: LGPL-2.1-or-later
"""Launch lines that the documentation shows, run with stand-ins, and looked at what they give.

Cameras, streams and films are one and the same test source, live or not; what a window would show goes into
a file. The element's test model (road, person, car, of which road is not painted) stands in for those named.
"""

import os
import re
import shlex
import subprocess

WIDTH, HEIGHT = 96, 64
FORMAT = f"video/x-raw,format=I420,width={WIDTH},height={HEIGHT}"
FRAME = WIDTH * HEIGHT * 3 // 2
STILL = 8
# Masks have to come beside a live stream; where a computer is too busy for that in time, longer ones are tried.
LIVE = (60, 240, 960)
CAMERA = r"\b(v4l2src( device=\S+)? ! image/jpeg,\S+ ! jpegdec|v4l2src( device=\S+)?|libcamerasrc ! video/x-raw,\S+|rtspsrc [^!]*! decodebin|filesrc location=drive[^!]*! decodebin)(?= |$)"


def camera(n_frames, live):
    return (f"videotestsrc pattern=smpte horizontal-speed=3 num-buffers={n_frames} "
            f"is-live={str(live).lower()} ! {FORMAT},framerate=20/1")


def run(line):
    done = subprocess.run(shlex.split(line), capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0 and "ERROR" not in done.stderr, f"{line}: {done.stderr}"
    assert "erroneous pipeline" not in done.stderr, f"{line}: {done.stderr}"
    return done.stdout


def models(file, *names):
    """Of these names in the current folder, where HRNET_MODEL_PATH finds them."""
    for name in names:
        os.symlink(file, f"{name}.safetensors")
    os.environ["HRNET_MODEL_PATH"] = os.getcwd()


def read(name):
    with open(name, "rb") as file:
        return file.read()


def frames(name, size=FRAME):
    data = read(name)
    assert data and len(data) % size == 0, f"{name}: {len(data)} bytes"
    return [data[start:start + size] for start in range(0, len(data), size)]


def stand_in(line, n_frames, live):
    """The line with what stands in for what it names, and the names of what its windows show."""
    line = re.sub(CAMERA, camera(n_frames, live), line.replace("pedestrian", "person"))
    # The other background: a picture, of another size.
    run(f"gst-launch-1.0 -q videotestsrc num-buffers=1 pattern=solid-color foreground-color=0xffff8000 ! video/x-raw,width=200,height=90 ! jpegenc ! "
        "filesink location=beach.jpg")
    # As many frames of it as the camera has, or one would wait for the other for ever.
    line = line.replace("imagefreeze is-live=true", f"imagefreeze num-buffers={n_frames}")
    shown = []
    while "autovideosink" in line:
        shown.append(f"shown-{len(shown)}")
        # What is composed has the size that the line gives it.
        caps = "video/x-raw,format=I420" if "compositor" in line else FORMAT
        line = line.replace("autovideosink", f"{caps} ! filesink location={shown[-1]}", 1)
    return line, shown


def compare(name, n_frames, every, mode):
    """What a window shows against what the camera saw."""
    seen, shown = frames("camera"), frames(name)
    differing = sum(a != b for a, b in zip(seen, shown))
    assert len(shown) == n_frames, (name, len(shown))
    if mode == "meta":
        assert differing == 0, f"{name}: {differing} frames were changed"
    else:
        assert differing >= (len(shown) if every else 1), f"{name}: {differing} frames of {len(shown)}"


def orange(frame):
    """The share of pixels of the other background, a colour that the camera does not see."""
    n_chroma = len(frame) // 6
    blue, red = frame[4 * n_chroma:5 * n_chroma:7], frame[5 * n_chroma::7]
    return sum(u < 75 and v > 165 for u, v in zip(blue, red)) / len(blue)


def check_composed(name, line):
    """The other background, and people in front of it."""
    if "beach" in line:
        width, height = (int(re.search(rf"sink_0::{side}=(\d+)", line).group(1)) for side in ("width", "height"))
        shares = [orange(frame) for frame in frames(name, width * height * 3 // 2)]
        assert any(0.02 < share < 0.98 for share in shares), f"{name}: {shares}"
    else:
        white = [sum(value > 230 for value in frame[:WIDTH * HEIGHT]) / WIDTH / HEIGHT for frame in frames(name)]
        assert any(0.02 < share < 0.98 for share in white), f"{name}: {white}"


def check_labels(written):
    """Grey frames of labels, of which live ones may begin with none."""
    decode = {"png": "pngdec", "mkv": "matroskademux"}[written.rpartition(".")[2]]
    run(f"gst-launch-1.0 -q filesrc location={written} ! {decode} ! videoconvert ! video/x-raw,format=GRAY8,"
        f"width={WIDTH},height={HEIGHT} ! filesink location=labels")
    labels = read("labels")
    assert len(set(labels) - {0}) >= 2, f"{written}: labels {sorted(set(labels))}"


def look(line, said, shown, n_frames, live):
    """What a line has shown, written and said."""
    written = re.search(r"filesink location=(\w+\.\w+)", line)
    elements = re.findall(r"hrnetseg([^!]*)", line)
    for number, name in enumerate(shown):
        mode = re.search(r" mode=(\w+)", elements[min(number, len(elements) - 1)])
        mode = mode.group(1) if mode else "overlay"
        if mode == "alpha":
            check_composed(name, line)
        else:
            compare(name, n_frames, not live, mode)
    if "message-interval" in line:
        assert "hrnet-classes" in said, said[-500:]
    if written and "mode=mask" in line:
        check_labels(written.group(1))
    elif written:
        run(f"gst-launch-1.0 -q filesrc location={written.group(1)} ! decodebin ! videoconvert ! {FORMAT} ! "
            "filesink location=decoded")
        assert len(frames("decoded")) >= n_frames - 1
    assert shown or written or "fakesink" in line, line


def check(line, live):
    """Runs a launch line, and looks at what it shows, writes and says."""
    # With masks beside the stream, a source that does not wait is over before the first.
    live = live or "sync-mode=latest" in line
    lengths = LIVE if live else (STILL,)
    for n_frames in lengths:
        run(f"gst-launch-1.0 -q {camera(n_frames, False)} ! filesink location=camera")
        changed, shown = stand_in(line, n_frames, live)
        try:
            look(line, run(changed), shown, n_frames, live)
            return
        except AssertionError:
            if n_frames == lengths[-1]:
                raise
