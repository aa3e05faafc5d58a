# SPDX-License-Identifier: LGPL-2.1-or-later
"""Test scripts in Python: each function `test_...` of a module is a case, reported as TAP."""

import os
import sys
import tempfile
import traceback


class Skip(Exception):
    """Raised by a case that cannot run here; its text says why."""


def main(module="__main__"):
    """Runs the module's cases in the order of the file, each in an empty folder of its own."""
    cases = [(name, thing) for name, thing in vars(sys.modules[module]).items()
             if name.startswith("test_") and callable(thing)]
    failed = 0
    print(f"1..{len(cases)}", flush=True)
    for number, (name, case) in enumerate(cases, 1):
        title = name[len("test_"):].replace("_", " ")
        before = os.getcwd()
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            try:
                case()
                print(f"ok {number} {title}", flush=True)
            except Skip as reason:
                print(f"ok {number} {title} # SKIP {reason}", flush=True)
            except Exception:  # a case may fail in any way, and the others still run
                failed += 1
                print("# " + traceback.format_exc().rstrip().replace("\n", "\n# "))
                print(f"not ok {number} {title}", flush=True)
            finally:
                os.chdir(before)
    sys.exit(1 if failed else 0)
