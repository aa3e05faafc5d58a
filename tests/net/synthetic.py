# SPDX-License-Identifier: LGPL-2.1-or-later
"""The weights of tests/support/synthetic.h, for PyTorch."""

import numpy as np
import torch


def fnv1a(text):
    h = 2166136261
    for byte in text.encode():
        h = (h ^ byte) * 16777619 & 0xFFFFFFFF
    return h


def hashes(name, count):
    h = np.arange(count, dtype=np.uint32) * np.uint32(2654435761) ^ np.uint32(fnv1a(name))
    h = (h ^ h >> np.uint32(16)) * np.uint32(0x85EBCA6B)
    h = (h ^ h >> np.uint32(13)) * np.uint32(0xC2B2AE35)
    return h ^ h >> np.uint32(16)


def unit(h):
    return (h >> np.uint32(8)).astype(np.float32) * np.float32(1 / 16777216)


def spread(name, count, bound):
    return (2 * unit(hashes(name, count)) - 1) * np.float32(bound)


def fill(network):
    """Gives every parameter and statistic of an hrnet.HRNet its value."""
    state = network.state_dict()
    for name, tensor in state.items():
        count = tensor.numel()
        if name.endswith("num_batches_tracked"):
            continue
        if tensor.dim() == 4:
            values = spread(name, count, (6 / tensor[0].numel()) ** 0.5)
        elif name.endswith("running_var"):
            values = np.float32(0.5) + unit(hashes(name, count))
        elif name.endswith(".weight"):
            h = hashes(name, count)
            values = np.float32(0.4) + np.float32(0.4) * unit(h)
            if network.config.norm == "inplace_abn":
                values = np.where(h & 1, -values, values)
        else:
            values = spread(name, count, 0.1)
        state[name] = torch.from_numpy(values.astype(np.float32)).reshape(tensor.shape)
    network.load_state_dict(state)


def picture(height, width):
    """The network's input [1, 3, H, W]."""
    return torch.from_numpy(spread("input", 3 * height * width, 2)).reshape(1, 3, height, width)


def samples(count, n):
    """Which of n values are compared."""
    return hashes("samples", count).astype(np.int64) % n
