# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares a form of a checkpoint with the plain one, and the engine's logits with PyTorch's."""

import ast
import struct
import subprocess
from pathlib import Path

import torch

TOLERANCE = 1e-4  # of the largest logit


def write_npy(path, values):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {tuple(values.shape)}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    data = bytes(values.contiguous().reshape(-1).view(torch.uint8).tolist())
    path.write_bytes(b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header.encode() + data)


def read_npy(path):
    data = path.read_bytes()
    length = struct.unpack_from("<H", data, 8)[0]
    shape = ast.literal_eval(data[10:10 + length].decode())["shape"]
    return torch.frombuffer(bytearray(data[10 + length:]), dtype=torch.float32).reshape(shape)


class Report:
    """Cases, as TAP."""

    def __init__(self, compare, segment, folder, size=(131, 197), channels=3):
        self.compare, self.segment, self.size = compare, segment, size
        self.input, self.output = Path(folder) / "input.npy", Path(folder) / "logits.npy"
        torch.manual_seed(2)
        self.picture = torch.randn(channels, *size)
        write_npy(self.input, self.picture)
        self.n = self.failed = 0

    def logits_of(self, path):
        """An error, or none and the engine's logits for the picture."""
        run = subprocess.run([self.segment, "--model", path, "--size", "x".join(map(str, self.size)),
                              "--input-npy", self.input, "--logits", self.output],
                             capture_output=True, text=True)
        return (run.stderr, None) if run.returncode else ("", read_npy(self.output))

    def case(self, title, plain, path, rounding, refused=False, model=None, message=""):
        run = subprocess.run([self.compare, plain, path, str(rounding)], capture_output=True, text=True)
        told = run.stdout + run.stderr
        good = run.returncode == refused and message in told
        if good and model is not None and self.segment != "-":
            error, logits = self.logits_of(path)
            with torch.inference_mode():
                expected = model(self.picture[None])[0]
            far = ((logits - expected).abs().max() / expected.abs().max()).item() if not error else 1
            good, told = far < TOLERANCE, told + f"logits {far:.2g} of the largest apart\n" + error
        self.check(title, good, told)

    def check(self, title, good, told):
        self.n += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.n} - {title}")
        print("# " + told.strip().replace("\n", "\n# "), flush=True)
