"""What a drawing consists of, once all elements are followed: filled areas, from the lowest up, in places that nest."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from vecstack.importing.areas import Areas
from vecstack.importing.outlines import Outline
from vecstack.importing.paints import GradientPaint, Paint

MAX_TOGETHER = 100  # items of a group whose opacity is worked out: each is compared with each


@dataclass(frozen=True, eq=False)
class Place:
    """An element that holds others."""

    id: str
    name: str
    parent: Place | None


@dataclass(frozen=True, eq=False)
class Item:
    """An area with one paint: closed contours that do not overlap (nonzero rule), in the fine units of the drawing.
    `shape` is the outline that was filled or stroked, whose box is what others refer to: of what is not displayed,
    none."""

    outline: Outline
    paint: Paint
    opacity: float
    id: str
    name: str
    place: Place | None
    visible: bool
    shape: Outline

    @property
    def is_opaque(self) -> bool:
        """Whether nothing below shows through it."""
        return self.opacity == 1 and (not isinstance(self.paint, GradientPaint) or self.paint.has_one_alpha)


def clipped(items: Sequence[Item], clip: Outline, areas: Areas) -> list[Item]:
    """What is seen of the items within a clip."""
    inside = (dataclasses.replace(item, outline=areas.common(item.outline, clip)) for item in items)
    return [item for item in inside if item.outline]


def faded(items: Sequence[Item], opacity: float, areas: Areas) -> list[Item]:
    """Items that are faded as one picture."""
    if opacity == 1:
        return list(items)
    return [dataclasses.replace(item, opacity=item.opacity * opacity) for item in apart(items, areas)]


def apart(items: Sequence[Item], areas: Areas) -> list[Item]:
    """Items that may be faded each by itself: what opaque ones hide of those below is cut off."""
    if len(items) < 2:
        return list(items)
    if len(items) > MAX_TOGETHER:
        areas.left_out.add(f"exact opacity of groups of more than {MAX_TOGETHER} shapes")
        return list(items)
    shown = []
    for index, item in enumerate(items):
        above = [other for other in items[index + 1 :] if other.visible]
        shown.append(_without_hidden(item, above, areas))
    return [item for item in shown if item.outline]


def in_steps(item: Item, steps: Sequence[tuple[Outline, float]]) -> list[Item]:
    """The item once for each step, an area and an opacity: each area lies within the one before, and all that lie over
    one another there are together as opaque as the last of them says. No two areas only touch, which would show as a
    line."""
    place = item.place if len(steps) < 2 else Place(item.id, item.name, item.place)
    parts, below = [], 0.0
    for outline, opacity in steps:
        own = min(max(1 - (1 - opacity) / (1 - below), 0.0), 1.0) if below < 1 else 0.0
        parts.append(dataclasses.replace(item, outline=outline, opacity=own, place=place))
        below = opacity
    return parts


def _without_hidden(item: Item, above: Sequence[Item], areas: Areas) -> Item:
    """The item without what opaque ones above it hide."""
    outline = item.outline
    for other in above:
        if not outline:
            break
        if other.is_opaque:
            outline = areas.cut(outline, other.outline)
        elif areas.meet(outline, other.outline):
            areas.left_out.add("exact opacity of groups whose parts show through one another")
    return dataclasses.replace(item, outline=outline)
