#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tests/budget ends what computes for too long, and nothing else.   test_budget.py BUDGET"""

import signal
import subprocess
import sys

import tap

BUDGET = sys.argv[1]


def run(*words):
    return subprocess.run([BUDGET, *words], capture_output=True, text=True, timeout=100, check=False)


def test_what_computes_for_too_long_is_killed():
    done = run("1", sys.executable, "-c", "while True: pass")
    assert done.returncode in (-signal.SIGXCPU, -signal.SIGKILL), done


def test_what_waits_is_not():
    done = run("1", "sh", "-c", "sleep 2; echo \"$0 $1\"; exit 3", "two words", "*")
    assert done.returncode == 3 and done.stdout == "two words *\n", done


def test_wrong_usage():
    assert run("1").returncode == 2 and run("soon", "true").returncode != 0


tap.main()
