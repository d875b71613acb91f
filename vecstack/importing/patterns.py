"""Patterns: drawings in tiles that fill an area. Each part of the tile becomes one layer, with all its copies."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from vecstack.geometry import Affine, Rect
from vecstack.importing.areas import Areas
from vecstack.importing.context import Context
from vecstack.importing.items import Item, Place, clipped, faded
from vecstack.importing.nodes import Sides
from vecstack.importing.outlines import Outline, bounds, count, moved, polygon
from vecstack.importing.paints import GradientPaint, Pattern
from vecstack.importing.styles import Styles
from vecstack.importing.values import IDENTITY, Viewport, length, scale, shift, transform_about
from vecstack.importing.viewports import fitted, view_box

MAX_TILES = 2_500  # of an area
MAX_POINTS = 500_000  # of all copies of all tiles of a drawing: some seconds
TOGETHER = 1_500  # points of copies that are cut out together
ALL = 1 - 1e-6  # of a tile's side: what reaches from one end to the other


class Patterns:
    """Fills areas with patterns. `children` draws what is in an element."""

    def __init__(self, styles: Styles, areas: Areas, children: Callable[[Any, Context], list[Item]]) -> None:
        self._styles, self._areas, self._children = styles, areas, children
        self._points_left = MAX_POINTS

    def fill(self, whole: Item, pattern: Pattern, box: Rect, within: Context) -> list[Item]:
        """The parts of an item that is to be filled with a pattern. `box` is that of its shape in its own units, which
        the context maps to the drawing."""
        name = pattern.get("id") or ""
        sides = _tile(pattern, box, within.viewport)
        if name in within.using or sides.width <= 0 or sides.height <= 0:
            return []
        own = transform_about(pattern.get("patternTransform"), pattern.origin, within.viewport)
        turned = within.to_fine.after(own if own.has_inverse else IDENTITY).after(shift(sides.x, sides.y))
        inside = dataclasses.replace(
            within,
            style=self._styles.inherited(pattern.content),
            to_fine=turned.after(_content(pattern, sides, box)),
            place=Place(whole.id, whole.name, whole.place),
            using=(*within.using, name),
            displayed=whole.visible,
        )
        steps = _steps(whole.outline, turned, sides)
        if len(steps) > MAX_TILES:
            return self._left_out()
        drawn = self._children(pattern.content, inside)
        rectangle = polygon(Sides(0.0, 0.0, sides.width, sides.height).corners())
        tile = clipped(drawn, moved(rectangle, turned), self._areas)
        self._points_left -= len(steps) * sum(count(item.outline) for item in tile)
        if self._points_left < 0:
            return self._left_out()
        tiled = [part for item in tile for part in self._repeated(item, whole.outline, turned, sides, steps)]
        whole_shape = [dataclasses.replace(item, shape=whole.shape) for item in tiled]
        return faded(whole_shape, whole.opacity, self._areas)

    def _left_out(self) -> list[Item]:
        """What is drawn of a pattern that would take too long."""
        self._areas.left_out.add("patterns of very many tiles")
        return []

    def _repeated(
        self, item: Item, area: Outline, place: Affine, sides: Sides, steps: Sequence[tuple[float, float]]
    ) -> Iterator[Item]:
        """An item of the tile at all places of an area: as one, where its paint is the same at each."""
        moves = [shift(place.a * x + place.b * y, place.d * x + place.e * y) for x, y in steps]
        if isinstance(item.paint, GradientPaint):
            for move in moves:
                paint = dataclasses.replace(item.paint, place=move.after(item.paint.place))
                part = self._areas.common(moved(item.outline, move), area)
                if part:
                    yield dataclasses.replace(item, outline=part, paint=paint)
            return
        box = bounds(moved(item.outline, place.inverse()))
        touches = box.width >= ALL * sides.width or box.height >= ALL * sides.height
        parts = []
        for group in _in_groups(moves, TOGETHER // count(item.outline)):
            copies = [moved(item.outline, move) for move in group]
            joined = self._areas.together(copies) if touches else tuple(contour for copy in copies for contour in copy)
            parts.append(self._areas.common(joined, area))
        outline = tuple(contour for part in parts for contour in part)
        if outline:
            yield dataclasses.replace(item, outline=outline)


def _tile(pattern: Pattern, box: Rect, viewport: Viewport) -> Sides:
    """The rectangle of a tile in the pattern's space."""
    boxed = pattern.get("patternUnits") != "userSpaceOnUse"
    units = Viewport(1.0, 1.0) if boxed else viewport
    wholes = {"x": units.width, "y": units.height, "width": units.width, "height": units.height}
    found = {name: length(pattern.get(name), whole, viewport.font) or 0.0 for name, whole in wholes.items()}
    if boxed:
        found = {
            "x": box.x + found["x"] * box.width,
            "y": box.y + found["y"] * box.height,
            "width": found["width"] * box.width,
            "height": found["height"] * box.height,
        }
    return Sides(**found)


def _content(pattern: Pattern, sides: Sides, box: Rect) -> Affine:
    """The map from the units of what is in a tile to the tile's, whose corner is the origin."""
    if view_box(pattern.get) is None and pattern.get("patternContentUnits") == "objectBoundingBox":
        return scale(box.width, box.height)
    return fitted(pattern.get, sides.width, sides.height)


def _steps(area: Outline, place: Affine, sides: Sides) -> list[tuple[float, float]]:
    """How far the copies of a tile that meet an area are from the first, in the pattern's space; no more than one above
    MAX_TILES."""
    box = bounds(moved(area, place.inverse()))
    first, last = (
        (math.floor(x / sides.width), math.floor(y / sides.height))
        for x, y in ((box.x, box.y), (box.x + box.width, box.y + box.height))
    )
    if (last[0] - first[0] + 1) * (last[1] - first[1] + 1) > MAX_TILES:
        return [(0.0, 0.0)] * (MAX_TILES + 1)
    return [
        (column * sides.width, row * sides.height)
        for row in range(first[1], last[1] + 1)
        for column in range(first[0], last[0] + 1)
    ]


def _in_groups(moves: Sequence[Affine], size: int) -> Iterator[Sequence[Affine]]:
    size = max(size, 1)
    return (moves[start : start + size] for start in range(0, len(moves), size))
