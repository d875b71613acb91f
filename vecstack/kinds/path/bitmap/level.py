"""A smooth field whose level 0 is the edge of what covers pixels: fitted to how much of each pixel is covered."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from vecstack.compiled import compiled
from vecstack.kinds.path.bitmap.solving import bent, solved

SAMPLES = 4  # of a pixel's side, at which the field is looked at
DAMPING = 0.03  # of a step's numbers
SOLVING = 24  # steps of conjugate gradients for each
STEEPEST, FLATTEST = 3.0, 0.15  # slopes of the field, for a pixel, that count as such
AROUND = np.array([1, 3, 3, 1]) / 8  # weights of what lies around a knot
# value, slope and second derivative of a cubic B-spline, at its three knots
AT_KNOTS = np.array([[1 / 6, 4 / 6, 1 / 6], [-0.5, 0, 0.5], [1, -2, 1]])


@dataclass(frozen=True)
class Form:
    """Of what form a field is: how many knots it has in a pixel's side, what its squared second derivatives count
    against the squared errors of pixels, what those along edges count where these run in one direction, and the px over
    which an edge is soft in each Gauss-Newton step."""

    knots: int
    bending: float
    winding: float
    softness: tuple[float, ...]


COARSE = Form(1, 3e-4, 0.0, (1.0, 1.0, 0.7, 0.7, 0.5, 0.5, 0.4, 0.35))
# thin strokes do not tear; three more that bend less, and along edges as much, less and more
FINE = Form(2, 1e-4, 1e-2, (1.0, 1.0, 1.0, 1.0, 0.7, 0.7, 0.7, 0.5, 0.5, 0.5, 0.4, 0.35))
FINER = tuple(replace(FINE, bending=3e-5, winding=winding) for winding in (1e-2, 1e-3, 3e-2))


@dataclass(frozen=True)
class _Basis:
    """Cubic B-splines at SAMPLES places in each pixel of a side: values and slopes (for a pixel) [S,N]."""

    values: np.ndarray
    slopes: np.ndarray

    @classmethod
    def of(cls, pixels: int, knots: int) -> _Basis:
        """That of a side of so many pixels with `knots` in each; N is their number, and 3."""
        samples = SAMPLES // knots  # between two knots
        rows = np.arange(SAMPLES * pixels)
        found = np.zeros((2, len(rows), knots * pixels + 3))
        for k in range(4):
            found[:, rows, rows // samples + k] = np.tile(taps(samples)[:, :, k], knots * pixels)
        return cls(found[0], knots * found[1])


def taps(samples: int = SAMPLES) -> np.ndarray:
    """Values and slopes of the four B-splines at so many samples between two knots: [2,S,4]."""
    t = (np.arange(samples) + 0.5) / samples
    values = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], 1) / 6
    slopes = np.stack([-((1 - t) ** 2), 3 * t**2 - 4 * t, -3 * t**2 + 2 * t + 1, t**2], 1) / 2
    return np.stack([values, slopes])


def field_of(cover: np.ndarray, form: Form = COARSE) -> np.ndarray:
    """The field at SAMPLES x SAMPLES points of each pixel of a `cover` [H,W] in 0..1: above 0 where it is covered; its
    slopes are about 1 for a pixel near the edge."""
    knots, (height, width) = form.knots, cover.shape
    down, across = _Basis.of(height, knots), _Basis.of(width, knots)
    numbers = _begun(cover, knots)
    for softness in form.softness:
        field = down.values @ numbers @ across.values.T
        by_y, by_x = down.slopes @ numbers @ across.values.T, down.values @ numbers @ across.slopes.T
        slope = np.clip(np.hypot(by_x, by_y), FLATTEST, STEEPEST)
        soft = 1 / (1 + np.exp(np.clip(-4 * field / (slope * softness), -60, 60)))
        weight = 4 * soft * (1 - soft) / (slope * softness)
        along = knots * math.sqrt(form.winding) * _along(by_x, by_y, knots) if form.winding else None
        stiffness = _Stiffness(form.bending * knots**2, along)
        numbers = numbers + _solved(_pooled(soft) - cover, weight, numbers, down.values, across.values, stiffness)
    result: np.ndarray = down.values @ numbers @ across.values.T
    return result


def _begun(cover: np.ndarray, knots: int) -> np.ndarray:
    """Numbers [N,M] of a field that follows a cover."""
    for axis in range(2):
        pixels = cover.shape[axis]
        place = ((np.arange(knots * pixels) + 0.5) / knots - 0.5).clip(0, pixels - 1)
        before = np.floor(place).astype(int).clip(0, max(pixels - 2, 0))
        share = np.expand_dims(place - before, 1 - axis)
        after = np.minimum(before + 1, pixels - 1)
        cover = (1 - share) * np.take(cover, before, axis) + share * np.take(cover, after, axis)
    numbers: np.ndarray = np.pad(cover - 0.5, ((1, 2), (1, 2)), mode="edge")
    return numbers


def _pooled(values: np.ndarray, samples: int = SAMPLES) -> np.ndarray:
    """The means of squares of so many samples a side, such as pixels: [H,W] of samples [SH,SW]."""
    height, width = (side // samples for side in values.shape)
    means: np.ndarray = values.reshape(height, samples, width, samples).mean((1, 3))
    return means


def _along(by_x: np.ndarray, by_y: np.ndarray, knots: int) -> np.ndarray:
    """How the second derivative of a field along its edges answers, at each knot, to the numbers around it:
    [N-2,M-2,3,3], from the slopes at samples. The edge runs across the slopes around a knot (their structure tensor: on
    a thin line, too, from which they fall off on both sides); where these do not agree, the derivative counts less."""
    products = (by_x * by_x, by_x * by_y, by_y * by_y)
    xx, xy, yy = (_around_knots(_pooled(product, SAMPLES // knots)) for product in products)
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)[..., None, None]
    across, down = -np.sin(angle), np.cos(angle)
    agreed = np.hypot(xx - yy, 2 * xy) / (xx + yy + 1e-9)
    value, slope, second = AT_KNOTS
    found: np.ndarray = across**2 * np.outer(value, second) + down**2 * np.outer(second, value)
    found = found + 2 * across * down * np.outer(slope, slope)
    return found * agreed[..., None, None]


def _around_knots(values: np.ndarray) -> np.ndarray:
    """The weighted means around knots [N-2,M-2] of values between them, over four on a side."""
    for axis in range(2):
        pads = [(2, 2) if axis == other else (0, 0) for other in range(2)]
        padded = np.pad(values, pads, mode="edge")
        places = np.arange(values.shape[axis] + 1)
        values = sum(weight * np.take(padded, places + k, axis) for k, weight in enumerate(AROUND))
    return values


@dataclass(frozen=True)
class _Stiffness:
    """What squared second differences of a field's numbers count, and how its derivatives `along` edges answer to them
    [N-2,M-2,3,3], if they count."""

    bending: float
    along: np.ndarray | None

    def slopes(self, numbers: np.ndarray) -> np.ndarray:
        """Half the slopes of what a field's bending counts."""
        found: np.ndarray = self.bending * bent(numbers[None])[0]
        return found if self.along is None else found + _wound(self.along, numbers)


