#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""hrnet-inspect: what it says of a model.   test_inspect.py HRNET-INSPECT MODEL-FOLDER"""

import json
import os
import re
import struct
import sys

import tap
from checkpoints import read_model, write_model
from command import Tool

MODELS = os.path.abspath(sys.argv[2])
tool = Tool(sys.argv[1], MODELS)
run = tool.run

# W18-Small-v1 with 19 classes has 1.54 M; 16 classes fewer have 240 weights and a bias fewer each.
PARAMETERS = 1.54e6 - 16 * 241


def test_help_and_version():
    assert "MODEL" in run("--help")
    assert run("--version").startswith("hrnet-inspect ")


def test_manual_page():
    tool.check_manual()


def test_wrong_usage_is_status_2():
    for args in (["--json"], ["--selftest"], ["test", "test"], ["--no-such-option", "test"], ["--set", "x", "test"]):
        run(*args, status=2)


def test_models_with_names_are_listed():
    lines = run().splitlines()
    at = lines.index("test")
    assert lines[at + 1].split() == ["file", os.path.join(MODELS, "test.safetensors")], lines
    assert "64x96" in lines[at + 2] and lines[at + 3].split() == ["classes", "road,", "person,", "car"], lines
    assert lines[at + 4].split(None, 1)[0] == "licence", lines
    os.mkdir("own")
    with open("own/broken.safetensors", "w", encoding="utf-8") as file:
        file.write("no model")
    out = run(environment={"HRNET_MODEL_PATH": "own"})
    assert "broken\n  cannot be used: " in out, out
    # An unknown name is told with those that there are.
    told = run("tset", status=1)
    assert "tset" in told and re.search(r"there is .*\btest\b", told), told


def test_json():
    got = json.loads(run("--json", "test"))
    assert got["variant"] == "W18-Small-v1" and "stage 4" in got["configuration"]
    assert got["classes"] == ["road", "person", "car"]
    assert got["palette"] == ["#804080", "#dc143c", "#00008e"]
    assert got["foreground"] == ["person", "car"]
    assert abs(got["parameters"] - PARAMETERS) < 0.006e6, got["parameters"]
    assert got["size"] == "64x96" and 0.09 < got["gmac"] < 0.11, got["gmac"]
    assert got["license"] == "none: made by a formula"
    assert json.loads(got["metadata"]["hrnet.classes"]) == got["classes"]
    assert os.path.samefile(got["file"], os.path.join(MODELS, "test.safetensors"))


def test_object_contexts_are_told():
    got = json.loads(run("--json", "test-ocr"))
    assert got["variant"] == "W18-Small-v1-OCR", got["variant"]
    assert got["configuration"]["object contexts"].startswith(
        "512 channels by 3x3, queries and keys of 256"), got["configuration"]
    assert "object contexts" not in json.loads(run("--json", "test"))["configuration"]


def test_text_tells_the_same():
    text = run("test")
    for part in ("W18-Small-v1", "1.54 M", "64x96", "person", "#dc143c", "none: made by a formula"):
        assert part in text, part
    assert [line.split()[2] for line in text.splitlines() if "(not painted)" in line] == ["road"]


def test_what_is_assumed_is_told():
    got = json.loads(run("--json", "test"))["assumed"]
    assert got == ["hrnet.align_corners", "hrnet.upsample", "hrnet.norm", "hrnet.eps", "hrnet.padding",
                   "hrnet.channel_order", "hrnet.mean", "hrnet.std"], got
    got = json.loads(run("--json", "--set", "align_corners=false", "--set", "norm=bn", "test"))["assumed"]
    assert "hrnet.align_corners" not in got and "hrnet.norm" not in got and "hrnet.eps" in got
    text = run("test")
    assert "assumed        hrnet.align_corners hrnet.upsample" in text and "guessed" not in text

    metadata, tensors = read_model(os.path.join(MODELS, "test.safetensors"))
    del metadata["hrnet.classes"], metadata["hrnet.palette"], metadata["hrnet.foreground"]
    write_model("nameless.safetensors", metadata, tensors)
    assert "hrnet.classes" in json.loads(run("--json", "./nameless.safetensors"))["assumed"]
    assert "classes        3 (names guessed, by their number alone)" in run("./nameless.safetensors")


def test_a_setting_goes_over_the_file():
    got = json.loads(run("--json", "--set", "hrnet.input_size=128x256", "--set",
                         'hrnet.foreground=["car"]', "test"))
    assert got["size"] == "128x256" and got["foreground"] == ["car"]


def test_a_side_file_goes_over_the_file():
    with open(os.path.join(MODELS, "test.safetensors"), "rb") as file:
        data = file.read()
    with open("copy.safetensors", "wb") as file:
        file.write(data)
    with open("copy.safetensors.json", "w") as file:
        json.dump({"hrnet.input_size": "96x64"}, file)
    assert json.loads(run("--json", "./copy.safetensors"))["size"] == "96x64"
    got = run("--json", "--set", "hrnet.input_size=32x32", "./copy.safetensors")
    assert json.loads(got)["size"] == "32x32"


def test_what_is_wrong_is_named():
    metadata, tensors = read_model(os.path.join(MODELS, "test.safetensors"))
    write_model("whole.safetensors", metadata, tensors)
    run("./whole.safetensors")

    missing = {name: value for name, value in tensors.items() if name != "bn2.running_mean"}
    write_model("missing.safetensors", metadata, missing)
    assert "bn2.running_mean" in run("./missing.safetensors", status=1)

    dtype, _, data = tensors["bn2.running_mean"]
    for shape, part in (([8, 8], data), ([32], data[:128]), ([], data[:4])):
        tensors["bn2.running_mean"] = dtype, shape, part
        write_model("shape.safetensors", metadata, tensors)
        assert "bn2.running_mean" in run("./shape.safetensors", status=1)


def test_unknown_tensors_are_ignored():
    metadata, tensors = read_model(os.path.join(MODELS, "test.safetensors"))
    tensors["epoch"] = "F32", [1], b"\0" * 4
    write_model("more.safetensors", metadata, tensors)
    assert json.loads(run("--json", "./more.safetensors"))["variant"] == "W18-Small-v1"


def test_missing_and_broken_models():
    assert "absent" in run("absent", status=1)
    for name, data in (("empty", b""), ("short", b"\x10\0\0\0"), ("long", b"\xff" * 64),
                       ("json", struct.pack("<Q", 2) + b"{]"), ("none", struct.pack("<Q", 2) + b"{}"),
                       ("list", struct.pack("<Q", 2) + b"[]")):
        with open(f"{name}.safetensors", "wb") as file:
            file.write(data)
        assert f"{name}.safetensors" in run(f"./{name}.safetensors", status=1)


def test_nothing_reaches_the_terminal_but_text():
    metadata, tensors = read_model(os.path.join(MODELS, "test.safetensors"))
    evil = "a\x1b]0;title\x07\u009b31m\u202eb\nlicence        free"
    metadata.update({"license": evil, "x" + evil: evil,
                     "hrnet.classes": json.dumps([evil, evil, "unlabelled"]), "hrnet.foreground": "[]"})
    write_model("evil.safetensors", metadata, tensors)
    for option in ([], ["--json"]):
        told = run(*option, "./evil.safetensors")
        assert not [c for c in told if c != "\n" and not c.isprintable()], ascii(told)
    assert told.count("\n") > 20 and json.loads(told)["classes"][2] == "unlabelled (2)"
    lines = run("./evil.safetensors").splitlines()
    assert sum(line.startswith("licence") for line in lines) == 1


tap.main()
