#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The recipe's way to classes of one's own: the commands of its README as they stand there, and what is
said where a set is not as it should be.

    own_classes.py [FOLDER-OF-TOOLS FOLDER-OF-PLUGIN]

Without the tools and the element commands that need them are left out. Skipped without PyTorch. The checks
are told as TAP.
"""

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

try:
    import numpy as np
    import torch  # noqa: F401
    from PIL import Image
except ImportError as missing:
    print(f"1..0 # SKIP {missing}")
    sys.exit()

TOP = Path(__file__).resolve().parents[2]
RECIPE = TOP / "examples" / "train"
sys.dont_write_bytecode = True
sys.path.insert(0, str(RECIPE))
import checkpoint  # noqa: E402
import own  # noqa: E402
import tap  # noqa: E402
import train as recipe  # noqa: E402
from datasets import open_pairs  # noqa: E402

tools, plugin = (sys.argv[1:3] + [None, None])[:2]
environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", OMP_NUM_THREADS="1",
                   PATH=":".join([str(Path(sys.executable).parent), *filter(None, [tools]), os.environ["PATH"]]))
if plugin:
    environment.update(GST_PLUGIN_PATH=plugin, GST_REGISTRY="registry.bin")


def commands():
    """The walk's commands, a string each: those of the section that name the clone or the element."""
    text = (RECIPE / "README.md").read_text()
    section = re.search(r"^## Your own classes\n(.*?)^## ", text, re.S | re.M)[1]
    blocks = re.findall(r"(?:^    .*\n)+", section, re.M)
    walk, = (b for b in blocks if "train.py" in b)
    lines = re.sub(r"\\\n\s*", "", walk).splitlines()
    return [line.strip() for line in lines]


def run(*words):
    return subprocess.run(list(map(str, words)), env=environment, capture_output=True, text=True, check=False)


def test_walk():
    folder = Path.cwd()
    (folder / "gst-hrnet").symlink_to(TOP)
    said = {}
    for command in commands():
        program = Path(shlex.split(command)[0]).name
        if program == "gst-launch-1.0" and not plugin or "hrnet-segment" in command and not tools:
            continue
        done = run("bash", "-euo", "pipefail", "-c", command)
        assert done.returncode == 0, f"{command}: {done.stderr}{done.stdout}"
        said[program] = done.stdout
    assert {"draw_example.py", "train.py", "export.py"} <= set(said), said
    tensors, metadata = checkpoint.read(folder / "shapes.safetensors")
    assert len(tensors["last_layer.3.bias"]) == 3
    assert metadata["hrnet.classes"] == '["table", "ball", "box"]', metadata
    assert metadata["hrnet.foreground"] == '["ball", "box"]', metadata
    assert "non-commercial" in metadata["license"], metadata
    if tools:
        print("#" + said["evaluate.py"].rstrip().replace("\n", "\n#"))
        means = [float(v) for v in re.search(r"^mean (.*)", said["evaluate.py"], re.M)[1].split()]
        assert len(means) == 2 and min(means) > 70, said["evaluate.py"]
    if plugin:
        # balls and boxes, and not the table
        source = folder / "shapes" / "val"
        painted, clean = (np.asarray(Image.open(f).convert("RGB")).astype(int)
                          for f in (folder / "painted.png", source / "images" / "00.jpg"))
        changed = np.abs(painted - clean).max(-1) > 24
        thing = (np.asarray(Image.open(source / "labels" / "00.png")) != [0x80, 0x60, 0x40]).any(-1)
        shares = changed[thing].mean(), changed[~thing].mean()
        assert shares[0] > 0.7 and shares[1] < 0.1, shares


