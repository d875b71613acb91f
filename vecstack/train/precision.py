"""Whether a machine computes in bfloat16 as fast as that is meant to be."""

from __future__ import annotations

import time

import torch

SIDE, TRIALS = 256, 5  # of the matrices whose product is timed, and how often
FASTER = 1.25  # at least, where a CPU has such products


def bfloat16_pays(device: torch.device) -> bool:
    """Whether products in bfloat16 take less time than in float32 on a device. GPUs have them; a CPU without them takes
    up to 200 times as long, and PyTorch has no stable way to ask which it is, so they are timed."""
    if device.type != "cpu":
        return True
    return _seconds(torch.float32) > FASTER * _seconds(torch.bfloat16)


def _seconds(kind: torch.dtype) -> float:
    """The least that a product took."""
    matrix = torch.ones(SIDE, SIDE, dtype=kind)
    taken = []
    for _ in range(TRIALS):
        began = time.perf_counter()
        matrix @ matrix
        taken.append(time.perf_counter() - began)
    return min(taken)
