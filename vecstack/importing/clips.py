"""What clips, and masks that are no more than clips, leave of a drawing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from vecstack.errors import PictureError
from vecstack.geometry import Affine, Rect
from vecstack.importing.areas import Areas
from vecstack.importing.context import MAX_FINE, Context
from vecstack.importing.items import Item, clipped
from vecstack.importing.nodes import Sides, getter, href, tag_of, url_of
from vecstack.importing.outlines import Outline, bounds, is_finite, moved, polygon
from vecstack.importing.shapes import SHAPES, outline_of_shape
from vecstack.importing.styles import Styles
from vecstack.importing.values import Viewport, length, scale, shift

WHITE = (1.0, 1.0, 1.0)
REGION = {"x": "-10%", "y": "-10%", "width": "120%", "height": "120%"}  # of a mask that says none
SILENT = {"title", "desc", "metadata", "style", "defs"}


class Clips:
    """Finds what the clip-path and the mask of an element leave. `draw` follows an element that is in a mask."""

    def __init__(
        self, styles: Styles, by_id: dict[str, Any], areas: Areas, draw: Callable[[Any, Context], list[Item]]
    ) -> None:
        self._styles, self._by_id, self._areas, self._draw = styles, by_id, areas, draw

    def within(self, items: list[Item], around: Context) -> list[Item]:
        """What is left of the items of an element whose context is given."""
        for name, find in (("clip-path", self._clip), ("mask", self._mask)):
            if items and around.style[name] != "none":
                area = self._referred(around.style[name], name, around, items, find)
                items = items if area is None else clipped(items, area, self._areas)
        return items

    def _referred(
        self, text: str, name: str, around: Context, items: list[Item], find: Callable[..., Outline | None]
    ) -> Outline | None:
        """What a clip-path or a mask leaves, in fine units; None where it is not told, or leaves all."""
        own_id, _ = url_of(text)
        target = self._by_id.get(own_id or "")
        if own_id is None:
            self._areas.left_out.add(f"{name} that is no reference")
        if own_id is None or target is None or tag_of(target) != {"clip-path": "clipPath"}.get(name, name):
            return None
        if own_id in around.using:
            raise PictureError(f"the element {own_id:.40} uses itself; take out the circle.")
        return find(target, dataclasses.replace(around, using=(*around.using, own_id), place=None), items)

    def _clip(self, target: Any, around: Context, items: list[Item]) -> Outline | None:
        """What a clipPath leaves of items."""
        style = self._styles.inherited(target)
        inside = dataclasses.replace(around.inside(style), displayed=True)
        if getter(target)("clipPathUnits") == "objectBoundingBox":
            place = _boxed(items, around.to_fine, inside.to_fine)
            inside = dataclasses.replace(inside, to_fine=place)
        if not inside.to_fine.determinant:
            return ()
        areas = [area for child in target.iter_children() if (area := self._area(child, inside))]
        area = self._areas.together(areas)
        return self._clipped_area(area, style["clip-path"], around, items)

    def _clipped_area(self, area: Outline, text: str, around: Context, items: list[Item]) -> Outline:
        """What a clip-path leaves of an area that clips itself."""
        if not area or text == "none":
            return area
        own = self._referred(text, "clip-path", around, items, self._clip)
        return area if own is None else self._areas.common(area, own)

    def _area(self, node: Any, around: Context) -> Outline:
        """What a child of a clipPath leaves."""
        tag = tag_of(node)
        within = around.inside(self._styles.style(node, around.style))
        style = within.style
        if not within.to_fine.determinant or not within.displayed or style["visibility"] != "visible":
            return ()
        if tag == "use":
            area = self._used_area(node, within)
        elif tag in SHAPES:
            outline = moved(outline_of_shape(tag, getter(node), within.viewport), within.to_fine)
            fits = outline and is_finite(outline, MAX_FINE)
            area = self._areas.filled(outline, style["clip-rule"]) if fits else ()
        else:
            if tag not in SILENT:
                self._areas.left_out.add(f"<{tag}> in clips")
            return ()
        return self._clipped_area(area, style["clip-path"], within, [_item(area)])

    def _used_area(self, node: Any, within: Context) -> Outline:
        name = href(node)
        target = self._by_id.get(name or "")
        if target is None or tag_of(target) not in SHAPES:
            return ()
        sides = Sides.of(node, within.viewport)
        place = within.to_fine.after(shift(sides.x, sides.y))
        return self._area(target, dataclasses.replace(within, to_fine=place))

    def _mask(self, target: Any, around: Context, items: list[Item]) -> Outline | None:
        """What a mask leaves of items where it is a clip: opaque shapes, all white where light counts."""
        style, get = self._styles.inherited(target), getter(target)
        region, place = self._region(target, around, items), around.to_fine
        if get("maskContentUnits") == "objectBoundingBox":
            place = _boxed(items, around.to_fine, place)
        if not region or not place.determinant:
            return ()
        inside = dataclasses.replace(around, style=style, to_fine=place, displayed=True)
        drawn = [item for child in target.iter_children() for item in self._draw(child, inside) if item.visible]
        drawn = self.within(drawn, dataclasses.replace(inside, style={**style, "clip-path": "none"}))
        by_light = style["mask-type"] != "alpha"
        if any(not item.is_opaque or (by_light and item.paint != WHITE) for item in drawn):
            self._areas.left_out.add("masks that are no clips")
            return None
        area = self._areas.together([item.outline for item in drawn])
        return self._areas.common(area, region) if area else ()

    def _region(self, target: Any, around: Context, items: list[Item]) -> Outline:
        """The rectangle outside which a mask leaves nothing."""
        get, place, viewport = getter(target), around.to_fine, around.viewport
        if get("maskUnits") != "userSpaceOnUse":
            place, viewport = _boxed(items, around.to_fine, place), Viewport(1.0, 1.0)
        wholes = {"x": viewport.width, "y": viewport.height, "width": viewport.width, "height": viewport.height}
        found = {name: length(get(name) or REGION[name], whole, viewport.font) or 0.0 for name, whole in wholes.items()}
        sides = Sides(**found)
        if not place.determinant or sides.width <= 0 or sides.height <= 0:
            return ()
        return moved(polygon(sides.corners()), place)


def _boxed(items: list[Item], to_fine: Affine, place: Affine) -> Affine:
    """A map from the unit square instead of the box of items, in the units of the element that holds them; without an
    inverse where that box is empty."""
    box = _box(items, to_fine)
    return place.after(shift(box.x, box.y)).after(scale(box.width, box.height))


def _box(items: list[Item], to_fine: Affine) -> Rect:
    """What the shapes of items cover, strokes aside, in the units of the element that holds them."""
    back = to_fine.inverse()
    outline = tuple(contour for item in items for contour in moved(item.shape, back))
    return bounds(outline) if outline else Rect(0.0, 0.0, 0.0, 0.0)


def _item(area: Outline) -> Item:
    """An area as an item, for a clip that depends on its box."""
    return Item(area, WHITE, 1.0, "", "", None, True, area)
