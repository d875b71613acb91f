"""Contours fitted to how much of each pixel they cover, which is computed exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from vecstack.compiled import compiled
from vecstack.kinds.path import kernels
from vecstack.kinds.path.bitmap.shape import CURVE, Contour, basis_of, retracted

TOLERANCE = 0.004  # px that edges may be away from their curve
EVEN = 0.01  # weight of how far a cubic is from a parabola, against the squared errors of pixels
WHOLE = 0.8  # share of a pixel that is covered at least where one of 1 bit is inked
LIMIT = 0.5  # px that a number may move in a step
DAMPING = 1e-3
ENTRIES = 4096  # of pixels that cubics meet, at first
THIRD = (1 / 3, -1.0, 1.0, -1 / 3)  # of a cubic's points: 0 for a parabola


@dataclass(frozen=True)
class Aim:
    """Between what bounds [H,W] the covered share of each pixel is to be, and how much it counts [H,W]: as much as any
    other where nothing is said."""

    low: np.ndarray
    high: np.ndarray
    weight: np.ndarray | None = None

    @classmethod
    def of(cls, cover: np.ndarray) -> Aim:
        """That of a cover [H,W]; where it is of whole pixels, as in a picture of 1 bit, each is to be covered for
        the most part or hardly, which leaves room for what is smooth."""
        if not np.isin(cover, (0, 1)).all():
            return cls(cover, cover)
        is_inked = cover > 0.5
        return cls(np.where(is_inked, WHOLE, 0.0), np.where(is_inked, 1.0, 1 - WHOLE))

    @property
    def is_exact(self) -> bool:
        """Whether it is one value for each pixel."""
        return self.low is self.high

    def missed(self, cover: np.ndarray) -> np.ndarray:
        """By how much a cover is outside the bounds, as that counts."""
        away: np.ndarray = cover - np.clip(cover, self.low, self.high)
        return away if self.weight is None else away * self.weight


@dataclass(frozen=True)
class Fit:
    """Contours and the sum of squared errors of the pixels that they cover, and of what shapes are drawn to."""

    contours: tuple[Contour, ...]
    error: float
    total: float


def covered(contours: Sequence[np.ndarray], height: int, width: int) -> np.ndarray:
    """How much of each pixel closed contours [3n,2] cover: [H,W] in 0..1."""
    cover, _, _ = _traced(contours, height, width, 0)
    found: np.ndarray = np.abs(cover).clip(0, 1)
    return found


def _traced(
    contours: Sequence[np.ndarray], height: int, width: int, entries: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The signed cover [H,W] of contours and, for `entries` above 0, the entries of `kernels.trace`."""
    points, cubics = _joined(contours)
    window = np.array([0, 0, width, height])
    while True:
        areas = np.zeros((width + 1) * height, np.float32)
        spans = np.empty((height, 2), np.int64)
        spans[:] = width + 1, -1
        keys, weights = np.empty((entries, 2), np.int64), np.empty((entries, 8), np.float32)
        zero, end = np.array([0, len(cubics)])  # functions would be compiled once more for literals
        found = kernels.trace(
            points, cubics, zero, end, window, areas, zero, spans, zero, TOLERANCE, keys, weights, zero
        )
        if found >= 0:
            break
        entries *= 2
    cover = np.cumsum(areas.reshape(height, width + 1)[:, :width], 1, dtype=np.float64)
    return cover, keys[:found], weights[:found]


