"""What clips leave of a drawing."""

from __future__ import annotations

import dataclasses
from typing import Any

from vecstack.errors import PictureError
from vecstack.geometry import Affine, Rect
from vecstack.importing.areas import Areas
from vecstack.importing.context import MAX_FINE, Context
from vecstack.importing.items import Item, clipped
from vecstack.importing.nodes import Sides, getter, href, tag_of, url_of
from vecstack.importing.outlines import Outline, bounds, is_finite, moved
from vecstack.importing.shapes import SHAPES, outline_of_shape
from vecstack.importing.styles import Styles
from vecstack.importing.values import scale, shift
from vecstack.importing.visits import Visits

WHITE = (1.0, 1.0, 1.0)
TAGS = {"clip-path": "clipPath", "mask": "mask"}  # of what properties refer to


class Clips:
    """Finds what the clip-path of an element leaves."""

    def __init__(self, styles: Styles, by_id: dict[str, Any], visits: Visits, areas: Areas) -> None:
        self._styles, self._by_id, self._visits, self._areas = styles, by_id, visits, areas

    def within(self, items: list[Item], around: Context) -> list[Item]:
        """What is left of the items of an element whose context is given."""
        found = self.referred("clip-path", around.style["clip-path"], around) if items else None
        return items if found is None else clipped(items, self._clip(*found, items), self._areas)

    def referred(self, name: str, text: str, around: Context) -> tuple[Any, Context] | None:
        """The element that the text of a clip-path or a mask refers to, and the context in which that is followed; None
        where it refers to none."""
        if text == "none":
            return None
        own_id, _ = url_of(text)
        target = self._by_id.get(own_id or "")
        if own_id is None:
            self._areas.left_out.add(f"{name} that is no reference")
        if own_id is None or target is None or tag_of(target) != TAGS[name]:
            return None
        if own_id in around.using:
            raise PictureError(f"the element {own_id:.40} uses itself; take out the circle.")
        return target, dataclasses.replace(around, using=(*around.using, own_id), place=None)

    def _clip(self, target: Any, around: Context, items: list[Item]) -> Outline:
        """What a clipPath leaves of items."""
        style = self._styles.inherited(target)
        inside = dataclasses.replace(around.inside(style), displayed=True)
        if getter(target)("clipPathUnits") == "objectBoundingBox":
            place = boxed(items, around.to_fine, inside.to_fine)
            inside = dataclasses.replace(inside, to_fine=place)
        if not inside.to_fine.has_inverse:
            return ()
        areas = [area for child in target.iter_children() if (area := self._area(child, inside))]
        area = self._areas.together(areas)
        return self._clipped_area(area, style["clip-path"], around, items)

    def _clipped_area(self, area: Outline, text: str, around: Context, items: list[Item]) -> Outline:
        """What a clip-path leaves of an area that clips itself."""
        if not area or text == "none":
            return area
        found = self.referred("clip-path", text, around)
        return area if found is None else self._areas.common(area, self._clip(*found, items))

    def _area(self, node: Any, around: Context) -> Outline:
        """What a child of a clipPath leaves."""
        tag = self._visits.tag(node)
        within = around.inside(self._styles.style(node, around.style))
        style = within.style
        if not within.to_fine.has_inverse or not within.displayed or style["visibility"] != "visible":
            return ()
        if tag == "use":
            area = self._used_area(node, within)
        elif tag in SHAPES:
            outline = moved(outline_of_shape(tag, getter(node), within.viewport), within.to_fine)
            fits = outline and is_finite(outline, MAX_FINE)
            area = self._areas.filled(outline, style["clip-rule"]) if fits else ()
        else:
            if tag == "text":
                self._areas.left_out.add("text in clips")
            return ()  # nothing else may be there
        return self._clipped_area(area, style["clip-path"], within, [_item(area)])

    def _used_area(self, node: Any, within: Context) -> Outline:
        name = href(node)
        target = self._by_id.get(name or "")
        if target is None or tag_of(target) not in (*SHAPES, "text"):
            return ()
        sides = Sides.of(node, within.viewport)
        place = within.to_fine.after(shift(sides.x, sides.y))
        return self._area(target, dataclasses.replace(within, to_fine=place))


def boxed(items: list[Item], to_fine: Affine, place: Affine) -> Affine:
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
