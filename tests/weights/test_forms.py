#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every form of checkpoint gives the weights of the plain one:   test_forms.py COMPARE VARIANT...

COMPARE is the program compare_weights. Prints TAP; skipped where PyTorch is not installed.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import torch  # noqa: F401
except ImportError:
    print("1..0 # SKIP PyTorch is not installed")
    sys.exit(0)

import checkpoints


def main():
    compare, variants = sys.argv[1], sys.argv[2:]
    n = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for variant in variants:
            model = checkpoints.network(variant)
            plain = Path(folder) / "plain.safetensors"
            checkpoints.write_safetensors(plain, model.state_dict())
            for form, path, rounding in checkpoints.forms(model, folder):
                run = subprocess.run([compare, plain, path, str(rounding)], capture_output=True, text=True)
                n += 1
                failed += run.returncode != 0
                print(f"{'ok' if run.returncode == 0 else 'not ok'} {n} - {variant} {form}")
                print("# " + (run.stdout + run.stderr).strip().replace("\n", "\n# "), flush=True)
    print(f"1..{n}")
    return failed != 0


sys.exit(main())
