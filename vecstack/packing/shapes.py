"""Shapes by name, as closed curves that fill the local frame, y down."""

from __future__ import annotations

import math
from collections.abc import Sequence

from vecstack.errors import UsageError
from vecstack.geometry import UNIT_CIRCLE
from vecstack.kinds.base import Curve
from vecstack.text_file import nearest

Point = tuple[float, float]
CORNER = 0.5  # radius of the corners of a rounded square
INNER = 0.48  # radius of a star's inner corners; .38 has straight sides, from tip to tip
FLAT = 2 / 3  # height of a rectangle over its width
_ROUND = UNIT_CIRCLE[1][1]  # of a control point from the end of a quarter circle of radius 1
_HEART = (
    *((0.0, 0.94), (-0.34, 0.62), (-1.0, 0.22), (-1.0, -0.38)),
    *((-1.0, -0.72), (-0.76, -0.94), (-0.47, -0.94)),
    *((-0.26, -0.94), (-0.09, -0.82), (0.0, -0.62)),
    *((0.09, -0.82), (0.26, -0.94), (0.47, -0.94)),
    *((0.76, -0.94), (1.0, -0.72), (1.0, -0.38)),
    *((1.0, 0.22), (0.34, 0.62), (0.0, 0.94)),
)


def shape_called(name: str, also: Sequence[str] = ()) -> Curve:
    """The curve of a shape by its name. Raises UsageError, which tells the names there are, and what else may be
    written."""
    if name not in SHAPES:
        near = nearest(name, SHAPES)
        names = f"use {', '.join((*SHAPES, *also))}."
        raise UsageError(f"there is no file and no shape {name!r:.80}; {near if near.startswith('did') else names}")
    return SHAPES[name]


def _polygon(points: Sequence[Point]) -> Curve:
    """A closed curve of straight pieces."""
    curve = [points[0]]
    for (x, y), (ahead, below) in zip(points, (*points[1:], points[0]), strict=True):
        curve += [(x + (ahead - x) * share, y + (below - y) * share) for share in (1 / 3, 2 / 3)]
        curve.append((ahead, below))
    return tuple(curve)


def _regular(*radii: float, corners: int) -> Curve:
    """A polygon around the middle, from the top on, whose corners are at these radii in turn."""
    turns = [2 * math.pi * corner / corners for corner in range(corners)]
    return _polygon(
        [
            (radii[at % len(radii)] * math.sin(turn), -radii[at % len(radii)] * math.cos(turn))
            for at, turn in enumerate(turns)
        ]
    )


def _rounded(radius: float) -> Curve:
    """The square with round corners."""
    inner, handle = 1 - radius, radius * _ROUND
    curve: list[Point] = [(inner, -1.0)]
    for x, y in ((1, -1), (1, 1), (-1, 1), (-1, -1)):  # clockwise on the screen, from the corner at the upper right
        corner = [(inner, -1.0), (inner + handle, -1.0), (1.0, -inner - handle), (1.0, -inner)]
        if x * y > 0:
            corner.reverse()
        points = [(abs(across) * x, abs(down) * y) for across, down in corner]
        start = curve[-1]
        curve += [start, points[0], points[0]] if points[0] != start else []
        curve += points[1:]
    return (*curve, curve[-1], curve[0], curve[0])


SHAPES: dict[str, Curve] = {
    "circle": tuple(UNIT_CIRCLE),
    "square": _polygon([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]),
    "rectangle": _polygon([(-1.0, -FLAT), (1.0, -FLAT), (1.0, FLAT), (-1.0, FLAT)]),
    "rounded": _rounded(CORNER),
    "triangle": _regular(1.0, corners=3),
    "star": _regular(1.0, INNER, corners=10),
    "hexagon": _regular(1.0, corners=6),
    "heart": _HEART,
}
