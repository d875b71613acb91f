"""What shapes are filled with: colours and gradients."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from vecstack.color import Color
from vecstack.geometry import Affine, Rect
from vecstack.importing.left_out import LeftOut
from vecstack.importing.nodes import href, tag_of, url_of
from vecstack.importing.styles import INITIAL, Style, Styles
from vecstack.importing.values import IDENTITY, Viewport, length, scale, share, shift, transform_about
from vecstack.kinds.gradient import focused

MAX_STOPS = 128
GRADIENTS = ("linearGradient", "radialGradient")
SHARED = ("gradientUnits", "gradientTransform", "spreadMethod")  # what a gradient takes over from one of the other kind
SAME_ALPHA = 1 / 512
SAME_PLACE = 1e-6  # of a radius
MAX_HREFS = 16  # gradients that take after one another

Stop = tuple[float, Color, float]  # offset, colour, alpha
Point = tuple[float, float]


@dataclass(frozen=True)
class GradientPaint:
    """Colours along a line, or with the distance from a point: offset 0 at `start`, 1 at `end` or on the circle through
    it, both in a space that `place` maps to the drawing. With a `focus`, circles grow from there to the one through the
    end, their centres and radii evenly. Stops have offsets from the share `first` of the way on."""

    radial: bool
    start: Point
    end: Point
    place: Affine
    stops: tuple[Stop, ...]
    spread: str = "pad"
    focus: Point | None = None
    first: float = 0.0

    @property
    def has_one_alpha(self) -> bool:
        """Whether all stops are as opaque, as far as is seen."""
        alphas = [alpha for _, _, alpha in self.stops]
        return max(alphas) - min(alphas) <= SAME_ALPHA

    def circle(self, offset: float) -> tuple[Point, float]:
        """The middle and the radius of the circle of an offset of stops, in a radial gradient."""
        share = self.first + (1 - self.first) * offset
        (x, y), (fx, fy) = self.start, self.focus or self.start
        return (fx + share * (x - fx), fy + share * (y - fy)), share * math.dist(self.start, self.end)

    def offset(self, point: Point) -> float:
        """The offset of stops at a point."""
        (x, y), (x1, y1), (x2, y2) = point, self.start, self.end
        square = (x2 - x1) ** 2 + (y2 - y1) ** 2
        if not self.radial:
            return ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / square
        fx, fy = self.focus or self.start
        room = square - (fx - x1) ** 2 - (fy - y1) ** 2
        along = (x - fx) * (fx - x1) + (y - fy) * (fy - y1)
        share = (along + math.sqrt(along**2 + room * ((x - fx) ** 2 + (y - fy) ** 2))) / room
        return (share - self.first) / (1 - self.first)

    def color_at(self, point: Point) -> Color:
        """The colour at a point, beyond the stops that of the nearest one."""
        offsets, colors, _ = zip(*self.stops, strict=True)
        red, green, blue = (float(np.interp(self.offset(point), offsets, own)) for own in zip(*colors, strict=True))
        return red, green, blue


Paint = Color | GradientPaint


@dataclass(frozen=True, eq=False)
class Pattern:
    """A drawing that is repeated: what gives its attributes, the element whose children it consists of, and the point
    about which it is transformed, as a transform-origin."""

    get: Callable[[str], str | None]
    content: Any
    origin: str


class Paints:
    """Finds the paint that an element asks for."""

    def __init__(self, styles: Styles, by_id: dict[str, Any], left_out: LeftOut) -> None:
        self._styles, self._by_id, self._left_out = styles, by_id, left_out
        self._stops_of: dict[Element, tuple[Stop, ...]] = {}

    def paint(
        self, text: str, style: Style, box: Rect, viewport: Viewport, place: Affine
    ) -> tuple[Paint | Pattern, float] | None:
        """The paint that a property asks for, and its alpha; None where it draws nothing. `box` is what the shape
        covers in its own units, which `place` maps to the drawing."""
        name, otherwise = url_of(text)
        server = self._by_id.get(name or "")
        if server is not None and self._is_sound(server, box):
            return self._served(server, box, viewport, place)
        if otherwise in ("none", ""):
            return None
        return self._styles.color(otherwise, style["color"])

    def _served(
        self, server: Any, box: Rect, viewport: Viewport, place: Affine
    ) -> tuple[Paint | Pattern, float] | None:
        tag = tag_of(server)
        if tag == "pattern":
            return self._pattern(server)
        if tag not in GRADIENTS:
            self._left_out.add(f"fills that refer to <{tag}>")
            return None
        chain = list(self._chain(server))

        def get(name: str) -> str | None:
            able = [node for node in chain if name in SHARED or tag_of(node) == tag]
            return next((found for node in able if (found := node.etree_element.get(name)) is not None), None)

        stops = next(stops for node in chain if (stops := self._stops(node)))
        if len(stops) == 1:
            return stops[0][1], stops[0][2]
        if self._is_boxed(server):
            place = place.after(shift(box.x, box.y)).after(scale(box.width, box.height))
            viewport = dataclasses.replace(viewport, width=1.0, height=1.0)
        own = transform_about(get("gradientTransform"), self._origin(server), viewport)
        own = own if own.has_inverse else IDENTITY
        if not place.has_inverse:
            return None
        start, end = self._ends(tag == "radialGradient", get, viewport)
        if start == end:
            return stops[-1][1], stops[-1][2]
        spread = get("spreadMethod") or "pad"
        gradient = GradientPaint(tag == "radialGradient", start, end, place.after(own), tuple(stops), spread)
        return _with_alpha_apart(self._focused(gradient, get, viewport) if gradient.radial else gradient)

    def _pattern(self, server: Any) -> tuple[Pattern, float] | None:
        """A pattern; None where there is nothing in it."""
        chain = list(self._chain(server))

        def get(name: str) -> str | None:
            return next((found for node in chain if (found := node.etree_element.get(name)) is not None), None)

        content = next((node for node in chain if len(node.etree_element)), None)
        return None if content is None else (Pattern(get, content, self._origin(server)), 1.0)

    def _origin(self, server: Any) -> str:
        """The point about which a gradient or a pattern is transformed."""
        return self._styles.style(server, INITIAL)["transform-origin"]

    def _ends(self, radial: bool, get: Callable[[str], str | None], viewport: Viewport) -> tuple[Point, Point]:
        """Where a gradient starts and ends."""

        def find(name: str, whole: float, otherwise: str) -> float:
            value = length(get(name), whole, viewport.font)
            return length(otherwise, whole) or 0.0 if value is None else value

        if not radial:
            start = find("x1", viewport.width, "0%"), find("y1", viewport.height, "0%")
            return start, (find("x2", viewport.width, "100%"), find("y2", viewport.height, "0%"))
        x, y = find("cx", viewport.width, "50%"), find("cy", viewport.height, "50%")
        radius = max(find("r", viewport.diagonal, "50%"), 0.0)
        return (x, y), (x + radius, y)

    def _focused(self, gradient: GradientPaint, get: Callable[[str], str | None], viewport: Viewport) -> GradientPaint:
        """A radial gradient with the focal point and the focal radius that it asks for: where the circles, followed
        further, would have no radius."""
        whole = math.dist(gradient.start, gradient.end)
        first = max(length(get("fr"), viewport.diagonal, viewport.font) or 0.0, 0.0) / whole
        found = length(get("fx"), viewport.width, viewport.font), length(get("fy"), viewport.height, viewport.font)
        off = [0.0 if value is None else value - at for value, at in zip(found, gradient.start, strict=True)]
        reach = math.hypot(*off) / whole
        if reach + first > 1 + SAME_PLACE or first == 1:
            self._left_out.add("focal circles that reach out of their gradient")
            first = 0.0
        if reach <= SAME_PLACE:
            return dataclasses.replace(gradient, first=first)
        x, y = gradient.start[0] + off[0] / (1 - first), gradient.start[1] + off[1] / (1 - first)
        return dataclasses.replace(gradient, focus=focused(gradient.start, gradient.end, (x, y)), first=first)

    def _chain(self, server: Any) -> Iterator[Any]:
        """A gradient or a pattern, and those that it takes after."""
        seen: list[Any] = []
        node, able = server, GRADIENTS if tag_of(server) in GRADIENTS else ("pattern",)
        while node is not None and node not in seen and len(seen) < MAX_HREFS:
            yield node
            seen.append(node)
            name = href(node)
            node = self._by_id.get(name) if name is not None else None
            node = node if node is not None and tag_of(node) in able else None

    def _is_boxed(self, server: Any) -> bool:
        """Whether the units of a gradient or a pattern are the box of what it is for."""
        name = "patternUnits" if tag_of(server) == "pattern" else "gradientUnits"
        found = (node.etree_element.get(name) for node in self._chain(server))
        return next((units for units in found if units is not None), None) != "userSpaceOnUse"

    def _is_sound(self, server: Any, box: Rect) -> bool:
        """Whether there is no mistake in a gradient or a pattern, for which another paint would stand in."""
        tag = tag_of(server)
        if tag in GRADIENTS and not any(self._stops(node) for node in self._chain(server)):
            return False
        return tag not in (*GRADIENTS, "pattern") or not self._is_boxed(server) or bool(box.width and box.height)

    def _stops(self, server: Any) -> tuple[Stop, ...]:
        """A gradient's own stops, whose offsets do not fall."""
        key = server.etree_element
        if key not in self._stops_of:
            nodes = [node for node in server.iter_children() if tag_of(node) == "stop"]
            if len(nodes) > MAX_STOPS:
                self._left_out.add(f"stops of gradients beyond {MAX_STOPS}")
            self._stops_of[key] = self._read_stops(nodes[:MAX_STOPS], self._styles.inherited(server))
        return self._stops_of[key]

    def _read_stops(self, nodes: list[Any], parent: Style) -> tuple[Stop, ...]:
        stops: list[Stop] = []
        for node in nodes:
            style = self._styles.style(node, parent)
            color, alpha = self._styles.color(style["stop-color"], style["color"]) or ((0.0, 0.0, 0.0), 1.0)
            offset = max(share(node.etree_element.get("offset"), 0.0), stops[-1][0] if stops else 0.0)
            stops.append((offset, color, alpha * share(style["stop-opacity"])))
        return tuple(stops)


def _with_alpha_apart(gradient: GradientPaint) -> tuple[Paint, float]:
    """A gradient and its alpha: where it has but one, all stops are opaque."""
    if not gradient.has_one_alpha:
        return gradient, 1.0
    stops = tuple((offset, color, 1.0) for offset, color, _ in gradient.stops)
    return dataclasses.replace(gradient, stops=stops), gradient.stops[0][2]
