"""The masks of a stack's layers, each sampled on cells of its own part of the canvas, and how much of each is seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from vecstack.color import Color
from vecstack.composite import over
from vecstack.drawing.fast import FastPainter
from vecstack.drawing.points import Box, Grid
from vecstack.drawing.sheets import shade_on
from vecstack.drawing.viewport import Viewport
from vecstack.exporting.svg.exact import is_exact
from vecstack.geometry import Rect
from vecstack.kinds import can_draw, color_of, kind_of
from vecstack.stack import Layer, Stack

CELLS = 512  # on the long side of the canvas: contours are smooth between, and no curve is written finer
MIN_CELLS = 128  # on the long side of a small layer
MIN_ACROSS = 8  # on the short side: slopes and blurs need neighbours
POOLED = 2  # cells on a side of one at which levels are chosen
_NOWHERE = Box(slice(0, 0), slice(0, 0))
UNSEEN = 0.1  # what a squared error of a hidden layer counts, which the next edit may show


@dataclass(frozen=True)
class SampledMask:
    """A layer's mask without its opacity: `values` [H,W] at the centres of cells that fill `rect`; `index` and `layer`
    in the stack; whether it is written as it is, not traced (`is_exact`); its colours. `effect` [H/2,W/2]: by how much
    the mask can change the picture at cells twice as large, as the mean over the channels of the squared difference
    between a mask of 0 and one of 1. `box` and `common` [h,w]: the mask at points of the grid over the whole canvas."""

    index: int
    layer: Layer
    is_exact: bool
    rgb: Tensor  # [3,1,1] where the colour is the same everywhere, else [3,h,w] at the points of `common`
    rect: Rect
    values: np.ndarray
    effect: np.ndarray
    box: Box
    common: Tensor

    @property
    def color(self) -> Color:
        """The layer's colour; of many, their mean."""
        red, green, blue = self.rgb.mean((1, 2)).tolist()
        return red, green, blue

    @property
    def pooled(self) -> np.ndarray:
        """The mask at cells twice as large: [H/2,W/2]."""
        return avg_pool2d(torch.from_numpy(self.values)[None], POOLED)[0].numpy()

    @property
    def step(self) -> float:
        """The side of a cell, in canvas units."""
        return float((self.rect.width * self.rect.height / self.values.size) ** 0.5)

    @property
    def long_side(self) -> float:
        """Of the layer's part of the canvas, in canvas units."""
        return max(self.rect.width, self.rect.height)


@dataclass(frozen=True)
class Scene:
    """The masks of a stack, lowest first, those of hidden layers too; the grid over the canvas at which they are
    composed, and their picture there, [3,H,W]."""

    stack: Stack
    masks: tuple[SampledMask, ...]
    grid: Grid
    picture: Tensor
    device: str = "cpu"

    @property
    def traced(self) -> list[SampledMask]:
        """The masks that are traced, lowest first: those of layers that are not written as they are."""
        return [mask for mask in self.masks if not mask.is_exact]


