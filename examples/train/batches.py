# SPDX-License-Identifier: LGPL-2.1-or-later
"""Batches of training samples: made in the training process, or by loader processes beside it.

A sample takes some 5 ms of one core. That is little beside a step on a CPU and much beside one on a
GPU, which therefore wants loaders.
"""

import multiprocessing

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info


class Batches(IterableDataset):
    """Endless batches: pictures uint8 [n, h, w, 3] and labels uint8 [n, h, w].

    `counts` tells how many samples of each task a batch has, one task's behind the other's; `sizes`
    for each phase of the run the (rows, columns) that a batch's samples have, one of them at random.
    `phase`, which loaders see change, tells samplers where the run is. Without
    loaders samples are drawn from `rng`, whose state a run can save; loaders have generators of
    their own, seeded with `seed` (a tuple) and their number.
    """

    def __init__(self, samplers, counts, sizes, rng):
        super().__init__()
        self.samplers, self.counts, self.sizes, self.rng, self.seed = samplers, counts, sizes, rng, ()
        self.phase = multiprocessing.Value("i", 0)

    def draw(self, rng):
        phase = self.phase.value
        sizes = self.sizes[phase]
        size = sizes[int(rng.integers(len(sizes)))]
        samples = [self.samplers[task].sample(rng, size, phase)
                   for task, count in self.counts.items() for _ in range(count)]
        return tuple(torch.from_numpy(np.stack(part)) for part in zip(*samples))

    def __iter__(self):
        loader = get_worker_info()
        rng = np.random.default_rng((*self.seed, loader.id)) if loader else self.rng
        while True:
            yield self.draw(rng)

    def start(self, loaders, seed, pin):
        """An iterator. `pin`: into page-locked memory, from where a GPU copies faster."""
        if loaders == 0:
            return iter(self)
        self.seed = seed
        return iter(DataLoader(self, batch_size=None, num_workers=loaders, prefetch_factor=4,
                               pin_memory=pin))
