"""How often closed polygons go around points, and their areas."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

CHUNK = 1 << 20  # pairs at once: bounds memory


def windings(starts: np.ndarray, ends: np.ndarray, points: np.ndarray) -> np.ndarray:
    """How often the edges of closed polygons, from `starts` [N,2] to `ends` [N,2], go around points [P,2]: [P] whole
    numbers."""
    level = starts[:, 1] != ends[:, 1]
    (x0, y0), (x1, y1) = starts[level].T, ends[level].T
    slope, sign = (x1 - x0) / (y1 - y0), np.where(y1 > y0, 1, -1)
    order = np.argsort(points[:, 1], kind="stable")
    heights = points[order, 1]
    total = np.zeros(len(points))
    for edge, place in ranged(
        np.searchsorted(heights, np.minimum(y0, y1)), np.searchsorted(heights, np.maximum(y0, y1))
    ):
        x, y = points[order[place]].T
        crosses = x0[edge] + (y - y0[edge]) * slope[edge] > x
        total += np.bincount(order[place], sign[edge] * crosses, len(points))
    return total.astype(int)


def ranged(first: np.ndarray, last: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each of N rows with each number from its first [N] to its last [N], that one left out: rows [M] and numbers [M],
    some at a time."""
    until = np.cumsum(np.maximum(last - first, 0))
    count = int(until[-1]) if len(until) else 0
    for start in range(0, count, CHUNK):
        pair = np.arange(start, min(start + CHUNK, count))
        row = np.searchsorted(until, pair, side="right")
        yield row, last[row] - until[row] + pair


def area_of(points: np.ndarray) -> float:
    """The signed area of a polygon [N,2]."""
    x, y = points.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
