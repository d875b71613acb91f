"""Layers merged into one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

from vecstack.editing.changes.base import SelectedChange
from vecstack.editing.changes.colors import POINTS, single_color, with_color
from vecstack.editing.select import select
from vecstack.errors import DocumentError
from vecstack.geometry import Rect
from vecstack.kinds import kind_of, without_unused
from vecstack.stack import Layer, Stack


@dataclass(frozen=True)
class Merge(SelectedChange):
    """Merge neighbouring layers into one: the one of them that, in its best colour, comes closest to what all of them
    show over the layers below. Each must be visible and have a single colour."""

    def apply(self, stack: Stack, device: str) -> Stack:
        chosen = select(stack, self.select)
        if len(chosen) < 2 or chosen[-1] - chosen[0] != len(chosen) - 1:
            numbers = ", ".join(str(index + 1) for index in chosen[:5]) + (", ..." if chosen[5:] else "")
            raise DocumentError(f"only neighbouring layers can be merged, two or more; got {numbers or 'none'}.")
        first, last = chosen[0], chosen[-1] + 1
        layers = stack.layers[first:last]
        for layer in layers:
            single_color(layer)
            if not layer.is_seen:
                raise DocumentError(f"layer {layer.id} does not show and cannot be merged; show or remove it first.")
        merged = _merged(stack.with_layers(stack.layers[:first]), layers, device)
        return without_unused(stack.with_layers((*stack.layers[:first], merged, *stack.layers[last:])), layers)


def _merged(below: Stack, layers: Sequence[Layer], device: str) -> Layer:
    """The layer that, alone and in its best colour, comes closest to all of them over the stack below."""
    from vecstack.device import resolve_device
    from vecstack.drawing.points import Grid
    from vecstack.drawing.sheets import color_of_sheet, compose, picture_on, recolored, sheets_on, spread

    points = Grid.about(_hull(below, layers), POINTS, resolve_device(device))
    under, sheets = picture_on(below, points), list(sheets_on(below.with_layers(layers), points))
    picture, tries = compose(sheets, under), []
    for sheet in sheets:
        alpha = spread(sheet, under)
        replacement, missing = recolored(sheet, alpha, picture - under * (1 - alpha))
        tries.append((float(missing.double().square().sum()), sheet.index, color_of_sheet(replacement)))
    if not tries:
        raise DocumentError("these layers show nothing that could be merged; remove them instead.")
    _, index, color = min(tries)
    return with_color(layers[index], color)


def _hull(stack: Stack, layers: Iterable[Layer]) -> Rect:
    """The bounding box of the layers' extents, within the canvas where they overlap it."""
    extents = (kind_of(layer).extent(layer, 1.0) or stack.canvas.rect for layer in layers)
    hull = reduce(Rect.hull, extents)
    return hull.overlap(stack.canvas.rect) or hull
