# SPDX-License-Identifier: LGPL-2.1-or-later
"""What train.py is told on its command line."""

import argparse
import os
import re
from pathlib import Path

import torch

import checkpoint
import hrnet
from own import find_task


def has_bf16():
    """Whether the processor multiplies bfloat16, as far as the system tells (Linux on x86)."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return True
    return bool(flags & {"avx512_bf16", "amx_bf16"}) or "vendor_id" not in flags


def parse_size(parser, option, text):
    size = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text)
    if not size:
        parser.error(f"{option}: {text}: expected HxW")
    return int(size[1]), int(size[2])


def read_options(description):
    p = argparse.ArgumentParser(description=description,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", type=Path, required=True, help="folder of the sets (README.md)")
    p.add_argument("--out", type=Path, required=True, help="folder of this run")
    p.add_argument("--cache", type=Path, help="decoded pictures (default: OUT/../cache)")
    p.add_argument("--tasks", default="people=6,street=4",
                   help="tasks with their pictures a step; a folder of DATA with a classes.txt is one of "
                        "your own (default %(default)s)")
    p.add_argument("--input-size", default="256x448", metavar="HxW",
                   help="of what the network sees of a frame, in tasks of your own (%(default)s)")
    p.add_argument("--sources", type=Path,
                   help="what people is trained with (default: people.sources beside this program)")
    p.add_argument("--empty", default="0.25",
                   help="share of people's samples that show nobody; of several, between slashes, one "
                        "a phase (%(default)s)")
    p.add_argument("--hard", type=Path,
                   help="weights of pictures that show nobody, by hard_negatives.py")
    p.add_argument("--variant", default="w18-small-v1", choices=hrnet.VARIANTS)
    p.add_argument("--init", help="last.pt of another run, a model file or a model's name, to start from")
    p.add_argument("--minutes", type=float, default=120, help="length of the run (%(default)s)")
    p.add_argument("--steps", type=int, help="length in steps instead: repeatable")
    p.add_argument("--crop", default="256x320",
                   help="HxW of a training picture; of several, between commas, one a step; phases "
                        "of a run between slashes (%(default)s)")
    p.add_argument("--phases", default="",
                   help="where the second phase and those behind it begin, in 0..1: 0.4,0.8")
    p.add_argument("--mild", action="store_true",
                   help="photographs of people less changed in the last phase")
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--lr-end", type=float, default=0.0, help="learning rate of the last step")
    p.add_argument("--warmup", type=int, default=200, help="steps of linear warm-up")
    p.add_argument("--weight-decay", type=float, default=0.02)
    p.add_argument("--ema", type=float, default=0.998, help="decay of the mean weights")
    p.add_argument("--balance", type=float, default=0.0,
                   help="power of a class's inverse frequency as its weight (%(default)s)")
    p.add_argument("--easy", type=float, default=0.0,
                   help="leave out pixels that lose less than this (%(default)s: none)")
    p.add_argument("--lovasz", type=float, default=1.0, help="weight of the Lovasz loss")
    p.add_argument("--presence", type=float, default=0.1,
                   help="weight of the loss that asks whether a picture shows anybody")
    p.add_argument("--aux", type=float, default=0.1, help="weight of each branch's loss")
    p.add_argument("--eval-minutes", type=float, default=6, help="between validations")
    p.add_argument("--eval-pictures", type=int, default=100000, help="pictures of val at most")
    p.add_argument("--save-minutes", type=float, default=4, help="between savings of the state")
    p.add_argument("--sync-steps", type=int, default=16,
                   help="steps between means over workers (%(default)s)")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--threads", type=int, help="of PyTorch (default: its own choice)")
    p.add_argument("--loaders", type=int,
                   help="processes that make samples (default: none on a CPU, beside a GPU one for "
                        "each core)")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--bf16", action="store_true",
                   help="compute in bfloat16 (weights stay float32): faster on AMX and on GPUs")
    o = p.parse_args()
    items = [re.fullmatch(r"([^=/.]+)=([1-9]\d*)", item) for item in o.tasks.split(",")]
    if not all(items):
        p.error(f"--tasks: {o.tasks}: expected NAME=PICTURES, several between commas")
    o.tasks = {item[1]: int(item[2]) for item in items}
    o.init = checkpoint.locate(o.init) if o.init else None
    o.crops = [[parse_size(p, "--crop", crop) for crop in phase.split(",")]
               for phase in o.crop.split("/")]
    parse_size(p, "--input-size", o.input_size)
    o.about = {name: find_task(name, o.data, o.input_size) for name in o.tasks}
    o.phases = [float(n) for n in o.phases.split(",") if n]
    o.empty = [float(n) for n in o.empty.split("/")]
    if len(o.empty) == 1:
        o.empty *= len(o.crops)
    if not len(o.crops) == len(o.empty) == len(o.phases) + 1:
        p.error("--crop and --empty tell of each phase, --phases where all but the first begin")
    o.cache = o.cache or o.out.parent / "cache"
    if o.bf16 and torch.device(o.device).type == "cpu" and not has_bf16():
        p.error("--bf16: this processor has no bfloat16 of its own, and would be many times slower")
    if o.loaders is None:
        o.loaders = 0 if torch.device(o.device).type == "cpu" else len(os.sched_getaffinity(0))
    return o
