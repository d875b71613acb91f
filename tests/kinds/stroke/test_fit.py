"""Strokes fitted: slopes against differences, and steps that bring them closer."""

from __future__ import annotations

import numpy as np
import pytest

from vecstack.compiled import is_compiling
from vecstack.kinds.stroke.fit import SHAPE, Tuner, damped_steps
from vecstack.kinds.stroke.raster import NUMBERS

pytestmark = pytest.mark.skipif(not is_compiling(), reason="needs numba")
HEIGHT, WIDTH = 41, 57


def picture(seed: int, channels: int = 3) -> np.ndarray:
    """A smooth random picture [D,H,W]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] / WIDTH
    waves = [np.sin(rng.uniform(2, 9) * x + rng.uniform(2, 9) * y + rng.uniform(0, 6)) for _ in range(channels)]
    return (0.5 + 0.4 * np.stack(waves)).astype(np.float32)


def strokes(seed: int, count: int, *, is_even: bool) -> np.ndarray:
    """Strokes that bend gently: [L,13]."""
    rng = np.random.default_rng(seed)
    result = np.zeros((count, NUMBERS))
    middles, angle = rng.uniform((14, 12), (WIDTH - 14, HEIGHT - 12), (count, 2)), rng.uniform(0, 2 * np.pi, count)
    half = np.stack([np.cos(angle), np.sin(angle)], 1) * rng.uniform(7, 11, (count, 1))
    result[:, 0:2], result[:, 4:6] = middles - half, middles + half
    result[:, 2:4] = middles + rng.normal(0, 2, (count, 2))
    result[:, 6:8] = rng.uniform(2.5, 5, (count, 2))
    result[:, 8:10] = rng.uniform(0.4, 0.9, (count, 1 if is_even else 2))
    result[:, 10:] = rng.uniform(0, 1, (count, 3))
    return result


def kept(strokes: np.ndarray, before: np.ndarray) -> None:
    """Bring colours and opacities back to 0..1."""
    np.clip(strokes[:, 8:], 0, 1, out=strokes[:, 8:])


def tuner(channels: int = 3) -> Tuner:
    return Tuner(picture(1, channels), np.full((channels, HEIGHT, WIDTH), 0.3, np.float32))


@pytest.mark.parametrize("is_even", [True, False])
@pytest.mark.parametrize("channels", [3, 4])
def test_slopes_are_differences(is_even: bool, channels: int) -> None:
    fit, at, step = tuner(channels), strokes(2, 9, is_even=is_even), 5e-3
    found, wanted = fit.slopes(at).slopes, np.zeros((9, NUMBERS))
    for number in range(NUMBERS):
        for index in range(9):
            change = np.zeros_like(at)
            change[index, number] = step
            after, before = (fit.slopes(at + sign * change).error for sign in (1, -1))
            wanted[index, number] = (after - before) / (4 * step)  # of half the squared error
    for part in (slice(0, 6), slice(6, 8), slice(8, 10), slice(10, 13)):
        off = np.linalg.norm(found[:, part] - wanted[:, part]) / np.linalg.norm(wanted[:, part])
        assert off < 5e-3, part


def test_an_effect_is_by_how_much_the_error_rises_without_a_stroke() -> None:
    fit, at = tuner(), strokes(3, 7, is_even=False)
    whole = fit.slopes(at)
    without = [fit.slopes(np.delete(at, index, 0)).error - whole.error for index in range(7)]
    assert whole.effects == pytest.approx(without, abs=2e-3 * whole.error)


def test_a_step_solves_the_damped_equations() -> None:
    slopes = tuner().slopes(strokes(4, 6, is_even=True))
    steps = damped_steps(slopes, is_even=True)
    for block, slope, step in zip(slopes.blocks, slopes.slopes[:, SHAPE], steps[:, SHAPE], strict=True):
        rest = block @ step + slope  # = -damping * step
        damping = -rest / step
        assert (damping > 0).all()
        assert np.ptp(damping[:6]) < 1e-4 * damping[:6].mean()


def test_steps_bring_strokes_closer() -> None:
    fit, at = tuner(), strokes(5, 30, is_even=True)
    before = fit.slopes(at).error
    tuned = fit.tune(at, 20, kept, free=np.ones(NUMBERS))
    assert fit.slopes(tuned).error < 0.5 * before
