"""Rectangles and affine maps in canvas units: x to the right, y down, one unit per pixel of the source."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Rect:
    """An axis-parallel rectangle: its corner with the smallest x and y, its width and its height."""

    x: float
    y: float
    width: float
    height: float

    def inside(self, other: Rect) -> bool:
        """Whether this rectangle lies completely in the other."""
        return (
            self.x >= other.x
            and self.y >= other.y
            and self.x + self.width <= other.x + other.width
            and self.y + self.height <= other.y + other.height
        )

    def meets(self, other: Rect) -> bool:
        """Whether the two rectangles have a point in common."""
        return (
            self.x <= other.x + other.width
            and other.x <= self.x + self.width
            and self.y <= other.y + other.height
            and other.y <= self.y + self.height
        )

    def overlap(self, other: Rect) -> Rect | None:
        """The intersection of the two rectangles; None where it has no area."""
        left, top = max(self.x, other.x), max(self.y, other.y)
        right = min(self.x + self.width, other.x + other.width)
        bottom = min(self.y + self.height, other.y + other.height)
        return Rect(left, top, right - left, bottom - top) if left < right and top < bottom else None

    def hull(self, other: Rect) -> Rect:
        """The smallest rectangle that holds both."""
        left, top = min(self.x, other.x), min(self.y, other.y)
        right = max(self.x + self.width, other.x + other.width)
        bottom = max(self.y + self.height, other.y + other.height)
        return Rect(left, top, right - left, bottom - top)


def place_words(x: float, y: float) -> str:
    """Where a point of the unit square (0..1 from the left, 0..1 from the top) is, in words: "upper right"."""
    across = "left" if x < 1 / 3 else "right" if x > 2 / 3 else ""
    down = "upper" if y < 1 / 3 else "lower" if y > 2 / 3 else ""
    if not across and not down:
        return "middle"
    if not across:
        return {"upper": "top", "lower": "bottom"}[down]
    return f"{down} {across}".strip()


_ARC = 4 / 3 * (math.sqrt(2) - 1)  # of a control point from the end of a quarter circle: off by 0.03 % of the radius
# The unit circle as four cubic Bezier pieces: a point, then two control points and a point for each.
UNIT_CIRCLE = (
    *((1.0, 0.0), (1.0, _ARC), (_ARC, 1.0), (0.0, 1.0)),
    *((-_ARC, 1.0), (-1.0, _ARC), (-1.0, 0.0)),
    *((-1.0, -_ARC), (-_ARC, -1.0), (0.0, -1.0)),
    *((_ARC, -1.0), (1.0, -_ARC), (1.0, 0.0)),
)


def cubic_range(a: float, b: float, c: float, d: float) -> list[float]:
    """One coordinate of a cubic Bezier piece where it is least and largest: at its end, and where it turns."""
    least, most = min(a, d), max(a, d)
    if least <= b <= most and least <= c <= most:
        return [d]
    turns = _roots(3 * (d - 3 * c + 3 * b - a), 6 * (c - 2 * b + a), 3 * (b - a))
    return [d, *((1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d for t in turns)]


def _roots(a: float, b: float, c: float) -> list[float]:
    """Where a t^2 + b t + c is 0 within 0..1."""
    if abs(a) < 1e-12 * (abs(b) + abs(c)):
        roots = [-c / b] if b else []
    else:
        inside = b * b - 4 * a * c
        roots = [(-b + sign * math.sqrt(inside)) / (2 * a) for sign in (-1, 1)] if inside >= 0 else []
    return [root for root in roots if 0 < root < 1]


MAX_DETERMINANT = 1e30  # of a map whose inverse floats can hold, and of the inverse


@dataclass(frozen=True)
class Affine:
    """The map x' = a x + b y + c, y' = d x + e y + f."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    @classmethod
    def of_rows(cls, rows: Sequence[Sequence[float]]) -> Affine:
        """The map of the matrix rows [[a, b, c], [d, e, f]]."""
        return cls(*rows[0], *rows[1])

    @classmethod
    def of_frame(cls, rect: Rect) -> Affine:
        """The map that takes a layer's local frame [-1,1]^2 onto `rect`."""
        half_width, half_height = rect.width / 2, rect.height / 2
        return cls(half_width, 0.0, rect.x + half_width, 0.0, half_height, rect.y + half_height)

    @classmethod
    def similarity(cls, x: float, y: float, scale: float, degrees: float = 0.0, *, mirrored: bool = False) -> Affine:
        """The map that takes the local frame's middle to x, y and makes it `scale` times as large, turned clockwise (as
        it is seen, y down) after it was, if so, `mirrored` left to right."""
        along, across = (scale * turn(math.radians(degrees)) for turn in (math.cos, math.sin))
        flip = -1.0 if mirrored else 1.0
        return cls(flip * along, -across, x, flip * across, along, y)

    def bounds_of_frame(self, reach: float = 1.0) -> Rect:
        """The smallest rectangle that holds what this map makes of the local frame [-1,1]^2, made larger by a factor
        about its middle."""
        half_width, half_height = reach * (abs(self.a) + abs(self.b)), reach * (abs(self.d) + abs(self.e))
        return Rect(self.c - half_width, self.f - half_height, 2 * half_width, 2 * half_height)

    def rows(self) -> list[list[float]]:
        """The matrix rows [[a, b, c], [d, e, f]]."""
        return [[self.a, self.b, self.c], [self.d, self.e, self.f]]

    def apply(self, x: float, y: float) -> tuple[float, float]:
        """The image of a point."""
        return self.a * x + self.b * y + self.c, self.d * x + self.e * y + self.f

    def after(self, first: Affine) -> Affine:
        """The map that does another one first, and then this one."""
        return Affine(
            self.a * first.a + self.b * first.d,
            self.a * first.b + self.b * first.e,
            self.a * first.c + self.b * first.f + self.c,
            self.d * first.a + self.e * first.d,
            self.d * first.b + self.e * first.e,
            self.d * first.c + self.e * first.f + self.f,
        )

    @property
    def determinant(self) -> float:
        """The signed area of the image of the unit square; 0 where the map has no inverse."""
        return self.a * self.e - self.b * self.d

    @property
    def has_inverse(self) -> bool:
        """Whether floats can hold the inverse map."""
        return 1 / MAX_DETERMINANT < abs(self.determinant) < MAX_DETERMINANT

    def inverse(self) -> Affine:
        """The inverse map. Raises ZeroDivisionError where there is none."""
        a, b, d, e = (value / self.determinant for value in (self.e, -self.b, -self.d, self.a))
        return Affine(a, b, -a * self.c - b * self.f, d, e, -d * self.c - e * self.f)
