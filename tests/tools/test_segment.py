#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""hrnet-segment: statuses, messages and files.   test_segment.py HRNET-SEGMENT MODEL-FOLDER

The folder holds test.safetensors: 3 classes, road, person and car (the last two in front), made
for 64x96.
"""

import math
import os
import stat
import struct
import sys
import threading

import tap
from checkpoints import read_model, shift_logits, write_model
from command import Tool
from formats import GREY, RGB, read_npy, read_png, write_jpeg, write_npy, write_png

MODELS = os.path.abspath(sys.argv[2])
tool = Tool(sys.argv[1], MODELS)
run = tool.run
COLORS = {1: (0x80, 0x40, 0x80), 2: (0xDC, 0x14, 0x3C), 3: (0x00, 0x00, 0x8E)}


def picture(path="picture.png", width=75, height=53):
    write_png(path, width, height,
              lambda x, y: (x * 255 // width, y * 255 // height, (x * y * 7) % 256))
    return path


def tensor(height, width):
    return [math.sin(0.37 * i) * 2 for i in range(3 * height * width)]


def varied_model():
    """Path of the test's model with its classes levelled, so that a picture shows each."""
    path = os.path.abspath("varied.safetensors")
    run("--model", "test", "--logits", "level.npy", picture("level.png"))
    (classes, rows, columns), logits = read_npy("level.npy")
    n = rows * columns
    metadata, tensors = read_model(os.path.join(MODELS, "test.safetensors"))
    shift_logits(tensors, [-sum(logits[c * n:(c + 1) * n]) / n for c in range(classes)])
    write_model(path, metadata, tensors)
    return path


def test_help_and_version():
    assert "--input-npy" in run("--help")
    assert run("--version").startswith("hrnet-segment ")


def test_manual_page():
    tool.check_manual()


def test_wrong_usage_is_status_2():
    picture()
    write_npy("in.npy", (3, 32, 32), tensor(32, 32))
    for args in (
            [], ["a.png", "b.png"], ["--no-such-option", "picture.png"],
            ["--size", "64", "picture.png"], ["--size", "64x", "picture.png"],
            ["--size", "64x96x3", "picture.png"], ["--size", "auto", "picture.png"], ["--size", "x64", "picture.png"],
            ["--size", "-64x96", "picture.png"], ["--size", "15x96", "picture.png"],
            ["--size", "64x8193", "picture.png"],
            ["--size", "64x99999999999999999999999", "picture.png"],
            ["--threads", "-1", "picture.png"], ["--threads", "many", "picture.png"],
            ["--precision", "int4", "picture.png"],
            ["--overlay", "o.jpg", "picture.png"], ["--labels", "o.TIFF", "picture.png"],
            ["--set", "align_corners", "picture.png"], ["--set", "=true", "picture.png"],
            ["--model"],
            ["--input-npy", "in.npy", "--logits", "out.npy", "picture.png"],
            ["--input-npy", "in.npy", "--labels", "out.png"],
            ["--input-npy", "in.npy", "--overlay", "out.png"],
            ["--input-npy", "in.npy"]):
        run(*args, status=2)
    assert not os.path.exists("out.npy") and not os.path.exists("out.png")


def test_labels_have_the_picture_s_size():
    model = varied_model()
    for width, height in ((75, 53), (1, 1), (300, 17)):
        run("--model", model, "--labels", "out.png", picture("in.png", width, height))
        got = read_png("out.png")
        assert got[:3] == (width, height, GREY), got[:3]
        assert len(got[3]) == width * height and set(got[3]) <= {1, 2, 3}, set(got[3])
        assert width != 75 or set(got[3]) == {1, 2, 3}, set(got[3])


def test_labels_are_the_logits_argmax():
    # At a size where nothing is resized, labels at a picture's corners are plain to tell: with
    # corners aligned, logits and picture share their corner pixels.
    run("--model", varied_model(), "--size", "64x96", "--set", "hrnet.align_corners=true",
        "--labels", "labels.png", "--logits", "logits.npy", picture("in.png", 96, 64))
    (classes, rows, columns), logits = read_npy("logits.npy")
    assert (classes, rows, columns) == (3, 16, 24)
    labels = read_png("labels.png")[3]
    for y, row in ((0, 0), (63, 15)):
        for x, column in ((0, 0), (95, 23)):
            scores = [logits[(c * rows + row) * columns + column] for c in range(classes)]
            assert labels[y * 96 + x] == 1 + scores.index(max(scores)), (y, x, scores)


