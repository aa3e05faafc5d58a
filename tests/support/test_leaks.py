#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether a leak of GLib's memory is seen, with the exceptions that hold for all:   test_leaks.py LEAK EXCEPTIONS"""

import os
import subprocess
import sys

import tap

LEAK, EXCEPTIONS = map(os.path.abspath, sys.argv[1:3])


def run(*words):
    env = dict(os.environ, ASAN_OPTIONS="fast_unwind_on_malloc=0",
               LSAN_OPTIONS=f"suppressions={EXCEPTIONS}:print_suppressions=0")
    return subprocess.run([LEAK, *words], env=env, text=True, capture_output=True, check=False)


def test_a_leak_fails():
    ended = run("yes")
    assert ended.returncode and "LeakSanitizer" in ended.stderr and "g_strdup" in ended.stderr, ended


def test_none_passes():
    ended = run()
    assert ended.returncode == 0 and not ended.stderr, ended


tap.main()
