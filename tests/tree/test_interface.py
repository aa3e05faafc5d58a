#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The public interface as compilers, linkers and readers see it.

test_interface.py SOURCE-ROOT LIBRARY PLUGIN CC [CXX]
"""

import glob
import os
import re
import shlex
import subprocess
import sys

import tap

ROOT, LIBRARY, PLUGIN = map(os.path.abspath, sys.argv[1:4])
COMPILERS = sys.argv[4:]
HEADERS = sorted(glob.glob(os.path.join(ROOT, "engine/hrnet/hrnet*.h")))
HEADERS = [path for path in HEADERS if "private" not in path]
FLAGS = shlex.split(subprocess.run(["pkg-config", "--cflags", "glib-2.0", "gobject-2.0"],
                                   capture_output=True, text=True, check=True).stdout)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def declared():
    """Functions that the public headers declare."""
    text = "".join(map(read, HEADERS))
    return set(re.findall(r"^HRNET_API[^;]*?\b(hrnet_\w+)\s*\(", text, re.MULTILINE))


def exported(path):
    listed = subprocess.run(["nm", "-D", "--defined-only", "--format=posix", path],
                            capture_output=True, text=True, check=True).stdout
    # an absolute one (A) is the name of the symbols' version
    return {line.split()[0].split("@")[0] for line in listed.splitlines() if line.split()[1] != "A"}


def compile_alone(compiler, language, standard):
    for header in HEADERS:
        name = os.path.basename(header)
        done = subprocess.run(
            [*shlex.split(compiler), "-x", language, f"-std={standard}", "-Wall", "-Wextra",
             "-Wpedantic", "-Werror", "-fsyntax-only", "-I", os.path.join(ROOT, "engine"), *FLAGS,
             "-"], input=f"#include <hrnet/{name}>\nint main(void) {{ return 0; }}\n", text=True,
            capture_output=True)
        assert done.returncode == 0, f"{name}: {done.stderr}"


def test_headers_compile_alone_as_c():
    assert len(HEADERS) >= 8
    compile_alone(COMPILERS[0], "c", "c99")


def test_headers_compile_alone_as_cpp():
    if len(COMPILERS) < 2:
        raise tap.Skip("no C++ compiler")
    compile_alone(COMPILERS[1], "c++", "c++11")


def test_library_exports_what_headers_declare():
    symbols = {s for s in exported(LIBRARY) if not s.startswith(("__asan", "__ubsan", "__odr_"))}
    assert symbols == declared(), f"not both declared and exported: {symbols ^ declared()}"


def test_plugin_exports_its_entry_points_only():
    symbols = {s for s in exported(PLUGIN) if not s.startswith(("__asan", "__ubsan", "__odr_"))}
    assert symbols == {"gst_plugin_hrnet_get_desc", "gst_plugin_hrnet_register"}, symbols


def comments():
    """GTK-Doc comments by the name that they document."""
    found = {}
    for path in HEADERS + glob.glob(os.path.join(ROOT, "engine/hrnet/*.c")):
        for text in re.findall(r"/\*\*\n(.*?)\*/", read(path), re.DOTALL):
            name = re.match(r"\s*\*\s*(?:SECTION:)?([\w:-]+?):?(?:\s|$)", text)
            if name:
                found[name.group(1)] = text
    return found


def parameters(function):
    text = re.sub(r"/\*.*?\*/", " ", "".join(map(read, HEADERS)), flags=re.DOTALL)
    text = " ".join(text.split())
    inside = re.search(rf"\b{function}\s*\(([^;]*?)\)\s*;", text).group(1)
    return [] if inside == "void" else [re.search(r"(\w+)(?:\[\w*\])?$", part.strip()).group(1)
                                        for part in inside.split(",")]


def test_functions_are_documented():
    documented, faults = comments(), []
    for function in sorted(declared()):
        if function.endswith("_get_type"):
            continue
        if function not in documented:
            if function != "hrnet_error_quark":
                faults.append(f"{function} has no comment")
            continue
        faults += [f"{function}: @{name} is not told" for name in parameters(function)
                   if f"@{name}:" not in documented[function]]
    assert not faults, faults


def test_types_are_documented():
    text = "".join(map(read, HEADERS))
    types = set(re.findall(r"^}\s*(Hrnet\w+);", text, re.MULTILINE))
    types |= set(re.findall(r"^typedef struct _\w+ (Hrnet\w+);", text, re.MULTILINE))
    assert len(types) >= 7
    assert not types - set(comments()), types - set(comments())


tap.main()
