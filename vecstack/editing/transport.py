"""Colours moved to those of another picture: as a whole they become its colours, and similar ones stay similar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np

from vecstack.color import Color, in_gamut, to_oklab, to_srgb

ROUNDS = 24  # in each of which colours go towards those that are wanted, along three directions
RATE = 0.5  # of the way, in each
DECIMALS = 4  # as those of a picture's mean, and finer than 8 bits


def moved(weights: Mapping[Color, float], pixels: np.ndarray, seed: int = 0) -> dict[Color, Color]:
    """For each colour, which counts by its weight (above 0), one of those that pixels [N,3] (sRGB in 0..1) have: sliced
    optimal transport in OKLab (Rabin et al., "Wasserstein barycenter and its application to texture mixing", 2011)."""
    points, wanted = to_oklab(np.array(list(weights))), to_oklab(pixels)
    shares = np.array(list(weights.values()))
    rng = np.random.default_rng(seed)
    for _ in range(ROUNDS):
        axes, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        steps = [_step(points @ axis, shares, wanted @ axis) for axis in axes]
        points = points + RATE * np.stack(steps, 1) @ axes
    colors = to_srgb(in_gamut(points)).clip(0, 1).round(DECIMALS)
    return {old: cast(Color, tuple(new)) for old, new in zip(weights, colors.tolist(), strict=True)}


def _step(places: np.ndarray, shares: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """How far places [L] on a line, which count by their shares, are from where the wanted ones [N] have as much below
    them."""
    order = np.argsort(places, kind="stable")
    below = np.cumsum(shares[order]) - shares[order] / 2
    aims = np.quantile(wanted, below / shares.sum())
    result = np.empty_like(places)
    result[order] = aims - places[order]
    return result
