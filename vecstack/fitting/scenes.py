"""Scenes: a picture on pixels, and what surrounds the layers that are to come close to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
COPIED_PIXELS = 1 << 23  # most of one whose arrays are copies, that they are tuned on: bounds memory to some 300 MB
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
    scale = min(1.0, (pixels / (loaded.width * loaded.height)) ** 0.5)
    height, width = (max(1, round(side * scale)) for side in loaded.pixels.shape[:2])
    channels = _channels(loaded, background, transparent=stack.canvas.transparent)
    picture = np.stack([_reduced(channel, height, width) for channel in channels])
    rect = stack.canvas.rect
    below = _drawn(stack, stack.layers[:first], rect, height, width, device, len(picture) == 4)
    above = stack.layers[end:]
    if not above:
        return Scene(rect, picture, below)
    cover = _drawn(stack, above, rect, height, width, device, True)
    light = 1 - cover[3]
    return Scene(rect, picture, below, light, np.ascontiguousarray(cover[: len(picture)]))


def own_scene(stack: Stack, loaded: Picture, first: int, background: Color, device: torch.device) -> Scene:
    """What the layers of a stack from `first` on are to come close to, on the picture's own pixels. Nothing is copied
    of an opaque picture that nothing is drawn below: its arrays are views, so that it may be of any size. Others are
    reduced to COPIED_PIXELS."""
    if stack.canvas.transparent or loaded.alpha is not None or first:
        return scene_of(stack, loaded, first, len(stack.layers), background, device, COPIED_PIXELS)
    rect, picture = stack.canvas.rect, loaded.pixels.transpose(2, 0, 1)
    return Scene(rect, picture, np.broadcast_to(_drawn(stack, (), rect, 1, 1, device, False), picture.shape))


def smaller(scene: Scene, pixels: int) -> Scene:
    """A scene that nothing is drawn above, on at most so many pixels; the same where it has no more."""
    height, width = scene.picture.shape[1:]
    scale = (pixels / (height * width)) ** 0.5
    if scale >= 1:
        return scene
    size = max(1, round(height * scale)), max(1, round(width * scale))
    picture, below = (
        interpolate(torch.from_numpy(values)[None], size, mode="area")[0].contiguous().numpy()
        for values in (scene.picture, scene.below)
    )
    return Scene(scene.rect, picture, below)


def _channels(loaded: Picture, background: Color, *, transparent: bool) -> Iterator[np.ndarray]:
    """What layers are to come close to, one channel [H,W] after another: a large picture is not copied whole. Those of
    the colours over a background; on a transparent canvas, those of the premultiplied colours, and alpha."""
    pixels, alpha = loaded.pixels, loaded.alpha
    if alpha is None and transparent:
        alpha = np.ones(pixels.shape[:2], np.float32)
    for channel, behind in enumerate(background):
        below = np.float32(0 if transparent else behind)
        values = pixels[..., channel]
        yield values if alpha is None else below + (values - below) * alpha
    if alpha is not None and transparent:
        yield alpha


def _reduced(channel: np.ndarray, height: int, width: int) -> np.ndarray:
    """A channel [H,W] on so many pixels, no more than it has."""
    if channel.shape == (height, width):
        return channel
    found: np.ndarray = interpolate(torch.from_numpy(channel)[None, None], (height, width), mode="area")[0, 0].numpy()
    return found


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
