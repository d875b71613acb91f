"""The elements of a drawing, followed from its root: what each of them draws, as items."""

from __future__ import annotations

import dataclasses
from typing import Any

from vecstack.errors import PictureError
from vecstack.geometry import Rect
from vecstack.importing.areas import Areas
from vecstack.importing.clips import Clips
from vecstack.importing.context import MAX_FINE, Context
from vecstack.importing.items import Item, Place, clipped, faded
from vecstack.importing.nodes import Sides, getter, href, is_wanted, name_of, tag_of
from vecstack.importing.outlines import Outline, bounds, closed, count, is_finite, moved, polygon
from vecstack.importing.paints import Paints
from vecstack.importing.shapes import SHAPES, outline_of_shape
from vecstack.importing.strokes import stroke_of
from vecstack.importing.styles import Styles
from vecstack.importing.tree import MAX_LEVELS, SVG
from vecstack.importing.values import Viewport, share, shift
from vecstack.importing.viewports import fitted, view_box
from vecstack.stack import MAX_LAYERS

MAX_VISITS = 100_000  # of elements, each as often as it is used
MAX_POINTS = 100_000  # of a shape
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
        self._clips = Clips(styles, self._by_id, areas, self.items)
        self._paints = Paints(styles, self._by_id, areas.left_out)
        self._visits = self._drawn = 0

    def items(self, node: Any, around: Context, *, used: bool = False) -> list[Item]:
        """What an element draws, lowest first. Raises PictureError where that is far too much."""
        tag = self._visited(node)
        if not is_wanted(node):
            return []
        if tag in SILENT and not (tag == "symbol" and used):
            return []
        if tag not in SHAPES and tag not in CONTAINERS and tag != "use":
            if node.etree_element.tag.startswith(SVG):
                self._left_out.add(NAMES.get(tag, f"<{tag}>"))
            return []
        style = self._styles.style(node, around.style)
        within = around.inside(style)
        if not within.to_fine.determinant:
            return []
        if tag in SHAPES:
            drawn = self._shape(node, tag, within)
        elif tag == "use":
            drawn = self._use(node, within)
        else:
            drawn = self._container(node, tag, within)
        return self._as_one(drawn, within)

    def _visited(self, node: Any) -> str:
        """The tag of an element that is visited. Raises PictureError where the visits get too many."""
        self._visits += 1
        if self._visits > MAX_VISITS:
            raise PictureError(f"draws more than {MAX_VISITS:,} elements, by using some again and again.")
        return tag_of(node)

    def _as_one(self, items: list[Item], within: Context) -> list[Item]:
        """Items of an element clipped and faded together, as its own style says."""
        for name, what in (("filter", "filters"), ("mix-blend-mode", "blend modes")):
            if items and within.style[name] not in ("none", "normal"):
                self._left_out.add(what)
        items = self._clips.within(items, within)
        return faded(items, share(within.style["opacity"]), self._areas)

    # Containers

    def _container(self, node: Any, tag: str, within: Context) -> list[Item]:
        """What the children of an element draw."""
        if node.parent is None:
            return self._children(node, tag, within)
        within = dataclasses.replace(within, place=self._place(node, within))
        if tag == "svg":
            return self._framed(node, within, Sides.of(node, within.viewport))
        return self._children(node, tag, within)

    def _children(self, node: Any, tag: str, within: Context) -> list[Item]:
        items: list[Item] = []
        for child in node.iter_children():
            if tag == "switch" and (tag_of(child) not in DRAWN or not is_wanted(child)):
                continue
            items += self.items(child, within)
            if tag == "switch" and tag_of(child) not in SILENT:
                break
        return items

    def _framed(self, node: Any, within: Context, sides: Sides) -> list[Item]:
        """What the children of an element draw that has a rectangle of its own."""
        if sides.width <= 0 or sides.height <= 0:
            return []
        get = node.etree_element.get
        frame = within.to_fine.after(shift(sides.x, sides.y))
        place = frame.after(fitted(get, sides.width, sides.height))
        if not place.determinant:
            return []
        box = view_box(get) or Rect(0.0, 0.0, sides.width, sides.height)
        seen = Viewport(box.width, box.height, within.viewport.font)
        items = self._children(node, "svg", dataclasses.replace(within, to_fine=place, viewport=seen))
        if within.style["overflow"] in ("visible", "auto"):
            return items
        return clipped(items, moved(polygon(sides.corners()), within.to_fine), self._areas)

    def _use(self, node: Any, within: Context) -> list[Item]:
        """What an element draws by using another."""
        get = getter(node)
        name = href(node)
        target = self._by_id.get(name) if name else None
        if name is None or target is None:
            return []
        if name in within.using:
            raise PictureError(f"the element {name:.40} uses itself; take out the circle.")
        if len(within.using) + len(target.ancestors) > MAX_LEVELS:
            raise PictureError(f"uses within one another on more than {MAX_LEVELS} levels; ungroup some.")
        sides = Sides.of(node, within.viewport)
        within = dataclasses.replace(within, using=(*within.using, name), place=self._place(node, within))
        tag = tag_of(target)
        if tag not in ("svg", "symbol"):
            moved_there = dataclasses.replace(within, to_fine=within.to_fine.after(shift(sides.x, sides.y)))
            return self.items(target, moved_there, used=True)
        self._visited(target)
        style = self._styles.style(target, within.style)
        there = dataclasses.replace(within, to_fine=within.to_fine.after(shift(sides.x, sides.y)))
        inside = there.inside(style)
        if not inside.to_fine.determinant:
            return []
        inner = Sides.of(target, within.viewport)
        size = dataclasses.replace(
            inner,
            x=0.0 if tag == "symbol" else inner.x,
            y=0.0 if tag == "symbol" else inner.y,
            width=sides.width if get("width") else inner.width,
            height=sides.height if get("height") else inner.height,
        )
        return self._as_one(self._framed(target, inside, size), inside)

    def _place(self, node: Any, within: Context) -> Place:
        return Place(node.etree_element.get("id") or "", name_of(node), within.place)

    # Shapes

    def _shape(self, node: Any, tag: str, within: Context) -> list[Item]:
        """The fill and the stroke of a shape."""
        outline = outline_of_shape(tag, getter(node), within.viewport)
        if not outline:
            return []
        if count(outline) > MAX_POINTS:
            self._left_out.add(f"shapes of more than {MAX_POINTS:,} points")
            return []
        if not is_finite(moved(outline, within.to_fine), MAX_FINE):
            self._left_out.add("shapes far outside the canvas")
            return []
        style = within.style
        if any(style[name] != "none" for name in ("marker-start", "marker-mid", "marker-end")):
            self._left_out.add("markers")
        parts = {"fill": self._fill, "stroke": self._stroke}
        if style["paint-order"].split()[:1] == ["stroke"]:
            parts = dict(reversed(parts.items()))
        items = [item for part in parts.values() if (item := part(node, outline, within)) is not None]
        self._drawn += len(items)
        if self._drawn > MAX_LAYERS:
            raise PictureError(f"draws more than {MAX_LAYERS:,} shapes, which are too many layers.")
        return items

    def _fill(self, node: Any, outline: Outline, within: Context) -> Item | None:
        style = within.style
        found = self._paint("fill", outline, within)
        if found is None or not closed(outline):
            return None
        area = self._areas.filled(moved(outline, within.to_fine), style["fill-rule"])
        return self._item(node, outline, area, found, within)

    def _stroke(self, node: Any, outline: Outline, within: Context) -> Item | None:
        stroke = stroke_of(within.style, within.viewport)
        found = None if stroke is None else self._paint("stroke", outline, within)
        if stroke is None or found is None:
            return None
        if within.style["vector-effect"] == "non-scaling-stroke":
            self._left_out.add("strokes that do not scale")
        area = self._areas.stroked(outline, stroke, within.to_fine)
        item = self._item(node, outline, area, found, within)
        if item is None:
            return None
        name = f"{item.name} (stroke)" if item.name else ""
        return dataclasses.replace(item, id=item.id and f"{item.id}-stroke", name=name)

    def _paint(self, name: str, outline: Outline, within: Context) -> Any:
        """The paint of a fill or a stroke with its alpha; None where nothing is seen."""
        style = within.style
        found = self._paints.paint(style[name], style, bounds(outline), within.viewport, within.to_fine)
        if found is None:
            return None
        alpha = found[1] * share(style[f"{name}-opacity"])
        return (found[0], alpha) if alpha > 0 else None

    def _item(self, node: Any, outline: Outline, area: Outline, found: Any, within: Context) -> Item | None:
        if not area:
            return None
        visible = within.displayed and within.style["visibility"] == "visible"
        own, shape = node.etree_element.get("id") or "", moved(outline, within.to_fine) if within.displayed else ()
        return Item(area, found[0], found[1], own, name_of(node), within.place, visible, shape)
