"""How often closed polygons go around points."""

from __future__ import annotations

import numpy as np

CHUNK = 1 << 20  # points times edges at once: bounds memory


def windings(starts: np.ndarray, ends: np.ndarray, points: np.ndarray) -> np.ndarray:
    """How often the edges of closed polygons, from `starts` [N,2] to `ends` [N,2], go around points [P,2]: [P] whole
    numbers."""
    level = starts[:, 1] != ends[:, 1]
    (x0, y0), (x1, y1) = starts[level].T, ends[level].T
    slope, sign = (x1 - x0) / (y1 - y0), np.where(y1 > y0, 1, -1)
    total = np.zeros(len(points), int)
    step = max(1, CHUNK // max(1, len(y0)))
    for start in range(0, len(points), step):
        x, y = points[start : start + step].T[:, :, None]
        crosses = ((y0 <= y) != (y1 <= y)) & (x0 + (y - y0) * slope > x)
        total[start : start + step] = crosses @ sign
    return total
