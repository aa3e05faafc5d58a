#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The training recipe from end to end on pictures made here: coloured shapes on noisy ground.

Checks that the loss falls, that a stopped run goes on, that the exported file is whole, and, given
the tool `hrnet-segment` as argument, that the engine's logits of it are PyTorch's. Exit status 77
(skipped) without PyTorch, 1 where a check failed. The checks are told as TAP.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import numpy as np
    import torch
    from PIL import Image
except ImportError as missing:
    print(f"1..0 # SKIP {missing}")
    sys.exit(77)

RECIPE = Path(__file__).resolve().parents[2] / "examples" / "train"
sys.dont_write_bytecode = True
sys.path.insert(0, str(RECIPE))
import checkpoint  # noqa: E402

STEPS = 40  # "loss" is shown every 20
results = []


def check(ok, name):
    results.append(ok)
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}", flush=True)
    return ok


def shape_mask(rng, rows, columns):
    """An ellipse, about the size of a person."""
    y, x = np.mgrid[:rows, :columns]
    cy, cx = rng.uniform(0.3, 0.7) * rows, rng.uniform(0.3, 0.7) * columns
    ry, rx = rng.uniform(0.2, 0.4) * rows, rng.uniform(0.1, 0.2) * columns
    return ((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 < 1


def make_people(rng):
    rows, columns = 96, 128
    mask = shape_mask(rng, rows, columns)
    picture = rng.normal(90, 25, (rows, columns, 3)) + mask[..., None] * np.array([120, 20, -40])
    return picture, Image.fromarray(mask)


def make_street(rng):
    """Eleven bands, each of its own brightness and hue; a strip of void at the edge."""
    rows, columns = 96, 128
    labels = np.repeat(np.arange(11), 9)[:rows, None].repeat(columns, 1).astype(np.uint8)
    labels[len(labels) - 3:] = 11
    colours = np.stack([np.arange(12) * 20, 220 - np.arange(12) * 15, (np.arange(12) * 77) % 230], 1)
    return colours[labels] + rng.normal(0, 12, (rows, columns, 3)), Image.fromarray(labels)


def make_nothing(rng):
    rows, columns = 96, 128
    return rng.normal(90, 25, (rows, columns, 3)), None


def make_pairs(folder, rng, make, count):
    for i in range(count):
        picture, labels = make(rng)
        for sub, image in (("images", Image.fromarray(picture.clip(0, 255).astype(np.uint8))),
                           ("labels", labels)):
            if image is not None:
                (folder / sub).mkdir(parents=True, exist_ok=True)
                image.save(folder / sub / f"{i:03}.png")


def make_data(folder):
    rng = np.random.default_rng(7)
    for name, make, count in (("figures", make_people, 12), ("people/val", make_people, 3),
                              ("empty", make_nothing, 4), ("tune-none", make_nothing, 2),
                              ("camvid/train", make_street, 12), ("camvid/val", make_street, 3)):
        make_pairs(folder / name, rng, make, count)
    (folder / "some.sources").write_text("# two\nfigures 1 hard\nempty 2 none\n")
    (folder / "wrong.sources").write_text("figures 1 hard\nempty none\n")


def run(script, *arguments):
    environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
    done = subprocess.run([sys.executable, RECIPE / script, *map(str, arguments)],
                          capture_output=True, text=True, env=environment)
    if done.returncode:
        print("# " + (done.stdout + done.stderr).replace("\n", "\n# "))
    return done


def train(folder, steps, *options):
    return run("train.py", "--data", folder, "--out", folder / "run", "--tasks", "people=4,street=4",
               "--sources", folder / "some.sources", "--phases", "0.3", "--empty", "0.2/0.5",
               "--crop", "64x64,48x80/64x96", "--steps", steps, "--warmup", 5, "--eval-minutes", 60,
               "--sync-steps", 1, "--threads", 1, "--seed", 3, "--device", "cpu", *options)


def losses(output):
    return [float(v) for v in re.findall(r"loss ([0-9.]+)", output)]


def engine_agrees(tool, model, folder):
    """The engine's logits of a random picture of odd size against PyTorch's."""
    x = np.random.default_rng(5).normal(size=(3, 101, 77)).astype(np.float32)
    np.save(folder / "in.npy", x)
    done = subprocess.run([tool, "--model", model, "--size", "101x77", "--input-npy",
                           folder / "in.npy", "--logits", folder / "out.npy"],
                          capture_output=True, text=True)
    if done.returncode:
        print("# " + done.stderr.strip())
        return False
    net, _ = checkpoint.network(model)
    with torch.no_grad():
        expected = net(torch.from_numpy(x)[None])[0].numpy()
    error = np.abs(np.load(folder / "out.npy") - expected).max() / np.abs(expected).max()
    print(f"# largest difference {error:.1e} of the largest logit")
    return error < 1e-3


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_data(folder)
        wrong = train(folder, 1, "--sources", folder / "wrong.sources")
        check(wrong.returncode == 1 and "wrong.sources:2: expected a folder" in wrong.stderr,
              "a wrong line of sources is told")
        first = train(folder, STEPS // 2)
        check(first.returncode == 0, "a run over both tasks")
        second = train(folder, STEPS, "--loaders", 2)
        check("continuing at step" in second.stdout and second.returncode == 0,
              "it goes on where it stopped, samples now made by loaders")
        course = losses(first.stdout) + losses(second.stdout)
        print(f"# losses shown: {course}")
        check(len(course) >= 2 and course[-1] < 0.9 * course[0], "the loss falls")

        for task in ("people", "street"):
            model = folder / f"{task}.safetensors"
            best, shifted = (folder / "run" / f"{name}-{task}.pt" for name in ("best", "shifted"))
            shifts = run("calibrate.py", best, shifted, "--data", folder)
            told = re.findall(r"pictures: ([0-9.]+) -> ([0-9.]+)", shifts.stdout)
            check(len(told) == 1 and float(told[0][1]) >= float(told[0][0]) and shifted.exists(),
                  f"{task}'s classes are shifted for no worse")
            export = run("export.py", shifted, model, *(
                ["--statistics", 3, "--data", folder, "--cache", folder / "cache",
                 "--sources", folder / "some.sources"]
                if task == "people" else []))
            if not check(export.returncode == 0, f"{task} exports"):
                continue
            tensors, metadata = checkpoint.read(model)
            classes = json.loads(metadata["hrnet.classes"])
            check(len(tensors["last_layer.3.bias"]) == len(classes)
                  == len(json.loads(metadata["hrnet.palette"])) and "license" in metadata,
                  f"{task} has its metadata")
            part = folder / ("people" if task == "people" else "camvid") / "val"
            arguments = [model, part] + (["--tool", sys.argv[1]] if len(sys.argv) > 1 else [])
            scores = run("evaluate.py", *arguments)
            check(scores.returncode == 0 and "mean" in scores.stdout, f"{task} evaluates")
            if task == "people":
                hard = run("hard_negatives.py", model, folder / "hard.npz", "--data", folder,
                           "--cache", folder / "cache", "--sources", folder / "some.sources")
                check(hard.returncode == 0 and len(np.load(folder / "hard.npz")["empty"]) == 4,
                      "pictures without people are weighed")
            if len(sys.argv) > 1:
                check(engine_agrees(sys.argv[1], model, folder), f"{task} in the engine")
    print(f"1..{len(results)}")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
