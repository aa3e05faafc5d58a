#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""hrnet-convert: what it writes.   test_convert.py HRNET-CONVERT MODEL-FOLDER"""

import json
import os
import statistics
import struct
import sys

import tap
from checkpoints import read_model, write_model
from command import Tool, check_signals
from formats import read_npy, write_png

MODELS = os.path.abspath(sys.argv[2])
TEST = os.path.join(MODELS, "test.safetensors")
tool = Tool(sys.argv[1], MODELS)
inspect = Tool(os.path.join(os.path.dirname(os.path.abspath(sys.argv[1])), "hrnet-inspect"), MODELS)
segment = Tool(os.path.join(os.path.dirname(os.path.abspath(sys.argv[1])), "hrnet-segment"), MODELS)
run = tool.run


def test_help_and_version():
    assert "OUT.safetensors" in run("--help")
    assert run("--version").startswith("hrnet-convert ")


def test_manual_page():
    tool.check_manual()


def test_wrong_usage_is_status_2():
    for args in ([], ["test"], ["test", "a.safetensors", "b.safetensors"], ["test", "out.pth"],
                 ["--set", "x", "test", "out.safetensors"], ["--no-such-option"]):
        run(*args, status=2)


def test_tensors_and_metadata_are_kept():
    run("test", "out.safetensors")
    metadata, tensors = read_model(TEST)
    got_metadata, got_tensors = read_model("out.safetensors")
    assert got_metadata == metadata
    assert got_tensors == {name: value for name, value in tensors.items() if name in got_tensors}
    assert all(name.endswith("num_batches_tracked") for name in tensors.keys() - got_tensors.keys())
    assert os.listdir() == ["out.safetensors"]


def test_settings_become_metadata():
    run("--set", "hrnet.input_size=128x256", "--set", "align_corners=true", "test", "out.safetensors")
    metadata, _ = read_model("out.safetensors")
    assert metadata["hrnet.align_corners"] == "true"
    assert json.loads(inspect.run("--json", "./out.safetensors"))["size"] == "128x256"


def test_half_takes_half():
    run("--half", "test", "half.safetensors")
    _, tensors = read_model("half.safetensors")
    assert {dtype for dtype, shape, _ in tensors.values() if len(shape) == 4} == {"F16"}
    assert {dtype for dtype, shape, _ in tensors.values() if len(shape) == 1} == {"F32"}
    assert os.path.getsize("half.safetensors") < 0.55 * os.path.getsize(TEST)


def test_element_types_are_kept():
    """An F16 file is not made twice as large by a setting, nor a BF16 one."""
    run("--half", "test", "half.safetensors")
    run("--set", "align_corners=true", "./half.safetensors", "again.safetensors")
    assert read_model("again.safetensors")[1] == read_model("half.safetensors")[1]
    run("--float", "./half.safetensors", "float.safetensors")
    assert {dtype for dtype, _, _ in read_model("float.safetensors")[1].values()} == {"F32"}
    metadata, tensors = read_model(TEST)
    brain = {name: ("BF16", shape, b"".join(data[i + 2:i + 4] for i in range(0, len(data), 4)))
             for name, (dtype, shape, data) in tensors.items() if dtype == "F32"}
    write_model("brain.safetensors", metadata, brain)
    run("./brain.safetensors", "kept.safetensors")
    kept = read_model("kept.safetensors")[1]
    assert kept == {name: brain[name] for name in kept} and len(kept) > 100
    run("--half", "--float", "test", "both.safetensors", status=2)


def test_selftest_tells_wrong_options():
    for name, options in (("full", []), ("half", ["--half"])):
        run("--selftest", *options, "test", f"{name}.safetensors")
        assert "passed" in inspect.run("--selftest", f"./{name}.safetensors")
        for wrong in ("align_corners=true", "upsample=nearest", "padding=same"):
            told = inspect.run("--selftest", "--set", wrong, f"./{name}.safetensors", status=1)
            assert "self-test" in told, told
    assert "no self-test" in inspect.run("--selftest", "test", status=1)


