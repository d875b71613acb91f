"""A smooth field whose level 0 is the edge of what covers pixels: fitted to how much of each pixel is covered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vecstack.compiled import compiled
from vecstack.kinds.path.bitmap.solving import bent, solved

SAMPLES = 4  # of a pixel's side, at which the field is looked at
SOFTNESS = (1.0, 1.0, 0.7, 0.7, 0.5, 0.5, 0.4, 0.35)  # px over which an edge is soft, one Gauss-Newton step each
BENDING = 3e-4  # weight of the field's squared second differences against the squared errors of pixels
DAMPING = 0.03  # of a step's numbers
SOLVING = 24  # steps of conjugate gradients for each
STEEPEST, FLATTEST = 3.0, 0.15  # slopes of the field, for a pixel, that count as such


@dataclass(frozen=True)
class _Basis:
    """Cubic B-splines a pixel apart, at SAMPLES places in each pixel of a side: values and slopes [S,N]."""

    values: np.ndarray
    slopes: np.ndarray

    @classmethod
    def of(cls, pixels: int) -> _Basis:
        """That of a side of so many pixels, N of which is `pixels` + 3."""
        rows = np.arange(SAMPLES * pixels)
        found = np.zeros((2, len(rows), pixels + 3))
        for k in range(4):
            found[:, rows, rows // SAMPLES + k] = np.tile(taps()[:, :, k], pixels)
        return cls(found[0], found[1])


def taps() -> np.ndarray:
    """Values and slopes of the four B-splines at the samples of a pixel's side: [2,SAMPLES,4]."""
    t = (np.arange(SAMPLES) + 0.5) / SAMPLES
    values = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], 1) / 6
    slopes = np.stack([-((1 - t) ** 2), 3 * t**2 - 4 * t, -3 * t**2 + 2 * t + 1, t**2], 1) / 2
    return np.stack([values, slopes])


def field_of(cover: np.ndarray, bending: float = BENDING) -> np.ndarray:
    """The field at SAMPLES x SAMPLES points of each pixel of a `cover` [H,W] in 0..1: above 0 where it is covered; its
    slopes are about 1 for a pixel near the edge."""
    height, width = cover.shape
    down, across = _Basis.of(height), _Basis.of(width)
    numbers = _begun(cover)
    for softness in SOFTNESS:
        field = down.values @ numbers @ across.values.T
        slope = np.hypot(down.slopes @ numbers @ across.values.T, down.values @ numbers @ across.slopes.T)
        slope = np.clip(slope, FLATTEST, STEEPEST)
        soft = 1 / (1 + np.exp(np.clip(-4 * field / (slope * softness), -60, 60)))
        weight = 4 * soft * (1 - soft) / (slope * softness)
        numbers = numbers + _solved(_pooled(soft) - cover, weight, numbers, down.values, across.values, bending)
    result: np.ndarray = down.values @ numbers @ across.values.T
    return result


def _begun(cover: np.ndarray) -> np.ndarray:
    """Numbers [H+3,W+3] of a field that follows a cover."""
    numbers: np.ndarray = np.pad(cover - 0.5, ((1, 2), (1, 2)), mode="edge")
    return numbers


def _pooled(values: np.ndarray) -> np.ndarray:
    """The means of pixels: [H,W] of samples [SH,SW]."""
    height, width = (side // SAMPLES for side in values.shape)
    means: np.ndarray = values.reshape(height, SAMPLES, width, SAMPLES).mean((1, 3))
    return means


def _solved(
    missing: np.ndarray, weight: np.ndarray, numbers: np.ndarray, down: np.ndarray, across: np.ndarray, bending: float
) -> np.ndarray:
    """The Gauss-Newton step of a field's numbers, by conjugate gradients: `missing` [H,W] is the cover drawn less the
    cover aimed at, and `weight` how each sample answers to the field."""
    height, width = missing.shape
    by_place = weight.reshape(height, SAMPLES, width, SAMPLES) / SAMPLES**2
    answers = np.einsum("ysxt,si,tj->yxij", by_place, down[:SAMPLES, :4], across[:SAMPLES, :4], optimize=True)
    answers = np.ascontiguousarray(answers)

    def curved(step: np.ndarray) -> np.ndarray:
        found: np.ndarray = _told(answers, _seen(answers, step)) + bending * bent(step[None])[0] + DAMPING * step
        return found

    return solved(curved, -_told(answers, missing) - bending * bent(numbers[None])[0], SOLVING)


@compiled
def _seen(answers, numbers):
    """How covers [H,W] change with numbers [H+3,W+3], by the answers [H,W,4,4] of each pixel."""
    height, width = answers.shape[:2]
    result = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            for i in range(4):
                for j in range(4):
                    result[y, x] += answers[y, x, i, j] * numbers[y + i, x + j]
    return result


@compiled
def _told(answers, pixels):
    """The same the other way: what pixels [H,W] tell numbers."""
    height, width = pixels.shape
    result = np.zeros((height + 3, width + 3))
    for y in range(height):
        for x in range(width):
            for i in range(4):
                for j in range(4):
                    result[y + i, x + j] += answers[y, x, i, j] * pixels[y, x]
    return result
