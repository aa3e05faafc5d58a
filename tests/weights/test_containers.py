#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The network's tensors are found under any prefix, in any container, beside any objects.

    test_containers.py COMPARE_WEIGHTS

Prints TAP; skipped without PyTorch.
"""

import argparse
import collections
import datetime
import functools
import pathlib
import sys
import tempfile
import warnings
from pathlib import Path

try:
    import torch
except ImportError:
    print("1..0 # SKIP PyTorch is not installed")
    sys.exit(0)

import checkpoints
from checkpoints import prefixed
from forms import Report

PREFIXES = ["module.", "_orig_mod.", "net.", "model.net.", "module.module.", "encoder.",
            "backbone.model.", "backbone.hrnet.", "model._orig_mod.module.", "student.net."]


class AttributeDict(dict):
    """As Lightning keeps its hyper-parameters."""


class HistoryBuffer:
    """As MMEngine keeps its losses."""

    def __init__(self):
        self._log_history = [1.0, 2.0]
        self._statistics_methods = {"mean": HistoryBuffer.mean}

    def mean(self):
        return sum(self._log_history) / len(self._log_history)


class Whole(torch.nn.Module):
    """A network within a module of somebody's own."""

    def __init__(self, net):
        super().__init__()
        self.net = net
        self.criterion = torch.nn.CrossEntropyLoss()

    def forward(self, x):
        return self.net(x)


def noise(state):
    """Tensors of the same names and shapes, and other numbers."""
    return collections.OrderedDict((n, torch.randn_like(t) if t.is_floating_point() else t)
                                   for n, t in state.items())


def moments(state):
    return {"state": {i: {"exp_avg": t, "exp_avg_sq": t} for i, t in enumerate(noise(state).values())},
            "param_groups": [{"lr": 0.1, "params": list(range(len(state)))}]}


def containers(state):
    """By name, what torch.save() is given."""
    other = noise(state)
    bare = {n: t for n, t in state.items() if not n.startswith("last_layer.")}
    head = {n[len("last_layer."):]: t for n, t in state.items() if n.startswith("last_layer.")}
    objects = {"hyper_parameters": AttributeDict(lr=0.1), "args": argparse.Namespace(path=pathlib.Path("a")),
               "when": datetime.datetime.now(), "history": HistoryBuffer(),
               "optimizer": torch.optim.SGD([torch.nn.Parameter(torch.zeros(9))], 0.1),
               "make": functools.partial(torch.nn.BatchNorm2d, eps=1e-5), "kind": torch.float16,
               "counts": collections.Counter("aab"), "table": collections.defaultdict(list, a=[1])}
    training = {"_running_iter": torch.ones(1), "_tmp_running_mean": torch.zeros(64),
                "_tmp_running_var": torch.ones(64), "num_batches_tracked": torch.tensor(3)}
    parts = ("head.conv.", "head.norm.", "", "head.cls.")
    yield from ((prefix, prefixed(state, prefix)) for prefix in PREFIXES)
    for key in ("state_dict", "model_state", "weights", "net", "network", "params"):
        yield key, {"epoch": 3, key: state}
    yield "a list", [3, {"a": (1, state)}]
    yield "an average beside", {"state_dict_ema": other, "state_dict": state}
    yield "an average beside, first and larger", {
        "ema": {**other, "more": torch.zeros(3)}, "model": prefixed(state, "module.")}
    yield "only an average", {"state_dict_ema": state, "epoch": 1}
    yield "teacher and student in one", {**prefixed(other, "teacher."), **prefixed(state, "student.")}
    yield "an optimiser", {"optimizer": moments(state), "model": state}
    yield "an optimiser by names", {"optimizer": {"exp_avg": other, "exp_avg_sq": other}, "weights": state}
    yield "objects beside", {**objects, "state_dict": state}
    yield "objects around", AttributeDict(inner=argparse.Namespace(model=state))
    yield "bookkeeping", {**state, **{f"bn1.{name}": t for name, t in training.items()}}
    yield "trunk and head apart", {**prefixed(bare, "backbone."), **prefixed(head, "decoder.last_layer.")}
    yield "a head of unknown names", {
        **prefixed(bare, "encoder."),
        **{parts[int(n[0])] + n[2:]: t for n, t in head.items()}}
    yield "an auxiliary head", {**prefixed(state, "model."), "aux_head.0.weight": torch.zeros(30, 240, 1, 1),
                                "aux_head.2.weight": torch.zeros(5, 30, 1, 1)}


