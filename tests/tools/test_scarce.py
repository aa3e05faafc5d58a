# SPDX-License-Identifier: LGPL-2.1-or-later
"""Memory that runs out at any place of a tool's work:

    test_scarce.py LIBRARY MODEL-FOLDER PICTURE TOOL...

Each ends as it would have, or with status 1, one line that says why, and nothing left of its output.
All places with HRNET_OOM=all, else some."""

import hashlib
import os
import subprocess
import sys

import tap

LIBRARY, MODELS, PICTURE = (os.path.abspath(path) for path in sys.argv[1:4])
TOOLS = {os.path.basename(path): os.path.abspath(path) for path in sys.argv[4:]}
SAMPLES = 6


def run(words, scarce):
    """Status, what was printed, and the digests of the files that were made, which are removed."""
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=600, check=False,
        env={**os.environ, "LD_PRELOAD": LIBRARY, "HRNET_SCARCE": scarce, "HRNET_MODEL_PATH": MODELS,
             "HRNET_SCARCE_COUNT": "../count", "G_SLICE": "always-malloc"})
    made = {}
    for name in os.listdir():
        with open(name, "rb") as file:
            made[name] = hashlib.sha256(file.read()).hexdigest()
        os.remove(name)
    return done, made


def check(tool, *args, same_text=True):
    os.mkdir("work")
    os.chdir("work")
    words = [TOOLS[tool], *args]
    plenty, expected = run(words, "0")
    assert plenty.returncode == 0, plenty.stderr
    with open("../count", encoding="ascii") as file:
        n = int(file.read())
    assert n > 20, n
    refused = 0
    for nth in range(1, n + 1, 1 if os.environ.get("HRNET_OOM") == "all" else max(1, n // SAMPLES)):
        for scarce in (str(nth), f"{nth}-"):
            done, made = run(words, scarce)
            what = f"{tool}: {scarce} of {n}: status {done.returncode}: {done.stderr!r}"
            if done.returncode == 0:
                assert made == expected and (done.stdout == plenty.stdout or not same_text), what
                continue
            lines = done.stderr.splitlines()
            assert done.returncode == 1 and len(lines) == 1 and lines[0].startswith(f"{tool}: "), what
            assert set(made) < set(expected) or not made, f"{what}: {sorted(made)}"
            assert all(expected[name] == digest for name, digest in made.items()), what
            refused += 1
    assert refused > 0
    print(f"# {tool}: refused {refused} times, of {n} allocations")


def test_segment():
    check("hrnet-segment", "--model=test", "--threads=2", "--edge-refine", "--labels=l.png", "--overlay=o.png",
          "--logits=l.npy", PICTURE)


def test_inspect():
    check("hrnet-inspect", "test", "--json")


def test_convert():
    check("hrnet-convert", "--half", "--selftest", "test", "out.safetensors")


def test_bench():
    check("hrnet-bench", "--model=test", "--size=32x64", "--threads=2", "--runs=1", "--profile", same_text=False)


tap.main()