def make_set(folder, colours=("#000000", "#ff0000"), shape=(64, 64)):
    """A set of two classes and two pictures, the right half of each being the second."""
    lines = [f"class {i} {colour}\n" for i, colour in enumerate(colours)]
    for part in ("train", "val"):
        for kind in ("images", "labels"):
            (folder / part / kind).mkdir(parents=True)
        for i in range(2):
            picture = np.full((*shape, 3), 60 + 100 * i, np.uint8)
            labels = np.zeros((*shape, 3), np.uint8)
            labels[:, shape[1] // 2:] = 255, 0, 0
            Image.fromarray(picture).save(folder / part / "images" / f"{i}.png")
            Image.fromarray(labels).save(folder / part / "labels" / f"{i}.png")
    (folder / "classes.txt").write_text("".join(lines))


def train(folder, *options):
    """What train.py says, within this process: its last words if it ends early, and all that it prints."""
    words = ["--data", folder, "--out", folder / "run", "--tasks", "mine=2", "--crop", "32x32", "--steps", "1",
             "--threads", "1", "--device", "cpu", *options]
    sys.argv = ["train.py", *map(str, words)]
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            recipe.main()
        except SystemExit as end:
            return end.code if isinstance(end.code, str) else said.getvalue().splitlines()[-1], said.getvalue()
    return "", said.getvalue()


def fails(folder, message, *options):
    last, _ = train(folder, *options)
    assert message in last and "\n" not in last, last


def test_labels():
    """By colour, by number, turned by EXIF, and reduced; and anew once a file is."""
    folder = Path.cwd()
    make_set(folder / "mine")
    source = folder / "mine"
    edge = np.array([[[0, 0, 0, 255], [255, 0, 0, 255], [128, 0, 0, 255], [255, 0, 0, 9]]], np.uint8)
    Image.fromarray(edge).save(source / "edge.png")
    assert own.read_labels(source / "edge.png", ["#000000", "#ff0000"]).tolist() == [[0, 1, 255, 255]]
    Image.fromarray(np.array([[0, 1, 255]], np.uint8)).save(source / "grey.png")
    assert own.read_labels(source / "grey.png", []).tolist() == [[0, 1, 255]]
    turned = Image.new("RGB", (64, 48))
    exif = turned.getexif()
    exif[0x0112] = 6  # to be turned by a quarter
    turned.save(source / "turned.jpg", exif=exif)
    assert own.read_picture(source / "turned.jpg").shape == (64, 48, 3)

    task = own.find_task("mine", folder, "32x16")
    pairs = open_pairs(folder, task.train, folder / "cache", *own.reading("mine", task))
    assert pairs[0][0].shape == (45, 45, 3), pairs[0][0].shape  # of 64x64: 4 times 32x16 pixels
    assert 0.45 < (pairs[0][1] == 1).mean() < 0.55
    file = source / "train" / "labels" / "0.png"
    Image.new("L", (64, 64), 1).save(file)
    os.utime(file, (2e9, 2e9))
    pairs = open_pairs(folder, task.train, folder / "cache", *own.reading("mine", task))
    assert (pairs[0][1] == 1).all()


def test_faults():
    """One line, and which file it is about."""
    folder = Path.cwd()
    make_set(folder / "mine")
    source = folder / "mine"
    first = source / "train" / "labels" / "0.png"
    fails(folder, "--tasks: other: is not one of people, street", "--tasks", "other=2")
    fails(folder, "camvid/train/images: no such folder", "--tasks", "street=2")
    fails(folder, "classes.txt:1: expected a folder, a weight", "--tasks", "people=2", "--sources",
          source / "classes.txt")
    fails(folder, "expected NAME=PICTURES", "--tasks", "mine")
    fails(folder, "--crop: 32: expected HxW", "--crop", "32")
    fails(folder, "nobody: no such file, and no model of that name", "--init", "nobody")
    fails(folder, "classes.txt: is nothing that train.py saved", "--init", source / "classes.txt")
    fails(folder, "is it another --variant?", "--init", "people", "--variant", "w18")
    kept = first.read_bytes()
    for make, message in (
            (lambda: Image.new("L", (64, 64), 7).save(first), "labels/0.png: has the number 7"),
            (lambda: Image.new("RGB", (64, 64), "#123456").save(first),
             "labels/0.png: has no class's colour, but #123456"),
            (lambda: Image.new("L", (64, 32)).save(first), "labels/0.png: is 32x64, but its picture 64x64"),
            (lambda: first.write_bytes(b"no picture"), "labels/0.png: is no picture"),
            (first.unlink, "labels/0.png: is not there")):
        make()
        fails(folder, message)
    first.write_bytes(kept)
    shutil.rmtree(source / "val" / "images")
    fails(folder, "mine/val/images: no such folder")
    for text, message in (("a #000000\nb\n", "classes.txt:2: expected a name and a colour"),
                          ("a #000000\nb #000000\n", "classes.txt:2: a name or a colour that is taken"),
                          ("a #000000\n", "classes.txt: names 1 classes")):
        (source / "classes.txt").write_text(text)
        fails(folder, message)


def test_course():
    """A class that nothing shows is told, a run of other classes refused, and a foreground that is none."""
    folder = Path.cwd()
    make_set(folder / "mine")
    source = folder / "mine"
    (source / "classes.txt").write_text("ground #000000\nthing #ff0000\nnothing #00ff00\n")
    fault, said = train(folder)
    assert not fault and "no picture shows 'nothing'" in said, (fault, said)
    (source / "classes.txt").write_text("ground #000000\nthing #ff0000\n")
    fails(folder, "run/last.pt: a run of other tasks or classes: give another --out")
    done = run(sys.executable, RECIPE / "export.py", folder / "run" / "best-mine.pt",
               folder / "mine.safetensors", "--foreground", "beach")
    assert done.returncode == 1 and done.stderr == (
        "--foreground: beach: not one of ground, thing, nothing\n"), done.stderr


tap.main()