def modules(model, folder):
    """Whole modules, as pickles and as TorchScript."""
    whole = Whole(model)
    paths = [folder / name for name in ("module", "legacy-module", "script", "trace")]
    torch.save(whole, paths[0])
    torch.save({"model": whole, "epoch": 2}, paths[1], _use_new_zipfile_serialization=False)
    torch.jit.trace(whole, torch.zeros(1, 3, 64, 64)).save(str(paths[3]))
    yield from ((p.name, p) for p in paths if p.exists())


def csail(folder):
    """An encoder's and a decoder's file, and a head that begins with a 3x3 convolution."""
    model = checkpoints.varied(head_kernel=3)
    names = {"last_layer.0.": "cbr.0.", "last_layer.1.": "cbr.1.", "last_layer.3.": "conv_last."}
    state = model.state_dict()
    encoder = {n: t for n, t in state.items() if not n.startswith("last_layer.")}
    decoder = {names[n[:13]] + n[13:]: t for n, t in state.items() if n not in encoder}
    decoder["cbr_deepsup.0.weight"] = torch.zeros(60, 64, 3, 3)
    torch.save(encoder, folder / "encoder.pth")
    torch.save(decoder, folder / "decoder.pth")
    return state, f"{folder / 'encoder.pth'},{folder / 'decoder.pth'}"


def refusals(state):
    other = noise(state)
    yield "two networks", {**prefixed(state, "a."), **prefixed(other, "b.")}, 'behind "a." and "b."'
    yield "no network", {"layer.weight": torch.zeros(3, 3)}, "layer.weight"
    bare = {n: t for n, t in state.items() if not n.startswith("last_layer.")}
    yield "no head", prefixed(bare, "backbone."), "no segmentation head"
    missing = prefixed(state, "net.")
    del missing["net.stage3.0.branches.1.0.bn1.weight"]
    yield "a tensor too few", missing, "net.stage3.0.branches.1.0.bn1.weight is missing"
    ocr = {**state, "ocr_distri_head.conv_bn_dropout.0.weight": torch.zeros(1)}
    yield "a head of object contexts", ocr, "a head of object contexts"


def main():
    model = checkpoints.network("w18-small-v1")
    state = model.state_dict()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report = Report(sys.argv[1], "-", folder)
        plain, path = folder / "plain.safetensors", folder / "model.pth"
        checkpoints.write_safetensors(plain, state)
        for title, content in containers(state):
            torch.save(content, path)
            report.case(title, plain, path, 0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for title, module in modules(model, folder):
                report.case(title, plain, module, 0)
        for title, content, message in refusals(state):
            torch.save(content, path)
            report.case(title, plain, path, 0, refused=True, message=message)
        state, pair = csail(folder)
        checkpoints.write_safetensors(plain, state)
        report.case("encoder and decoder", plain, pair, 0)
        encoder = pair.split(",")[0]
        report.case("an encoder alone", plain, encoder, 0, refused=True, message="no segmentation head")
        report.case("an encoder twice", plain, f"{encoder},{encoder}", 0, refused=True, message="both files")
        report.case("an encoder and nothing", plain, f"{encoder},{folder}/absent", 0, refused=True,
                    message="absent")
    print(f"1..{report.n}")
    return report.failed != 0


sys.exit(main())
