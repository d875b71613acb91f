"""Loops over places along edges and the lines near them."""

from __future__ import annotations

import numpy as np

from vecstack.compiled import compiled


@compiled
def radii_of(points, inward, beside):
    """The radius [N] of the largest disc that touches each point [N,2] of an edge from its inner side [N,2] and holds
    no other point, of those that are farther from it than `beside`."""
    found = np.full(len(points), np.inf)
    for i in range(len(points)):
        for j in range(len(points)):
            dx, dy = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1]
            square = dx * dx + dy * dy
            across = dx * inward[i, 0] + dy * inward[i, 1]
            if square > beside * beside and across > 0:
                found[i] = min(found[i], square / (2 * across))
    return found


@compiled
def nearest_on(points, lines, starts):
    """How far points [N,2] are from the nearest of some open polylines, whose points [M,2] begin at `starts` [S+1], and
    where that is, [N]: the index of a point there and the share of the way to the next."""
    away, place = np.full(len(points), np.inf), np.zeros(len(points))
    for i in range(len(points)):
        for line in range(len(starts) - 1):
            for j in range(starts[line], starts[line + 1] - 1):
                ax, ay = lines[j, 0], lines[j, 1]
                dx, dy = lines[j + 1, 0] - ax, lines[j + 1, 1] - ay
                px, py = points[i, 0] - ax, points[i, 1] - ay
                long = dx * dx + dy * dy
                t = min(max((px * dx + py * dy) / long, 0.0), 1.0) if long > 0 else 0.0
                far = (px - t * dx) ** 2 + (py - t * dy) ** 2
                if far < away[i]:
                    away[i], place[i] = far, j + t
    return np.sqrt(away), place
