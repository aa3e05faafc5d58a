#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""hrnet-bench: its report, and that its figures can be true.   test_bench.py HRNET-BENCH MODEL-FOLDER"""

import json
import math
import os
import platform
import subprocess
import sys
import time

import tap
from command import Tool

tool = Tool(*sys.argv[1:3])
run = tool.run
SMALL = ("--model", "test", "--size", "64x96", "--runs", "3")

# Levels of HRNET_CPU above plain C, and one of them that leaves others out.
LEVELS, LOWER = (("neon, neon-dotprod", "neon") if platform.machine() == "aarch64" else
                 ("avx2, avx-vnni, avx512", "avx2"))

# Multiply-adds of W18-Small-v1's backbone and head at 512x1024, 19 classes, in 10^9.
GMAC_19 = 8.35


def report(*args, **options):
    return json.loads(run(*SMALL, "--json", *args, **options))


def test_help_and_version():
    assert "--profile" in run("--help")
    assert run("--version").startswith("hrnet-bench ")


def test_manual_page():
    tool.check_manual()


def test_wrong_usage_is_status_2():
    for args in ([], ["--model", "test"], ["--size", "64x96"], [*SMALL, "picture.png"],
                 [*SMALL, "--runs", "0"], [*SMALL, "--runs", "-3"], [*SMALL, "--runs", "few"],
                 [*SMALL, "--size", "64"], [*SMALL, "--threads", "-1"],
                 [*SMALL, "--precision", "half"], [*SMALL, "--set", "x"], [*SMALL, "--fast"]):
        run(*args, status=2)


def test_a_missing_model_is_status_1():
    assert "absent" in run("--model", "absent", "--size", "64x96", status=1)


def test_json_members():
    start = time.monotonic()
    got = report("--threads", "2")
    took_ms = (time.monotonic() - start) * 1000
    for name in ("network_ms", "frame_ms", "load_ms", "load_cpu_ms", "gmac", "added_mb", "packed_mb", "arena_mb"):
        assert isinstance(got[name], float) and math.isfinite(got[name]) and got[name] > 0, name
    assert got["size"] == "64x96" and got["threads"] == 2
    assert got["precision"] == "fp32" and got["cpu"] and got["isa"]
    assert got["algorithms"] and all(n > 0 for n in got["algorithms"].values())
    for name in ("network_ms", "frame_ms", "load_ms"):
        assert got[name] < took_ms, (name, got[name], took_ms)
    # no more than all CPUs could, give or take a tick of the clock
    assert got["load_cpu_ms"] < os.cpu_count() * got["load_ms"] + 20, got


def test_work_follows_the_size():
    # The test's model has 3 classes rather than 19, 240 channels before them.
    expected = GMAC_19 - 16 * 240 * 128 * 256 / 1e9
    got = json.loads(run("--model", "test", "--size", "256x512", "--runs", "1", "--json"))
    assert abs(4 * got["gmac"] - expected) < 0.01, (got["gmac"], expected)
    small = report()
    assert abs(small["gmac"] / got["gmac"] - 64 * 96 / (256 * 512)) < 1e-3


def test_memory_has_the_weights_in_it():
    # 1.5 million parameters of 4 bytes.
    got = report()
    assert 6 < got["packed_mb"] < got["added_mb"] < 400
    # No layer's tensor is larger than 64 channels at half the input's size.
    assert 4 * 64 * 32 * 48 / 1e6 < got["arena_mb"] < got["added_mb"]


def test_kernels_can_be_forced():
    assert report(environment={"HRNET_CPU": "c"})["isa"] == "c"


def test_forced_kernels_leave_out_what_is_above():
    assert report(environment={"HRNET_CPU": LOWER})["isa"] in ("c", LOWER)
    assert report(environment={"HRNET_CPU": ""})["isa"] == report()["isa"]


def test_unknown_kernels_are_warned_of_once():
    done = subprocess.run([tool.program, *SMALL, "--json"], capture_output=True, text=True,
                          env={**os.environ, "HRNET_MODEL_PATH": tool.models, "HRNET_CPU": "avx3"})
    assert done.returncode == 0
    assert done.stderr.count(f"HRNET_CPU=avx3 is none of c, {LEVELS}") == 1, done.stderr
    assert done.stderr.count("\n") <= 2, done.stderr
    assert json.loads(done.stdout)["isa"] == report()["isa"]


def test_profile_in_json():
    got = report("--profile")
    layers = got["layers"]
    assert sum(got["algorithms"].values()) == len(layers) > 40
    assert all(layer["ms"] >= 0 for layer in layers) and sum(x["ms"] for x in layers) > 0
    assert abs(sum(layer["gmac"] for layer in layers) - got["gmac"]) < 0.01 * got["gmac"]
    first = layers[0]
    assert (first["channels"], first["height"], first["width"]) == (64, 32, 48), first
    assert (got.get("peak_gflops", 0) > 1) == (got["isa"] != "c"), got
    assert "peak_gflops" not in report()


def test_text_and_profile_table():
    lines = run(*SMALL, "--profile").splitlines()
    table = lines[lines.index("") + 1:]
    assert lines[0].startswith("model ") and any(x.startswith("network ") for x in lines)
    assert table[0].split() == ["layer", "algorithm", "output", "GMAC", "ms", "GFLOP/s", "peak",
                                "share"]
    shares = [float(line.split()[-1].rstrip("%")) for line in table[1:-1]]
    peaks = [float(line.split()[1]) for line in lines if line.startswith("peak ")]
    for line in table[1:]:
        ms, speed, of_peak = line.split()[-4:-1]
        # What took nothing has no speed.
        assert (speed == "-") == (ms == "0.000"), line
        if peaks and speed != "-":
            expected = 100 * float(speed) / peaks[0]
            # All three are told to one place.
            rounding = 0.051 * (1 + (100 + expected) / peaks[0])
            assert abs(float(of_peak.rstrip("%")) - expected) < rounding, line
        else:
            assert of_peak == "-", line
    assert table[-1].startswith("sum ") and abs(sum(shares) - 100) < 0.06 * len(shares)


def test_tuning_looks_for_its_place_first():
    with open("no-folder", "w", encoding="utf-8") as file:
        file.write("in the way")
    done = subprocess.run([tool.program, *SMALL, "--tune"], capture_output=True, text=True, timeout=300, check=False,
                          env={**os.environ, "HRNET_MODEL_PATH": tool.models,
                               "XDG_CACHE_HOME": os.path.abspath("no-folder")})
    assert done.returncode == 0 and "no-folder" in done.stderr, done
    assert "tuning 1 of" not in done.stderr, done.stderr


def test_an_unknown_plan_is_told():
    done = subprocess.run([tool.program, *SMALL], capture_output=True, text=True, timeout=300, check=False,
                          env={**os.environ, "HRNET_MODEL_PATH": tool.models, "HRNET_PLAN": "tunde"})
    assert done.returncode == 0 and done.stderr.count("tunde") == 1 and "tuned" in done.stderr, done


tap.main()
