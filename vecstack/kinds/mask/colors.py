"""The best colours for given masks: a bounded least-squares problem of one colour a layer."""

from __future__ import annotations

import torch
from torch import Tensor

SWEEPS = 50  # over all layers; the error stands still well before
PULL = 1e-4  # towards the given colours, in units of a layer's mean squared weight at 1: decides where masks do not


def layer_weights(alphas: Tensor) -> Tensor:
    """How much of each layer is seen at each point under those above: masks [T,P] in 0..1, lowest first -> [T,P]."""
    above = torch.flip(torch.cumprod(torch.flip(1 - alphas[1:], [0]), 0), [0])
    return alphas * torch.cat([above, torch.ones_like(alphas[:1])])


@torch.no_grad()
def solve_colors(alphas: Tensor, truth: Tensor, colors: Tensor) -> Tensor:
    """Colours in 0..1 with which masks [T,P] over black come closest to a picture [3,P] in the mean squared error,
    starting from colours [T,3], and staying near them where a layer is hardly seen -> [T,3].

    Coordinate descent on the normal equations, one layer at a time, clamped: the problem is convex, and no step makes
    the error (with its pull towards the given colours) larger."""
    weights = layer_weights(alphas).double()
    products = weights @ weights.T / weights.shape[1]  # [T,T]
    wanted = weights @ truth.double().T / weights.shape[1] + PULL * colors.double()  # [T,3]
    products += PULL * torch.eye(len(weights), dtype=torch.float64, device=weights.device)
    solved = colors.double().clone()
    for _ in range(SWEEPS):
        for layer in range(len(solved)):
            slope = wanted[layer] - products[layer] @ solved
            solved[layer] = (solved[layer] + slope / products[layer, layer]).clamp(0, 1)
    return solved.to(colors.dtype)
