#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bill of materials of this build:   test_sbom.py SOURCE BUILD"""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import tap

SOURCE, BUILD = (Path(path).resolve() for path in sys.argv[1:3])
SBOM = SOURCE / "examples" / "packaging" / "sbom"


def run(folder):
    for tool in ("meson", "readelf"):
        if not shutil.which(tool):
            raise tap.Skip(f"no {tool}")
    return subprocess.run([sys.executable, SBOM, folder], text=True, capture_output=True, check=False)


def bill():
    made = run(BUILD)
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)


def test_names_what_is_installed_and_what_it_needs():
    made = bill()
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.5")
    parts = {part["bom-ref"]: part for part in made["components"]}
    assert len(parts) == len(made["components"]), "a name stands twice"
    needs = {entry["ref"].partition("@")[0]: entry["dependsOn"] for entry in made["dependencies"]}
    plugin = next(names for name, names in needs.items() if name.startswith("libgsthrnet"))
    assert any(name.startswith("gstreamer-base-1.0@") for name in plugin), plugin
    assert any(name.startswith("libhrnet-1.0.so") for name in plugin), plugin
    assert all(name in parts for names in needs.values() for name in names)
    for name, command in (("glib-2.0", "glib-2.0"), ("gstreamer-1.0", "gstreamer-1.0")):
        version = subprocess.run(["pkg-config", "--modversion", command], text=True, capture_output=True,
                                 check=True).stdout.strip()
        assert f"{name}@{version}" in parts, (name, version, list(parts))
    assert not any("check" in name for name in parts), "what only tests need"


def test_models_have_sums_and_licences():
    models = {part["name"]: part for part in bill()["components"] if part["type"] == "machine-learning-model"}
    for file in (SOURCE / "engine" / "models").glob("*.safetensors"):
        if file.stem not in models:
            continue  # is not installed
        assert models[file.stem]["hashes"][0]["content"] == hashlib.sha256(file.read_bytes()).hexdigest()
        assert len(models[file.stem]["licenses"][0]["license"]["name"]) > 20
    assert models


def test_is_the_same_twice():
    assert bill() == bill()


def test_tells_what_is_no_build():
    made = run(SOURCE / "engine")
    assert made.returncode == 1 and made.stderr.count("\n") == 1 and "no build folder" in made.stderr, made.stderr


tap.main()
