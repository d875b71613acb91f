"""Layers drawn at points of the canvas, each by itself or all together."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from vecstack.color import Color
from vecstack.composite import best_color, over
from vecstack.drawing.exact import prepare
from vecstack.drawing.points import CHUNK, Box, Grid, in_channels, on_grid_of
from vecstack.kinds import can_draw, kind_of
from vecstack.stack import Layer, Stack

COLOR_DECIMALS = 6  # of a colour that replaces others: finer than any picture shows
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
            box = points.box(kind_of(layer).extent(layer, points.footprint))
            if box.count > 0:
                yield index, layer, box


def sheets_on(stack: Stack, points: Grid) -> Iterator[Sheet]:
    """The layers that can show at points of a grid, lowest first, each shaded only where it can be. Raises
    DocumentError where an asset is missing or does not fit its layer."""
    for index, layer, box in shown_on(stack, points):
        kind_of(layer).check([layer], stack.assets)
        yield sheet_on(index, layer, stack.assets, points, box)


def sheet_on(index: int, layer: Layer, assets: Mapping[str, bytes], points: Grid, box: Box) -> Sheet:
    """A layer of a stack at the points of a grid that are in a box."""
    mask, color = shade_on(layer, assets, points.part(box))
    return Sheet(index, box, mask * layer.opacity, color)


def compose(sheets: Iterable[Sheet], background: Tensor) -> Tensor:
    """The sheets over a background, [3,H,W]."""
    canvas = background.clone()
    for sheet in sheets:
        sheet.lay(canvas)
    return canvas


def picture_on(stack: Stack, points: Grid) -> Tensor:
    """The stack's picture at the points of a grid, over their backdrop: [3,H,W]. Raises as `sheets_on`."""
    return compose(sheets_on(stack, points), points.backdrop(stack))


def spread(sheet: Sheet, canvas: Tensor) -> Tensor:
    """The coverage of a sheet on a whole canvas [3,H,W]: [H,W]."""
    alpha = canvas.new_zeros(canvas.shape[1:])
    sheet.box.of(alpha).copy_(sheet.alpha)
    return alpha


def recolored(sheet: Sheet, weight: Tensor, wanted: Tensor) -> tuple[Sheet, Tensor]:
    """The sheet in the colour of 0..1 with which it alone adds nearly what is wanted [3,H,W] to a picture, its share of
    each point being `weight` [H,W]; and what is missing then, [3,H,W]."""
    color = best_color(weight, wanted).double().mul(10**COLOR_DECIMALS).round().div(10**COLOR_DECIMALS)
    rgb = color.to(weight)[:, None, None]
    return dataclasses.replace(sheet, color=rgb), wanted - weight * rgb


def color_of_sheet(sheet: Sheet) -> Color:
    """The colour of a sheet that has one, as a document keeps it."""
    return cast(Color, tuple(round(value, COLOR_DECIMALS) for value in sheet.color.flatten().tolist()))


def lights(sheets: Sequence[Sheet], light: Tensor) -> Iterator[tuple[Sheet, Tensor]]:
    """Sheets from the topmost down, each with the light that reaches it: its part of `light` [H,W] over the whole grid,
    which is dimmed in place before the next one."""
    for sheet in reversed(sheets):
        part = sheet.box.of(light)
        yield sheet, part
        part *= 1 - sheet.alpha


def shade_on(layer: Layer, assets: Mapping[str, bytes], points: Grid) -> tuple[Tensor, Tensor]:
    """The mask of a layer at the points of a grid, [H,W], and its colour, [3,1,1] where it is the same everywhere, else
    [3,H,W]."""
    kind, device = kind_of(layer), points.xs.device
    shade = kind.grid_shader(layer, assets, device) or on_grid_of(kind.shader([layer], assets, device))
    mask, color = shade(points.xs, points.ys, points.footprint)
    return mask, in_channels(color)


def cover_on(layer: Layer, assets: Mapping[str, bytes], points: Grid) -> Tensor:
    """The mask times the opacity of a layer at the points of a grid, [H,W]: by what draws runs of its kind where there
    is one, which is faster and within what is told apart. Raises DocumentError where an asset is missing or does not
    fit."""
    kind, device = kind_of(layer), points.xs.device
    kind.check([layer], assets)
    paint = kind.run_painter([layer], assets, device)
    if paint is None:
        return shade_on(layer, assets, points)[0] * layer.opacity
    canvas = torch.zeros(4, len(points.ys), len(points.xs), device=device)
    paint(canvas, points.xs, points.ys, points.footprint)
    return canvas[3]


def draw_at(stack: Stack, points: Tensor, footprint: float = FOOTPRINT, *, transparent: bool = False) -> Tensor:
    """A stack's colours at points [P,2], the middles of pixels with a side in canvas units: premultiplied, with their
    coverage, [4,P]."""
    colors_at = prepare(stack, points.device, transparent=transparent)
    with torch.no_grad():
        return torch.cat([colors_at(chunk, footprint) for chunk in torch.split(points, CHUNK)], 1)
