"""The elements of a drawing, followed from its root: what each of them draws, as items."""

from __future__ import annotations

import dataclasses
from typing import Any

from vecstack.errors import PictureError
from vecstack.geometry import Rect
from vecstack.importing.areas import Areas
from vecstack.importing.clips import Clips
from vecstack.importing.context import Context
from vecstack.importing.items import Item, Place, clipped, faded
from vecstack.importing.markers import Markers
from vecstack.importing.masks import Masks
from vecstack.importing.nodes import Sides, getter, href, is_wanted, name_of, tag_of
from vecstack.importing.outlines import moved, polygon
from vecstack.importing.painted import Shapes
from vecstack.importing.paints import Paints
from vecstack.importing.patterns import Patterns
from vecstack.importing.shapes import SHAPES
from vecstack.importing.styles import Styles
from vecstack.importing.tree import MAX_LEVELS, SVG
from vecstack.importing.values import Viewport, share, shift
from vecstack.importing.viewports import fitted, view_box
from vecstack.importing.visits import Visits

CONTAINERS = {"g", "a", "svg", "symbol", "switch"}
DRAWN = {*SHAPES, *CONTAINERS, "use", "text", "image", "foreignObject"}
# What draws nothing by itself.
SILENT = {
    *("defs", "title", "desc", "metadata", "style", "linearGradient", "radialGradient", "stop", "clipPath", "mask"),
    *("pattern", "marker", "filter", "view", "symbol", "cursor", "font", "font-face", "color-profile"),
}
NAMES = {  # of what is left out
    "text": "text",
    "image": "images",
    "foreignObject": "foreign objects",
    "animate": "animation",
    "animateTransform": "animation",
    "animateMotion": "animation",
    "set": "animation",
    "animateColor": "animation",
}


class Elements:
    """Follows the elements of one drawing."""

    def __init__(self, styles: Styles, areas: Areas) -> None:
        self._styles, self._areas, self._left_out = styles, areas, areas.left_out
        self._by_id: dict[str, Any] = {}
        for node in styles.tree.iter_subtree():
            if name := getter(node)("id"):
                self._by_id.setdefault(name, node)
        self._visits = Visits(styles.tree.etree_element)
        self._masks = Masks(styles, Clips(styles, self._by_id, self._visits, areas), areas, self.items)
        markers = Markers(styles, self._by_id, self._used_frame)
        patterns = Patterns(styles, areas, self._children)
        self._shapes = Shapes(Paints(styles, self._by_id, areas.left_out), markers, patterns, areas)

    def items(self, node: Any, around: Context, *, used: bool = False) -> list[Item]:
        """What an element draws, lowest first. Raises PictureError where that is far too much."""
        tag = self._visits.tag(node)
        if not is_wanted(node):
            return []
        if tag in SILENT and not (tag == "symbol" and used):
            return []
        if tag not in SHAPES and tag not in CONTAINERS and tag != "use":
            self._leave_out(node, tag, around)
            return []
        within = around.inside(self._styles.style(node, around.style))
        if not within.to_fine.has_inverse:
            return []
        if tag in SHAPES:
            drawn = self._shapes.items(node, tag, within)
        elif tag == "use":
            drawn = self._use(node, within)
        else:
            drawn = self._container(node, tag, within)
        return self._as_one(drawn, within)

    def _leave_out(self, node: Any, tag: str, around: Context) -> None:
        """Tell of an element that is not drawn; not of text that would not be seen."""
        if tag == "text":
            within = around.inside(self._styles.style(node, around.style))
            if not within.displayed or not "".join(node.etree_element.itertext()).strip():
                return
        if node.etree_element.tag.startswith(SVG):
            self._left_out.add(NAMES.get(tag, f"<{tag}>"))

    def _as_one(self, items: list[Item], within: Context) -> list[Item]:
        """Items of an element clipped and faded together, as its own style says."""
        for name, what in (("filter", "filters"), ("mix-blend-mode", "blend modes")):
            if items and within.style[name] not in ("none", "normal"):
                self._left_out.add(what)
        items = self._masks.within(items, within)
        return faded(items, share(within.style["opacity"]), self._areas)

    # Containers

    def _container(self, node: Any, tag: str, within: Context) -> list[Item]:
        """What the children of an element draw."""
        if node.parent is None:
            return self._children(node, within)
        within = dataclasses.replace(within, place=self._place(node, within))
        return (
            self._framed(node, within, Sides.of(node, within.viewport))
            if tag == "svg"
            else self._children(node, within)
        )

    def _children(self, node: Any, within: Context) -> list[Item]:
        items: list[Item] = []
        is_switch = tag_of(node) == "switch"
        for child in node.iter_children():
            if is_switch and (tag_of(child) not in DRAWN or not is_wanted(child)):
                continue
            items += self.items(child, within)
            if is_switch and tag_of(child) not in SILENT:
                break
        return items

    def _framed(self, node: Any, within: Context, sides: Sides) -> list[Item]:
        """What the children of an element draw that has a rectangle of its own."""
        if sides.width <= 0 or sides.height <= 0:
            return []
        get = node.etree_element.get
        frame = within.to_fine.after(shift(sides.x, sides.y))
        place = frame.after(fitted(get, sides.width, sides.height))
        if not place.has_inverse:
            return []
        box = view_box(get) or Rect(0.0, 0.0, sides.width, sides.height)
        seen = Viewport(box.width, box.height, within.viewport.font)
        items = self._children(node, dataclasses.replace(within, to_fine=place, viewport=seen))
        if within.style["overflow"] in ("visible", "auto"):
            return items
        return clipped(items, moved(polygon(sides.corners()), within.to_fine), self._areas)

    # What is used

    def _use(self, node: Any, within: Context) -> list[Item]:
        """What an element draws by using another."""
        name = href(node)
        target = self._by_id.get(name) if name else None
        if name is None or target is None:
            return []
        if name in within.using:
            raise PictureError(f"the element {name:.40} uses itself; take out the circle.")
        if len(within.using) + len(target.ancestors) > MAX_LEVELS:
            raise PictureError(f"uses within one another on more than {MAX_LEVELS} levels; ungroup some.")
        sides = Sides.of(node, within.viewport)
        place = within.to_fine.after(shift(sides.x, sides.y))
        there = dataclasses.replace(within.taken_over(name), to_fine=place, place=self._place(node, within))
        if tag_of(target) not in ("svg", "symbol"):
            return self.items(target, there, used=True)
        inside = there.inside(self._styles.style(target, within.style))
        if not inside.to_fine.has_inverse:
            return []
        return self._used_frame(target, inside, self._used_sides(node, target, within))

    def _used_sides(self, node: Any, target: Any, within: Context) -> Sides:
        """The rectangle of a drawing or a symbol that an element uses, whose own size goes before."""
        get, outer, inner = getter(node), Sides.of(node, within.viewport), Sides.of(target, within.viewport)
        width = outer.width if get("width") else inner.width
        height = outer.height if get("height") else inner.height
        corner = (0.0, 0.0) if tag_of(target) == "symbol" else (inner.x, inner.y)
        return Sides(*corner, width, height)

    def _used_frame(self, node: Any, inside: Context, sides: Sides) -> list[Item]:
        """What a drawing, a symbol or a marker draws in a rectangle, where it is used."""
        self._visits.tag(node)
        return self._as_one(self._framed(node, inside, sides), inside)

    def _place(self, node: Any, within: Context) -> Place:
        return Place(node.etree_element.get("id") or "", name_of(node), within.place)
