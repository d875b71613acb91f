"""Whether points lie in outlines: how often contours go around them. It is what computed areas are checked by."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np

from vecstack.geometry import Rect
from vecstack.importing.outlines import Contour, Outline, area, bounds
from vecstack.winding import windings as edge_windings

STEPS = 8  # straight pieces for a curve
SIDE = 24  # rows and columns of points
TOGETHER = 64  # lines, next to one another, that are compared with all that are near


def grid(box: Rect) -> np.ndarray:
    """Points [P,2] spread over a rectangle, off its middle and its diagonals, where drawings are regular."""
    points: np.ndarray = _unit_grid() * (box.width, box.height) + (box.x, box.y)
    return points


@functools.cache
def _unit_grid() -> np.ndarray:
    """The same over the unit square."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    across = (columns + 0.5 + 0.31 * np.sin(7.0 * rows + columns)) / SIDE
    down = (rows + 0.5 + 0.31 * np.cos(5.0 * columns + 2.0 * rows)) / SIDE
    return np.stack([across, down], axis=-1).reshape(-1, 2)


def windings(outline: Outline, points: np.ndarray) -> np.ndarray:
    """How often closed contours go around points [P,2]: [P] whole numbers."""
    return edge_windings(*_edges(outline), points)


def _edges(outline: Outline) -> tuple[np.ndarray, np.ndarray]:
    """The straight pieces [N,2] that stand for the curves, by their ends."""
    pieces = np.array([piece for contour in outline for piece in contour.pieces], float).reshape(-1, 4, 2)
    knots = np.einsum("tk,nkc->ntc", _weights(), pieces)
    return knots[:, :-1].reshape(-1, 2), knots[:, 1:].reshape(-1, 2)


@functools.cache
def _weights() -> np.ndarray:
    """How much each of the four points of a curve counts at each of its steps: [STEPS+1,4]."""
    t = np.linspace(0, 1, STEPS + 1)[:, None]
    return np.concatenate([(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3], axis=1)


def inside(outline: Outline, points: np.ndarray, rule: str = "nonzero") -> np.ndarray:
    """Whether points [P,2] are covered by a rule ("nonzero" or "evenodd"): [P]."""
    found = windings(outline, points)
    covered: np.ndarray = found % 2 != 0 if rule == "evenodd" else found != 0
    return covered


def crossings(outlines: Sequence[Outline]) -> int:
    """About how often the pieces of outlines cross: how often the lines from their beginnings to their ends do."""
    lines = np.array([(piece[0], piece[3]) for outline in outlines for contour in outline for piece in contour.pieces])
    lines = lines.astype(float)[np.argsort(lines[:, :, 0].min(axis=1), kind="stable")]
    (starts, ends), left, right = lines.transpose(1, 0, 2), lines[:, :, 0].min(axis=1), lines[:, :, 0].max(axis=1)
    total = 0
    for at in range(0, len(lines), TOGETHER):
        own = slice(at, at + TOGETHER)
        near = (left <= right[own].max()) & (right >= left[at])
        start, end, first, last = starts[own, None], ends[own, None], starts[near], ends[near]
        apart = _side(start, end, first) * _side(start, end, last) < 0
        total += int(np.count_nonzero(apart & (_side(first, last, start) * _side(first, last, end) < 0)))
    return total // 2


def _side(start: np.ndarray, end: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Positive on one side of a line through two points, negative on the other."""
    along, off = end - start, points - start
    result: np.ndarray = along[..., 0] * off[..., 1] - along[..., 1] * off[..., 0]
    return result


def directed(outline: Outline) -> Outline:
    """Contours that do not cross, in the directions in which each cuts out of the one around it: what they cover by the
    rule "evenodd", they then cover by "nonzero"."""
    boxes = [bounds((contour,)) for contour in outline]
    result = []
    for index, contour in enumerate(outline):
        point = np.array([_middle(contour)])
        around = [
            other
            for at, (other, box) in enumerate(zip(outline, boxes, strict=True))
            if at != index and boxes[index].inside(box)
        ]
        depth = sum(bool(inside((other,), point)[0]) for other in around)
        forward = (area((contour,)) > 0) == (depth % 2 == 0)
        result.append(contour if forward else Contour(contour.points[::-1], contour.closed))
    return tuple(result)


def _middle(contour: Contour) -> tuple[float, float]:
    """A point on a contour that is no knot, which another may share."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = max(contour.pieces, key=lambda piece: math.dist(piece[0], piece[3]))
    return (ax + 3 * bx + 3 * cx + dx) / 8, (ay + 3 * by + 3 * cy + dy) / 8


def hull(outlines: Sequence[Outline]) -> Rect:
    """A rectangle that holds all points of outlines."""
    points = np.array([point for outline in outlines for contour in outline for point in contour.points])
    (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return Rect(left, top, right - left, bottom - top)