def test_object_contexts_are_kept():
    run("--selftest", "--half", "test-ocr", "contexts.safetensors")
    assert "passed" in inspect.run("--selftest", "./contexts.safetensors")


def test_a_selftest_cannot_excuse_itself():
    run("--selftest", "test", "sound.safetensors")
    metadata, tensors = read_model("sound.safetensors")
    sound = json.loads(metadata["hrnet.selftest"])
    for largest in ("1e999", "1e300", "-1", "0", "\"1\"", "null"):
        text = {**sound, "logits": [0] * len(sound["logits"]), "largest": "L"}
        metadata["hrnet.selftest"] = json.dumps(text).replace("\"L\"", largest)
        write_model("excused.safetensors", metadata, tensors)
        assert "selftest" in inspect.run("--selftest", "./excused.safetensors", status=1).replace("-", "")


def test_broken_selftests():
    metadata, tensors = read_model(TEST)
    for text in ("", "{}", "[1]", "{\"seed\": 1, \"height\": 64, \"width\": 96, \"largest\": 1, \"logits\": []}",
                 "{\"seed\": 1, \"height\": 99999, \"width\": 96, \"largest\": 1, \"logits\": [1]}",
                 "{\"seed\": 1, \"height\": 64, \"width\": 96, \"largest\": 1, \"logits\": [1e9]}",
                 "{\"seed\": 1, \"height\": 64, \"width\": 96, \"largest\": 1, \"logits\": [[1]]}",
                 "{\"seed\": -1, \"height\": 64, \"width\": 96, \"largest\": 1, \"logits\": [1]}"):
        metadata["hrnet.selftest"] = text
        write_model("broken.safetensors", metadata, tensors)
        inspect.run("--selftest", "./broken.safetensors", status=1)


def test_a_stale_selftest_is_left_out():
    run("--selftest", "test", "first.safetensors")
    run("--set", "align_corners=true", "./first.safetensors", "second.safetensors")
    assert "hrnet.selftest" not in read_model("second.safetensors")[0]


def make_pictures(folder, count):
    os.mkdir(folder)
    for i in range(count):
        write_png(f"{folder}/{i}.png", 120 + i, 80, lambda x, y: ((x * 7 + i * 40) % 256, (y * 5) % 256, (x * y) % 256))
    with open(f"{folder}/notes.txt", "w") as file:
        file.write("no picture")


def test_calibration():
    """What is added serves int8, as long as weights and options are the same."""
    make_pictures("pictures", 5)
    table = run("--calibrate=pictures", "--max-changed=100", "test", "int8.safetensors")
    assert "1 picture held out" in table and "as in fp32" in table and table.split()[-1] != "0.00"
    metadata, tensors = read_model("int8.safetensors")
    plain, plain_tensors = read_model(TEST)
    assert tensors == {name: plain_tensors[name] for name in tensors}
    assert {key: value for key, value in metadata.items() if "int8" not in key} == plain
    ranges = json.loads(metadata["hrnet.int8.ranges"])
    assert len(ranges) > 50 and all(low <= 0 <= high for low, high in ranges.values())
    assert "conv1" in ranges and ranges["conv1"][0] == 0
    assert json.loads(inspect.run("--json", "./int8.safetensors"))["int8"] is True
    assert json.loads(inspect.run("--json", "test"))["int8"] is False
    assert "calibrated" in inspect.run("./int8.safetensors")
    # Of these levels none has a dot product of bytes, and without calibration it is of no use.
    for level in ("c", "avx2"):
        said = inspect.run("./int8.safetensors", environment={"HRNET_CPU": level})
        assert "fp32, which auto takes here" in said, said
    assert json.loads(inspect.run("--json", "test"))["precision"] == "fp32"
    other = json.loads(inspect.run("--json", "--set", "mean=[0.1,0.2,0.3]", "./int8.safetensors"))
    assert other["int8"] is False
    assert "other weights or options" in inspect.run("--set", "padding=same", "./int8.safetensors")
    again = run("--calibrate=pictures/0.png", "--calibrate=pictures/1.png", "--max-changed=100%", "test",
                "two.safetensors")
    assert "1 picture held out" in again


