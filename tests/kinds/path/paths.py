"""Paths and scenes as the fit has them: random ones of every sort."""

from __future__ import annotations

import numpy as np
import pytest

import vecstack.compiled
from vecstack.compiled import is_compiling
from vecstack.geometry import Rect
from vecstack.kinds.base import Scene
from vecstack.kinds.path.arrays import Paths

WIDTH, HEIGHT = 61, 47


def ring(rng: np.random.Generator, middle: tuple[float, float], radius: float, pieces: int) -> np.ndarray:
    """A closed contour [3n,2] around a point, uneven enough to cross itself now and then."""
    angles = np.arange(3 * pieces) * (2 * np.pi / (3 * pieces))
    radii = radius * rng.uniform(0.5, 1.5, 3 * pieces)
    found: np.ndarray = np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None] + middle
    return found


def random_paths(seed: int, channels: int = 3, count: int = 9) -> Paths:
    """Paths of one to six pieces, some with a hole, opaque and not, over all four borders, some far outside; every
    third one flat, linear and radial."""
    rng = np.random.default_rng(seed)
    contours = []
    for index in range(count):
        middle = tuple(rng.uniform(-0.1, 1.1, 2) * (WIDTH, HEIGHT))
        radius = rng.uniform(3, 25)
        own = [ring(rng, middle, radius, int(rng.integers(1, 7)))]
        if index % 2:
            own.append(ring(rng, middle, 0.4 * radius, 3)[::-1])
        contours.append(own)
    contours.append([ring(rng, (-40.0, 20.0), 10.0, 4)])
    contours.append([ring(rng, (WIDTH + 40.0, 20.0), 10.0, 4)])
    total = len(contours)
    opacity = np.where(rng.random(total) < 0.4, 1.0, rng.uniform(0.2, 0.95, total))
    paths = Paths.of_contours(contours, np.zeros((total, channels)), opacity)
    return with_fills(paths, rng, channels)


def with_fills(paths: Paths, rng: np.random.Generator, channels: int) -> Paths:
    """The paths with random fills: flat, linear and radial in turn."""
    paths.form = np.arange(paths.count) % 3
    stops = np.where(paths.form == 0, 1, rng.integers(2, 5, paths.count))
    paths.stop_start = np.concatenate([[0], np.cumsum(stops)])
    offsets = [np.sort(rng.random(n)) if n > 1 else np.zeros(1) for n in stops]
    paths.offsets = np.concatenate(offsets).astype(np.float32)
    paths.colors = np.ones((len(paths.offsets), channels), np.float32)
    paths.colors[:, :3] = rng.random((len(paths.offsets), 3))
    paths.place = np.concatenate([rng.normal(size=(paths.count, 6)) / 30, rng.uniform(-0.6, 0.6, (paths.count, 2))], 1)
    paths.place[::2, 6:] = 0
    return paths


def random_scene(seed: int, channels: int = 3, *, is_under: bool = False) -> Scene:
    """A random picture, smooth enough to have slopes; with something above the paths where `is_under`."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    waves = [np.sin(x / rng.uniform(3, 15) + y / rng.uniform(3, 15)) for _ in range(channels)]
    picture = (0.5 + 0.4 * np.stack(waves)).astype(np.float32)
    below = np.zeros_like(picture) if channels == 4 else np.full_like(picture, 0.3)
    rect = Rect(0.0, 0.0, WIDTH, HEIGHT)
    if not is_under:
        return Scene(rect, picture, below)
    light = rng.uniform(0.2, 1, picture.shape[1:]).astype(np.float32)
    above = (rng.random(picture.shape) * (1 - light)).astype(np.float32)
    return Scene(rect, picture, below, light, above)


@pytest.fixture(params=["compiled", "plain"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """By compiled loops and by PyTorch."""
    if request.param == "compiled" and not is_compiling():
        pytest.skip("needs numba")
    monkeypatch.setattr(vecstack.compiled, "is_compiling", lambda: request.param == "compiled")
    return str(request.param)
