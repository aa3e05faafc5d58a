#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A large checkpoint is ready with little work and in little memory: W48, of 264 MB, in the page cache.

Work is what all threads compute, against what reading the file and filling as much memory as its weights
take costs on the same machine, as fast and as busy as it is.

    test_load.py HRNET-BENCH MAKE-MODEL ["pth"]
"""

import json
import os
import subprocess
import sys
import time

import checkpoints
import pth
import tap
from command import Tool

tool = Tool(sys.argv[1], ".")
make_model = os.path.abspath(sys.argv[2])

# Once more if the machine was busy with something else.
ATTEMPTS = 3
LARGEST_TENSOR_MB = 4 * 384 * 384 * 9 / 1e6


def write_safetensors():
    subprocess.run([make_model, "w48", "19", "w48.safetensors", "hrnet.input_size=512x1024"],
                   check=True)


def least_ms(path, n_bytes):
    """What reading a file and filling memory takes of the processor."""
    start = time.process_time()
    with open(path, "rb") as file:
        read = file.read()
    filled = b"\1" * n_bytes
    took_ms = (time.process_time() - start) * 1000
    assert len(read) + len(filled) > n_bytes
    return took_ms


def check_load(path, most):
    """most: what a load may compute, as a multiple of the least."""
    assert 260e6 < os.path.getsize(path) < 270e6
    for attempt in range(ATTEMPTS):
        got = json.loads(tool.run("--model", path, "--size", "512x1024", "--runs", "1", "--json"))
        least = least_ms(path, int(got["packed_mb"] * 1e6))
        print(f"# {path}: {got['load_cpu_ms']:.0f} ms computed in {got['load_ms']:.0f}, the least {least:.0f}; "
              f"{got['added_mb']:.0f} MB added, {got['packed_mb']:.0f} packed, {got['arena_mb']:.0f} arena")
        bound = 1.3 * got["packed_mb"] + got["arena_mb"] + LARGEST_TENSOR_MB
        assert got["packed_mb"] > 260 and got["added_mb"] <= bound, (got, bound)
        if got["load_cpu_ms"] < most * least:
            return
    raise AssertionError(f"{path}: a load computes more than {most} times the least")


def test_safetensors():
    write_safetensors()
    check_load("./w48.safetensors", 5)


def test_pth():
    if "pth" not in sys.argv[3:]:
        raise tap.Skip("built without the reader of .pth")
    write_safetensors()
    pth.write_zip("w48.pth", checkpoints.read_model("w48.safetensors")[1])
    check_load("./w48.pth", 10)


tap.main()
