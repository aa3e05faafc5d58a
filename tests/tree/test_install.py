#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `meson install` and `meson devenv` give:   test_install.py SOURCE-ROOT BUILD-ROOT [PYTHON]

PYTHON is an interpreter with GObject-Introspection, where the typelib is built.
"""

import glob
import os
import re
import subprocess
import sys

import tap

ROOT, BUILD = map(os.path.abspath, sys.argv[1:3])
PYTHON = sys.argv[3] if len(sys.argv) > 3 else None
SANITIZED = "-fsanitize" in open(os.path.join(BUILD, "build.ninja"), encoding="utf-8").read()


def run(*command, **environment):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False,
                          env={**os.environ, **environment})
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


class Installed:
    """The tree below the current folder, found wherever the options put it."""

    def __init__(self):
        self.top = os.path.join(os.getcwd(), "root")
        run("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", self.top)
        self.engine = os.path.dirname(self.one("libhrnet-1.0.so"))

    def one(self, name):
        found = glob.glob(f"{self.top}/**/{name}", recursive=True)
        assert len(found) == 1, f"{name}: {found}"
        return found[0]

    def environment(self):
        models = os.path.dirname(self.one("people.safetensors"))
        return {"LD_LIBRARY_PATH": self.engine, "HRNET_MODEL_PATH": models,
                "GST_PLUGIN_PATH": os.path.dirname(self.one("libgsthrnet.so")),
                "GST_REGISTRY": os.path.join(self.top, "registry.bin"),
                "GI_TYPELIB_PATH": os.path.join(self.engine, "girepository-1.0"),
                "PKG_CONFIG_PATH": os.path.dirname(self.one("hrnet-1.0.pc"))}


def test_what_is_installed():
    installed = Installed()
    for name in ("hrnet.h", "libgsthrnet.so", "hrnet-1.0.pc", "street.safetensors"):
        installed.one(name)
    names = {os.path.basename(path) for path in glob.glob(f"{installed.top}/**", recursive=True)}
    unwanted = {name for name in names if name.startswith(("test", "pad-probe", "class-shares"))}
    assert not unwanted and not [n for n in names if n.endswith(".a")], unwanted
    assert "hrnet-private.h" not in names


def test_the_element_runs_installed():
    if SANITIZED:
        raise tap.Skip("the scanner of plugins cannot load a sanitized one")
    environment = Installed().environment()
    run("gst-launch-1.0", "-q", *"videotestsrc num-buffers=2 ! video/x-raw,width=96,height=64 ! "
        "hrnetseg inference-size=64x96 ! fakesink".split(), **environment)


def test_a_program_is_built_against_it():
    environment = Installed().environment()
    prefix = run("pkg-config", "--variable=prefix", "hrnet-1.0", **environment).strip()
    ours = run("pkg-config", "--cflags", "--libs", "hrnet-1.0", **environment).split()
    assert not [flag for flag in ours if "json-glib" in flag or "openblas" in flag], ours
    top = os.path.join(os.getcwd(), "root")
    flags = [flag.replace(f"{prefix}/", f"{top}{prefix}/") for flag in ours]
    flags += run("pkg-config", "--cflags", "--libs", "gdk-pixbuf-2.0").split()
    if SANITIZED:
        flags.append("-fsanitize=address,undefined")
    run("cc", os.path.join(ROOT, "examples/embed/class-shares.c"), "-o", "class-shares", *flags)
    run("gst-launch-1.0", "-q", *"videotestsrc num-buffers=1 ! pngenc ! filesink "
        "location=in.png".split())
    assert "person" in run("./class-shares", "people", "in.png", **environment)


def test_pages_of_the_library():
    installed = Installed()
    pages = glob.glob(f"{installed.top}/**/doc/hrnet-1.0/index.html", recursive=True)
    if not pages:
        raise tap.Skip("no gi-docgen")
    with open(pages[0], encoding="utf-8") as file:
        index = file.read()
    with open(os.path.join(ROOT, "meson.build"), encoding="utf-8") as file:
        version = re.search(r"version: '([\d.]+)'", file.read()).group(1)
    assert f"<td>{version}</td>" in index and "introduction.html" in index
    with open(os.path.join(os.path.dirname(pages[0]), "struct.Image.html"), encoding="utf-8") as file:
        image = file.read()
    assert re.search(r"Whether chroma samples[^<]*<span[^>]*>MPEG.*\n.*rather than between", image), "a field's sentence"


def test_python_finds_the_typelib():
    if not PYTHON:
        raise tap.Skip("no typelib, or no Python to read it")
    got = run(PYTHON, "-c", "import gi; gi.require_version('Hrnet', '1.0')\n"
              "from gi.repository import Hrnet\n"
              "print(Hrnet.Model.load('people', None).get_classes())", **Installed().environment())
    assert got.strip() == "['unlabelled', 'background', 'person']", got


def test_devenv_needs_nothing_installed():
    if SANITIZED:
        raise tap.Skip("the scanner of plugins cannot load a sanitized one")
    assert "hrnetseg" in run("meson", "devenv", "-C", BUILD, "gst-inspect-1.0", "hrnetseg",
                             GST_REGISTRY=os.path.abspath("registry.bin"))


tap.main()
