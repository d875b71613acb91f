"""Smooth fields, one for each colour of a small picture, of which the highest is seen: fitted to its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vecstack.compiled import compiled
from vecstack.kinds.path.bitmap.level import taps
from vecstack.kinds.path.bitmap.solving import bent, solved

BEGIN = (1.0, 1.0, 0.7, 0.7, 0.5, 0.5, 0.4, 0.35)  # px over which edges are soft, one Gauss-Newton step each
AGAIN = (0.7, 0.5, 0.5, 0.4, 0.35)  # the same, of what was fitted before
BENDING, NOISY_BENDING = 3e-4, 0.01  # weight of squared second differences against squared errors of pixels; amid noise
DAMPING = 0.03  # of a step's numbers
SOLVING = 16  # steps of conjugate gradients for each
STEEPEST, FLATTEST = 3.0, 0.3  # slopes between the two highest fields, for a pixel, that count as such
ACTIVE = 2e-3  # share of a sample from which on a field is felt there


@dataclass(frozen=True)
class Phases:
    """The numbers [K,H+3,W+3] of fields, which are cubic B-splines a pixel apart, and their colours in pixels
    [K,H,W,D]; `held` [K] says how many pixels vouch for each."""

    numbers: np.ndarray
    colors: np.ndarray
    held: np.ndarray

    @classmethod
    def begun(cls, shares: np.ndarray, colors: np.ndarray, held: np.ndarray) -> Phases:
        """Fields that follow the shares [K,H,W] of colours in pixels."""
        return cls(np.pad(shares - 0.5, ((0, 0), (1, 2), (1, 2)), mode="edge"), colors, held)

    @property
    def count(self) -> int:
        """K."""
        return len(self.colors)


@dataclass(frozen=True)
class Seen:
    """What fields show: the picture [H,W,D], the share of each in each pixel [K,H,W], and the fields at SAMPLES x
    SAMPLES points of each pixel: [K,SH,SW]."""

    picture: np.ndarray
    shares: np.ndarray
    fields: np.ndarray


def seen(phases: Phases, softness: float = AGAIN[-1]) -> Seen:
    """What fields show with edges so soft."""
    picture, shares, fields, *_ = _forward(phases.numbers, phases.colors, softness, taps(), 0.0)
    return Seen(picture, shares, fields)


def fitted(phases: Phases, pixels: np.ndarray, bending: float = BENDING, softness: Sequence[float] = BEGIN) -> Phases:
    """Fields closer to pixels [H,W,D], by a damped Gauss-Newton step for each softness of edges, as far as that bends
    them little; colours follow as far as no pixels vouch for them."""
    places = taps()
    for soft in softness:
        _, shares, *_ = _forward(phases.numbers, phases.colors, soft, places, 1.0)
        phases = replace(phases, colors=_colors(phases, shares, pixels))
        picture, _, _, *answers = _forward(phases.numbers, phases.colors, soft, places, ACTIVE)
        step = _solved(phases.numbers, pixels - picture, places, answers, bending)
        phases = replace(phases, numbers=phases.numbers + step)
    return phases


def _colors(phases: Phases, shares: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """The colours [K,H,W,D] that are closest to pixels by such shares, each moved as a whole, near those that pixels
    vouch for."""
    flat = shares.reshape(phases.count, -1)
    weight = np.where(phases.held > 0, 1000.0 * phases.held, 1.0)
    form = flat @ flat.T + np.diag(weight)
    missing = pixels - np.einsum("khw,khwd->hwd", shares, phases.colors)
    moves = np.linalg.solve(form, flat @ missing.reshape(-1, missing.shape[2]))
    found = (phases.colors + moves[:, None, None]).clip(0, 1)
    found[..., :3] = np.minimum(found[..., :3], found[..., 3:4] if found.shape[3] == 4 else 1)
    result: np.ndarray = found
    return result


def _solved(
    numbers: np.ndarray, missing: np.ndarray, taps: np.ndarray, answers: Sequence[np.ndarray], bending: float
) -> np.ndarray:
    """The Gauss-Newton step of fields, by conjugate gradients."""

    def curved(way: np.ndarray) -> np.ndarray:
        pixels = _ahead(way, missing, taps, *answers)
        found: np.ndarray = _back(pixels, numbers, taps, *answers) + bending * bent(way) + DAMPING * way
        return found

    return solved(curved, _back(missing, numbers, taps, *answers) - bending * bent(numbers), SOLVING)


@compiled
def _forward(numbers, colors, softness, taps, active):
    """The picture [H,W,D] of fields with soft edges, shares [K,H,W], fields [K,SH,SW], and for each sample and field
    that answer, where fewer than all but `active` of a sample is of one: its rows, columns and fields [E,3] and how the
    colour there answers to the field [E,D]."""
    count, height, width = len(numbers), numbers.shape[1] - 3, numbers.shape[2] - 3
    side = taps.shape[1]
    channels = colors.shape[3]
    fields = np.empty((count, side * height, side * width))
    for k in range(count):
        for row in range(side * height):
            y, a = row // side, row % side
            line = np.zeros(width + 3)
            for i in range(4):
                for x in range(width + 3):
                    line[x] += taps[0, a, i] * numbers[k, y + i, x]
            for column in range(side * width):
                x, b = column // side, column % side
                total = 0.0
                for j in range(4):
                    total += taps[0, b, j] * line[x + j]
                fields[k, row, column] = total
    picture = np.zeros((height, width, channels))
    shares = np.zeros((count, height, width))
    places = np.empty((1024, 3), np.int64)
    by = np.empty((1024, channels))
    found = 0
    share = np.empty(count)
    color = np.empty(channels)
    part = 1.0 / (side * side)
    for row in range(side * height):
        y, a = row // side, row % side
        for column in range(side * width):
            x, b = column // side, column % side
            first, second = 0, -1
            for k in range(1, count):
                if fields[k, row, column] > fields[first, row, column]:
                    first, second = k, first
                elif second < 0 or fields[k, row, column] > fields[second, row, column]:
                    second = k
            if second < 0:
                shares[0, y, x] += part
                for d in range(channels):
                    picture[y, x, d] += part * colors[0, y, x, d]
                continue
            across, down = 0.0, 0.0
            for i in range(4):
                for j in range(4):
                    value = numbers[first, y + i, x + j] - numbers[second, y + i, x + j]
                    across += taps[0, a, i] * taps[1, b, j] * value
                    down += taps[1, a, i] * taps[0, b, j] * value
            slope = min(max(np.sqrt(across * across + down * down), FLATTEST), STEEPEST)
            scale = 4 / (slope * softness)
            total = 0.0
            for k in range(count):
                share[k] = np.exp(scale * (fields[k, row, column] - fields[first, row, column]))
                total += share[k]
            color[:] = 0
            for k in range(count):
                share[k] /= total
                shares[k, y, x] += part * share[k]
                for d in range(channels):
                    color[d] += share[k] * colors[k, y, x, d]
            for d in range(channels):
                picture[y, x, d] += part * color[d]
            if active >= 1 or active <= 0 or share[first] > 1 - active:
                continue
            for k in range(count):
                if share[k] < active:
                    continue
                if found == len(places):
                    more = np.empty((2 * found, 3), np.int64)
                    more[:found] = places
                    places = more
                    more_by = np.empty((2 * found, channels))
                    more_by[:found] = by
                    by = more_by
                places[found, 0], places[found, 1], places[found, 2] = row, column, k
                for d in range(channels):
                    by[found, d] = part * scale * share[k] * (colors[k, y, x, d] - color[d])
                found += 1
    return picture, shares, fields, places[:found], by[:found]


@compiled
def _ahead(step, like, taps, places, by):
    """How pixels [H,W,D] answer to a step of the fields' numbers."""
    pixels = np.zeros_like(like)
    for e in range(len(places)):
        y, x, down, across = _at(places[e], taps)
        value = 0.0
        for i in range(4):
            for j in range(4):
                value += down[i] * across[j] * step[places[e, 2], y + i, x + j]
        for d in range(by.shape[1]):
            pixels[y, x, d] += value * by[e, d]
    return pixels


@compiled
def _back(pixels, like, taps, places, by):
    """The transpose of `_ahead`."""
    step = np.zeros_like(like)
    for e in range(len(places)):
        y, x, down, across = _at(places[e], taps)
        value = 0.0
        for d in range(by.shape[1]):
            value += pixels[y, x, d] * by[e, d]
        for i in range(4):
            for j in range(4):
                step[places[e, 2], y + i, x + j] += value * down[i] * across[j]
    return step


@compiled
def _at(place, taps):
    """The pixel of a sample, and the four B-splines there, down and across."""
    side = taps.shape[1]
    y, x = place[0] // side, place[1] // side
    return y, x, taps[0, place[0] % side], taps[0, place[1] % side]
