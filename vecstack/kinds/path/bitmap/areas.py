"""Contours fitted to how much of each pixel they cover, which is computed exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from vecstack.kinds.path.bitmap.shape import Contour
from vecstack.kinds.path.bitmap.steps import cubics_of, descended, drawn

WHOLE = 0.8  # share of a pixel that is covered at least where one of 1 bit is inked


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
    cubics = cubics_of(_starts([len(points) // 3 for points in contours]))
    keys, weights = np.empty((0, 2), np.int64), np.empty((0, 8), np.float32)
    signed, _, _ = drawn(np.concatenate(contours), cubics, height, width, keys, weights)
    found: np.ndarray = np.abs(signed).clip(0, 1)
    return found


def _starts(counts: Sequence[int]) -> np.ndarray:
    """Where parts of so many pieces begin, one after another, and the end of the last."""
    return np.cumsum([0, *counts])


def fitted(contours: Sequence[Contour], aim: Aim, steps: int) -> Fit:
    """The closest of contours after each of some damped Gauss-Newton steps towards an aim."""
    pieces = np.concatenate([contour.pieces for contour in contours])
    knots = np.concatenate([contour.knots for contour in contours])
    starts = _starts([contour.count for contour in contours])
    low, high = np.ascontiguousarray(aim.low, np.float64), np.ascontiguousarray(aim.high, np.float64)
    weight = np.ones_like(low) if aim.weight is None else np.ascontiguousarray(aim.weight)
    points = np.concatenate([contour.points for contour in contours])
    points, error, total = descended(points, pieces, knots, starts, low, high, weight, aim.is_exact, steps)
    parts = zip(contours, pairwise((3 * starts).tolist()), strict=True)
    return Fit(tuple(replace(contour, points=points[a:b]) for contour, (a, b) in parts), error, total)
