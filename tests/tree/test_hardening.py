#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What makes mistakes hard to use, in what is built:   test_hardening.py OPTIMIZED LIBRARY PLUGIN [TOOL...]

OPTIMIZED is 1 for builds that are optimized and not sanitized, where the C library checks calls, else 0.
"""

import os
import re
import shutil
import subprocess
import sys

import tap

OPTIMIZED = sys.argv[1] == "1"
BINARIES = [os.path.abspath(path) for path in sys.argv[2:]]
LIBRARY, TOOLS = BINARIES[0], BINARIES[2:]


def readelf(option, path):
    if not shutil.which("readelf"):
        raise tap.Skip("no readelf (binutils)")
    return subprocess.run(["readelf", "-W", option, path], text=True, capture_output=True, check=True).stdout


def imports(path):
    """Names of the functions that a binary takes from others."""
    return set(re.findall(r" UND (\w+)", readelf("--dyn-syms", path)))


def test_tables_of_calls_are_read_only():
    for path in BINARIES:
        assert "GNU_RELRO" in readelf("--segments", path), path
        assert re.search(r"\(FLAGS_1\).*\bNOW\b|\(BIND_NOW\)", readelf("--dynamic", path)), path


def test_the_stack_is_not_executable():
    for path in BINARIES:
        stack = re.search(r"GNU_STACK.*", readelf("--segments", path)).group()
        assert "RWE" not in stack, f"{path}: {stack}"


def test_no_text_relocations():
    for path in BINARIES:
        assert "TEXTREL" not in readelf("--dynamic", path), path


def test_stacks_have_canaries():
    for path in BINARIES[:2]:
        assert "__stack_chk_fail" in imports(path), path


def test_calls_of_the_c_library_are_checked():
    if not OPTIMIZED:
        raise tap.Skip("not optimized, or sanitized")
    checked = {name for name in imports(LIBRARY) if re.fullmatch(r"__\w+_chk", name)}
    assert checked - {"__stack_chk_fail"}, "none"


def test_tools_lie_anywhere():
    if not TOOLS:
        raise tap.Skip("the tools are not built")
    for path in TOOLS:
        assert re.search(r"Type:\s+DYN", readelf("--file-header", path)), path


def test_symbols_bear_the_version_of_the_library():
    names = [line.split()[-1] for line in readelf("--dyn-syms", LIBRARY).splitlines()
             if re.search(r" (GLOBAL|WEAK) +DEFAULT +\d+ ", line)]
    assert len(names) > 50, names
    major = re.search(r"\(SONAME\).*\[.*\.so\.(\d+)\]", readelf("--dynamic", LIBRARY)).group(1)
    without = [name for name in names if not re.search(rf"@@HRNET_{major}$|^HRNET_{major}(@@.*)?$", name)]
    assert not without, without


tap.main()