def scene_of(stack: Stack, device: torch.device) -> Scene:
    """The masks of all layers that this version can draw and that reach onto the canvas. Raises DocumentError where
    an asset is missing or does not fit its layer."""
    canvas = stack.canvas.rect
    rows, columns = (count // POOLED for count in _cells(canvas, canvas))
    common = Grid.over(canvas, columns, rows, torch.device("cpu"))
    masks = list(_masks(stack, common, device))
    picture = _weigh(stack, masks, common)
    return Scene(stack, tuple(masks), common, picture, str(device))


def _masks(stack: Stack, common: Grid, device: torch.device) -> Iterator[SampledMask]:
    """The masks, with an effect that is not known yet; not sampled where none is traced."""
    canvas = stack.canvas.rect
    exact = {layer.id: is_exact(layer, stack.assets) for layer in stack.layers if can_draw(layer)}
    is_traced = not all(exact.values())
    for index, layer in enumerate(stack.layers):
        if not can_draw(layer):
            continue
        extent = kind_of(layer).extent(layer, max(canvas.width, canvas.height) / CELLS)
        rect = canvas if extent is None else extent.overlap(canvas)
        if rect is None:
            continue
        if not is_traced:
            nothing = np.zeros((1, 1), np.float32)
            yield SampledMask(
                index, layer, True, torch.zeros(3, 1, 1), rect, nothing, nothing, _NOWHERE, torch.zeros(0, 0)
            )
            continue
        rows, columns = _cells(rect, canvas)
        bare = dataclasses.replace(layer, visible=True, opacity=1.0)
        painter = FastPainter(
            dataclasses.replace(stack, layers=(bare,)), Viewport(rect, columns, rows), device, transparent=True
        )
        values = _alpha(painter, Grid.over(rect, columns, rows, device), device)
        box = common.box(rect)
        at_common = _alpha(painter, common.part(box), device) if box.count else torch.empty(0, 0)
        effect = np.zeros((rows // POOLED, columns // POOLED), np.float32)
        rgb = _colors(layer, stack, common.part(box), device)
        yield SampledMask(index, layer, exact[layer.id], rgb, rect, values.numpy(), effect, box, at_common)


def _cells(rect: Rect, canvas: Rect) -> tuple[int, int]:
    """Rows and columns of nearly square cells in a part of the canvas; even numbers."""
    long_side = max(rect.width, rect.height)
    count = max(MIN_CELLS, CELLS * long_side / max(canvas.width, canvas.height))
    rows, columns = (
        max(MIN_ACROSS, POOLED * round(count * side / long_side / POOLED)) for side in (rect.height, rect.width)
    )
    return rows, columns


def _alpha(painter: FastPainter, points: Grid, device: torch.device) -> Tensor:
    """What a painter of a device covers at the points of a grid: [H,W] in 0..1, on the CPU."""
    with torch.no_grad():
        return painter(points.xs.to(device), points.ys.to(device))[3].clamp(0, 1).cpu().contiguous()


def _colors(layer: Layer, stack: Stack, points: Grid, device: torch.device) -> Tensor:
    """A layer's colour, [3,1,1], or its colours at the points of a grid, [3,h,w]; on the CPU."""
    color = color_of(layer)
    if color is not None:
        return torch.tensor(color)[:, None, None]
    there = Grid(points.xs.to(device), points.ys.to(device), points.footprint)
    return shade_on(layer, stack.assets, there)[1].clamp(0, 1).cpu()


def _weigh(stack: Stack, masks: list[SampledMask], common: Grid) -> Tensor:
    """Put the masks' effects in their places, and give the picture [3,H,W] of all that is seen."""
    picture, light = common.background(stack), torch.ones(len(common.ys), len(common.xs))
    for mask in masks:
        color = torch.tensor(mask.color)[:, None, None]
        mask.effect[:] = _at((color - picture).square().mean(0), mask, stack)
        if mask.layer.is_seen and mask.box.count:
            part = mask.box.of(picture)
            part.copy_(over(part, mask.rgb, mask.common * mask.layer.opacity))
    for mask in reversed(masks):
        mask.effect[:] *= _at(light.square(), mask, stack)
        mask.effect[:] *= mask.layer.opacity**2 if mask.layer.is_seen else UNSEEN
        if mask.layer.is_seen and mask.box.count:
            mask.box.of(light).mul_(1 - mask.common * mask.layer.opacity)
    return picture


def _at(values: Tensor, mask: SampledMask, stack: Stack) -> np.ndarray:
    """Values [H,W] over the canvas at the nearest places to the cells of a mask's effect."""
    (rows, columns), (height, width) = mask.effect.shape, values.shape
    canvas, rect = stack.canvas, mask.rect
    xs = (rect.x + (np.arange(columns) + 0.5) * rect.width / columns) / canvas.width * width
    ys = (rect.y + (np.arange(rows) + 0.5) * rect.height / rows) / canvas.height * height
    indices = ys.astype(int).clip(0, height - 1)[:, None], xs.astype(int).clip(0, width - 1)
    return np.asarray(values.numpy()[indices])
