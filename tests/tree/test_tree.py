#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rules of the tree that a compiler does not see.   test_tree.py SOURCE-ROOT"""

import os
import re
import subprocess
import sys

import tap

ROOT = os.path.abspath(sys.argv[1])

TOP = {"plugin", "engine", "tests", "examples", "meson.build", "meson_options.txt", "README.md",
       "LICENSE"}

# What each folder of the engine may include; GLib's headers are a right of their own.
LAYERS = {
    "base": {"base"},
    "kernels": {"base", "kernels"},
    "ops": {"base", "kernels", "ops"},
    "graph": {"base", "graph"},
    "weights": {"base", "graph", "weights"},
    "net": {"base", "kernels", "ops", "graph", "weights", "net"},
    "hrnet": {"base", "kernels", "ops", "graph", "weights", "net", "hrnet"},
}
NO_GLIB = {"base", "kernels"}
LONGEST = 500

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def tracked():
    """The files of the tree: git's where there is git, else all but build folders."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, text=True)
    if listed.returncode == 0 and listed.stdout:
        return [p for p in listed.stdout.split("\0")
                if p and os.path.exists(os.path.join(ROOT, p))]
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [f for f in folders if not re.match(r"\.|build|__pycache__", f)]
        found += [os.path.relpath(os.path.join(folder, name), ROOT) for name in names]
    return found


FILES = tracked()
SOURCES = [p for p in FILES if re.search(r"\.[ch]$", p)]


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def includes(path):
    """Pairs: whether in angle brackets, and what."""
    return [(bracket == "<", name) for bracket, name in INCLUDE.findall(read(path))]


def code(path):
    """A source without comments and strings."""
    return COMMENT.sub(" ", read(path))


def none(faults):
    assert not faults, "\n  ".join(["", *faults])


def engine_files(folder):
    return [p for p in SOURCES if p.startswith(f"engine/{folder}/")]


def test_sources_are_found():
    assert len(SOURCES) > 60 and all(engine_files(folder) for folder in LAYERS)


def test_top_level_holds_nothing_else():
    none(sorted({p.split("/")[0] for p in FILES if not p.startswith(".")} - TOP))


def test_layers_of_the_engine():
    faults = []
    for folder, allowed in LAYERS.items():
        for path in engine_files(folder):
            for angle, name in includes(path):
                # <hrnet/...> is how public headers include each other.
                layer = name.split("/")[0] if "/" in name else None
                if angle and not name.startswith("hrnet/"):
                    continue
                if layer not in allowed:
                    faults.append(f"{path} includes {name}")
    none(faults)


def test_base_and_kernels_use_no_glib():
    faults = []
    for folder in NO_GLIB:
        for path in engine_files(folder):
            faults += [f"{path} includes {name}" for _, name in includes(path)
                       if re.match(r"g(lib|io|object|module)|gst/|json-glib", name)]
            faults += [f"{path} uses {word}" for word in set(re.findall(
                r"\bg(?:boolean|size|pointer|char|u?int(?:8|16|32|64)?|float|double|_\w+)\b",
                code(path)))]
    none(faults)


def test_kernels_allocate_start_and_log_nothing():
    calls = re.compile(r"\b(malloc|calloc|realloc|aligned_alloc|posix_memalign|mmap|free|alloca|"
                       r"pthread_(?!once)\w+|printf|fprintf|puts|fopen|getenv)\s*\(")
    none([f"{path} calls {name}" for path in engine_files("kernels")
          for name in calls.findall(code(path))])


def isa_folders():
    """Of the kernels: a folder an instruction set, and vector/ with what they share."""
    return {p.split("/")[2] for p in SOURCES
            if p.startswith("engine/kernels/") and p.count("/") == 3} - {"vector"}


def test_instruction_sets_stay_in_their_folders():
    assert isa_folders()
    vectors = re.compile(r"\b(__m\d+\w*|_mm\d+_\w+|(?:float|u?int)\d+x\d+_t)\b")
    homes = tuple(f"engine/kernels/{folder}/" for folder in isa_folders())
    none([f"{path} uses {name}" for path in SOURCES if not path.startswith(homes)
          for name in vectors.findall(code(path))])


# Instruction sets that are another with something more.
BUILT_ON = {"avxvnni": {"avx2"}, "neondotprod": {"neon"}}


def test_instruction_sets_see_themselves_and_what_they_share():
    none([f"{path} includes {name}" for folder in isa_folders() | {"vector"}
          for path in engine_files(f"kernels/{folder}") for _, name in includes(path)
          if name.startswith("kernels/") and name.count("/") == 2 and
          name.split("/")[1] not in {folder, "vector"} | BUILT_ON.get(folder, set())])


def test_outsiders_see_the_public_header_only():
    faults = []
    for path in SOURCES:
        if not path.startswith(("plugin/", "examples/")):
            continue
        here = os.path.dirname(path)
        for angle, name in includes(path):
            inside = name.split("/")[0] in LAYERS and name != "hrnet/hrnet.h"
            own = f"{here}/{name}" in FILES or f"{path.split('/')[0]}/{name}" in FILES
            if inside and not (not angle and own):
                faults.append(f"{path} includes {name}")
    none(faults)


def test_files_are_of_a_length_to_read():
    none([f"{path}: {n} lines" for path in SOURCES
          for n in [read(path).count("\n")] if n > LONGEST])


def test_each_source_names_its_licence():
    scripts = [p for p in FILES if p.endswith(".py") or
               p in ("examples/demo", "tests/run", ".ci/run")]
    none([path for path in SOURCES + scripts
          if "SPDX-License-Identifier: LGPL-2.1-or-later" not in read(path)[:1500]])


def test_nothing_is_left_for_later():
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|^\s*#\s*if\s+0\b", re.MULTILINE)
    none([f"{path}: {match.group().strip()}" for path in SOURCES
          for match in marks.finditer(read(path))])


def test_no_one_s_own_paths():
    place = re.compile(r"(?<![\w./$-])/(home|root|work|Users)/\w+")
    faults = []
    for path in FILES:
        if not re.search(r"\.(c|h|py|md|build|txt|json|sh)$|^(tests|examples|\.ci)/\w+$", path):
            continue
        if path != "tests/tree/test_tree.py":
            faults += [f"{path}: {match.group()}" for match in place.finditer(read(path))]
    none(faults)


def test_lines_end_cleanly():
    faults = []
    for path in SOURCES + [p for p in FILES if p.endswith((".py", ".build", ".md"))]:
        text = read(path)
        if re.search(r"[ \t]$|\r|\t", text, re.MULTILINE) or text and not text.endswith("\n"):
            faults.append(path)
    none(faults)


tap.main()
