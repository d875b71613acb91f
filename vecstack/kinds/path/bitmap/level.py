"""A smooth field whose level 0 is the edge of what covers pixels: fitted to how much of each pixel is covered."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from vecstack.compiled import compiled
from vecstack.kinds.path.bitmap.solving import bent, solved

SAMPLES = 4  # of a pixel's side, at which the field is looked at
DAMPING = 0.03  # of a step's numbers
STEEPEST, FLATTEST = 3.0, 0.15  # slopes of the field, for a pixel, that count as such
FAR = 16.0  # from the edge, in quarters of its softness, where a field covers all or nothing
AROUND = np.array([1, 3, 3, 1]) / 8  # weights of cells around a knot
# value, slope and second derivative of a cubic B-spline, at its three knots
AT_KNOTS = np.array([[1 / 6, 4 / 6, 1 / 6], [-0.5, 0.0, 0.5], [1.0, -2.0, 1.0]])


@dataclass(frozen=True)
class Form:
    """Of what form a field is: how many knots it has in a pixel's side, what its squared second derivatives count
    against the squared errors of pixels, what those along edges count where these run in one direction, how many steps
    of conjugate gradients solve each Gauss-Newton step, and the px over which an edge is soft there."""

    knots: int
    bending: float
    winding: float
    solving: int
    softness: tuple[float, ...]


COARSE = Form(1, 3e-4, 0.0, 24, (1.0, 1.0, 0.7, 0.7, 0.5, 0.5, 0.4, 0.35))
# thin strokes do not tear; three more that bend less, and along edges as much, less and more
FINE = Form(2, 1e-4, 1e-2, 16, (1.0, 1.0, 1.0, 1.0, 0.7, 0.7, 0.7, 0.5, 0.5, 0.5, 0.4, 0.35))
FINER = tuple(replace(FINE, bending=3e-5, winding=winding) for winding in (1e-2, 1e-3, 3e-2))


def taps(samples: int = SAMPLES) -> np.ndarray:
    """Values and slopes of the four B-splines at so many samples between two knots: [2,S,4]."""
    t = (np.arange(samples) + 0.5) / samples
    values = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], 1) / 6
    slopes = np.stack([-((1 - t) ** 2), 3 * t**2 - 4 * t, -3 * t**2 + 2 * t + 1, t**2], 1) / 2
    return np.stack([values, slopes])


def field_of(cover: np.ndarray, form: Form = COARSE) -> np.ndarray:
    """The field at SAMPLES x SAMPLES points of each pixel of a `cover` [H,W] in 0..1: above 0 where it is covered; its
    slopes are about 1 for a pixel near the edge."""
    knots, places = form.knots, taps(SAMPLES // form.knots)
    numbers = _begun(cover, knots)
    bending, along = form.bending * knots**2, None
    for softness in form.softness:
        field, by_y, by_x = _sampled(numbers, places, knots)
        if form.winding:
            along = knots * math.sqrt(form.winding) * _along(by_y, by_x, SAMPLES // knots)
        drawn, answers = _edges(field, by_y, by_x, places, knots, softness)
        numbers = numbers + _step(drawn - cover, answers, numbers, bending, along, form.solving)
    result: np.ndarray = _sampled(numbers, places, knots)[0]
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


def _step(
    missing: np.ndarray, answers: np.ndarray, numbers: np.ndarray, bending: float, along: np.ndarray | None, steps: int
) -> np.ndarray:
    """The Gauss-Newton step of a field's numbers, by so many steps of conjugate gradients: `missing` [H,W] is the cover
    drawn less the cover aimed at, and `answers` how each pixel answers to the numbers near it. Squared second
    differences count by `bending`, and derivatives `along` edges answer to the numbers around a knot so [N-2,M-2,3,3],
    where they count."""
    damping = DAMPING / (answers.shape[2] - 3) ** 2

    def stiff(numbers: np.ndarray) -> np.ndarray:
        found: np.ndarray = bending * bent(numbers[None])[0]
        return found if along is None else found + _wound(along, numbers)

    def curved(step: np.ndarray) -> np.ndarray:
        found: np.ndarray = _told(answers, _seen(answers, step)) + stiff(step) + damping * step
        return found

    return solved(curved, -_told(answers, missing) - stiff(numbers), steps)


@compiled
def _sampled(numbers, taps, knots):
    """A field of such numbers [N,M], and its slopes down and across (for a pixel), at samples: each [SH,SW]."""
    samples = taps.shape[1]
    height, width = samples * (numbers.shape[0] - 3), samples * (numbers.shape[1] - 3)
    field, by_y, by_x = np.empty((height, width)), np.empty((height, width)), np.empty((height, width))
    line, slope = np.empty(numbers.shape[1]), np.empty(numbers.shape[1])
    for row in range(height):
        y, a = row // samples, row % samples
        line[:], slope[:] = 0, 0
        for i in range(4):
            for x in range(len(line)):
                line[x] += taps[0, a, i] * numbers[y + i, x]
                slope[x] += taps[1, a, i] * numbers[y + i, x]
        for column in range(width):
            x, b = column // samples, column % samples
            value, down, across = 0.0, 0.0, 0.0
            for j in range(4):
                value += taps[0, b, j] * line[x + j]
                down += taps[0, b, j] * slope[x + j]
                across += taps[1, b, j] * line[x + j]
            field[row, column], by_y[row, column], by_x[row, column] = value, knots * down, knots * across
    return field, by_y, by_x


@compiled
def _edges(field, by_y, by_x, taps, knots, softness):
    """How much of each pixel is above the edge of a field, which is so soft (px) [H,W], and how each answers to the
    numbers near it: [H,W,K+3,K+3]."""
    samples = taps.shape[1]
    height, width = field.shape[0] // SAMPLES, field.shape[1] // SAMPLES
    cover, answers = np.zeros((height, width)), np.zeros((height, width, knots + 3, knots + 3))
    part = 1 / SAMPLES**2
    for row in range(SAMPLES * height):
        y, a = row // SAMPLES, row % samples
        i0 = row // samples - knots * y
        for column in range(SAMPLES * width):
            x, b = column // SAMPLES, column % samples
            j0 = column // samples - knots * x
            steep = math.sqrt(by_x[row, column] ** 2 + by_y[row, column] ** 2)
            edge = softness * min(max(steep, FLATTEST), STEEPEST)
            steps = 4 * field[row, column] / edge
            if abs(steps) > FAR:
                cover[y, x] += part if steps > 0 else 0.0
                continue
            soft = 1 / (1 + math.exp(-steps))
            cover[y, x] += part * soft
            weight = part * 4 * soft * (1 - soft) / edge
            for i in range(4):
                for j in range(4):
                    answers[y, x, i0 + i, j0 + j] += weight * taps[0, a, i] * taps[0, b, j]
    return cover, answers


@compiled
def _along(by_y, by_x, samples):
    """How the second derivative of a field along its edges answers, at each knot, to the numbers around it:
    [N-2,M-2,3,3], from the slopes at so many samples between two knots. The edge runs across the slopes around a knot
    (their structure tensor: on a thin line, too, from which they fall off on both sides); where these do not agree, the
    derivative counts less."""
    xx, xy, yy = (
        _around_knots(by_x, by_x, samples), _around_knots(by_x, by_y, samples), _around_knots(by_y, by_y, samples)
    )  # fmt: skip
    height, width = xx.shape
    result = np.empty((height, width, 3, 3))
    for y in range(height):
        for x in range(width):
            apart, mixed = xx[y, x] - yy[y, x], 2 * xy[y, x]
            angle = 0.5 * math.atan2(mixed, apart)
            across, down = -math.sin(angle), math.cos(angle)
            agreed = math.sqrt(apart * apart + mixed * mixed) / (xx[y, x] + yy[y, x] + 1e-9)
            for i in range(3):
                for j in range(3):
                    level = across * across * AT_KNOTS[0, i] * AT_KNOTS[2, j]
                    upright = down * down * AT_KNOTS[2, i] * AT_KNOTS[0, j]
                    slanting = 2 * across * down * AT_KNOTS[1, i] * AT_KNOTS[1, j]
                    result[y, x, i, j] = agreed * (level + upright + slanting)
    return result


@compiled
def _around_knots(one, other, samples):
    """The weighted means around knots [N-2,M-2], over four cells between knots on a side, of the products of values at
    samples."""
    height, width = one.shape[0] // samples, one.shape[1] // samples
    cells = np.zeros((height, width))
    for row in range(samples * height):
        for column in range(samples * width):
            cells[row // samples, column // samples] += one[row, column] * other[row, column] / samples**2
    means = np.zeros((height + 1, width + 1))
    for y in range(height + 1):
        for x in range(width + 1):
            for i in range(4):
                for j in range(4):
                    row, column = min(max(y + i - 2, 0), height - 1), min(max(x + j - 2, 0), width - 1)
                    means[y, x] += AROUND[i] * AROUND[j] * cells[row, column]
    return means


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