def _joined(contours: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The points [M,2] of contours [3n,2], one after another, and their cubics [Q,4] as indices of these."""
    cubics, start = [], 0
    for contour in contours:
        size = len(contour)
        cubics.append(start + (3 * np.arange(size // 3)[:, None] + np.arange(4)) % size)
        start += size
    return np.concatenate(contours), np.concatenate(cubics)


def fitted(contours: Sequence[Contour], aim: Aim, steps: int) -> Fit:
    """The closest of contours after each of some damped Gauss-Newton steps towards an aim."""
    now = tuple(map(retracted, contours))
    best: Fit | None = None
    damping = DAMPING
    for step in range(steps + 1):
        slopes, curvature, error, total = _slopes(now, aim)
        if best is None or total < best.total:
            best, kept = Fit(now, error, total), (slopes, curvature)
            damping = max(damping / 4, DAMPING)
        else:
            damping *= 10
        if step == steps:
            break
        now = _moved(best.contours, *kept, damping)
    assert best is not None
    return best


def _slopes(contours: Sequence[Contour], aim: Aim) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Half the slopes of the squared errors by all points [2M], their curvature [2M,2M], and the sums."""
    height, width = aim.low.shape
    outlines = [contour.points for contour in contours]
    signed, keys, weights = _traced(outlines, height, width, ENTRIES)
    missing = aim.missed(np.minimum(np.abs(signed), 1))
    points, cubics = _joined(outlines)
    counting = np.ones_like(signed) if aim.weight is None else aim.weight
    slopes, curvature = _answers(signed, missing, counting, keys, weights, cubics, len(points), aim.is_exact)
    curved = np.concatenate([np.array(contour.pieces) for contour in contours]) == CURVE
    bent = _even(points, cubics[curved], slopes, curvature)
    error = float(np.vdot(missing, missing))
    return slopes, curvature, error, error + bent


@compiled
def _answers(signed, missing, counting, keys, weights, cubics, count, every):
    """Half the slopes [2M] of the squared errors of pixels on an edge, and their curvature [2M,2M]: of `every` such
    pixel, or of those that are missed. Each answers to the few points near it."""
    height, width = signed.shape
    latest = np.full(height * width, -1)  # entry of each pixel, and the one before each entry
    before = np.full(len(keys), -1)
    for k in range(len(keys)):
        y, x = keys[k, 0] // (width + 1), keys[k, 0] % (width + 1)
        if x < width and abs(signed[y, x]) < 1.0001 and (every or missing[y, x] != 0):
            before[k] = latest[y * width + x]
            latest[y * width + x] = k
    slopes, curvature = np.zeros(2 * count), np.zeros((2 * count, 2 * count))
    own, is_met = np.zeros(2 * count), np.zeros(2 * count, np.bool_)
    met = np.empty(2 * count, np.int64)
    for y in range(height):
        for x in range(width):
            k = latest[y * width + x]
            sign = counting[y, x] if signed[y, x] >= 0 else -counting[y, x]
            found = 0
            while k >= 0:
                for corner in range(8):
                    at = 2 * cubics[keys[k, 1], corner // 2] + corner % 2
                    if not is_met[at]:
                        is_met[at] = True
                        met[found] = at
                        found += 1
                    own[at] += sign * weights[k, corner]
                k = before[k]
            for i in range(found):
                slopes[met[i]] += own[met[i]] * missing[y, x]
                for j in range(found):
                    curvature[met[i], met[j]] += own[met[i]] * own[met[j]]
            for i in range(found):
                own[met[i]], is_met[met[i]] = 0.0, False
    return slopes, curvature


@compiled
def _even(points, cubics, slopes, curvature):
    """Add what draws cubics to parabolas, which have no third difference; its sum."""
    total = 0.0
    for q in range(len(cubics)):
        for axis in range(2):
            third = 0.0
            for a in range(4):
                third += THIRD[a] * points[cubics[q, a], axis]
            total += EVEN * third * third
            for a in range(4):
                at = 2 * cubics[q, a] + axis
                slopes[at] += EVEN * third * THIRD[a]
                for b in range(4):
                    curvature[at, 2 * cubics[q, b] + axis] += EVEN * THIRD[a] * THIRD[b]
    return total


def _moved(
    contours: Sequence[Contour], slopes: np.ndarray, curvature: np.ndarray, damping: float
) -> tuple[Contour, ...]:
    """The contours after a step of their free numbers."""
    bases = [basis_of(contour) for contour in contours]
    rows = _parts([len(basis) for basis in bases])
    columns = _parts([basis.shape[1] for basis in bases])
    halfway = np.concatenate([curvature[:, own] @ basis for own, basis in zip(rows, bases, strict=True)], 1)
    form = np.concatenate([basis.T @ halfway[own] for own, basis in zip(rows, bases, strict=True)])
    downhill = -np.concatenate([basis.T @ slopes[own] for own, basis in zip(rows, bases, strict=True)])
    form[np.diag_indices(len(form))] += damping * (1 + np.diag(form))
    step = np.clip(np.linalg.solve(form, downhill), -LIMIT, LIMIT)
    return tuple(
        retracted(replace(contour, points=contour.points + (basis @ step[own]).reshape(-1, 2)))
        for contour, basis, own in zip(contours, bases, columns, strict=True)
    )


def _parts(sizes: Sequence[int]) -> list[slice]:
    """Where parts of such sizes lie, one after another."""
    ends = np.cumsum([0, *sizes]).tolist()
    return [slice(a, b) for a, b in pairwise(ends)]
