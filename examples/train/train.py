#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trains HRNetV2 for `people`, `street` or classes of your own, or several at once over one shared body.

Writes OUT/last.pt every few minutes and on Ctrl-C, and continues from it when started again with the
same --out; keeps the weights (exponential mean) that did best on `val` in OUT/best-TASK.pt.
`torchrun --nproc-per-node 2 train.py ... --threads 1` trains in two processes.
"""

import bisect
import copy
import math
import random
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

import checkpoint
import hrnet
import losses
import scores
from batches import Batches
from datasets import open_pairs, read_sources
from options import read_options
from own import reading
from people import People
from samples import Cuts, Street
from tasks import TASKS
from workers import Workers


class Networks(nn.Module):
    """A network for each task; all but the heads is one and the same.

    `aux` holds a classifier for each task and branch, `presence` one that tells for a task of
    probabilities whether a picture shows any: they help training and are not exported.
    """

    def __init__(self, variant, tasks):
        super().__init__()
        self.nets = nn.ModuleDict({t: hrnet.build(variant, classes=len(about.classes))
                                   for t, about in tasks.items()})
        first = next(iter(self.nets.values()))
        for net in self.nets.values():
            for name, _ in list(net.named_children()):
                if name != "last_layer":
                    setattr(net, name, getattr(first, name))
        self.aux = nn.ModuleDict({
            t: nn.ModuleList(nn.Conv2d(c, len(about.classes), 1) for c in first.config.channels)
            for t, about in tasks.items()})
        self.presence = nn.ModuleDict({t: nn.Linear(sum(first.config.channels), 1)
                                       for t, about in tasks.items() if about.probabilities})

    def forward(self, x, counts):
        """For each task (its pictures follow one another in `x`): logits, branches' logits, presence."""
        features = next(iter(self.nets.values())).features(x)
        out, start = {}, 0
        for task, count in counts.items():
            part = [f[start:start + count] for f in features]
            out[task] = (self.nets[task].head(part),
                         [conv(f) for conv, f in zip(self.aux[task], part)],
                         self._present(task, part))
            start += count
        return out

    def _present(self, task, features):
        if task not in self.presence:
            return None
        means = torch.cat([f.float().mean((2, 3)) for f in features], 1)
        return self.presence[task](means.to(features[0].dtype))[:, 0]


def values(module):
    """Parameters and buffers, those shared between tasks once."""
    return [*module.parameters(), *module.buffers()]


class Mean:
    """Exponential mean of a module's parameters and buffers; young, it follows faster."""

    def __init__(self, module, decay):
        self.module, self.decay = copy.deepcopy(module).eval(), decay

    @torch.no_grad()
    def update(self, module, step):
        decay = min(self.decay, (1 + step) / (20 + step))
        for mean, value in zip(values(self.module), values(module)):
            if mean.is_floating_point():
                mean.lerp_(value, 1 - decay)
            else:
                mean.copy_(value)


class Schedule:
    """How far the run is, in 0..1: by steps, or by the minutes that it has run."""

    def __init__(self, options):
        self.options = options
        self.step, self.seconds = 0, 0.0

    def progress(self):
        if self.options.steps:
            return min(1, self.step / self.options.steps)
        return min(1, self.seconds / 60 / self.options.minutes)

    def rate(self):
        """Learning rate: linear warm-up, then a cosine from --lr to --lr-end."""
        o = self.options
        cosine = (1 + math.cos(math.pi * self.progress())) / 2
        return (o.lr_end + (o.lr - o.lr_end) * cosine) * min(1, (self.step + 1) / o.warmup)

    def minutes_left(self):
        p = self.progress()
        return self.seconds / 60 * (1 - p) / p if p else math.nan


