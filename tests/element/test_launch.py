#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the element through gst-launch-1.0:   test_launch.py PART SOURCES-ROOT MODEL

PART `docs`: every launch line of the element's documentation and of examples/embed, and what
gst-inspect-1.0 shows.
PART `formats`: each format in each mode.   PART `valgrind`: no leak and no error of ours.
MODEL stands in for the models that the lines name. Prints TAP.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import launch_lines

FORMATS = "I420 YV12 NV12 NV21 YUY2 UYVY RGB BGR RGBx BGRx xRGB xBGR RGBA BGRA ARGB ABGR GRAY8".split()
PROPERTIES = ("model model-options mode attach-meta opacity classes palette inference-size threads "
              "precision sync-mode target-fps static-threshold invert strength fill-color fill fail-closed "
              "max-mask-age margin adaptive-size class-style message-interval stats").split()
results = []


def report(ok, name, detail=""):
    results.append(ok)
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}")
    for line in detail.splitlines() if not ok else []:
        print(f"# {line}")


def run(command, folder):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def launch(name, line, folder):
    done = run(["gst-launch-1.0", "-q"] + shlex.split(line), folder)
    # gst-launch-1.0 ends with 0 after some errors.
    report(done.returncode == 0 and "ERROR" not in done.stderr, name, done.stderr)


def documented_lines(path):
    with open(path, encoding="utf-8") as source:
        text = re.sub(r"^ \* ?", "", source.read(), flags=re.MULTILINE)
    for block in re.findall(r"\|\[\n(.*?)\n\]\|", text, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("gst-launch-1.0 "):
                yield line


def embedded_lines(folder):
    """Those that programs take as an argument, made ones of gst-launch-1.0."""
    for name in sorted(os.listdir(folder)):
        if name.endswith((".py", ".c")):
            with open(os.path.join(folder, name), encoding="utf-8") as source:
                for line in re.findall(r"'(v4l2src ![^']*)'", source.read()):
                    yield f"gst-launch-1.0 -m {line}"


def docs(root, folder):
    lines = list(documented_lines(os.path.join(root, "plugin", "gsthrnetseg.c")))
    report(len(lines) >= 3, "the documentation has launch lines")
    lines += embedded_lines(os.path.join(root, "examples", "embed"))
    os.chdir(folder)
    for line in lines:
        for live in (False, True):
            try:
                launch_lines.check(line, live)
                report(True, f"documented{', live' if live else ''}: {line[:70]}")
            except AssertionError as error:
                report(False, f"documented{', live' if live else ''}: {line[:70]}", str(error))

    page = run(["gst-inspect-1.0", "hrnetseg"], folder).stdout
    for name in PROPERTIES:
        found = re.search(rf"^  {name} +: (.+)$", page, re.MULTILINE)
        report(bool(found) and len(found.group(1)) > 10, f"gst-inspect-1.0 tells what {name} is", page)
    report("changeable only" not in page, "every property may be set while playing")
    for word in ("overlay", "mask", "meta", "alpha", "blur", "fill", "pixelate", "fp32", "LGPL", "GRAY8", "[ 16, 8192 ]"):
        report(word in page, f"gst-inspect-1.0 shows {word}")


def formats(folder):
    for form in FORMATS:
        for mode in ("overlay", "mask", "meta"):
            launch(f"{form} {mode}", f"videotestsrc num-buffers=8 ! video/x-raw,format={form} ! hrnetseg "
                   f"model=street mode={mode} inference-size=64x96 ! fakesink", folder)


def ours(record):
    return re.search(r"libgsthrnet|libhrnet|gst_hrnet|hrnet_", record)


def valgrind(folder):
    if not shutil.which("valgrind"):
        print("1..0 # SKIP no valgrind")
        sys.exit(0)
    for mode in ("overlay", "mask", "meta"):
        done = run(["valgrind", "--leak-check=full", "--show-leak-kinds=definite", "--num-callers=40",
                    "gst-launch-1.0", "-q"] + shlex.split(
                        f"videotestsrc num-buffers=3 ! video/x-raw,width=64,height=48 ! hrnetseg model=street "
                        f"mode={mode} threads=2 ! fakesink"), folder)
        text = re.sub(r"^==\d+== ?", "", done.stderr, flags=re.MULTILINE)
        bad = [record for record in re.split(r"\n\s*\n", text)
               if ours(record) and re.search(r"definitely lost|Invalid |uninitialised|Mismatched", record)]
        report(done.returncode == 0 and "LEAK SUMMARY" in text or "no leaks are possible" in text,
               f"{mode} runs under valgrind", done.stderr)
        report(not bad, f"{mode}: nothing of ours leaks or reads what it must not", "\n".join(bad))


def main():
    part, root, model = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        for name in ("people", "street"):
            os.symlink(os.path.abspath(model), os.path.join(folder, name + ".safetensors"))
        os.environ["HRNET_MODEL_PATH"] = folder
        if part == "docs":
            docs(root, folder)
        elif part == "formats":
            formats(folder)
        else:
            valgrind(folder)
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


sys.exit(main())
