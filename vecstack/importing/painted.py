"""What shapes draw: their fills, strokes and markers, as items."""

from __future__ import annotations

from typing import Any

from vecstack.errors import PictureError
from vecstack.importing.areas import Areas
from vecstack.importing.context import CONTEXT, MAX_FINE, Context
from vecstack.importing.items import Item
from vecstack.importing.markers import Markers
from vecstack.importing.nodes import getter, name_of
from vecstack.importing.outlines import Outline, bounds, closed, count, is_finite, moved
from vecstack.importing.paints import Paint, Paints, Pattern
from vecstack.importing.patterns import Patterns
from vecstack.importing.shapes import outline_of_shape
from vecstack.importing.strokes import stroke_of
from vecstack.importing.values import share
from vecstack.stack import MAX_LAYERS

MAX_POINTS = 100_000  # of a shape
PARTS = ("fill", "stroke", "markers")  # in the order in which they are drawn where nothing is said


class Shapes:
    """Draws the shapes of one drawing."""

    def __init__(self, paints: Paints, markers: Markers, patterns: Patterns, areas: Areas) -> None:
        self._paints, self._markers, self._patterns, self._areas = paints, markers, patterns, areas
        self._drawn = 0

    def items(self, node: Any, tag: str, within: Context) -> list[Item]:
        """The fill, the stroke and the markers of a shape. Raises PictureError where there are too many of them."""
        outline = outline_of_shape(tag, getter(node), within.viewport)
        if not outline:
            return []
        if count(outline) > MAX_POINTS:
            self._areas.left_out.add(f"shapes of more than {MAX_POINTS:,} points")
            return []
        if not is_finite(moved(outline, within.to_fine), MAX_FINE):
            self._areas.left_out.add("shapes far outside the canvas")
            return []
        items = []
        for part in _order(within.style["paint-order"]):
            if part == "markers":
                items += self._markers.items(node, outline, within)
                continue
            found = (self._fill if part == "fill" else self._stroke)(node, outline, within)
            items += found
            self._drawn += len(found)
        if self._drawn > MAX_LAYERS:
            raise PictureError(f"draws more than {MAX_LAYERS:,} shapes, which are too many layers.")
        return items

    def _fill(self, node: Any, outline: Outline, within: Context) -> list[Item]:
        found = self._paint("fill", outline, within)
        if found is None or not closed(outline):
            return []
        area = self._areas.filled(moved(outline, within.to_fine), within.style["fill-rule"])
        own = getter(node)("id") or ""
        return self._painted(area, found, own, name_of(node), outline, within)

    def _stroke(self, node: Any, outline: Outline, within: Context) -> list[Item]:
        stroke = stroke_of(within.style, within.viewport)
        found = None if stroke is None else self._paint("stroke", outline, within)
        if stroke is None or found is None:
            return []
        if within.style["vector-effect"] == "non-scaling-stroke":
            self._areas.left_out.add("strokes that do not scale")
        area = self._areas.stroked(outline, stroke, within.to_fine)
        own, name = getter(node)("id"), name_of(node)
        return self._painted(
            area, found, f"{own}-stroke" if own else "", f"{name} (stroke)" if name else "", outline, within
        )

    def _paint(self, name: str, outline: Outline, within: Context) -> tuple[Paint | Pattern, float] | None:
        """The paint of a fill or a stroke with its alpha; None where nothing is seen."""
        style, text = within.style, within.paint_text(name)
        if style[name] in CONTEXT and text.startswith("url("):
            self._areas.left_out.add("places of gradients and patterns in context-fill and context-stroke")
        found = self._paints.paint(text, style, bounds(outline), within.viewport, within.to_fine)
        if found is None:
            return None
        alpha = found[1] * share(style[f"{name}-opacity"])
        return (found[0], alpha) if alpha > 0 else None

    def _painted(
        self,
        area: Outline,
        found: tuple[Paint | Pattern, float],
        own: str,
        name: str,
        outline: Outline,
        within: Context,
    ) -> list[Item]:
        """An area in its paint, where the outline was filled or stroked: one item, or those of a pattern."""
        if not area:
            return []
        paint, alpha = found
        visible = within.displayed and within.style["visibility"] == "visible"
        shape = moved(outline, within.to_fine) if within.displayed else ()
        color = (0.0, 0.0, 0.0) if isinstance(paint, Pattern) else paint
        item = Item(area, color, alpha, own, name, within.place, visible, shape)
        if not isinstance(paint, Pattern):
            return [item]
        return self._patterns.fill(item, paint, bounds(outline), within)


def _order(text: str) -> list[str]:
    """The order in which the parts of a shape are drawn: what is not said comes last."""
    words = text.split()
    if len(set(words)) < len(words) or not set(words) <= set(PARTS):
        return list(PARTS)
    return [*words, *(part for part in PARTS if part not in words)]
