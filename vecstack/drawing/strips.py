"""A picture drawn block by block, so that a picture of any size needs the memory of one strip only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from vecstack.composite import unpremultiply
from vecstack.device import resolve_device
from vecstack.drawing.exact import Painter, exact_painter, runs
from vecstack.drawing.fast import SMALL_PIXELS, FastPainter
from vecstack.drawing.plan import Plan
from vecstack.drawing.points import centres
from vecstack.drawing.viewport import Viewport
from vecstack.errors import DeviceError
from vecstack.pictures.layout import Layout, RowCallback
from vecstack.stack import Stack

if TYPE_CHECKING:
    from vecstack.pictures.layout import Pixels, Strips

# Pixels are computed in bands on a fixed grid, so that they do not depend on the height of the strips.
BAND_PX = 64  # rows of a band
BAND_COLUMNS = 1 << 14  # columns drawn at a time: bounds the memory of a band to 16 MB
FEW_LAYERS = 64  # of which the exact way does not take long
MIN_COLUMNS = 256  # fewest columns per band, for devices with little memory


def draw_strips(
    stack: Stack,
    viewport: Viewport,
    layout: Layout,
    device: str,
    strip_rows: int,
    progress: RowCallback | None,
    *,
    exact: bool,
) -> Strips:
    """The rows of a viewport from the top, `strip_rows` (rounded up to a multiple of BAND_PX) at a time. Raises
    DeviceError, DocumentError."""
    place = resolve_device(device)
    with _memory_of(place):
        if exact or _is_simple(stack, viewport):
            paint = exact_painter(stack, viewport, place, transparent=layout.transparent)
        else:
            paint = FastPainter(stack, viewport, place, transparent=layout.transparent, depth=layout.depth)
    strip_rows = -(-strip_rows // BAND_PX) * BAND_PX
    # A separate generator, so that a wrong argument is an error at the call and not at the first strip.
    return _strips(paint, viewport, layout, place, strip_rows, progress)


def plan_of(stack: Stack, viewport: Viewport, layout: Layout, device: str) -> Plan:
    """The cost of drawing a viewport. Raises DeviceError, DocumentError."""
    place = resolve_device(device)
    if _is_simple(stack, viewport):
        count = sum(len(run) for run in runs(stack))
        return Plan(evaluations=count * layout.width * layout.height, exact_layers=count)
    with _memory_of(place):
        return FastPainter(stack, viewport, place, transparent=layout.transparent, depth=layout.depth).plan


def _is_simple(stack: Stack, viewport: Viewport) -> bool:
    """Whether a picture is quickly drawn exactly: it fits one block, and its layers are few."""
    return viewport.width_px * viewport.height_px <= SMALL_PIXELS and len(stack.layers) <= FEW_LAYERS


def _strips(
    paint: Painter,
    viewport: Viewport,
    layout: Layout,
    device: torch.device,
    strip_rows: int,
    progress: RowCallback | None,
) -> Strips:
    xs = centres(viewport.region.x, viewport.region.width, viewport.width_px, device)
    ys = centres(viewport.region.y, viewport.region.height, viewport.height_px, device)
    blocks = torch.split(xs, BAND_COLUMNS)
    for top in range(0, layout.height, strip_rows):
        strip = np.empty((min(strip_rows, layout.height - top), layout.width, layout.channels), layout.dtype)
        for row in range(0, len(strip), BAND_PX):
            band = ys[top + row : min(top + row + BAND_PX, top + strip_rows)]
            for index, block in enumerate(blocks):
                left = index * BAND_COLUMNS
                pixels = strip[row : row + BAND_PX, left : left + BAND_COLUMNS]
                pixels[:] = pack(_painted(paint, block, band), layout)
        yield strip
        if progress is not None:
            progress(top + len(strip), layout.height)


@torch.inference_mode()
def _painted(paint: Painter, xs: Tensor, ys: Tensor) -> Tensor:
    """The colours [4,H,W], without gradients; drawn in narrower parts where the device runs out of memory. Raises
    DeviceError where even those do not fit."""
    if len(xs) > MIN_COLUMNS:
        try:
            return paint(xs, ys)
        except torch.cuda.OutOfMemoryError:
            torch.cuda.empty_cache()
        half = len(xs) // 2
        return torch.cat([_painted(paint, part, ys).cpu() for part in (xs[:half], xs[half:])], 2)
    with _memory_of(xs.device):
        return paint(xs, ys)


@contextmanager
def _memory_of(device: torch.device) -> Iterator[None]:
    """Raise DeviceError where the device runs out of memory."""
    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        raise DeviceError(
            f"{device} ran out of memory; stop other programs that use it, or use `device='cpu'`."
        ) from error


def pack(colors: Tensor, layout: Layout) -> Pixels:
    """Pixels [H,W,C], rounded, of premultiplied colours [4,H,W] in 0..1."""
    straight = unpremultiply(colors) if layout.transparent else colors[:3]
    top = 2**layout.depth - 1
    levels = (straight * top + 0.5).clamp_(0, top).to(torch.uint8 if layout.depth == 8 else torch.int32)
    pixels: Pixels = levels.permute(1, 2, 0).cpu().numpy().astype(layout.dtype, copy=False)
    return pixels
