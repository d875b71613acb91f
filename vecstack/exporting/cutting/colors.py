"""The colours that layers show: of translucent ones and of those of many colours, the mean over where they are on
top."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from vecstack.color import Color
from vecstack.drawing.render import render
from vecstack.drawing.viewport import Viewport
from vecstack.exporting.pictures import draw_alone, drawable
from vecstack.geometry import Rect
from vecstack.kinds import kind_of
from vecstack.stack import Layer, Stack

SIZE_PX = 512  # long side of the pictures whose colours are averaged
COVERED = 128  # alpha 0..255 from which a pixel counts as covered


def opaque(stack: Stack, device: str = "auto") -> Stack:
    """The stack with every layer that is seen at an opacity of 1, its colours moved by what its mean misses of the
    picture where it is on top: so that each shows, on average, what it showed before. Raises ExportError: no layer can
    be drawn; DeviceError."""
    if all(layer.opacity == 1 for layer in stack.layers if layer.is_seen):
        return stack
    viewport = Viewport.of_region(stack.canvas.rect, size=SIZE_PX)
    picture = render(stack, viewport=viewport, transparent=False, device=device) / 255
    free = np.ones(picture.shape[:2], bool)
    changed: dict[str, Layer] = {}
    for _, layer in reversed(drawable(stack)):
        if not layer.is_seen:
            continue
        window, box = _window(layer, viewport)
        drawn = draw_alone(stack, layer, window, device)
        covers = drawn[..., 3] >= COVERED
        on_top = covers & free[box]
        free[box] &= ~covers
        changed[layer.id] = dataclasses.replace(layer, opacity=1.0)
        if on_top.any() and layer.opacity < 1:
            shift = (picture[box][on_top] - drawn[on_top][:, :3] / 255).mean(0)
            changed[layer.id] = _shifted(changed[layer.id], shift)
    return stack.with_layers(changed.get(layer.id, layer) for layer in stack.layers)


def _window(layer: Layer, viewport: Viewport) -> tuple[Viewport, tuple[slice, slice]]:
    """The part of a viewport, in whole pixels, that a layer may cover, and its rows and columns there."""
    whole, sides = viewport.region, (viewport.width_px, viewport.height_px)
    step = whole.width / sides[0], whole.height / sides[1]
    extent = (kind_of(layer).extent(layer, viewport.footprint) or whole).overlap(whole) or Rect(whole.x, whole.y, 0, 0)
    first = [int((at - start) / one) for at, start, one in zip(_corner(extent), _corner(whole), step, strict=True)]
    first = [min(at, side - 1) for at, side in zip(first, sides, strict=True)]
    reach = extent.x + extent.width - whole.x, extent.y + extent.height - whole.y
    last = [
        max(at + 1, min(side, math.ceil(far / one)))
        for at, side, far, one in zip(first, sides, reach, step, strict=True)
    ]
    columns, rows = last[0] - first[0], last[1] - first[1]
    region = Rect(whole.x + first[0] * step[0], whole.y + first[1] * step[1], columns * step[0], rows * step[1])
    return Viewport(region, columns, rows), (slice(first[1], last[1]), slice(first[0], last[0]))


def _corner(rect: Rect) -> tuple[float, float]:
    return rect.x, rect.y


def _shifted(layer: Layer, shift: np.ndarray) -> Layer:
    """The layer with each of its colours moved; itself where they cannot be."""

    def moved(color: Color) -> Color:
        red, green, blue = (np.asarray(color) + shift).clip(0, 1).tolist()
        return red, green, blue

    return kind_of(layer).recolored(layer, moved) or layer


def mean_color(stack: Stack, layer: Layer, device: str = "auto") -> Color:
    """The mean of the colours of a layer of many, over what it covers."""
    window, _ = _window(layer, Viewport.of_region(stack.canvas.rect, size=SIZE_PX))
    drawn = draw_alone(stack, layer, window, device).reshape(-1, 4).astype(float)
    red, green, blue = (drawn[:, 3] @ drawn[:, :3] / max(drawn[:, 3].sum(), 1) / 255).tolist()
    return red, green, blue
