# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs one of the tools and holds it to the rules that they share."""

import os
import re
import resource
import signal
import subprocess


class Tool:
    """A tool's program, with the folder that its models are found in."""

    def __init__(self, program, models):
        self.program, self.models = os.path.abspath(program), os.path.abspath(models)
        self.name = os.path.basename(program)

    def run(self, *args, status=0, environment=None, limit=None):
        """Returns what a success prints, or the one line of a failure's standard error.

        limit: bytes that a file may grow to.
        """
        done = subprocess.run(
            [self.program, *args], capture_output=True, text=True, timeout=240,
            preexec_fn=limit and (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))),
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


def check_signals(command, models):
    """A command that is ended while it writes leaves the current folder as it was."""
    before = sorted(os.listdir())
    ended = 0
    # under nohup the command would inherit that it is ignored
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        for _ in range(100):
            process = subprocess.Popen(command, env={**os.environ, "HRNET_MODEL_PATH": models},
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while process.poll() is None and sorted(os.listdir()) == before:
                pass
            process.send_signal(signal.SIGSTOP)
            # a call that it is in, a renaming for one, ends before it stops
            os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            caught = process.poll() is None and any(
                name.startswith(".hrnet-") for name in os.listdir())
            process.send_signal(number if caught else signal.SIGCONT)
            process.send_signal(signal.SIGCONT)
            status = process.wait()
            if caught:
                assert status == -number, f"{status}, expected {-number}"
                assert sorted(os.listdir()) == before, os.listdir()
                ended += 1
                break
            for name in set(os.listdir()) - set(before):
                assert not name.startswith("."), name
                os.remove(name)
    assert ended == 3, "never caught while it wrote"
