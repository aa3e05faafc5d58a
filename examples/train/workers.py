# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several processes that train one network, started by `torchrun --nproc-per-node N`.

Each takes its own steps on its own samples; every few steps they take the mean of their weights
(local SGD: Stich, "Local SGD converges fast and communicates little", ICLR 2019). One thread a
process does a third more on small networks than as many threads in one process, and one that the
system holds up for a moment holds up nobody else.
"""

import os

import torch
from torch import distributed


class Workers:
    def __init__(self):
        self.rank = int(os.environ.get("RANK", 0))
        self.count = int(os.environ.get("WORLD_SIZE", 1))
        if self.count > 1:
            distributed.init_process_group("gloo")

    @torch.no_grad()
    def mean(self, tensors):
        """Replaces the floating-point ones by their mean over all processes."""
        if self.count == 1:
            return
        tensors = [t for t in tensors if t.is_floating_point()]
        flat = torch.cat([t.reshape(-1).float().cpu() for t in tensors])
        distributed.all_reduce(flat)
        flat /= self.count
        for tensor, part in zip(tensors, flat.split([t.numel() for t in tensors])):
            tensor.copy_(part.view(tensor.shape))

    def largest(self, number):
        """The greatest of all processes' numbers."""
        value = torch.tensor([float(number)], dtype=torch.float64)
        if self.count > 1:
            distributed.all_reduce(value, distributed.ReduceOp.MAX)
        return value.item()

    def first_alone(self, action):
        """All do `action`, the first process before the others: it may make files for them."""
        if self.rank > 0:
            distributed.barrier()
        result = action()
        if self.rank == 0 and self.count > 1:
            distributed.barrier()
        return result
