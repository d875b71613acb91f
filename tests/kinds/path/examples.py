"""Layers of every case: upright with a hole, faded, half off the canvas, turned, hidden; of one colour and of many."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from vecstack.geometry import UNIT_CIRCLE, Affine
from vecstack.kinds.gradient import Gradient
from vecstack.kinds.path.layer import Contour, PathLayer
from vecstack.stack import Layer

SUNSET = Gradient(
    "linear", (-9.0, -8.0), (10.0, 6.0), ((0.0, 0.9, 0.2, 0.1), (0.4, 1.0, 0.8, 0.2), (1.0, 0.2, 0.1, 0.6))
)
GLOW = Gradient("radial", (-2.0, 1.0), (9.0, 4.0), ((0.1, 1.0, 1.0, 0.7), (0.9, 0.1, 0.3, 0.2)), (3.0, -4.0))


def examples() -> tuple[tuple[Layer, ...], Mapping[str, bytes]]:
    """The layers, for a canvas of 37 x 53, and their assets."""
    ring = blob(13.4, 17.2), reversed_contour(blob(6.1, 8.3))
    return (
        PathLayer(id="upright", transform=at(17, 28), contours=ring, color=(0.2, 0.4, 0.9)),
        PathLayer(id="faded", transform=at(22, 15), contours=(blob(11.7, 10.4),), gradient=SUNSET, opacity=0.6),
        PathLayer(id="overhanging", transform=at(3, 47), contours=(corner(11.0),), color=(0.1, 0.7, 0.3)),
        PathLayer(
            id="turned",
            transform=Affine(0.8, 0.5, 24.0, -0.6, 1.1, 30.0),
            contours=(blob(10.0, 9.0), corner(4.0)),
            gradient=GLOW,
        ),
        PathLayer(id="hidden", transform=at(18, 26), contours=(corner(15.0),), color=(1.0, 0.0, 0.0), visible=False),
    ), {}


def at(x: float, y: float) -> Affine:
    """The transform of a layer whose local frame is in canvas units about a point."""
    return Affine(1.0, 0.0, x, 0.0, 1.0, y)


def blob(width: float, height: float) -> Contour:
    """An ellipse of four pieces, to one decimal."""
    points = [(width * x, height * y) for x, y in UNIT_CIRCLE[:-1]]
    return tuple(round(value, 1) for point in points for value in point)


def corner(size: float) -> Contour:
    """A shape with straight sides and one curved one."""
    knots = [(-size, -size), (size, -size), (size, size)]
    straight = [line(start, end) for start, end in pairwise(knots)]
    curved = (*knots[2], 0.2 * size, 0.9 * size, -0.7 * size, 0.6 * size)
    return tuple(round(value, 4) for piece in (*straight, curved) for value in piece)


def line(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, ...]:
    """A straight piece: its first knot and its two handles."""
    (x0, y0), (x1, y1) = start, end
    return (x0, y0, (2 * x0 + x1) / 3, (2 * y0 + y1) / 3, (x0 + 2 * x1) / 3, (y0 + 2 * y1) / 3)


def reversed_contour(contour: Contour) -> Contour:
    """The same curve in the other direction."""
    points = list(zip(contour[::2], contour[1::2], strict=True))
    return tuple(value for point in (points[0], *reversed(points[1:])) for value in point)