def _solved(
    missing: np.ndarray,
    weight: np.ndarray,
    numbers: np.ndarray,
    down: np.ndarray,
    across: np.ndarray,
    stiffness: _Stiffness,
) -> np.ndarray:
    """The Gauss-Newton step of a field's numbers, by conjugate gradients: `missing` [H,W] is the cover drawn less the
    cover aimed at, and `weight` how each sample answers to the field."""
    height, width = missing.shape
    knots = (len(numbers) - 3) // height
    by_place = weight.reshape(height, SAMPLES, width, SAMPLES) / SAMPLES**2
    near = knots + 3
    answers = np.einsum("ysxt,si,tj->yxij", by_place, down[:SAMPLES, :near], across[:SAMPLES, :near], optimize=True)
    answers = np.ascontiguousarray(answers)

    def curved(step: np.ndarray) -> np.ndarray:
        stiff = stiffness.slopes(step) + DAMPING / knots**2 * step
        found: np.ndarray = _told(answers, _seen(answers, step)) + stiff
        return found

    return solved(curved, -_told(answers, missing) - stiffness.slopes(numbers), SOLVING)


@compiled
def _seen(answers, numbers):
    """How covers [H,W] change with numbers [N,M], by the answers [H,W,K+3,K+3] of each pixel to those near it."""
    height, width, near, _ = answers.shape
    knots = near - 3
    result = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            for i in range(near):
                for j in range(near):
                    result[y, x] += answers[y, x, i, j] * numbers[knots * y + i, knots * x + j]
    return result


@compiled
def _told(answers, pixels):
    """The same the other way: what pixels [H,W] tell numbers."""
    height, width, near, _ = answers.shape
    knots = near - 3
    result = np.zeros((knots * height + 3, knots * width + 3))
    for y in range(height):
        for x in range(width):
            for i in range(near):
                for j in range(near):
                    result[knots * y + i, knots * x + j] += answers[y, x, i, j] * pixels[y, x]
    return result


@compiled
def _wound(along, numbers):
    """Half the slopes [N,M] of the sum of squared second derivatives along edges."""
    result = np.zeros_like(numbers)
    for y in range(along.shape[0]):
        for x in range(along.shape[1]):
            value = 0.0
            for i in range(3):
                for j in range(3):
                    value += along[y, x, i, j] * numbers[y + i, x + j]
            for i in range(3):
                for j in range(3):
                    result[y + i, x + j] += along[y, x, i, j] * value
    return result
