# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs one of the tools and holds it to the rules that they share."""

import os
import re
import subprocess


class Tool:
    """A tool's program, with the folder that its models are found in."""

    def __init__(self, program, models):
        self.program, self.models = os.path.abspath(program), os.path.abspath(models)
        self.name = os.path.basename(program)

    def run(self, *args, status=0, environment=None):
        """Returns what a success prints, or the one line of a failure's standard error."""
        done = subprocess.run(
            [self.program, *args], capture_output=True, text=True, timeout=240,
            env={**os.environ, "HRNET_MODEL_PATH": self.models, **(environment or {})})
        assert done.returncode == status, \
            f"{args}: status {done.returncode}, expected {status}: {done.stderr}"
        lines = done.stderr.splitlines()
        assert len(lines) == (1 if status else 0), f"{args}: standard error: {done.stderr!r}"
        if not status:
            return done.stdout
        assert lines[0].startswith(f"{self.name}: "), lines[0]
        assert not done.stdout, f"{args}: standard output: {done.stdout!r}"
        return lines[0]

    def check_manual(self):
        """The manual page tells the options that --help does, and no others."""
        folder = os.path.join(os.path.dirname(__file__), "../../examples/tools")
        with open(os.path.join(folder, f"{self.name}.1"), encoding="utf-8") as page:
            told = set(re.findall(r"--[a-z-]+", page.read().replace("\\-", "-")))
        helped = set(re.findall(r"--[a-z-]+", self.run("--help")))
        assert told == helped, f"not both in the manual and in --help: {told ^ helped}"
