"""Layers drawn at points of the canvas, each by itself or all together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from vecstack.composite import over
from vecstack.drawing.exact import prepare
from vecstack.drawing.points import Box, Grid
from vecstack.kinds import can_draw, kind_of
from vecstack.stack import Layer, Stack

CHUNK = 4096  # points drawn at a time: their hidden values fit a processor's cache
FOOTPRINT = 1.0  # canvas units: the picture as it is at the size of its source


@dataclass(frozen=True)
class Sheet:
    """A layer that shows, at the H x W points of a grid that it can cover: its index in the stack, mask times opacity
    [H,W], and colour, [3,1,1] where it is the same everywhere, else [3,H,W]."""

    index: int
    box: Box
    alpha: Tensor
    color: Tensor

    def lay(self, canvas: Tensor) -> None:
        """Draw the layer onto a canvas [3,H,W] over the whole grid, in place."""
        part = self.box.of(canvas)
        part.copy_(over(part, self.color, self.alpha))


def shown_on(stack: Stack, points: Grid) -> Iterator[tuple[int, Layer, Box]]:
    """The layers that can show at points of a grid, lowest first: index, layer, and which points it can cover."""
    for index, layer in enumerate(stack.layers):
        if layer.is_seen and can_draw(layer):
            box = points.box(kind_of(layer).extent(layer))
            if box.count > 0:
                yield index, layer, box


def sheets_on(stack: Stack, points: Grid) -> Iterator[Sheet]:
    """The layers that can show at points of a grid, lowest first, each shaded only where it can be. Raises
    DocumentError where an asset is missing or does not fit its layer."""
    for index, layer, box in shown_on(stack, points):
        kind_of(layer).check([layer], stack.assets)
        mask, color = shade_on(layer, stack.assets, points.part(box))
        yield Sheet(index, box, mask * layer.opacity, color)


def shade_on(layer: Layer, assets: Mapping[str, bytes], points: Grid) -> tuple[Tensor, Tensor]:
    """The mask of a layer at the points of a grid, [H,W], and its colour, [3,1,1] where it is the same everywhere, else
    [3,H,W]."""
    kind, device = kind_of(layer), points.xs.device
    shade_grid = kind.prepare_grid(layer, assets, device)
    if shade_grid is not None:
        mask, color = shade_grid(points.xs, points.ys, FOOTPRINT)
        return mask, color[:, None, None]
    shade = kind.prepare([layer], assets, device)
    with torch.no_grad():
        shaded = [shade(chunk, FOOTPRINT) for chunk in torch.split(points.points, CHUNK)]
    masks, colors = (torch.cat(parts, 1)[0] for parts in zip(*shaded, strict=True))  # [P], [P,3]
    sides = len(points.ys), len(points.xs)
    same = bool((colors == colors[:1]).all())
    return masks.view(sides), colors[:1].T[:, :, None] if same else colors.T.reshape(3, *sides)


def draw_at(stack: Stack, points: Tensor, *, transparent: bool = False) -> Tensor:
    """A stack's colours at points [P,2]: premultiplied, with their coverage, [4,P]."""
    colors_at = prepare(stack, points.device, transparent=transparent)
    with torch.no_grad():
        return torch.cat([colors_at(chunk, FOOTPRINT) for chunk in torch.split(points, CHUNK)], 1)
