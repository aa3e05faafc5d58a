#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tests/run says at its end:   test_counting.py SOURCE-ROOT"""

import json
import os
import subprocess
import sys

import tap

ROOT = os.path.abspath(sys.argv[1])
PROGRAMS = [
    {"name": "tree", "result": "OK", "stdout": "1..2\nok 1 files\nok 2 - names # SKIP no git here\n"},
    {"name": "kernels", "result": "OK", "stdout": "ok 1 /conv/odd\nok 2 /conv/avx512 # SKIP no AVX-512\n"},
    {"name": "launch", "result": "SKIP", "stdout": "1..0 # SKIP no valgrind\n"},
    {"name": "train", "result": "SKIP", "stdout": "importing\nPyTorch is not there\n"},
    {"name": "element", "result": "OK", "stdout": "100%: Checks: 7, Failures: 0, Errors: 0\n"},
]


def count(programs):
    with open("log.json", "w", encoding="utf-8") as log:
        log.writelines(json.dumps(program) + "\n" for program in programs)
    done = subprocess.run([os.path.join(ROOT, "tests", "count-cases"), "log.json"], text=True,
                          capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout.splitlines()


def test_skips_are_told_with_reasons():
    status, lines = count(PROGRAMS)
    assert status == 0, lines
    assert lines == ["Skipped:", "  tree: names: no git here", "  kernels: /conv/avx512: no AVX-512",
                     "  launch: no valgrind", "  train: PyTorch is not there",
                     "9 passed, 0 failed, 4 skipped"], lines


def test_nothing_skipped():
    assert count(PROGRAMS[-1:]) == (0, ["Nothing was skipped.", "7 passed, 0 failed"])


def test_a_failure_counts():
    failing = {"name": "x", "result": "FAIL", "stdout": "not ok 1 a\nok 2 b\n"}
    status, lines = count(PROGRAMS + [failing])
    assert status == 1 and lines[-1] == "10 passed, 1 failed, 4 skipped", lines


def test_only_timing_has_to_be_asked_for():
    done = subprocess.run([os.path.join(ROOT, "tests", "run"), "--with", "slow"], text=True,
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == 2 and "timing" in done.stderr, done


tap.main()
