"""Pictures of noise: stacks of layers that a trained generator invents."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vecstack.errors import UsageError
from vecstack.geometry import Rect
from vecstack.models import NoiseModel, load_generator
from vecstack.stack import Canvas, Stack

MAX_COUNT = 100_000  # pictures of one call
MAX_SEED = 2**32 - 1


def generate(
    model: str | Path,
    count: int = 1,
    *,
    seed: int = 0,
    truncation: float | None = None,
    device: str = "auto",
) -> list[Stack]:
    """`count` pictures that a generator (a name, a path or a Hub repository) makes of noise, those of the seeds from
    `seed` on: the same seed gives the same picture, whatever the count. With a `truncation` no number of the noise is
    larger than that, which leaves out what is rare. Raises WeightsError: no such model, or one that is no generator;
    UsageError for a count, seed or truncation out of range; DeviceError."""
    _check(count, seed, truncation)
    loaded = load_generator(model, device)
    return _stacks(loaded, [noise_of(loaded, seed + index, truncation) for index in range(count)])


def walk(
    model: str | Path,
    seeds: tuple[int, int],
    count: int,
    *,
    truncation: float | None = None,
    device: str = "auto",
) -> list[Stack]:
    """`count` pictures on the way from the picture of one seed to that of another, both among them: their noise is
    turned from the one to the other, so that its length stays. Raises as `generate`, and UsageError for two equal
    seeds and for fewer than two pictures."""
    first, last = seeds
    for seed in seeds:
        _check(count, seed, truncation)
    if first == last:
        raise UsageError(f"a walk goes from one seed to another, not from {first} to itself; give two.")
    if count < 2:
        raise UsageError(f"a walk has two pictures or more, not {count}.", parameter="count")
    loaded = load_generator(model, device)
    ends = noise_of(loaded, first, truncation), noise_of(loaded, last, truncation)
    return _stacks(loaded, [_between(*ends, index / (count - 1)) for index in range(count)])


def noise_of(loaded: NoiseModel, seed: int, truncation: float | None) -> np.ndarray:
    """The noise of a seed for a model: normal numbers, those beyond `truncation` drawn again."""
    source = np.random.default_rng(seed)
    noise = source.standard_normal(loaded.generates.noise_shape)
    while truncation is not None and (beyond := np.abs(noise) > truncation).any():
        noise[beyond] = source.standard_normal(int(beyond.sum()))
    return noise.astype(np.float32)


def _between(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    """The noise a share (0 to 1) of the way from one to another, along an arc in each pass."""
    lengths = np.linalg.norm(one, axis=1, keepdims=True) * np.linalg.norm(other, axis=1, keepdims=True)
    angle = np.arccos(np.clip((one * other).sum(1, keepdims=True) / lengths, -1, 1))
    sine = np.maximum(np.sin(angle), 1e-6)
    arc = (np.sin((1 - share) * angle) * one + np.sin(share * angle) * other) / sine
    return np.asarray(np.where(np.sin(angle) > 1e-3, arc, (1 - share) * one + share * other), np.float32)


def _stacks(loaded: NoiseModel, noises: Sequence[np.ndarray]) -> list[Stack]:
    side = loaded.generates.side
    # One at a time: in a batch, the rounding of products depends on its size.
    made = [loaded.generates.make(noise, Rect(0, 0, side, side)) for noise in noises]
    model = {"name": loaded.name, "sha256": loaded.sha256}
    return [Stack(Canvas(side, side, one.background), one.layers, one.assets, model=model) for one in made]


def _check(count: int, seed: int, truncation: float | None) -> None:
    """Raise UsageError for what is out of range."""
    if not 1 <= count <= MAX_COUNT:
        raise UsageError(f"count must be 1 to {MAX_COUNT:,}, not {count:,}.", parameter="count")
    if not 0 <= seed <= MAX_SEED - count:
        raise UsageError(f"seed must be 0 to {MAX_SEED - count:,}, not {seed:,}.", parameter="seed")
    if truncation is not None and not 0.1 <= truncation < math.inf:
        raise UsageError(f"truncation must be 0.1 or more, not {truncation:g}.", parameter="truncation")
