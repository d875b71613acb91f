"""Masks: what they leave of a drawing, as areas within one another that leave more and more."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, pairwise
from typing import Any

import numpy as np

from vecstack.color import Color, linear_light
from vecstack.importing.areas import SAME_AREA, Areas
from vecstack.importing.clips import Clips, boxed
from vecstack.importing.context import Context
from vecstack.importing.gradients import MOST_STEPS, area_above, changes, written_out
from vecstack.importing.items import Item, apart, in_steps
from vecstack.importing.nodes import Sides, getter
from vecstack.importing.outlines import Outline, area, moved, polygon
from vecstack.importing.paints import SAME_ALPHA, GradientPaint, Stop
from vecstack.importing.styles import Style, Styles
from vecstack.importing.values import Viewport, length

REGION = {"x": "-10%", "y": "-10%", "width": "120%", "height": "120%"}  # of a mask that says none
MAX_TRANSLUCENT = 6  # shapes of a mask: each doubles the work
MAX_AREAS = 300  # one after another, for all shares: a few seconds
PARTS = 8  # of a run of colour and alpha, whose product is no straight line; nor is linear light
LIGHT = np.array((0.2126, 0.7152, 0.0722))  # of red, green and blue

Step = tuple[Outline, float]  # an area, and the share of what is masked that shows there


@dataclass(frozen=True)
class _Shade:
    """What an item of a mask adds: light, times how opaque it is, over what is below; or a gradient whose stops have
    that light as their alpha."""

    outline: Outline
    light: float
    alpha: float
    run: GradientPaint | None = None

    @property
    def lights(self) -> list[float]:
        """The lights of all stops of the gradient."""
        return [] if self.run is None else [alpha for _, _, alpha in self.run.stops]

    def above(self, share: float, areas: Areas) -> Outline:
        """Where its own light is more than a share."""
        if self.run is None:
            return self.outline if self.light > share else ()
        return area_above(self.outline, self.run, share, areas)


class Masks:
    """Finds what the clip-path and the mask of an element leave. `draw` follows an element that is in a mask."""

    def __init__(self, styles: Styles, clips: Clips, areas: Areas, draw: Callable[[Any, Context], list[Item]]) -> None:
        self._styles, self._clips, self._areas, self._draw = styles, clips, areas, draw

    def within(self, items: list[Item], around: Context) -> list[Item]:
        """What is left of the items of an element whose context is given."""
        items = self._clips.within(items, around)
        found = self._clips.referred("mask", around.style["mask"], around) if items else None
        steps = None if found is None else self._steps(*found, items)
        return items if steps is None else self._masked(items, steps)

    def _masked(self, items: list[Item], steps: Sequence[Step]) -> list[Item]:
        if len(steps) > 1 and any(map(changes, items)):
            self._areas.left_out.add("masks over changing opacity")
            return items
        if any(share < 1 for _, share in steps):
            items = apart(items, self._areas)
        parts = []
        for item in items:
            own = [(self._areas.common(item.outline, area), share) for area, share in steps]
            parts += in_steps(item, [(area, share * item.opacity) for area, share in own if area])
        return parts

    def _steps(self, target: Any, around: Context, items: list[Item]) -> list[Step] | None:
        """What a mask leaves of items, each area within the one before; None where that is not told."""
        style, get = self._styles.inherited(target), getter(target)
        region, place = _region(target, around, items), around.to_fine
        if get("maskContentUnits") == "objectBoundingBox":
            place = boxed(items, around.to_fine, place)
        if not region or not place.has_inverse:
            return []
        inside = dataclasses.replace(around, style=style, to_fine=place, displayed=True)
        drawn = [item for child in target.iter_children() for item in self._draw(child, inside) if item.visible]
        drawn = self.within(drawn, dataclasses.replace(inside, style={**style, "clip-path": "none"}))
        shades = [_shade(item, style, self._areas) for item in drawn]
        if not self._are_told(shades):
            self._areas.left_out.add("masks of shapes that show through one another")
            return None
        shares = self._shares(shades)
        if sum(len(list(_together(shades, share))) for share in shares[1:]) > MAX_AREAS:
            self._areas.left_out.add("masks of very many shapes")
            return None
        nested = self._nested(shades, shares)
        return [(part, share) for whole, share in nested if (part := self._areas.common(whole, region))]

    def _are_told(self, shades: Sequence[_Shade]) -> bool:
        """Whether few shapes are translucent, and no such gradient lies over another shape."""
        translucent = [index for index, shade in enumerate(shades) if shade.alpha < 1]
        runs = [index for index in translucent if shades[index].run is not None]
        return len(translucent) - len(runs) <= MAX_TRANSLUCENT and not any(
            self._areas.meet(shades[index].outline, below.outline) for index in runs for below in shades[:index]
        )

    def _nested(self, shades: Sequence[_Shade], shares: Sequence[float]) -> list[Step]:
        """Where shades, one over the other, leave each of the shares that there are, or more."""
        steps: list[Step] = []
        for below, share in pairwise(shares):
            whole = self._above(shades, (below + share) / 2)
            if steps and abs(area(steps[-1][0]) - area(whole)) <= SAME_AREA * abs(area(whole)):
                steps.pop()  # nowhere is that share all
            if whole:
                steps.append((whole, share))
        return steps

    def _shares(self, shades: Sequence[_Shade]) -> list[float]:
        """The shares that a mask leaves, from 0 on; many of them in even steps."""
        found = {0.0}
        for shade in shades:
            if shade.run is not None:
                low, high = min(shade.lights), max(shade.lights)
                found |= {low + (high - low) * index / MOST_STEPS for index in range(MOST_STEPS + 1)}
                self._areas.left_out.add("smooth changes of opacity, drawn in steps")
            elif len(found) < MOST_STEPS**2:
                found |= {share * (1 - shade.alpha) + shade.light for share in found}
        shares = [0.0]
        for share in sorted(found):
            if share > shares[-1] + SAME_ALPHA:
                shares.append(share)
        if len(shares) <= 2 * MOST_STEPS:
            return shares
        return [shares[-1] * index / MOST_STEPS for index in range(MOST_STEPS + 1)]

    def _above(self, shades: Sequence[_Shade], share: float) -> Outline:
        """Where shades, one over the other, leave more than a share above 0. Neighbours that do the same are taken
        together."""
        found: Outline = ()
        for (index, is_bright), group in _together(shades, share):
            outline = self._areas.together([shade.outline for shade in group])
            if index is None:
                found = self._lit(found, outline) if is_bright else self._areas.cut(found, outline)
            elif shades[index].run is not None:
                bright = shades[index].above(share, self._areas)
                found = self._lit(self._areas.cut(found, self._areas.cut(outline, bright)), bright)
            else:
                needed = (share - shades[index].light) / (1 - shades[index].alpha)
                below = self._above(shades[:index], needed) if needed > 0 else ()
                enough = outline if needed <= 0 else self._areas.common(outline, below)
                dim = () if needed <= share else self._areas.cut(outline, enough)
                found = self._areas.cut(found, dim) if dim else self._lit(found, enough)
        return found

    def _lit(self, one: Outline, other: Outline) -> Outline:
        return self._areas.together([one, other]) if one and other else one or other


def _together(shades: Sequence[_Shade], share: float) -> Iterator[tuple[tuple[int | None, bool], list[_Shade]]]:
    """Shades one after another that do the same where more than a share is asked for, and what that is: opaque ones
    make all of their area bright, or dark; of others, their index."""

    def does(index: int) -> tuple[int | None, bool]:
        is_plain = shades[index].run is None and shades[index].alpha == 1
        return (None, shades[index].light > share) if is_plain else (index, False)

    for what, indices in groupby(range(len(shades)), key=does):
        yield what, [shades[index] for index in indices]


def _shade(item: Item, style: Style, areas: Areas) -> _Shade:
    """What an item adds to a mask of a style."""
    is_linear = style["color-interpolation"] == "linearRGB"

    def light(color: Color) -> float:
        if style["mask-type"] == "alpha":
            return 1.0
        values = np.array(color)
        return round(float(LIGHT @ (linear_light(values) if is_linear else values)), 6)

    item = written_out(item, areas)
    if not isinstance(item.paint, GradientPaint):
        return _Shade(item.outline, light(item.paint) * item.opacity, item.opacity)
    fine = chain([item.paint.stops[0]], *(_between(*pair, is_linear) for pair in pairwise(item.paint.stops)))
    stops = tuple((offset, color, light(color) * alpha * item.opacity) for offset, color, alpha in fine)
    alpha = min(alpha for _, _, alpha in item.paint.stops) * item.opacity
    run = dataclasses.replace(item.paint, stops=stops)
    if item.paint.has_one_alpha and run.has_one_alpha:
        return _Shade(item.outline, stops[0][2], alpha)
    return _Shade(item.outline, 0.0, alpha, run)


def _between(start: Stop, end: Stop, is_linear: bool) -> list[Stop]:
    """The stops after one of a gradient up to the next: the end alone where light, linear or not, changes evenly."""
    is_even = start[1] == end[1] or (start[2] == end[2] and not is_linear)
    parts = 1 if is_even else PARTS

    def at(share: float) -> Stop:
        first, last = (np.array([offset, *color, alpha]) for offset, color, alpha in (start, end))
        offset, red, green, blue, alpha = (first + share * (last - first)).tolist()
        return offset, (red, green, blue), alpha

    return [at(part / parts) for part in range(1, parts + 1)]


def _region(target: Any, around: Context, items: list[Item]) -> Outline:
    """The rectangle outside which a mask leaves nothing."""
    get, place, viewport = getter(target), around.to_fine, around.viewport
    if get("maskUnits") != "userSpaceOnUse":
        place, viewport = boxed(items, around.to_fine, place), Viewport(1.0, 1.0)
    wholes = {"x": viewport.width, "y": viewport.height, "width": viewport.width, "height": viewport.height}
    found = {name: length(get(name) or REGION[name], whole, viewport.font) or 0.0 for name, whole in wholes.items()}
    sides = Sides(**found)
    if not place.has_inverse or sides.width <= 0 or sides.height <= 0:
        return ()
    return moved(polygon(sides.corners()), place)