def test_calibration_that_changes_too_much():
    """Ranges from a black picture cut off what another one needs, of a model that sees all of its classes."""
    write_png("0.png", 64, 64, lambda x, y: (0, 0, 0))
    write_png("1.png", 64, 64, lambda x, y: ((x * 37 + y * 11) % 256, (x * y) % 256, (y * 23) % 256))
    segment.run("--model=test", "--logits=logits.npy", "1.png")
    shape, logits = read_npy("logits.npy")
    metadata, tensors = read_model(TEST)
    dtype, bias_shape, bias = tensors["last_layer.3.bias"]
    n = len(logits) // shape[0]
    even = [b - statistics.median(logits[i * n:(i + 1) * n])
            for i, b in enumerate(struct.unpack(f"<{shape[0]}f", bias))]
    tensors["last_layer.3.bias"] = dtype, bias_shape, struct.pack(f"<{shape[0]}f", *even)
    write_model("even.safetensors", metadata, tensors)
    pictures = ["--calibrate=0.png", "--calibrate=1.png"]
    message = run(*pictures, "--max-changed=0", "./even.safetensors", "int8.safetensors", status=1)
    assert "--max-changed=0%" in message and not os.path.exists("int8.safetensors")


def test_no_pictures_to_calibrate_with():
    os.mkdir("empty")
    make_pictures("one", 1)
    for place, reason in (("empty", "no pictures"), ("one", "at least two"), ("none", "at least two")):
        assert reason in run(f"--calibrate={place}", "test", "int8.safetensors", status=1)
    for args in (["--max-changed=1%"], ["--calibrate=one", "--half"], ["--calibrate=one", "--max-changed=101"],
                 ["--calibrate=one", "--max-changed=x"]):
        run(*args, "test", "int8.safetensors", status=2)
    assert not os.path.exists("int8.safetensors")


def test_over_itself():
    run("test", "model.safetensors")
    before = open("model.safetensors", "rb").read()
    os.symlink("model.safetensors", "link.safetensors")
    os.link("model.safetensors", "other.safetensors")
    for target in ("model.safetensors", "link.safetensors", "other.safetensors"):
        assert "is the input" in run("--half", "./model.safetensors", target, status=1)
        assert open("model.safetensors", "rb").read() == before


def test_a_part_of_another_name_stays():
    run("test", "a.safetensors.part.safetensors")
    os.rename("a.safetensors.part.safetensors", "a.safetensors.part")
    before = open("a.safetensors.part", "rb").read()
    run("./a.safetensors.part", "a.safetensors")
    assert open("a.safetensors.part", "rb").read() == before
    with open("precious", "w") as file:
        file.write("precious")
    os.remove("a.safetensors.part")
    os.symlink("precious", "a.safetensors.part")
    run("./a.safetensors", "b.safetensors")
    run("./b.safetensors", "a.safetensors")
    assert open("precious").read() == "precious"


def test_interrupted():
    check_signals([tool.program, "--selftest", "test", "out.safetensors"], MODELS)


def test_a_failure_leaves_the_old_file():
    with open("out.safetensors", "w") as file:
        file.write("precious")
    assert "absent" in run("absent", "out.safetensors", status=1)
    run("--set", "hrnet.upsample=cubic", "test", "out.safetensors", status=1)
    metadata, tensors = read_model(TEST)
    dtype, shape, data = tensors["conv1.weight"]
    tensors["conv1.weight"] = dtype, shape, b"\0\0\x80\x4f" + data[4:]  # 2^32
    write_model("large.safetensors", metadata, tensors)
    assert "conv1.weight" in run("--half", "./large.safetensors", "out.safetensors", status=1)
    assert open("out.safetensors").read() == "precious"
    assert sorted(os.listdir()) == ["large.safetensors", "out.safetensors"]
    assert "written" in run("test", "no/such/folder.safetensors", status=1)


tap.main()
