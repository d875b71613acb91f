"""Strokes drawn: a run of layers on the pixels of a grid, by compiled loops where these are and can."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from vecstack.compiled import is_compiled_on
from vecstack.composite import lay_over
from vecstack.kinds.stroke import kernels
from vecstack.kinds.stroke.layer import Bristles, StrokeLayer, seed_of
from vecstack.kinds.stroke.shade import shader

if TYPE_CHECKING:
    from vecstack.geometry import Rect
    from vecstack.kinds.base import RunPainter

NUMBERS, MARKS = 13, 5  # of a stroke, and of the marks of its brush
FAR = 1 << 14  # pixels from the corner of a raster up to which float32 tells where an edge is to 1/500 of one
PIXELS = 1 << 13  # worked on together: their numbers stay in a processor's cache
PARTS = 1 << 13
MIN_ROWS = 32  # of a thread
SQUARE = 0.02  # by which the sides of a pixel may differ, and it still counts as a square
ROUND = 1e-6  # share by which the sides of a frame may differ, and its circles are circles on the canvas


def numbers_of(layers: Sequence[StrokeLayer]) -> np.ndarray:
    """The numbers [L,18] of layers on the canvas, as kernels.py and texture.py have them; NaN where the frame is not a
    square one."""
    result = np.full((len(layers), NUMBERS + MARKS), np.nan)
    for row, layer in zip(result, layers, strict=True):
        place = layer.transform
        scale = abs(place.determinant) ** 0.5
        off = np.hypot(place.a, place.d) - scale, np.hypot(place.b, place.e) - scale
        if max(map(abs, off)) <= ROUND * scale:
            points = [place.apply(*layer.spine[first : first + 2]) for first in (0, 2, 4)]
            row[:6] = np.ravel(points)
            row[6:8] = scale * np.array(layer.radii)
            row[8:10] = layer.opacity * np.array(layer.opacities)
            row[10:13] = layer.color
            brush = layer.bristles or Bristles(0, 0, 0)
            row[13:] = brush.tone, brush.dry, brush.light, seed_of(layer), np.sign(place.determinant)
    return result


def placed(numbers: np.ndarray, corner: tuple[float, float], side: float) -> np.ndarray:
    """Strokes [L,13] on the canvas as pixels of a side have them, from a corner on."""
    result: np.ndarray = numbers.copy()
    result[:, :6] = (numbers[:, :6] - np.tile(corner, 3)) / side
    result[:, 6:8] /= side
    return result


def draw_over(canvas: np.ndarray, strokes: np.ndarray, steps: tuple[float, float] = (1.0, 1.0)) -> None:
    """Lay strokes [L,13] in pixels over a canvas [D,H,W] (float32) in place, by compiled loops; its pixels are so many
    sides apart, across and down, which is nearly 1."""
    _, rows, width = canvas.shape
    cuts = [0, rows // 2, rows] if rows >= 2 * MIN_ROWS else [0, rows]

    def draw(first: int, end: int) -> None:
        room, parts = np.empty((6, max(PIXELS, width)), np.float32), np.empty((5, PARTS), np.float32)
        spans = np.empty((room.shape[1], 4), np.int64)
        kernels.draw(strokes, canvas, first, end, np.array(steps), np.empty((end - first, 2)), room, spans, parts)

    with ThreadPoolExecutor(len(cuts) - 1) as threads:
        list(threads.map(draw, cuts[:-1], cuts[1:]))


def run_painter(
    layers: Sequence[StrokeLayer], extent: Callable[[StrokeLayer, float], Rect], device: torch.device
) -> RunPainter:
    """The layers as what is laid over a canvas on a device (see kinds.base.Kind.run_painter); they cover nothing
    outside their extents."""
    numbers = numbers_of(layers)

    def paint(canvas: Tensor, xs: Tensor, ys: Tensor, footprint: float) -> None:
        sides = _side(xs, footprint), _side(ys, footprint)
        is_square = max(abs(side - footprint) for side in sides) <= SQUARE * footprint
        corner = float(xs[0]) - sides[0] / 2, float(ys[0]) - sides[1] / 2
        strokes, steps = placed(numbers, corner, footprint), (sides[0] / footprint, sides[1] / footprint)
        by_loops = (np.abs(strokes[:, :8]).max(1) < FAR) & is_square & is_compiled_on(device)  # NaN is not less
        for is_fast, indices in groupby(range(len(layers)), key=by_loops.__getitem__):
            run = list(indices)
            if is_fast:
                _draw_on(canvas, strokes[run], steps)
            else:
                for index in run:
                    lay_at_points(canvas, layers[index], extent(layers[index], footprint), xs, ys, footprint)

    return paint


def _side(places: Tensor, footprint: float) -> float:
    """The side of pixels at places [N] that are evenly spaced."""
    return float(places[-1] - places[0]) / (len(places) - 1) if len(places) > 1 else footprint


def _draw_on(canvas: Tensor, strokes: np.ndarray, steps: tuple[float, float]) -> None:
    """Lay strokes over a canvas [D,H,W], in any layout."""
    pixels = canvas.contiguous().numpy()
    draw_over(pixels, strokes, steps)
    if pixels.ctypes.data != canvas.data_ptr():
        canvas.copy_(torch.from_numpy(pixels))


def lay_at_points(canvas: Tensor, layer: StrokeLayer, extent: Rect, xs: Tensor, ys: Tensor, footprint: float) -> None:
    """Lay a layer over the pixels of a canvas in its extent, as exact drawing does, at their middles."""
    columns, rows = _within(xs, extent.x, extent.width), _within(ys, extent.y, extent.height)
    across, down = xs[columns], ys[rows]
    if not len(across) or not len(down):
        return
    points = torch.stack([across.repeat(len(down)), down.repeat_interleave(len(across))], 1)
    (alpha,), (colors,) = shader([layer], canvas.device)(points, footprint)
    sides = len(down), len(across)
    color = torch.cat([colors.T, torch.ones_like(alpha)[None]])[: len(canvas)].view(-1, *sides)
    lay_over(canvas[:, rows, columns], color, alpha.view(sides) * layer.opacity)


def _within(places: Tensor, start: float, length: float) -> slice:
    """Which of places [N], rising, lie within a stretch."""
    first, end = torch.searchsorted(places, places.new_tensor([start, start + length])).tolist()
    return slice(first, end)
