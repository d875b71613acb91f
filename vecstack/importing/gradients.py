"""Gradients as layers can have them: repeated colours written out, changing opacity in steps."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from itertools import pairwise

from vecstack.geometry import UNIT_CIRCLE, Affine
from vecstack.importing.areas import Areas
from vecstack.importing.items import Item, in_steps
from vecstack.importing.outlines import Contour, Outline, Point, bounds, moved, polygon
from vecstack.importing.paints import SAME_ALPHA, GradientPaint, Stop
from vecstack.importing.values import scale, shift

MAX_STOPS = 256  # of a gradient whose colours repeat
MOST_STEPS, FEWEST_STEPS = 16, 3  # from transparent to opaque
STEPPED_LAYERS = 2000  # about as many of a drawing are made of changing opacity

Interval = tuple[float, float]  # of offsets


def as_layers_have_them(items: Sequence[Item], areas: Areas) -> list[Item]:
    """The items, of which no gradient repeats, has a focal point or changes its opacity any more."""
    spread = [written_out(item, areas) for item in items]
    changing = sum(map(changes, spread))
    steps = max(FEWEST_STEPS, min(MOST_STEPS, STEPPED_LAYERS // max(1, changing)))
    return [part for item in spread for part in (_stepped(item, steps, areas) if changes(item) else [item])]


def written_out(item: Item, areas: Areas) -> Item:
    """The item with a gradient that does not repeat, and whose offsets begin at its focus."""
    return _from_the_focus(_spread_out(item, areas))


def _from_the_focus(item: Item) -> Item:
    """The item with a gradient whose offsets begin at its focus, not at a circle around it."""
    paint = item.paint
    if not isinstance(paint, GradientPaint) or not paint.first:
        return item
    stops = tuple((paint.first + (1 - paint.first) * offset, color, alpha) for offset, color, alpha in paint.stops)
    return dataclasses.replace(item, paint=dataclasses.replace(paint, stops=stops, first=0.0))


def changes(item: Item) -> bool:
    """Whether an item has a gradient that changes its opacity."""
    return isinstance(item.paint, GradientPaint) and not item.paint.has_one_alpha


def _offsets(paint: GradientPaint, outline: Outline) -> Interval:
    """The offsets of a gradient between which all of an outline lies."""
    box = bounds(moved(outline, paint.place.inverse()))
    corners = [(box.x + u * box.width, box.y + v * box.height) for u in (0, 1) for v in (0, 1)]
    found = [paint.offset(corner) for corner in corners]
    return (0.0 if paint.radial else min(found)), max(found)


def _spread_out(item: Item, areas: Areas) -> Item:
    """The item with a gradient whose stops are repeated as often as its outline needs them."""
    paint = item.paint
    if not isinstance(paint, GradientPaint) or paint.spread not in ("repeat", "reflect"):
        return item
    low, high = _offsets(paint, item.outline)
    first, last = math.floor(low), max(math.ceil(high), math.floor(low) + 1)
    if (last - first) * len(paint.stops) > MAX_STOPS:
        areas.left_out.add("gradients that repeat very often")
        return item
    stops: list[Stop] = []
    for turn in range(first, last):
        mirrored = paint.spread == "reflect" and turn % 2
        own = [(1 - offset, color, alpha) for offset, color, alpha in paint.stops[::-1]] if mirrored else paint.stops
        stops += [((turn - first + offset) / (last - first), color, alpha) for offset, color, alpha in _whole(own)]
    start, end, share = _along(paint, first), _along(paint, last), paint.first
    if paint.radial:
        start, radius = paint.circle(last)
        end = start[0] + radius, start[1]
        share = share * math.dist(paint.start, paint.end) / radius
    spread = dataclasses.replace(paint, start=start, end=end, stops=tuple(stops), spread="pad", first=share)
    return dataclasses.replace(item, paint=spread)


def _whole(stops: Sequence[Stop]) -> list[Stop]:
    """Stops from offset 0 to 1."""
    return [(0.0, *stops[0][1:]), *stops, (1.0, *stops[-1][1:])]


def _along(paint: GradientPaint, offset: float) -> Point:
    (x1, y1), (x2, y2) = paint.start, paint.end
    return x1 + offset * (x2 - x1), y1 + offset * (y2 - y1)


def _stepped(item: Item, steps: int, areas: Areas) -> list[Item]:
    """The item as several of constant opacity, one over the other: each covers where the opacity is at least so
    much."""
    paint = item.paint
    assert isinstance(paint, GradientPaint)
    areas.left_out.add("smooth changes of opacity, drawn in steps")
    alphas = [alpha * item.opacity for _, _, alpha in paint.stops]
    low, high = min(alphas), max(alphas)
    count = max(1, math.ceil((high - low) / item.opacity * steps))
    levels = [low + (high - low) * index / count for index in range(count + 1)]
    opaque = tuple((offset, color, 1.0) for offset, color, _ in paint.stops)
    plain = dataclasses.replace(item, paint=dataclasses.replace(paint, stops=opaque))
    found = [(item.outline, low)] if low > SAME_ALPHA else []
    for below, level in pairwise(levels):
        found.append((area_above(item.outline, paint, (below + level) / 2 / item.opacity, areas), level))
    return in_steps(plain, [(outline, level) for outline, level in found if outline])


def area_above(outline: Outline, paint: GradientPaint, alpha: float, areas: Areas) -> Outline:
    """The part of an outline where its gradient is at least so opaque."""
    low, high = _offsets(paint, outline)
    intervals = [(max(a, low), min(b, high)) for a, b in _intervals(paint.stops, alpha) if a < high and b > low]
    if intervals == [(low, high)]:
        return outline
    box = bounds(moved(outline, paint.place.inverse()))
    reach = 2 * max(box.width, box.height, math.dist(paint.start, (box.x, box.y)))
    shape = _ring if paint.radial else _strip
    parts = tuple(contour for a, b in intervals for contour in shape(paint, a, b, reach))
    return areas.common(outline, moved(parts, paint.place)) if parts else ()


def _intervals(stops: Sequence[Stop], alpha: float) -> list[Interval]:
    """The offsets between which a gradient is at least so opaque."""
    ends = [-math.inf] if stops[0][2] >= alpha else []
    for (offset, _, one), (after, _, two) in pairwise(stops):
        if (one >= alpha) != (two >= alpha):
            ends.append(offset + (after - offset) * (alpha - one) / (two - one))
    if stops[-1][2] >= alpha:
        ends.append(math.inf)
    return list(zip(ends[::2], ends[1::2], strict=True))


def _strip(paint: GradientPaint, start: float, end: float, reach: float) -> Outline:
    """What lies between two offsets of a linear gradient, `reach` to both sides of its line."""
    (x1, y1), (x2, y2) = paint.start, paint.end
    length = math.dist(paint.start, paint.end)
    across = -(y2 - y1) / length * reach, (x2 - x1) / length * reach
    (ax, ay), (bx, by) = _along(paint, start), _along(paint, end)
    left = [(ax - across[0], ay - across[1]), (bx - across[0], by - across[1])]
    return polygon([*left, (bx + across[0], by + across[1]), (ax + across[0], ay + across[1])])


def _ring(paint: GradientPaint, start: float, end: float, reach: float) -> Outline:
    """What lies between two offsets of a radial gradient."""
    outer, inner = (_disc(paint, offset) for offset in (end * 1.001, start))
    if start <= 0:
        return moved((Contour(UNIT_CIRCLE, True),), outer)
    return moved((Contour(UNIT_CIRCLE, True),), outer) + moved((Contour(UNIT_CIRCLE[::-1], True),), inner)


def _disc(paint: GradientPaint, offset: float) -> Affine:
    """The map of the unit circle to that of an offset."""
    middle, radius = paint.circle(offset)
    return shift(*middle).after(scale(radius, radius))
