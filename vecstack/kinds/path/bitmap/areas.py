"""Contours fitted to how much of each pixel they cover, which is computed exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vecstack.kinds.path import kernels
from vecstack.kinds.path.arrays import Paths
from vecstack.kinds.path.bitmap.shape import CURVE, Contour, basis_of, retracted

TOLERANCE = 0.004  # px that edges may be away from their curve
EVEN = 0.01  # weight of how far a cubic is from a parabola, against the squared errors of pixels
LIMIT = 0.5  # px that a number may move in a step
DAMPING = 1e-3
THIRD = np.array([1 / 3, -1.0, 1.0, -1 / 3])  # of a cubic's points: 0 for a parabola


@dataclass(frozen=True)
class Fit:
    """Contours and the sum of squared errors of the pixels that they cover, and of what shapes are drawn to."""

    contours: tuple[Contour, ...]
    error: float
    total: float


def covered(contours: Sequence[np.ndarray], height: int, width: int) -> np.ndarray:
    """How much of each pixel closed contours [3n,2] cover: [H,W] in 0..1."""
    cover, _, _ = _traced(contours, height, width, 0)
    return np.abs(cover).clip(0, 1)


def _traced(
    contours: Sequence[np.ndarray], height: int, width: int, entries: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The signed cover [H,W] of contours and, for `entries` above 0, the entries of `kernels.trace`."""
    paths = Paths.of_contours([contours], np.zeros((1, 3)), np.ones(1))
    window = np.array([0, 0, width, height])
    while True:
        areas = np.zeros((width + 1) * height, np.float32)
        spans = np.tile(np.array([width + 1, -1]), (height, 1))
        keys, weights = np.empty((entries, 2), np.int64), np.empty((entries, 8), np.float32)
        zero = paths.cubic_start[0]
        found = kernels.trace(
            paths.points, paths.cubics, zero, paths.cubic_start[1], window, areas, zero, spans, zero, TOLERANCE, keys,
            weights, zero,
        )  # fmt: skip
        if found >= 0:
            break
        entries *= 2
    cover = np.cumsum(areas.reshape(height, width + 1)[:, :width], 1, dtype=np.float64)
    return cover, keys[:found], weights[:found]


def fitted(contours: Sequence[Contour], cover: np.ndarray, steps: int) -> Fit:
    """The closest of contours after each of some damped Gauss-Newton steps towards a `cover` [H,W]."""
    now = tuple(map(retracted, contours))
    best: Fit | None = None
    damping = DAMPING
    for step in range(steps + 1):
        slopes, curvature, error, total = _slopes(now, cover)
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


def _slopes(contours: Sequence[Contour], cover: np.ndarray) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Half the slopes of the squared errors by all points [2M], their curvature [2M,2M], and the sums."""
    height, width = cover.shape
    signed, keys, weights = _traced([contour.points for contour in contours], height, width, 4096)
    sign = np.where(signed >= 0, 1.0, -1.0)
    missing = np.minimum(np.abs(signed), 1) - cover
    paths = Paths.of_contours([[contour.points for contour in contours]], np.zeros((1, 3)), np.ones(1))
    pixel, row = keys[:, 0] % (width + 1), keys[:, 0] // (width + 1)
    is_free = (np.abs(signed[row, pixel.clip(0, width - 1)]) < 1.0001) & (pixel < width)
    pixel, row, cubic, weights = pixel[is_free], row[is_free], keys[is_free, 1], weights[is_free].astype(np.float64)
    weights *= sign[row, pixel][:, None]
    _, place = np.unique(row * width + pixel, return_inverse=True)
    count = 2 * len(paths.points)
    columns = (2 * paths.cubics[cubic][:, :, None] + np.arange(2)).reshape(-1, 8)
    answers = np.zeros((int(place.max(initial=-1)) + 1, count))
    np.add.at(answers, (place[:, None], columns), weights)
    value = np.zeros(len(answers))
    value[place] = missing[row, pixel]
    slopes, curvature = answers.T @ value, answers.T @ answers
    error = float(np.square(missing).sum())
    return _evened(contours, paths, slopes, curvature, error)


def _evened(
    contours: Sequence[Contour], paths: Paths, slopes: np.ndarray, curvature: np.ndarray, error: float
) -> tuple[np.ndarray, np.ndarray, float, float]:
    """The same with what draws curves to parabolas."""
    pieces = np.concatenate([np.array(contour.pieces) for contour in contours]) == CURVE
    cubics = paths.cubics[pieces]
    third = np.einsum("k,qkd->qd", THIRD, paths.points[cubics])
    for axis in (0, 1):
        places = 2 * cubics + axis
        np.add.at(slopes, places, EVEN * third[:, axis, None] * THIRD)
        np.add.at(curvature, (places[:, :, None], places[:, None, :]), EVEN * np.outer(THIRD, THIRD))
    return slopes, curvature, error, error + EVEN * float(np.square(third).sum())


def _moved(
    contours: Sequence[Contour], slopes: np.ndarray, curvature: np.ndarray, damping: float
) -> tuple[Contour, ...]:
    """The contours after a step of their free numbers."""
    bases = [basis_of(contour) for contour in contours]
    starts = np.cumsum([0, *(basis.shape[0] for basis in bases)])
    widths = np.cumsum([0, *(basis.shape[1] for basis in bases)])
    whole = np.zeros((starts[-1], widths[-1]))
    for index, basis in enumerate(bases):
        whole[starts[index] : starts[index + 1], widths[index] : widths[index + 1]] = basis
    form = whole.T @ curvature @ whole
    form[np.diag_indices(len(form))] += damping * (1 + np.diag(form))
    move = whole @ np.clip(np.linalg.solve(form, -(whole.T @ slopes)), -LIMIT, LIMIT)
    return tuple(
        retracted(replace(contour, points=contour.points + move[starts[index] : starts[index + 1]].reshape(-1, 2)))
        for index, contour in enumerate(contours)
    )