class Trainer:
    def __init__(self, options):
        self.options = o = options
        self.workers = Workers()
        random.seed(o.seed)
        torch.manual_seed(o.seed)
        self.rng = np.random.default_rng((o.seed, self.workers.rank))
        self.workers.first_alone(self._open_sets)
        self.batches = Batches({t: self._sampler(t) for t in o.tasks}, o.tasks, o.crops, self.rng)
        self.weights = {t: self._weights(t).to(o.device) for t in o.tasks}
        self.networks = Networks(o.variant, o.about)
        if o.init:
            self._load_weights(o.init)
        self.networks.to(o.device, memory_format=torch.channels_last)
        self.mean = Mean(self.networks, o.ema)
        self.optimizer = torch.optim.AdamW(self._groups(), lr=o.lr, weight_decay=o.weight_decay)
        self.schedule = Schedule(o)
        self.best = {t: 0.0 for t in o.tasks}

    def _open_sets(self):
        """`train` of a task: pairs, or sources; `val` and `empty`: pairs (None where there is none)."""
        o = self.options
        self.train, self.val, self.none = {}, {}, {}
        for name, task in o.about.items():
            form = reading(name, task)
            self.train[name] = (read_sources(o.sources or Path(__file__).with_name(task.train),
                                             o.data, o.cache)
                                if task.train.endswith(".sources")
                                else open_pairs(o.data, task.train, o.cache, *form))
            self.val[name] = open_pairs(o.data, task.val, o.cache, *form)
            there = task.empty and (o.data / task.empty).is_dir()
            self.none[name] = open_pairs(o.data, task.empty, o.cache, "none") if there else None

    def _sampler(self, task):
        o = self.options
        if task == "street":
            return Street(self.train["street"])
        if task not in TASKS:
            return Cuts(self.train[task], o.about[task].classes, o.about[task].area())
        hard = dict(np.load(o.hard)) if o.hard else None
        return People(self.train["people"], o.empty, o.mild, hard)

    def _weights(self, task):
        """Of the classes, by how rare they are; of a task of probabilities none."""
        if self.options.about[task].probabilities:
            return torch.ones(2)
        pairs = self.train[task]
        chosen = self.rng.permutation(len(pairs))[:300]
        return losses.class_weights([pairs[i][1] for i in chosen], len(self.options.about[task].classes),
                                    self.options.balance)

    def _groups(self):
        """Weight decay for convolutions alone, not for biases and normalisation."""
        parameters = list(self.networks.parameters())
        return [{"params": [p for p in parameters if p.ndim > 1]},
                {"params": [p for p in parameters if p.ndim == 1], "weight_decay": 0.0}]

    def _load_weights(self, file):
        """What fits of another run or a model file, whose licence binds what is made of it."""
        o = self.options
        state, licence = checkpoint.initial(file, self.networks.state_dict(), o.tasks)
        self.networks.load_state_dict(state, strict=False)
        for name, task in o.about.items():
            if name not in TASKS and licence:
                o.about[name] = replace(task, license=f"Trained from weights with this licence: {licence}")

    def batch(self):
        pictures, labels = (part.to(self.options.device, non_blocking=True)
                            for part in next(self.source))
        return scores.normalise(pictures), labels

    def _loss(self, task, out, labels):
        logits, branches, presence = out
        o = self.options
        labels = labels.long()
        seen, truth = losses.sample_grid(logits.float(), labels, 2)
        if presence is None:
            total = losses.hard_cross_entropy(seen, truth, self.weights[task], o.easy)
        else:
            total = losses.probability_cross_entropy(seen, truth)
            total = total + o.presence * losses.presence_loss(presence.float(), labels)
            labels, truth = losses.certain_classes(labels), losses.certain_classes(truth)
            # where nobody is there is no overlap to raise
            some = (truth == 1).flatten(1).any(1)
            seen, truth = seen[some], truth[some]
        if o.lovasz and len(seen):
            total = total + o.lovasz * losses.lovasz_softmax(seen[..., ::2, ::2],
                                                             truth[:, ::2, ::2])
        for branch in branches if o.aux else ():
            total = total + o.aux * losses.branch_loss(branch.float(), labels, self.weights[task])
        return total

    def train_step(self):
        o = self.options
        for group in self.optimizer.param_groups:
            group["lr"] = self.schedule.rate()
        x, labels = self.batch()
        kind = torch.device(o.device).type
        with torch.autocast(kind, torch.bfloat16, enabled=o.bf16):
            outs = self.networks(x, o.tasks)
        loss, start = 0, 0
        for task, count in o.tasks.items():
            loss = loss + self._loss(task, outs[task], labels[start:start + count])
            start += count
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.networks.parameters(), 5.0)
        self.optimizer.step()
        self.mean.update(self.networks, self.schedule.step)
        return loss.item()

    def validate(self):
        """Scores the mean weights on `val`; keeps the best of each task. Workers share the tasks."""
        self.workers.mean(values(self.mean.module))
        for task in list(self.options.tasks)[self.workers.rank::self.workers.count]:
            net = self.mean.module.nets[task]
            pairs = self.val[task]
            chosen = np.linspace(0, len(pairs) - 1, min(len(pairs), self.options.eval_pictures))
            area = None if task in TASKS else self.options.about[task].area()
            confusion = scores.score(net, (pairs[int(i)] for i in chosen), self.options.device, area)
            found = confusion.mean_iou()
            per_class = " ".join(f"{v:.3f}" for v in confusion.iou())
            false = self._false_area(net, task)
            print(f"\n  {task}: mIoU {found:.4f}  [{per_class}]"
                  + (f"  false area {100 * false:.2f} %" if self.none[task] else ""), flush=True)
            found -= false
            if found > self.best[task]:
                self.best[task] = found
                save({"variant": self.options.variant, "task": task,
                      "about": asdict(self.options.about[task]), "state": net.state_dict(),
                      "val_miou": found, "steps": self.schedule.step,
                      "seconds": self.schedule.seconds, "seed": self.options.seed},
                     self.options.out / f"best-{task}.pt")
        self.best = {t: self.workers.largest(v) for t, v in self.best.items()}

    def _false_area(self, net, task):
        """The mean share of pictures that show none of the foreground which is taken for it."""
        pairs = self.none[task]
        if not pairs:
            return 0.0
        chosen = np.linspace(0, len(pairs) - 1, min(len(pairs), self.options.eval_pictures))
        return float(np.mean([scores.predict(net, pairs[int(i)][0], self.options.device).mean()
                              for i in chosen]))

    def save(self):
        if self.workers.rank > 0:
            return
        save({"networks": self.networks.state_dict(), "mean": self.mean.module.state_dict(),
              "optimizer": self.optimizer.state_dict(), "best": self.best,
              "about": {name: asdict(task) for name, task in self.options.about.items()},
              "step": self.schedule.step, "seconds": self.schedule.seconds,
              "rng": self.rng.bit_generator.state}, self.options.out / "last.pt")

    def resume(self):
        file = self.options.out / "last.pt"
        if not file.exists():
            return
        state = checkpoint.load_run(file)
        own = self.networks.state_dict()
        if {n: v.shape for n, v in own.items()} != {n: v.shape for n, v in state["networks"].items()}:
            sys.exit(f"{file}: a run of other tasks or classes: give another --out")
        self.networks.load_state_dict(state["networks"])
        self.mean.module.load_state_dict(state["mean"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.best = state["best"]
        self.schedule.step, self.schedule.seconds = state["step"], state["seconds"]
        if self.workers.rank == 0:
            self.rng.bit_generator.state = state["rng"]
        else:
            self.rng = np.random.default_rng((self.options.seed, self.workers.rank, state["step"]))
            self.batches.rng = self.rng
        print(f"{file}: continuing at step {self.schedule.step}")

    def synchronise(self):
        """One set of weights, and one opinion of the time, over all workers."""
        self.workers.mean(values(self.networks))
        self.schedule.seconds = self.workers.largest(self.schedule.seconds)

    def show(self, loss):
        s = self.schedule
        best = " ".join(f"{t} {v:.4f}" for t, v in self.best.items())
        print(f"\rstep {s.step}  loss {loss:.4f}  lr {s.rate():.2e}  best mIoU {best}  "
              f"{s.minutes_left():.1f} min left ", end="", flush=True)

    def run(self):
        o, s = self.options, self.schedule
        self.source = self.batches.start(o.loaders, (o.seed, self.workers.rank, s.step),
                                         pin=torch.device(o.device).type == "cuda")
        together = o.sync_steps if self.workers.count > 1 else 1
        last_eval, last_save, smooth, start = s.seconds, s.seconds, None, time.monotonic()
        while s.progress() < 1 or s.step % together:
            loss = self.train_step()
            if not math.isfinite(loss):
                sys.exit(f"step {s.step}: the loss is {loss}; lower --lr")
            s.step += 1
            s.seconds, start = s.seconds + time.monotonic() - start, time.monotonic()
            smooth = loss if smooth is None else 0.98 * smooth + 0.02 * loss
            if s.step % 20 == 0 and self.workers.rank == 0:
                self.show(smooth)
            if s.step % together:
                continue
            self.synchronise()
            if s.seconds - last_eval > 60 * o.eval_minutes or s.progress() >= 1:
                self.validate()
                last_eval, last_save = s.seconds, -math.inf
            if s.seconds - last_save > 60 * o.save_minutes:
                self.save()
                last_save = s.seconds
        print(f"\ndone: {s.step} steps, {s.seconds / 60:.1f} minutes, best {self.best}")


def save(state, file):
    """Whole or not at all."""
    part = file.with_suffix(".part")
    torch.save(state, part)
    part.replace(file)


def main():
    options = read_options(__doc__)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.threads:
        torch.set_num_threads(options.threads)
    trainer = Trainer(options)
    trainer.resume()
    try:
        trainer.run()
    except KeyboardInterrupt:
        trainer.save()
        sys.exit(f"\nstopped after step {trainer.schedule.step}: the same command goes on from here")


if __name__ == "__main__":
    main()
