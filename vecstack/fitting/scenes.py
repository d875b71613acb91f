"""Scenes: a picture on pixels, and what surrounds the layers that are to come close to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch.nn.functional import interpolate

from vecstack.color import Color
from vecstack.drawing.fast import FastPainter
from vecstack.drawing.points import Grid
from vecstack.drawing.viewport import Viewport
from vecstack.kinds.base import Scene
from vecstack.pictures.read import Picture
from vecstack.stack import Layer, Stack

RASTER_PIXELS = 1 << 20  # most pixels of the picture that layers are grown on
TOLERANCE = 1.2 / 255  # of what surrounds them: four times as coarse as a drawing takes half of the time


def scene_of(
    stack: Stack,
    loaded: Picture,
    first: int,
    end: int,
    background: Color,
    device: torch.device,
    pixels: int = RASTER_PIXELS,
) -> Scene:
    """What the layers first..end of a stack are to come close to, on at most so many pixels."""
    colors = loaded.over(background)
    if stack.canvas.transparent:
        alpha = np.ones(colors.shape[:2], np.float32) if loaded.alpha is None else loaded.alpha
        colors = np.concatenate([loaded.pixels * alpha[..., None], alpha[..., None]], 2)
    picture = torch.from_numpy(np.ascontiguousarray(colors)).permute(2, 0, 1)
    scale = min(1.0, (pixels / picture[0].numel()) ** 0.5)
    height, width = (max(1, round(side * scale)) for side in picture.shape[1:])
    if scale < 1:
        picture = interpolate(picture[None], (height, width), mode="area")[0]
    rect = stack.canvas.rect
    below = _drawn(stack, stack.layers[:first], rect, height, width, device, len(picture) == 4)
    above = stack.layers[end:]
    if not above:
        return Scene(rect, picture.contiguous().numpy(), below)
    cover = _drawn(stack, above, rect, height, width, device, True)
    light = 1 - cover[3]
    return Scene(rect, picture.contiguous().numpy(), below, light, np.ascontiguousarray(cover[: len(picture)]))


def smaller(scene: Scene, pixels: int) -> Scene:
    """A scene on at most so many pixels; the same where it has no more."""
    height, width = scene.picture.shape[1:]
    scale = (pixels / (height * width)) ** 0.5
    if scale >= 1:
        return scene
    size = max(1, round(height * scale)), max(1, round(width * scale))

    def less(values: np.ndarray) -> np.ndarray:
        means: np.ndarray = interpolate(torch.from_numpy(values)[None], size, mode="area")[0].contiguous().numpy()
        return means

    if scene.light is None or scene.above is None:
        return Scene(scene.rect, less(scene.picture), less(scene.below))
    return Scene(scene.rect, less(scene.picture), less(scene.below), less(scene.light[None])[0], less(scene.above))


def _drawn(
    stack: Stack, layers: Iterable[Layer], rect: Any, height: int, width: int, device: torch.device, transparent: bool
) -> np.ndarray:
    """Some layers of a stack on pixels that fill the canvas: [3,H,W], or [4,H,W] where transparent."""
    part = stack.with_layers(layers)
    with torch.inference_mode():
        view = Viewport(rect, width, height)
        painter = FastPainter(part, view, device, transparent=transparent, tolerance=TOLERANCE)
        points = Grid.over(rect, width, height, device)
        drawn = painter(points.xs, points.ys)
    return np.ascontiguousarray(drawn[: 4 if transparent else 3].cpu().numpy())
