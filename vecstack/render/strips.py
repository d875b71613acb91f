"""The pixels of a picture, block by block, so that a picture of any size needs the memory of one strip."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from vecstack.composite import unpremultiply
from vecstack.device import resolve_device
from vecstack.errors import DeviceError, UsageError
from vecstack.geometry import Frame
from vecstack.render.draw import Progress
from vecstack.render.exact import BLOCK_PX, Painter, exact_painter, runs
from vecstack.render.fast import FastPainter
from vecstack.render.grid import centres
from vecstack.render.layout import Layout
from vecstack.render.plan import Plan
from vecstack.stack import Stack

if TYPE_CHECKING:
    from vecstack.render.layout import Pixels, Strips

# Pixels are computed in bands that lie on a fixed grid of the picture, so that they do not depend on the strips.
BAND_PX = 64  # rows
BAND_COLUMNS = 1 << 14  # most columns at a time, which bounds the memory of a band to 16 MB
LEAST_COLUMNS = 256  # of a band, with which a device of little memory gets by


def draw_strips(
    stack: Stack,
    frame: Frame,
    layout: Layout,
    device: str,
    strip_rows: int,
    progress: Progress | None,
    *,
    exact: bool,
) -> Strips:
    """The rows of a frame from the top, `strip_rows` (rounded up to a multiple of BAND_PX) at a time. Raises
    DeviceError, DocumentError."""
    place = resolve_device(device)
    with _memory_of(place):
        if exact or _is_small(frame):
            paint = exact_painter(stack, frame, place, transparent=layout.transparent)
        else:
            paint = FastPainter(stack, frame, place, transparent=layout.transparent, depth=layout.depth)
    strip_rows = -(-strip_rows // BAND_PX) * BAND_PX
    # A generator of its own, so that a wrong argument is an error at the call and not at the first strip.
    return _strips(paint, frame, layout, place, strip_rows, progress)


def plan_of(stack: Stack, frame: Frame, layout: Layout, device: str) -> Plan:
    """What drawing a frame takes. Raises DeviceError, DocumentError."""
    place = resolve_device(device)
    if _is_small(frame):
        count = sum(len(run) for run in runs(stack))
        return Plan(evaluations=count * layout.width * layout.height, exact_layers=count)
    with _memory_of(place):
        return FastPainter(stack, frame, place, transparent=layout.transparent, depth=layout.depth).plan


def _is_small(frame: Frame) -> bool:
    """Whether a picture is of one block, which is not worth compiling for."""
    return frame.width_px * frame.height_px <= BLOCK_PX**2


def gather(strips: Strips, layout: Layout, *, advice: str = "make it smaller") -> Pixels:
    """The whole picture [H,W,C] of its strips. Raises UsageError, which ends in the advice, where it does not fit into
    memory."""
    needed = layout.row_bytes * layout.height
    try:
        if needed > memory_bytes():  # which some systems promise, and then end the program that uses it
            raise MemoryError
        picture = np.empty((layout.height, layout.width, layout.channels), layout.dtype)
    except MemoryError:
        raise UsageError(
            f"{layout.width:,} x {layout.height:,} px need {needed / 1e9:,.0f} GB, more than the memory there is; "
            f"{advice}."
        ) from None
    top = 0
    for strip in strips:
        picture[top : top + len(strip)] = strip
        top += len(strip)
    return picture


def memory_bytes() -> float:
    """The memory of this machine; infinity where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # Windows has no such question
        return math.inf


def _strips(
    paint: Painter, frame: Frame, layout: Layout, device: torch.device, strip_rows: int, progress: Progress | None
) -> Strips:
    xs = centres(frame.region.x, frame.region.width, frame.width_px, device)
    ys = centres(frame.region.y, frame.region.height, frame.height_px, device)
    blocks = torch.split(xs, BAND_COLUMNS)
    for top in range(0, layout.height, strip_rows):
        strip = np.empty((min(strip_rows, layout.height - top), layout.width, layout.channels), layout.dtype)
        for row in range(0, len(strip), BAND_PX):
            band = ys[top + row : min(top + row + BAND_PX, top + strip_rows)]
            for index, block in enumerate(blocks):
                left = index * BAND_COLUMNS
                pixels = strip[row : row + BAND_PX, left : left + BAND_COLUMNS]
                pixels[:] = _pack(_painted(paint, block, band), layout)
        yield strip
        if progress is not None:
            progress(top + len(strip), layout.height)


@torch.inference_mode()
def _painted(paint: Painter, xs: Tensor, ys: Tensor) -> Tensor:
    """The colours [4,H,W] without gradients, in narrower parts where the device's memory is full. Raises
    DeviceError."""
    if len(xs) > LEAST_COLUMNS:
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
    """Raise DeviceError where the device's memory is full."""
    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        raise DeviceError(
            f"{device} ran out of memory; stop other programs that use it, or use --device cpu."
        ) from error


def _pack(colors: Tensor, layout: Layout) -> Pixels:
    """Rounded pixels of premultiplied colours in 0..1: [4,H,W] -> [H,W,C]."""
    straight = unpremultiply(colors) if layout.transparent else colors[:3]
    top = 2**layout.depth - 1
    levels = (straight * top + 0.5).clamp_(0, top).to(torch.uint8 if layout.depth == 8 else torch.int32)
    pixels: Pixels = levels.permute(1, 2, 0).cpu().numpy().astype(layout.dtype, copy=False)
    return pixels
