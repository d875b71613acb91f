"""The border of a picture: outlines along it run outside, so that no seam shows there at any size."""

from __future__ import annotations

import numpy as np

from vecstack.kinds.path.arrays import Paths

NEAR = 1.0  # px inside the border, where a knot is meant to be on it; of a narrow picture a quarter at most
BEYOND = 1.0  # px outside, where such a knot is put
MARGIN = 0.5  # px outside: what is farther out while paths are fitted stays


def reaching_out(paths: Paths, free: np.ndarray, width: int, height: int) -> Paths:
    """The paths, those that are `free` [L] for it with all their knots near the border of a picture outside of it, and
    with them the handles between two of those."""
    paths = paths.copy()
    path = np.repeat(np.arange(paths.count), np.diff(paths.cubic_start))
    cubics = paths.cubics[free[path]]
    knots = np.unique(cubics[:, [0, 3]])
    for axis, size in ((0, width), (1, height)):
        for edge, way in ((0, -1), (size, 1)):
            beyond = way * (paths.points[:, axis] - edge)  # px
            out = beyond >= BEYOND
            out[knots] |= beyond[knots] > -min(NEAR, size / 4)
            both = out[cubics[:, 0]] & out[cubics[:, 3]]
            out[cubics[both][:, 1:3]] = True
            moved = out & (beyond < BEYOND)
            paths.points[moved, axis] = edge + way * BEYOND
    return paths


def kept_outside(points: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """The least and the most that each number of points [M,2] may become while they are fitted: what is outside the
    picture stays there."""
    size = np.array([width, height])
    least = np.where(points > size + MARGIN, size + MARGIN, -np.inf)
    most = np.where(points < -MARGIN, -MARGIN, np.inf)
    return least, most
