"""Outlines: contours of cubic Bezier pieces, as plain values."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from vecstack.geometry import Affine, Rect, cubic_range

Point = tuple[float, float]


@dataclass(frozen=True)
class Contour:
    """A knot, then two handles and a knot for each piece; a piece is a straight line where each handle lies on the knot
    beside it. A closed contour ends at its first knot, or is closed by a line."""

    points: tuple[Point, ...]
    closed: bool

    @property
    def pieces(self) -> Iterable[tuple[Point, Point, Point, Point]]:
        """The pieces, as four points each."""
        points = self.points
        return ((points[at], points[at + 1], points[at + 2], points[at + 3]) for at in range(0, len(points) - 1, 3))


Outline = tuple[Contour, ...]


def line_to(points: list[Point], end: Point) -> None:
    """Add a straight piece to the points of a contour."""
    points += [points[-1], end, end]


def closed(outline: Outline) -> Outline:
    """The outline with all contours closed, each ending at its first knot; those without a piece are gone."""
    result = []
    for contour in outline:
        points = list(contour.points)
        if points[-1] != points[0]:
            line_to(points, points[0])
        if len(points) > 3:
            result.append(Contour(tuple(points), True))
    return tuple(result)


def moved(outline: Outline, place: Affine) -> Outline:
    """The outline where a map takes it."""
    return tuple(Contour(tuple(place.apply(x, y) for x, y in contour.points), contour.closed) for contour in outline)


def is_finite(outline: Outline, limit: float) -> bool:
    """Whether all coordinates are numbers of a size up to `limit`."""
    return all(abs(value) <= limit for contour in outline for point in contour.points for value in point)


def polygon(points: Iterable[Point]) -> Outline:
    """A closed outline of straight pieces."""
    first, *rest = points
    result = [first]
    for point in (*rest, first):
        line_to(result, point)
    return (Contour(tuple(result), True),)


def bounds(outline: Outline) -> Rect:
    """The smallest rectangle that holds the curves, not their handles."""
    xs = [x for contour in outline for piece in contour.pieces for x in cubic_range(*(point[0] for point in piece))]
    ys = [y for contour in outline for piece in contour.pieces for y in cubic_range(*(point[1] for point in piece))]
    starts = [contour.points[0] for contour in outline]
    xs, ys = [*xs, *(x for x, _ in starts)], [*ys, *(y for _, y in starts)]
    return Rect(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def area(outline: Outline) -> float:
    """The signed area of closed contours, each part as often as they go around it: exact, by Green's theorem."""
    total = 0.0
    for contour in outline:
        for (ax, ay), (bx, by), (cx, cy), (dx, dy) in contour.pieces:
            total += 3 * ((dy - ay) * (bx + cx) - (dx - ax) * (by + cy) + by * (ax - cx) - bx * (ay - cy)) / 20
            total += 3 * (dy * (cx + ax / 3) - dx * (cy + ay / 3)) / 20
    return total


def length(outline: Outline) -> float:
    """The length of the polygons through all points: at least that of the curves."""
    return sum(math.dist(*pair) for contour in outline for pair in pairwise(contour.points))


def count(outline: Outline) -> int:
    """How many points there are."""
    return sum(len(contour.points) for contour in outline)
