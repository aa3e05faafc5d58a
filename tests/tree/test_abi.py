#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""That programs built against the library as it was still run with it:   test_abi.py LIBRARY HEADERS DUMP [--write]

DUMP is the library's binary interface as libabigail's abidw has it, of x86-64. What is added is told and passes; what
is taken away or laid out differently fails, unless the library's number changes with it (engine/meson.build) and the
dump is written anew, by --write.
"""

import os
import platform
import re
import shutil
import subprocess
import sys

import tap

LIBRARY, HEADERS, DUMP = map(os.path.abspath, sys.argv[1:4])
WORDS = ["--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--drop-private-types",
         "--exported-interfaces-only"]
UNUSABLE = 3  # bits of abidiff's exit status


def needed(*tools):
    for tool in tools:
        if not shutil.which(tool):
            raise tap.Skip(f"no {tool} (abigail-tools)")
    if platform.machine() != "x86_64":
        raise tap.Skip("the dump is of x86-64")
    sections = subprocess.run(["readelf", "-W", "-S", LIBRARY], text=True, capture_output=True, check=True).stdout
    if ".debug_info" not in sections:
        raise tap.Skip("the library has no debug information")


def dump(library):
    return subprocess.run(["abidw", "--headers-dir", HEADERS, *WORDS, library], text=True, capture_output=True,
                          check=True).stdout


def compare(former):
    """How many functions and variables are gone, how many have changed, and what abidiff says of it."""
    with open("now.abi", "w", encoding="utf-8") as file:
        file.write(dump(LIBRARY))
    made = subprocess.run(["abidiff", former, "now.abi"], text=True, capture_output=True, check=False)
    assert not made.returncode & UNUSABLE, made.stderr or made.stdout
    counts = re.findall(r"summary: (\d+) Removed(?:, (\d+) Changed)?", made.stdout)
    return sum(int(n) for n, _ in counts), sum(int(n or 0) for _, n in counts), made.stdout


def test_nothing_is_taken_away():
    needed("abidiff", "abidw")
    removed, changed, told = compare(DUMP)
    assert removed == changed == 0, told
    print("# " + told.rstrip().replace("\n", "\n# "))


def compare_with(pattern, instead):
    """With a dump that has something else in one place."""
    needed("abidiff", "abidw")
    with open(DUMP, encoding="utf-8") as file:
        text, found = re.subn(pattern, instead, file.read(), flags=re.DOTALL)
    assert found, pattern
    with open("former.abi", "w", encoding="utf-8") as file:
        file.write(text)
    return compare("former.abi")


def test_a_function_that_is_gone_is_seen():
    removed, _, told = compare_with("'hrnet_model_load'", "'hrnet_model_read'")
    assert removed == 1, told


def test_another_layout_is_seen():
    _, changed, told = compare_with(r"(<class-decl name='HrnetImage' .*?layout-offset-in-bits=')64'", r"\g<1>640'")
    assert changed >= 1, told


if "--write" in sys.argv:
    with open(DUMP, "w", encoding="utf-8") as out:
        out.write(dump(LIBRARY))
else:
    tap.main()
