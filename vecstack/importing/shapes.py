"""SVG's basic shapes as outlines."""

from __future__ import annotations

from collections.abc import Callable

from vecstack.geometry import UNIT_CIRCLE
from vecstack.importing.outlines import Contour, Outline, Point, line_to, moved, polygon
from vecstack.importing.path_data import outline_of_data
from vecstack.importing.values import Fonts, Viewport, length, numbers, scale, shift

Get = Callable[[str], "str | None"]  # an attribute, or None


def outline_of_shape(tag: str, get: Get, viewport: Viewport) -> Outline:
    """The outline of a shape in its own units, from its attributes; empty where nothing is drawn."""
    if tag == "path":
        return outline_of_data(get("d") or "")
    if tag in ("polyline", "polygon"):
        return _through(numbers(get("points") or ""), closed=tag == "polygon")
    across = _lengths(get, viewport.width, viewport.font)
    down = _lengths(get, viewport.height, viewport.font)
    if tag == "line":
        return _through([across("x1", 0.0), down("y1", 0.0), across("x2", 0.0), down("y2", 0.0)], closed=False)
    if tag == "rect":
        return _rect(across, down)
    if tag == "circle":
        radius = _lengths(get, viewport.diagonal, viewport.font)("r", 0.0)
        return _ellipse(across("cx", 0.0), down("cy", 0.0), radius, radius)
    return _ellipse(across("cx", 0.0), down("cy", 0.0), *_radii(across, down))


SHAPES = {"path", "polyline", "polygon", "line", "rect", "circle", "ellipse"}
Lengths = Callable[[str, float], float]


def _lengths(get: Get, whole: float, font: Fonts) -> Lengths:
    """What gives an attribute as a length, percentages of `whole`, or something else where it is none."""

    def find(name: str, otherwise: float) -> float:
        value = length(get(name), whole, font)
        return otherwise if value is None else value

    return find


def _through(values: list[float], *, closed: bool) -> Outline:
    """Straight pieces through points; a single point is none."""
    places = list(zip(values[::2], values[1::2], strict=False))
    if len(places) < 2:
        return ()
    if closed:
        return polygon(places)
    points: list[Point] = [places[0]]
    for place in places[1:]:
        line_to(points, place)
    return (Contour(tuple(points), False),)


def _radii(across: Lengths, down: Lengths) -> tuple[float, float]:
    """The two radii of corners or of an ellipse: one that is not said is as the other; negative ones are not said."""
    rx, ry = across("rx", -1.0), down("ry", -1.0)
    rx = rx if rx >= 0 else max(ry, 0.0)
    return rx, ry if ry >= 0 else rx


def _rect(across: Lengths, down: Lengths) -> Outline:
    x, y, width, height = across("x", 0.0), down("y", 0.0), across("width", 0.0), down("height", 0.0)
    if width <= 0 or height <= 0:
        return ()
    rx, ry = _radii(across, down)
    rx, ry = min(rx, width / 2), min(ry, height / 2)
    if not rx or not ry:
        return polygon([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])
    points: list[Point] = []
    quarters = [UNIT_CIRCLE[start : start + 4] for start in (9, 0, 3, 6)]  # from the top to the right, and on
    centres = [(x + width - rx, y + ry), (x + width - rx, y + height - ry), (x + rx, y + height - ry), (x + rx, y + ry)]
    for (cx, cy), quarter in zip(centres, quarters, strict=True):
        corner = [(cx + rx * u, cy + ry * v) for u, v in quarter]
        if points:
            line_to(points, corner[0])
        points += corner[1:] if points else corner
    line_to(points, points[0])
    return (Contour(tuple(points), True),)


def _ellipse(cx: float, cy: float, rx: float, ry: float) -> Outline:
    if rx <= 0 or ry <= 0:
        return ()
    return moved((Contour(UNIT_CIRCLE, True),), shift(cx, cy).after(scale(rx, ry)))
