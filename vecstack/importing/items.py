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
    """Items that are faded as one picture: what opaque ones hide of those below is cut off before all are faded."""
    if opacity == 1 or len(items) < 2:
        return [dataclasses.replace(item, opacity=item.opacity * opacity) for item in items]
    if len(items) > MAX_TOGETHER:
        areas.left_out.add(f"exact opacity of groups of more than {MAX_TOGETHER} shapes")
        return [dataclasses.replace(item, opacity=item.opacity * opacity) for item in items]
    result: list[Item] = []
    for index, item in enumerate(items):
        above = [other for other in items[index + 1 :] if other.visible]
        shown = _without_hidden(item, above, areas)
        if shown.outline:
            result.append(dataclasses.replace(shown, opacity=item.opacity * opacity))
    return result


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