def test_edge_refine_moves_edges_only():
    def fields(x, y):
        return (40, 60, 50) if (x * 3 + y * 2) % 110 < 55 else (200, 190, 210)

    write_png("fields.png", 120, 80, fields)
    masks = []
    for option in ([], ["--edge-refine"], ["--edge-refine"]):
        run("--model", varied_model(), "--labels", "labels.png", *option, "fields.png")
        masks.append(read_png("labels.png")[3])
    plain, refined, again = masks
    assert refined == again
    assert 0 < sum(a != b for a, b in zip(plain, refined)) < len(plain) / 2

    def on_edges(labels):
        """How many neighbours of two labels are of two fields as well."""
        pairs = [i for i in range(len(labels) - 1) if i % 120 < 119 and labels[i] != labels[i + 1]]
        return sum(fields(i % 120, i // 120) != fields(i % 120 + 1, i // 120)
                   for i in pairs) / len(pairs)

    assert on_edges(refined) > 1.5 * on_edges(plain), (on_edges(plain), on_edges(refined))


def check_painted(labels, plain, painted):
    assert set(labels) == {1, 2, 3}
    for i, label in enumerate(labels):
        before, after = plain[3 * i:3 * i + 3], painted[3 * i:3 * i + 3]
        if label == 1:  # road is background
            assert before == after, i
        else:
            for was, target, now in zip(before, COLORS[label], after):
                assert abs((was + target) / 2 - now) <= 1, (i, was, target, now)


def test_overlay_paints_the_foreground_only():
    run("--model", varied_model(), "--labels", "labels.png", "--overlay", "overlay.png", picture())
    width, height, color, painted = read_png("overlay.png")
    assert (width, height, color) == (75, 53, RGB)
    check_painted(read_png("labels.png")[3], read_png("picture.png")[3], painted)


def test_shares_without_an_output():
    shares = [line.split(" %  ") for line in run("--model", varied_model(), picture()).splitlines()]
    assert {name for _, name in shares} == {"road", "person", "car"}, shares
    values = [float(share) for share, _ in shares]
    assert abs(sum(values) - 100) < 0.3 and values == sorted(values, reverse=True), shares


def test_logits_sizes():
    for height, width in ((64, 96), (33, 34), (61, 47), (16, 16)):
        run("--model", "test", "--size", f"{height}x{width}", "--logits", "out.npy", picture())
        shape, values = read_npy("out.npy")
        assert shape == (3, -(-height // 4), -(-width // 4)), shape
        assert all(map(math.isfinite, values)) and len(set(values)) > 3


def test_size_keeps_the_picture_s_shape():
    # 6,144 pixels, as the model's 64x96 has, in multiples of 32.
    for width, height, expected in ((75, 53, (64, 96)), (53, 75, (96, 64)), (50, 50, (64, 64)),
                                    (20, 90, (160, 32)), (400, 10, (32, 192))):
        run("--model", "test", "--logits", "out.npy", picture("in.png", width, height))
        assert read_npy("out.npy")[0] == (3, *(side // 4 for side in expected)), (width, height)


def test_size_is_the_model_s_where_asked():
    run("--model", "test", "--size", "model", "--logits", "out.npy", picture("in.png", 53, 75))
    assert read_npy("out.npy")[0] == (3, 16, 24)
    run("--model", "test", "--size", "model", "--set", "hrnet.input_size=32x48", "--logits",
        "out.npy", "in.png")
    assert read_npy("out.npy")[0] == (3, 8, 12)
    for height, status in ((64, 0), (96, 1)):
        write_npy("in.npy", (3, height, 96), tensor(height, 96))
        run("--model", "test", "--size", "model", "--input-npy", "in.npy", "--logits", "out.npy",
            status=status)


# How each value of EXIF's Orientation tag wants a picture turned: rows become columns, then left and right, then
# top and bottom change places.
ORIENTATIONS = {1: (False, False, False), 2: (False, True, False), 3: (False, True, True), 4: (False, False, True),
                5: (True, False, False), 6: (True, True, False), 7: (True, True, True), 8: (True, False, True)}


def upright(rows, orientation):
    swaps, from_right, from_bottom = ORIENTATIONS[orientation]
    rows = [list(row) for row in (zip(*rows) if swaps else rows)]
    rows = [row[::-1] for row in rows] if from_right else rows
    return rows[::-1] if from_bottom else rows


def lying(rows, orientation):
    """What is made upright by turning: each undoes itself but the two quarter turns."""
    return upright(rows, {6: 8, 8: 6}.get(orientation, orientation))


def check_lies(model, blocks, orientation, expected, *size):
    stored = lying(blocks, orientation)
    write_jpeg("lying.jpg", stored, orientation)
    run("--model", model, *size, "--labels", "own.png", "--logits", "own.npy", "--overlay", "painted.png", "lying.jpg")
    width, height, _, own = read_png("own.png")
    assert (height, width) == (8 * len(stored), 8 * len(stored[0])), orientation
    rows = upright([own[y * width:(y + 1) * width] for y in range(height)], orientation)
    assert bytes(value for row in rows for value in row) == expected, orientation
    plain = bytes(value for row in stored for _ in range(8) for value in row for _ in range(8 * 3))
    painted = read_png("painted.png")
    assert painted[:3] == (width, height, RGB), orientation
    check_painted(own, plain, painted[3])


def test_pictures_are_seen_upright():
    model = varied_model()
    blocks = [[(x * 67 + y * 101 + x * y * 13) % 256 for x in range(12)] for y in range(8)]
    write_jpeg("upright.jpg", blocks)
    run("--model", model, "--labels", "labels.png", "--logits", "upright.npy", "upright.jpg")
    _, _, _, expected = read_png("labels.png")
    for orientation in ORIENTATIONS:
        # The default size is the upright picture's, 64x96.
        for size in ((), ("--size", "64x96")):
            check_lies(model, blocks, orientation, expected, *size)
            assert read_npy("own.npy") == read_npy("upright.npy"), orientation
    # Values that mean nothing change nothing.
    for orientation in (0, 9):
        write_jpeg("odd.jpg", blocks, orientation)
        run("--model", model, "--labels", "own.png", "odd.jpg")
        assert read_png("own.png") == read_png("labels.png")


def test_tensor_input_runs_as_it_is():
    # A grey picture of the network's size is a constant tensor: both ways give the same logits.
    write_png("grey.png", 96, 64, lambda x, y: (128, 128, 128))
    run("--model", "test", "--logits", "picture.npy", "grey.png")
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    write_npy("in.npy", (3, 64, 96),
              [(128 / 255 - mean[c]) / std[c] for c in range(3) for _ in range(64 * 96)])
    run("--model", "test", "--input-npy", "in.npy", "--logits", "tensor.npy")
    (shape, a), (other, b) = read_npy("picture.npy"), read_npy("tensor.npy")
    assert shape == other == (3, 16, 24)
    largest = max(map(abs, a))
    assert max(abs(x - y) for x, y in zip(a, b)) <= 1e-4 * largest


def test_tensor_of_odd_size():
    write_npy("in.npy", (3, 35, 61), tensor(35, 61))
    run("--model", "test", "--input-npy", "in.npy", "--logits", "out.npy")
    assert read_npy("out.npy")[0] == (3, 9, 16)
    run("--model", "test", "--size", "35x61", "--input-npy", "in.npy", "--logits", "out.npy")
    run("--model", "test", "--size", "36x61", "--input-npy", "in.npy", "--logits", "out.npy",
        status=1)


def test_threads_and_kernels_agree():
    write_npy("in.npy", (3, 48, 64), tensor(48, 64))
    run("--model", "test", "--input-npy", "in.npy", "--logits", "a.npy")
    first = read_npy("a.npy")[1]
    largest = max(map(abs, first))
    for args, environment in ((["--threads", "1"], {}), (["--threads", "3"], {}),
                              (["--precision", "fp32"], {}), ([], {"HRNET_CPU": "c"})):
        run("--model", "test", *args, "--input-npy", "in.npy", "--logits", "b.npy",
            environment=environment)
        error = max(abs(x - y) for x, y in zip(first, read_npy("b.npy")[1]))
        assert error <= 1e-4 * largest, (args, environment, error / largest)


def test_hostile_npy():
    good = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 32, 32), }"
    data = struct.pack("<3072f", *tensor(32, 32))

    def write(header, elements=data, start=b"\x93NUMPY\x01\x00", length=None):
        with open("in.npy", "wb") as file:
            file.write(start + struct.pack("<H", len(header) if length is None else length))
            file.write(header.encode() + elements)

    cases = [
        (good, b"", b"\x93NUMPY\x01\x00", None), (good, data[:-1], b"\x93NUMPY\x01\x00", None),
        (good, data, b"\x93NUMPX\x01\x00", None), (good, data, b"\x93NUMPY\x09\x00", None),
        (good, data, b"\x93NUMPY\x02\x00", None), (good, b"", b"\x93NUMPY\x01\x00", 60000),
        (good, b"", b"\x93NUMPY\x01\x00", 9999)]
    cases += [(header, data, b"\x93NUMPY\x01\x00", None) for header in (
        "", "{", "{}", "[]", "{'shape': (3, 32, 32)}", good[:-1], good[:-5],
        good.replace("<f4", "<f8"), good.replace("<f4", ">f4"), good.replace("<f4", "|O"),
        good.replace("'<f4'", "[('a', '<f4')]"), good.replace("False", "True"),
        good.replace("False", "__import__('os')"), good.replace("(3, 32, 32)", "3"),
        good.replace("(3, 32, 32)", "(3, 32)"), good.replace("(3, 32, 32)", "(1, 3, 32, 32)"),
        good.replace("(3, 32, 32)", "(3, 3072, 1)"), good.replace("(3, 32, 32)", "(3, -32, -32)"),
        good.replace("(3, 32, 32)", "(3, 8000, 8000)"),
        good.replace("(3, 32, 32)", "(4294967296, 4294967296, 3)"),
        good.replace("(3, 32, 32)", "(3, 2147483647, 2147483647)"),
        good.replace("(3, 32, 32)", "(3, 99999999999999999999999, 0)"),
        good.replace("(3, 32, 32)", "(" + "1, " * 40 + ")"),
        good.replace("descr", "descriptor"),
        good.replace("'descr'", "descr"))]
    for case in cases:
        write(*case)
        message = run("--model", "test", "--input-npy", "in.npy", "--logits", "out.npy", status=1)
        assert "in.npy" in message, (case[0], message)
    assert not os.path.exists("out.npy")


def test_a_tensor_s_sizes_are_checked():
    for shape in ((3, 8, 32), (1, 32, 32), (3, 32, 15)):
        count = shape[0] * shape[1] * shape[2]
        write_npy("in.npy", shape, [0.0] * count)
        run("--model", "test", "--input-npy", "in.npy", "--logits", "out.npy", status=1)


def test_corrupt_pictures():
    picture("whole.png", 200, 150)
    whole = open("whole.png", "rb").read()
    for name, data in (("empty.png", b""), ("text.png", b"no picture\n" * 20),
                       ("cut.png", whole[:len(whole) // 2]), ("head.png", whole[:20])):
        with open(name, "wb") as file:
            file.write(data)
        assert name in run("--model", "test", "--labels", "out.png", name, status=1)
    assert "absent.png" in run("--model", "test", "absent.png", status=1)
    os.mkdir("folder.png")
    assert "folder.png" in run("--model", "test", "folder.png", status=1)


def test_a_picture_too_large_is_refused_unread():
    write_png("huge.png", 40000, 40000, None)
    assert "40000x40000" in run("--model", "test", "huge.png", status=1)


def test_missing_and_broken_models():
    picture()
    assert "no-such-model" in run("--model", "no-such-model", "picture.png", status=1)
    assert "absent.safetensors" in run("--model", "./absent.safetensors", "picture.png", status=1)
    with open(os.path.join(MODELS, "test.safetensors"), "rb") as file:
        whole = file.read()
    for name, data in (("empty", b""), ("cut", whole[:len(whole) // 2]),
                       ("junk", b"\xff" * 4096), ("picture", open("picture.png", "rb").read())):
        with open(f"{name}.safetensors", "wb") as file:
            file.write(data)
        message = run("--model", f"./{name}.safetensors", "picture.png", status=1)
        assert f"{name}.safetensors" in message, message


def test_settings_that_mean_nothing():
    picture()
    for setting in ("hrnet.align_corners=maybe", "hrnet.upsample=cubic", "hrnet.mean=[1, 2]",
                    "hrnet.input_size=64", "hrnet.no_such_key=1"):
        message = run("--model", "test", "--set", setting, "picture.png", status=1)
        assert setting.split("=")[0].split(".")[1] in message, message


def test_outputs_that_cannot_be_written():
    picture()
    for option in ("--labels", "--overlay", "--logits"):
        message = run("--model", "test", option, "no/such/folder/out", "picture.png", status=1)
        assert "no/such/folder/out" in message, message


OUTPUTS = ("--labels", "--overlay", "--logits")


def test_a_file_that_is_read_is_not_written():
    precious = open(picture("in.png"), "rb").read()
    os.symlink("in.png", "link.png")
    os.link("in.png", "other.png")
    with open(os.path.join(MODELS, "test.safetensors"), "rb") as file:
        model = file.read()
    with open("m.safetensors", "wb") as file:
        file.write(model)
    for option in OUTPUTS:
        for target in ("in.png", "./in.png", "link.png", "other.png"):
            assert "would be lost" in run("--model", "test", option, target, "in.png", status=1)
        run("--model", "./m.safetensors", option, "m.safetensors", "in.png", status=1)
    assert open("in.png", "rb").read() == precious and os.path.islink("link.png")
    assert open("m.safetensors", "rb").read() == model
    assert "twice" in run("--model", "test", "--labels", "a", "--overlay", "a", "in.png", status=1)
    assert "a" not in os.listdir()


def test_a_full_disk_leaves_the_old_file():
    picture("in.png")
    for option in OUTPUTS:
        with open("out", "w") as file:
            file.write("precious")
        assert "cannot be written" in run("--model", "test", option, "out", "in.png", status=1, limit=100)
        assert open("out").read() == "precious"
        assert sorted(os.listdir()) == ["in.png", "out"]


def test_a_device_is_written_to():
    picture("in.png")
    try:
        os.mknod("full", 0o666 | stat.S_IFCHR, os.makedev(1, 7))
        os.mknod("null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        open("null", "wb").close()
    except OSError as reason:
        raise tap.Skip(f"no devices can be made here: {reason}")
    for option in OUTPUTS:
        assert "cannot be written" in run("--model", "test", option, "full", "in.png", status=1)
        run("--model", "test", option, "null", "in.png")
        for name in ("full", "null"):
            assert stat.S_ISCHR(os.lstat(name).st_mode)
    assert sorted(os.listdir()) == ["full", "in.png", "null"]


def test_a_pipe_is_written_to():
    picture("in.png")
    os.mkfifo("pipe")
    for option in OUTPUTS:
        got = []
        reader = threading.Thread(target=lambda: got.append(open("pipe", "rb").read()))
        reader.start()
        run("--model", "test", option, "pipe", "in.png")
        reader.join()
        run("--model", "test", option, "file", "in.png")
        assert got[0] == open("file", "rb").read() and stat.S_ISFIFO(os.lstat("pipe").st_mode)


def test_a_link_s_target_is_replaced():
    picture("in.png")
    os.mkdir("there")
    os.symlink("there/real", "out")
    for kind in ("new", "old"):
        run("--model", "test", "--labels", "out", "in.png")
        assert os.readlink("out") == "there/real" and read_png("there/real")[2] == GREY, kind
    assert os.listdir("there") == ["real"]
    os.symlink("loop", "loop")
    assert "loop" in run("--model", "test", "--labels", "loop", "in.png", status=1)


def test_permissions_are_those_of_a_new_file():
    picture("in.png")
    before = os.umask(0o027)
    try:
        for option in OUTPUTS:
            run("--model", "test", option, "out", "in.png")
            assert stat.S_IMODE(os.stat("out").st_mode) == 0o640, option
            os.remove("out")
    finally:
        os.umask(before)


def test_a_path_that_is_no_text():
    picture()
    for name in (b"\xff\xfe.safetensors", "a\u202eb\u009b31m.safetensors".encode()):
        with open(os.path.join(MODELS, "test.safetensors"), "rb") as file, open(name, "wb") as copy:
            copy.write(file.read())
        model = os.fsdecode(b"./" + name)
        run("--model", model, "--labels", "out.png", "picture.png")
        message = run("--model", model, "--set", "upsample=cubic", "picture.png", status=1)
        assert not set(message) & set("\u202e\u009b"), ascii(message)


def test_a_message_is_one_line_whatever_the_name():
    message = run("--model", "test", "two\nlines.png", status=1)
    assert "two?lines.png" in message, message


tap.main()
