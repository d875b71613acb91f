"""A stack in stages: its picture with few of its layers, then with more, up to all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch

from vecstack.device import resolve_device
from vecstack.drawing.fast import FastPainter
from vecstack.drawing.points import centres
from vecstack.drawing.strips import BAND_PX, pack
from vecstack.drawing.viewport import Viewport
from vecstack.pictures.layout import Layout
from vecstack.stack import Stack

if TYPE_CHECKING:
    from vecstack.pictures.layout import Pixels


@torch.inference_mode()
def stages(
    stack: Stack, viewport: Viewport, counts: Sequence[int], *, transparent: bool, device: str = "auto"
) -> Iterator[Pixels]:
    """For each of `counts`, which rise, the picture of so many of the stack's lowest layers: uint8 [H,W,4] where
    `transparent`, else [H,W,3]. Each is drawn over the one before, so that all take little more than the last; off by a
    step of 8 bits at most. Raises DeviceError; DocumentError where the stack's assets do not match its layers."""
    place = resolve_device(device)
    layout = Layout(viewport.width_px, viewport.height_px, 8, transparent)
    start = [0.0, 0.0, 0.0, 0.0] if transparent else stack.canvas.background
    canvas = torch.tensor(start, dtype=torch.float32, device=place)[:, None, None]
    canvas = canvas.repeat(1, viewport.height_px, viewport.width_px)
    xs = centres(viewport.region.x, viewport.region.width, viewport.width_px, place)
    ys = centres(viewport.region.y, viewport.region.height, viewport.height_px, place)
    below = 0
    for count in counts:
        painter = FastPainter(stack.with_layers(stack.layers[below:count]), viewport, place, starts=False)
        for band, rows in zip(torch.split(canvas, BAND_PX, 1), torch.split(ys, BAND_PX), strict=True):
            painter.lay_over(band, xs, rows)
        below = count
        yield pack(canvas, layout)
