"""Items of a drawing as layers of a stack, in groups."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from vecstack.color import Color
from vecstack.errors import DocumentError
from vecstack.geometry import Affine, Rect
from vecstack.importing.items import Item, Place
from vecstack.importing.outlines import Outline, bounds, moved
from vecstack.importing.paints import GradientPaint
from vecstack.importing.values import scale, shift
from vecstack.kinds import outlined_kind
from vecstack.kinds.gradient import LINEAR, RADIAL, Gradient
from vecstack.stack import MAX_GROUP_LEVELS, Group, Layer, check_transform

DIGITS = 6  # of a coordinate after the point, where the layer is two units long
MIN_SIDE = 1e-4  # canvas units: what is smaller is not seen
LEAST_AREA = 5e-12  # square canvas units: a layer's transform is to have an inverse


def layers_of(items: Sequence[Item], fine: float) -> tuple[tuple[Layer, ...], tuple[Group, ...]]:
    """The layers of items, of which `fine` units are one of the canvas, and the groups that these name."""
    kind, ids, groups = outlined_kind(), _Ids(), _Groups(items)
    to_canvas = scale(1 / fine, 1 / fine)
    layers = []
    for item in items:
        if not item.opacity:
            continue
        box = bounds(item.outline)
        if max(box.width, box.height) < MIN_SIDE * fine or box.width * box.height < LEAST_AREA * fine * fine:
            continue
        frame, paint = _framed(item, box, to_canvas)
        back = frame.inverse()
        common = {
            "id": ids.new(item.id or "path"),
            "name": _line(item.name)[:1024],
            "visible": item.visible,
            "opacity": item.opacity,
            "transform": to_canvas.after(frame),
            "group": groups.of(item),
        }
        layers.append(
            kind.from_outline(common, [_rounded(curve) for curve in _curves(moved(item.outline, back))], paint)
        )
    return tuple(layers), groups.all()


def _curves(outline: Outline) -> Iterator[tuple[tuple[float, float], ...]]:
    return (contour.points for contour in outline)


def _rounded(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    return tuple((round(x, DIGITS), round(y, DIGITS)) for x, y in points)


def _framed(item: Item, box: Rect, to_canvas: Affine) -> tuple[Affine, Color | Gradient]:
    """The frame of an item's layer, in fine units, and its paint there; one colour in the place of a gradient whose
    numbers a layer cannot have, since it changes far too slowly to be seen, or at once."""
    paint, whole = item.paint, Affine.of_frame(box)
    if not isinstance(paint, GradientPaint):
        return whole, paint
    frame, gradient = _with_gradient(item, paint, box)
    try:
        check_transform(to_canvas.after(frame), "")
        gradient.check("")
    except DocumentError:
        return whole, paint.color_at(paint.place.inverse().apply(whole.c, whole.f))
    return frame, gradient


def _with_gradient(item: Item, paint: GradientPaint, box: Rect) -> tuple[Affine, Gradient]:
    """The frame of an item with a gradient, and that in it: the box of what it covers; of a radial one, as much of the
    gradient's own space, where it is a circle."""
    if not paint.radial:
        frame = Affine.of_frame(box)
        return frame, _linear(paint, frame)
    own = bounds(moved(item.outline, paint.place.inverse()))
    half = max(own.width, own.height) / 2
    x, y = own.x + own.width / 2, own.y + own.height / 2
    start, focus = (((at[0] - x) / half, (at[1] - y) / half) for at in (paint.start, paint.focus or paint.start))
    radius = math.dist(paint.start, paint.end) / half
    frame = paint.place.after(shift(x, y)).after(scale(half, half))
    end = start[0] + radius, start[1]
    return frame, Gradient(RADIAL, start, end, _stops(paint), None if paint.focus is None else focus)


def _linear(paint: GradientPaint, frame: Affine) -> Gradient:
    """A linear gradient in a frame. Its offset is linear there too, and changes fastest in another direction."""
    (x1, y1), (x2, y2) = paint.start, paint.end
    length = (x2 - x1) ** 2 + (y2 - y1) ** 2
    into = paint.place.inverse().after(frame)
    along = (x2 - x1) / length, (y2 - y1) / length
    across, down = (along[0] * into.a + along[1] * into.d, along[0] * into.b + along[1] * into.e)
    offset = along[0] * (into.c - x1) + along[1] * (into.f - y1)
    steep = across**2 + down**2
    start = -offset * across / steep, -offset * down / steep
    return Gradient(LINEAR, start, (start[0] + across / steep, start[1] + down / steep), _stops(paint))


def _stops(paint: GradientPaint) -> tuple[tuple[float, float, float, float], ...]:
    return tuple((offset, *color) for offset, color, _ in paint.stops)


class _Ids:
    """Ids, each given out once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._counts: Counter[str] = Counter()

    def new(self, wanted: str) -> str:
        """The wanted id as far as a stack allows it, with a number where it is taken."""
        base = _line(wanted)[:100] or "path"
        name = base
        while name in self._taken:
            self._counts[base] += 1
            name = f"{base}-{self._counts[base] + 1}"
        self._taken.add(name)
        return name


class _Groups:
    """Groups of the places that hold several items, or that have a name."""

    def __init__(self, items: Sequence[Item]) -> None:
        members: set[tuple[Place | None, Item | Place]] = {(item.place, item) for item in items}
        members |= {(place.parent, place) for item in items for place in _chain(item.place)}
        counts = Counter(place for place, _ in members)
        self._kept = {place for place, count in counts.items() if place and (count > 1 or place.name or place.id)}
        self._groups: dict[Place, Group] = {}
        self._ids = _Ids()

    def of(self, item: Item) -> str | None:
        """The id of the group of an item; None where it has none."""
        kept = [place for place in _chain(item.place) if place in self._kept][::-1][:MAX_GROUP_LEVELS]
        parent = None
        for place in kept:
            if place not in self._groups:
                self._groups[place] = Group(self._ids.new(place.id or "group"), _line(place.name)[:1024], parent)
            parent = self._groups[place].id
        return parent

    def all(self) -> tuple[Group, ...]:
        """All groups that an item has."""
        return tuple(self._groups.values())


def _chain(place: Place | None) -> Iterator[Place]:
    """A place, and those that it lies in."""
    while place is not None:
        yield place
        place = place.parent


def _line(text: str) -> str:
    """Text without what ids and names cannot hold."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+", " ", text).strip()
