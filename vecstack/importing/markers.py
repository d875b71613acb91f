"""Markers: small drawings at the corners of paths and lines."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any

from vecstack.geometry import Affine
from vecstack.importing.context import Context
from vecstack.importing.items import Item, Place
from vecstack.importing.nodes import Sides, getter, tag_of, url_of
from vecstack.importing.outlines import Contour, Outline, Point, closed
from vecstack.importing.styles import Styles
from vecstack.importing.values import degrees, length, rotation, scale, shift
from vecstack.importing.viewports import fitted

PROPERTIES = ("marker-start", "marker-mid", "marker-end")
SIZE, AUTO = 3.0, ("auto", "auto-start-reverse")

Corner = tuple[Point, float]  # a knot, and the direction in which a marker there looks, in radians


class Markers:
    """Draws the markers of shapes. `framed` draws an element within a rectangle."""

    def __init__(
        self, styles: Styles, by_id: dict[str, Any], framed: Callable[[Any, Context, Sides], list[Item]]
    ) -> None:
        self._styles, self._by_id, self._framed = styles, by_id, framed

    def items(self, node: Any, outline: Outline, within: Context) -> list[Item]:
        """The markers of a shape with an outline, in its own units."""
        if all(within.style[name] == "none" for name in PROPERTIES):
            return []
        found = corners(outline)
        ends = {"marker-start": found[:1], "marker-mid": found[1:-1], "marker-end": found[-1:]}
        own = getter(node)("id")
        within = dataclasses.replace(within, place=Place(f"{own}-markers" if own else "", "", within.place))
        return [item for name in PROPERTIES for corner in ends[name] for item in self._marker(name, corner, within)]

    def _marker(self, name: str, corner: Corner, within: Context) -> list[Item]:
        own_id, _ = url_of(within.style[name])
        marker = self._by_id.get(own_id or "")
        if own_id is None or marker is None or tag_of(marker) != "marker" or own_id in within.using:
            return []
        place = self._placed(getter(marker), name == "marker-start", corner, within)
        if place is None:
            return []
        to_fine, sides = place
        inside = dataclasses.replace(within.taken_over(own_id), style=self._styles.inherited(marker), to_fine=to_fine)
        return self._framed(marker, inside, sides)

    def _placed(
        self, get: Callable[[str], str | None], at_start: bool, corner: Corner, within: Context
    ) -> tuple[Affine, Sides] | None:
        """The map from a marker's rectangle to the drawing, and the rectangle; None where it is empty."""
        viewport = within.viewport

        def find(name: str, whole: float, otherwise: float) -> float:
            value = length(get(name), whole, viewport.font)
            return otherwise if value is None else value

        size = 1.0
        if get("markerUnits") != "userSpaceOnUse":
            size = length(within.style["stroke-width"], viewport.diagonal, viewport.font) or 0.0
        width, height = find("markerWidth", viewport.width, SIZE), find("markerHeight", viewport.height, SIZE)
        if size <= 0 or width <= 0 or height <= 0:
            return None
        at, angle = corner
        orient = (get("orient") or "").strip()
        if orient not in AUTO:
            angle = math.radians(degrees(orient))
        elif at_start and orient != "auto":
            angle += math.pi
        x, y = fitted(get, width, height).apply(find("refX", viewport.width, 0.0), find("refY", viewport.height, 0.0))
        steps = (shift(*at), rotation(angle), scale(size, size), shift(-x, -y))
        place = within.to_fine
        for step in steps:
            place = place.after(step)
        return place, Sides(0.0, 0.0, width, height)


def corners(outline: Outline) -> list[Corner]:
    """The knots of all contours, and the directions between those in which the curve comes and goes on."""
    return [corner for contour in outline for corner in _corners(contour)]


def _corners(contour: Contour) -> Iterator[Corner]:
    whole = closed((contour,))[0] if contour.closed and len(contour.points) > 1 else contour
    pieces = list(whole.pieces)
    ways = [_ways(piece) for piece in pieces]
    before = [ways[-1][1] if contour.closed else None, *(way[1] for way in ways)]
    after = [*(way[0] for way in ways), ways[0][0] if contour.closed else None]
    knots = whole.points[::3]
    last = 0.0
    for knot, come, go in zip(knots, before, after, strict=True):
        last = _between(come, go, last)
        yield knot, last


def _ways(piece: Iterable[Point]) -> tuple[float | None, float | None]:
    """The directions in which a piece begins and ends; None where it has no length."""
    points = list(piece)
    steps = [(two[0] - one[0], two[1] - one[1]) for one, two in pairwise(points)]
    angles = [math.atan2(y, x) for x, y in steps if x or y]
    return (angles[0], angles[-1]) if angles else (None, None)


def _between(come: float | None, go: float | None, otherwise: float) -> float:
    """The direction in the middle of two, the short way around."""
    if come is None or go is None:
        return next((angle for angle in (come, go) if angle is not None), otherwise)
    return come + math.remainder(go - come, 2 * math.pi) / 2
