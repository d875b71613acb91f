"""The pixels of a picture, block by block, so that a picture of any size needs the memory of one strip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from vecstack.composite import unpremultiply
from vecstack.errors import DeviceError, UsageError
from vecstack.geometry import Frame
from vecstack.render.device import resolve_device
from vecstack.render.draw import Progress
from vecstack.render.exact import ColorsAt, prepare
from vecstack.render.layout import Layout
from vecstack.stack import Stack

if TYPE_CHECKING:
    from vecstack.render.layout import Pixels, Strips

# Pixels are computed in blocks that lie on a fixed grid of the picture, so that they do not depend on the strips.
BLOCK_PX = 64  # 4,096 points, whose hidden values fit a processor's cache
CUDA_BLOCK_PX = 1024  # width of a block there: enough points to fill the device


def draw_strips(
    stack: Stack, frame: Frame, layout: Layout, device: str, strip_rows: int, progress: Progress | None
) -> Strips:
    """The rows of a frame from the top, `strip_rows` (rounded up to a multiple of BLOCK_PX) at a time. Raises
    DeviceError, DocumentError."""
    place = resolve_device(device)
    colors_at = prepare(stack, place, transparent=layout.transparent)
    strip_rows = -(-strip_rows // BLOCK_PX) * BLOCK_PX
    # A generator of its own, so that a wrong argument is an error at the call and not at the first strip.
    return _strips(colors_at, frame, layout, place, strip_rows, progress)


def gather(strips: Strips, layout: Layout) -> Pixels:
    """The whole picture [H,W,C] of its strips. Raises UsageError where it does not fit into memory."""
    try:
        picture = np.empty((layout.height, layout.width, layout.channels), layout.dtype)
    except MemoryError:
        raise UsageError(
            f"{layout.width:,} x {layout.height:,} px need {layout.row_bytes * layout.height / 1e9:,.0f} GB, more than "
            "the memory there is; make it smaller, or write it as PNG or TIFF, which need little."
        ) from None
    top = 0
    for strip in strips:
        picture[top : top + len(strip)] = strip
        top += len(strip)
    return picture


def _strips(
    colors_at: ColorsAt,
    frame: Frame,
    layout: Layout,
    device: torch.device,
    strip_rows: int,
    progress: Progress | None,
) -> Strips:
    block_width = BLOCK_PX if device.type == "cpu" else CUDA_BLOCK_PX
    xs = _centres(frame.region.x, frame.region.width, frame.width_px, device)
    ys = _centres(frame.region.y, frame.region.height, frame.height_px, device)
    for top in range(0, layout.height, strip_rows):
        strip = np.empty((min(strip_rows, layout.height - top), layout.width, layout.channels), layout.dtype)
        for row in range(0, len(strip), BLOCK_PX):
            for left in range(0, layout.width, block_width):
                block = strip[row : row + BLOCK_PX, left : left + block_width]
                height, width = block.shape[:2]
                points = _grid(xs[left : left + width], ys[top + row : top + row + height])
                block[:] = _pack(_evaluate(colors_at, points, frame.footprint), layout).reshape(block.shape)
        yield strip
        if progress is not None:
            progress(top + len(strip), layout.height)


def _centres(start: float, length: float, count: int, device: torch.device) -> Tensor:
    """Where the centres of `count` equal pixels lie on a side of a region, in canvas units: float64 [count]."""
    return start + (torch.arange(count, dtype=torch.float64, device=device) + 0.5) * length / count


def _grid(xs: Tensor, ys: Tensor) -> Tensor:
    """The points of a grid, row by row: [W], [H] -> [H*W,2]."""
    return torch.stack([xs.repeat(len(ys)), ys.repeat_interleave(len(xs))], 1)


@torch.inference_mode()
def _evaluate(colors_at: ColorsAt, points: Tensor, footprint: float) -> Tensor:
    """The colours [4,P] at the points, without gradients. Raises DeviceError where the device's memory is full."""
    try:
        return colors_at(points, footprint)
    except torch.cuda.OutOfMemoryError as error:
        raise DeviceError(
            f"{points.device} ran out of memory; stop other programs that use it, or use --device cpu."
        ) from error


def _pack(colors: Tensor, layout: Layout) -> Pixels:
    """Rounded pixels of premultiplied colours: [4,P] in 0..1 -> [P,C]."""
    straight = unpremultiply(colors) if layout.transparent else colors[:3]
    top = 2**layout.depth - 1
    levels = (straight * top).round_().clamp_(0, top).to(torch.int32)
    pixels: Pixels = levels.T.cpu().numpy().astype(layout.dtype)
    return pixels
