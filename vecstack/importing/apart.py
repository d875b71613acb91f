"""Contours that need no working out, since they are convex and lie apart from all others, such as the dots of a
halftone."""

from __future__ import annotations

import math

import numpy as np

from vecstack.importing.outlines import Contour, Outline, area

CELLS, MOST_CELLS = 8, 2048  # of a grid's side, for each contour along one of a square of them; at most


def divided(outline: Outline) -> tuple[Outline, Outline]:
    """The closed contours that lie apart from all others and are convex, in the direction in which areas are positive;
    and the rest."""
    alone = [is_apart and _is_convex(contour) for is_apart, contour in zip(_are_apart(outline), outline, strict=True)]
    apart = tuple(forward((contour,))[0] for contour, is_alone in zip(outline, alone, strict=True) if is_alone)
    return apart, tuple(contour for contour, is_alone in zip(outline, alone, strict=True) if not is_alone)


def forward(outline: Outline) -> Outline:
    """The outline in the direction in which areas are positive."""
    if area(outline) >= 0:
        return outline
    return tuple(Contour(contour.points[::-1], contour.closed) for contour in outline)


def _are_apart(outline: Outline) -> list[bool]:
    """Which contours [C] are in cells of a grid alone that no other one comes into."""
    if len(outline) < 2:
        return [True] * len(outline)
    low, high = (np.array([end(contour.points, axis=0) for contour in outline]) for end in (np.min, np.max))
    side = min(MOST_CELLS, math.ceil(CELLS * math.sqrt(len(outline))))
    size = np.maximum(high.max(0) - low.min(0), 1e-9)
    (left, top), (right, bottom) = (
        ((own - low.min(0)) / size * side).astype(int).T for own in (low, high + size / side)
    )
    steps = np.zeros((side + 2, side + 2), np.int64)
    for x, y, step in ((left, top, 1), (right, top, -1), (left, bottom, -1), (right, bottom, 1)):
        np.add.at(steps, (x, y), step)
    sums = np.pad(steps.cumsum(0).cumsum(1).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    inside = sums[right, bottom] - sums[left, bottom] - sums[right, top] + sums[left, top]
    found: list[bool] = (inside == (right - left) * (bottom - top)).tolist()
    return found


def _is_convex(contour: Contour) -> bool:
    """Whether the polygon through all points turns one way, once around: then the curves do not cross."""
    points = [point for index, point in enumerate(contour.points) if not index or point != contour.points[index - 1]]
    turns, total = set(), 0.0
    for index, (bx, by) in enumerate(points):
        (ax, ay), (cx, cy) = points[index - 1], points[(index + 1) % len(points)]
        if (ax, ay) == (bx, by) or (bx, by) == (cx, cy):
            continue
        angle = math.atan2((bx - ax) * (cy - by) - (by - ay) * (cx - bx), (bx - ax) * (cx - bx) + (by - ay) * (cy - by))
        total += angle
        turns.add(angle > 0) if abs(angle) > 1e-9 else None
    return len(turns) <= 1 and abs(total) < 7
