"""The elements of a drawing, followed from its root: what each of them draws, as items."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vecstack.errors import PictureError
from vecstack.geometry import Affine, Rect
from vecstack.importing.areas import Stroke, common, filled, stroked, together
from vecstack.importing.context import Context
from vecstack.importing.items import Item, Place, clipped, faded
from vecstack.importing.left_out import LeftOut
from vecstack.importing.outlines import Outline, bounds, closed, is_finite, moved, polygon
from vecstack.importing.paints import Paints, href, reference
from vecstack.importing.shapes import SHAPES, outline_of_shape
from vecstack.importing.styles import Styles
from vecstack.importing.tree import MAX_LEVELS, SVG
from vecstack.importing.values import Viewport, length, scale, share, shift
from vecstack.importing.viewports import fitted, view_box
from vecstack.stack import MAX_LAYERS

INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"
MAX_VISITS = 100_000  # of elements, each as often as it is used
MAX_FINE = 1e6  # coordinates, in fine units: a thousand times the canvas
CONTAINERS = {"g", "a", "svg", "symbol", "switch"}
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

    def __init__(self, styles: Styles, left_out: LeftOut) -> None:
        self._styles, self._left_out = styles, left_out
        self._by_id: dict[str, Any] = {}
        for node in styles.tree.iter_subtree():
            self._by_id.setdefault(node.etree_element.get("id") or "", node)
        self._paints = Paints(styles, self._by_id, left_out)
        self._visits = self._drawn = 0

    def items(self, node: Any, around: Context, *, used: bool = False) -> list[Item]:
        """What an element draws, lowest first. Raises PictureError where that is far too much."""
        tag = self._visited(node, around)
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
        return self._as_one(drawn, node, within)

    def _visited(self, node: Any, around: Context) -> str:
        """The tag of an element that is visited. Raises PictureError where the visits get too many."""
        self._visits += 1
        if self._visits > MAX_VISITS:
            raise PictureError(f"draws more than {MAX_VISITS:,} elements, by using some again and again.")
        tag = node.etree_element.tag
        return tag.removeprefix(SVG) if isinstance(tag, str) else ""

    def _as_one(self, items: list[Item], node: Any, within: Context) -> list[Item]:
        """Items of an element clipped and faded together, as its own style says."""
        style = within.style
        for name, what in (("filter", "filters"), ("mix-blend-mode", "blend modes")):
            if items and style[name] not in ("none", "normal"):
                self._left_out.add(what)
        for name, of_children in (("clip-path", self._clip), ("mask", self._mask)):
            if items and style[name] != "none":
                clip = self._referred(style[name], name, items, within, of_children)
                items = items if clip is None else clipped(items, clip, self._left_out)
        return faded(items, share(style["opacity"]), self._left_out)

    # Containers

    def _container(self, node: Any, tag: str, within: Context) -> list[Item]:
        """What the children of an element draw."""
        if node.parent is None:
            return self._children(node, tag, within)
        within = dataclasses.replace(within, place=self._place(node, within))
        if tag == "svg":
            return self._framed(node, within, _Sides.of(node, within.viewport))
        return self._children(node, tag, within)

    def _children(self, node: Any, tag: str, within: Context) -> list[Item]:
        items: list[Item] = []
        for child in node.iter_children():
            if tag == "switch" and not _is_wanted(child):
                continue
            items += self.items(child, within)
            if tag == "switch" and child.etree_element.tag.removeprefix(SVG) not in SILENT:
                break
        return items

    def _framed(self, node: Any, within: Context, sides: _Sides) -> list[Item]:
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
        corners = [(0.0, 0.0), (sides.width, 0.0), (sides.width, sides.height), (0.0, sides.height)]
        return clipped(items, moved(polygon(corners), frame), self._left_out)

    def _use(self, node: Any, within: Context) -> list[Item]:
        """What an element draws by using another."""
        get = node.etree_element.get
        name = href(get)
        target = self._by_id.get(name) if name else None
        if name is None or target is None:
            return []
        if name in within.using:
            raise PictureError(f"the element {name:.40} uses itself; take out the circle.")
        if len(within.using) + len(target.ancestors) > MAX_LEVELS:
            raise PictureError(f"uses within one another on more than {MAX_LEVELS} levels; ungroup some.")
        sides = _Sides.of(node, within.viewport)
        within = dataclasses.replace(within, using=(*within.using, name), place=self._place(node, within))
        tag = target.etree_element.tag.removeprefix(SVG)
        if tag not in ("svg", "symbol"):
            moved_there = dataclasses.replace(within, to_fine=within.to_fine.after(shift(sides.x, sides.y)))
            return self.items(target, moved_there, used=True)
        self._visited(target, within)
        style = self._styles.style(target, within.style)
        there = dataclasses.replace(within, to_fine=within.to_fine.after(shift(sides.x, sides.y)))
        inside = there.inside(style)
        if not inside.to_fine.determinant:
            return []
        inner = _Sides.of(target, within.viewport)
        size = dataclasses.replace(
            inner,
            x=0.0 if tag == "symbol" else inner.x,
            y=0.0 if tag == "symbol" else inner.y,
            width=sides.width if get("width") else inner.width,
            height=sides.height if get("height") else inner.height,
        )
        return self._as_one(self._framed(target, inside, size), target, inside)

    def _place(self, node: Any, within: Context) -> Place:
        return Place(node.etree_element.get("id") or "", _name(node), within.place)

    # Shapes

    def _shape(self, node: Any, tag: str, within: Context) -> list[Item]:
        """The fill and the stroke of a shape."""
        outline = outline_of_shape(tag, _geometry(node), within.viewport)
        if not outline or not is_finite(moved(outline, within.to_fine), MAX_FINE):
            if outline:
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
        area = filled(moved(outline, within.to_fine), style["fill-rule"], self._left_out)
        return self._item(node, outline, area, found, within)

    def _stroke(self, node: Any, outline: Outline, within: Context) -> Item | None:
        stroke = self._stroke_of(within)
        found = None if stroke is None else self._paint("stroke", outline, within)
        if stroke is None or found is None:
            return None
        if within.style["vector-effect"] == "non-scaling-stroke":
            self._left_out.add("strokes that do not scale")
        area = stroked(outline, stroke, within.to_fine, self._left_out)
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
        own, shape = node.etree_element.get("id") or "", moved(outline, within.to_fine)
        return Item(area, found[0], found[1], own, _name(node), within.place, visible, shape)

    def _stroke_of(self, within: Context) -> Stroke | None:
        """How lines are drawn; None where they are not."""
        style, viewport = within.style, within.viewport

        def find(name: str, otherwise: float) -> float:
            value = length(style[name], viewport.diagonal, viewport.font)
            return otherwise if value is None else value

        width = find("stroke-width", 1.0)
        if style["stroke"] == "none" or width <= 0:
            return None
        words = style["stroke-dasharray"].replace(",", " ").split()
        dashes = [length(word, viewport.diagonal, viewport.font) for word in words]
        whole = tuple(dash for dash in dashes if dash is not None)
        limit = max(find("stroke-miterlimit", 4.0), 1.0)
        return Stroke(
            width,
            style["stroke-linecap"],
            style["stroke-linejoin"],
            limit,
            whole if len(whole) == len(dashes) else (),
            find("stroke-dashoffset", 0.0),
        )

    # Clips and masks

    def _referred(
        self, text: str, name: str, items: list[Item], within: Context, of_children: Callable[..., Outline | None]
    ) -> Outline | None:
        """What a clip-path or a mask leaves, in fine units; None where it cannot be told, or leaves all."""
        if not text.startswith("url("):
            self._left_out.add(f"{name} that is no reference")
            return None
        target_name = reference(text)
        target = self._by_id.get(target_name or "")
        wanted = "clipPath" if name == "clip-path" else "mask"
        if target is None or target.etree_element.tag.removeprefix(SVG) != wanted:
            return None
        if target_name in within.using:
            raise PictureError(f"the element {target_name:.40} uses itself; take out the circle.")
        around = dataclasses.replace(within, using=(*within.using, target_name or ""), place=None)
        return of_children(target, around, items)

    def _clip(self, target: Any, around: Context, items: list[Item]) -> Outline | None:
        """What a clipPath leaves of items."""
        units = "clipPathUnits"
        inside = self._in_units(target, units, around, items)
        if inside is None:
            return ()
        areas = [area for child in target.iter_children() if (area := self._clip_area(child, inside))]
        area = together(areas, self._left_out)
        style = self._styles.style(target, around.style)
        if style["clip-path"] != "none":
            own = self._referred(style["clip-path"], "clip-path", items, around, self._clip)
            area = area if own is None else common(area, own, self._left_out)
        return area

    def _in_units(self, target: Any, units: str, around: Context, items: list[Item]) -> Context | None:
        """The context of the children of a clip or a mask, whose units may be the box of what it is for."""
        style = self._styles.inherited(target)
        to_fine = around.inside(style).to_fine
        if not to_fine.determinant:
            return None
        if target.etree_element.get(units) == "objectBoundingBox":
            box = _box(items, around.to_fine)
            if not box.width or not box.height:
                return None
            to_fine = to_fine.after(shift(box.x, box.y)).after(scale(box.width, box.height))
        return dataclasses.replace(around, style=style, to_fine=to_fine, displayed=True)

    def _clip_area(self, node: Any, inside: Context) -> Outline:
        """What a child of a clipPath leaves."""
        tag = self._visited(node, inside)
        style = self._styles.style(node, inside.style)
        within = inside.inside(style)
        if not within.to_fine.determinant or style["display"] == "none" or style["visibility"] != "visible":
            return ()
        if tag == "use":
            name = href(node.etree_element.get)
            target = self._by_id.get(name or "")
            sides = _Sides.of(node, within.viewport)
            if target is None or name in inside.using or target.etree_element.tag.removeprefix(SVG) not in SHAPES:
                return ()
            place = within.to_fine.after(shift(sides.x, sides.y))
            area = self._clip_area(
                target, dataclasses.replace(within, to_fine=place, using=(*inside.using, name or ""))
            )
        elif tag in SHAPES:
            outline = moved(outline_of_shape(tag, _geometry(node), within.viewport), within.to_fine)
            fits = is_finite(outline, MAX_FINE)
            area = filled(outline, style["clip-rule"], self._left_out) if outline and fits else ()
        else:
            if tag not in SILENT:
                self._left_out.add(f"{NAMES.get(tag, tag)} in clips")
            return ()
        if area and style["clip-path"] != "none":
            one = Item(area, (0.0, 0.0, 0.0), 1.0, "", "", None, True, area)
            clip = self._referred(style["clip-path"], "clip-path", [one], within, self._clip)
            area = area if clip is None else common(area, clip, self._left_out)
        return area

    def _mask(self, target: Any, around: Context, items: list[Item]) -> Outline | None:
        """What a mask leaves of items where it is a clip: opaque shapes, all white where light counts."""
        inside = self._in_units(target, "maskContentUnits", around, items)
        if inside is None:
            return ()
        drawn = [item for child in target.iter_children() for item in self.items(child, inside) if item.visible]
        style = self._styles.style(target, around.style)
        white = (1.0, 1.0, 1.0)
        if any(item.opacity < 1 or (item.paint != white and style["mask-type"] != "alpha") for item in drawn):
            self._left_out.add("masks that are no clips")
            return None
        return together([item.outline for item in drawn], self._left_out)


@dataclass(frozen=True)
class _Sides:
    """The rectangle that an element asks for, in the units around it."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def of(cls, node: Any, viewport: Viewport) -> _Sides:
        """The rectangle of an element: all of the viewport where it asks for none."""
        get = node.etree_element.get
        wholes = {"x": viewport.width, "y": viewport.height, "width": viewport.width, "height": viewport.height}
        found = {name: length(get(name), whole, viewport.font) for name, whole in wholes.items()}
        otherwise = {**wholes, "x": 0.0, "y": 0.0}
        return cls(**{name: otherwise[name] if value is None else value for name, value in found.items()})


def _geometry(node: Any) -> Callable[[str], str | None]:
    found: Callable[[str], str | None] = node.etree_element.get
    return found


def _name(node: Any) -> str:
    """What an element is called for people: its label, or its title."""
    label = node.etree_element.get(f"{INKSCAPE}label")
    titles = (child.text for child in node.etree_element if child.tag in (f"{SVG}title", "title"))
    return " ".join((label or next(titles, None) or "").split())


def _is_wanted(node: Any) -> bool:
    """Whether a child of a switch may be drawn: it wants nothing that is not there."""
    get = node.etree_element.get
    languages = [word.strip().split("-")[0] for word in (get("systemLanguage") or "en").split(",")]
    is_svg = node.etree_element.tag.startswith(SVG)
    return is_svg and not get("requiredExtensions") and "en" in languages


def _box(items: list[Item], to_fine: Affine) -> Rect:
    """What items cover, in the units of the element that holds them."""
    back = to_fine.inverse()
    return bounds(tuple(contour for item in items for contour in moved(item.shape, back)))
