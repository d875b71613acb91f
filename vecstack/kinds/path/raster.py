"""Paths drawn: a run of layers on the pixels of a grid, and, by compiled loops, single ones at points."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from vecstack.compiled import is_compiled_on
from vecstack.composite import lay_over
from vecstack.geometry import Affine
from vecstack.kinds.path import kernels, shade, twin
from vecstack.kinds.path.arrays import Paths
from vecstack.kinds.path.layer import PathLayer
from vecstack.kinds.path.windows import Room, Windows, boxes_of

if TYPE_CHECKING:
    from vecstack.kinds.base import RunPainter, Shader

TOLERANCE = 0.005  # px that edges may be away from their curve: changes no pixel by more than a step of 8 bits
MAX_BEND = 1000.0  # px, of a cubic that is drawn as edges: what bends more is cut
EXACT_TOLERANCE = 0.001  # footprints, at points
MOST_EDGES = 4096  # of a cubic, at points
MIN_ROWS = 32  # of a thread
SQUARE = 0.02  # by which the sides of a pixel may differ, and it still counts as a square


def draw_over(canvas: Tensor, paths: Paths, tolerance: float) -> None:
    """Lay paths over a canvas [D,H,W] (float32) on its device, in place."""
    if not is_compiled_on(canvas.device):
        twin.draw(canvas, paths, tolerance)
        return
    pixels, (channels, rows, width) = canvas.contiguous().numpy(), canvas.shape
    cuts = [0, rows // 2, rows] if rows >= 2 * MIN_ROWS else [0, rows]
    boxes = boxes_of(paths, rows, width)
    starts = np.zeros(paths.count + 1, np.int64)  # one path after another in the same room

    def draw(first: int, end: int) -> None:
        windows = Windows.of(boxes, first, end)
        most = int(np.diff(windows.row_starts).max(initial=0))
        room = Room.of((width + 1) * most, most, 0, channels, width)
        kernels.forward(
            paths.points, paths.cubics, paths.cubic_start, paths.opacity, paths.form, paths.place, paths.offsets,
            paths.colors, paths.stop_start, pixels, 0, tolerance, windows.boxes, starts, starts, *room.arrays,
            np.empty_like(starts),
        )  # fmt: skip

    with ThreadPoolExecutor(len(cuts) - 1) as threads:
        list(threads.map(draw, cuts[:-1], cuts[1:]))
    if pixels.ctypes.data != canvas.data_ptr():
        canvas.copy_(torch.from_numpy(pixels))


def run_painter(layers: Sequence[PathLayer], device: torch.device) -> RunPainter:
    """The layers as what is laid over a canvas on a device (see kinds.base.Kind.run_painter)."""
    paths = Paths.of_layers(layers, Affine(1, 0, 0, 0, 1, 0), 4)
    bend = float(paths.bends().max(initial=0))

    def paint(canvas: Tensor, xs: Tensor, ys: Tensor, footprint: float) -> None:
        sides = [_side(places, footprint) for places in (xs, ys)]
        if max(abs(side - footprint) for side in sides) > SQUARE * footprint:
            _paint_at_points(canvas, shader(layers, device), layers, xs, ys, footprint)
            return
        origin = float(xs[0]) - sides[0] / 2, float(ys[0]) - sides[1] / 2
        placed = paths.placed(origin, (sides[0], sides[1]), len(canvas))
        if bend > MAX_BEND * min(sides):
            placed = placed.split(np.zeros(2), np.array(canvas.shape[:0:-1]), MAX_BEND)
        draw_over(canvas, placed, TOLERANCE)

    return paint


def _side(places: Tensor, footprint: float) -> float:
    """The side of pixels at places [N] that are evenly spaced."""
    return float(places[-1] - places[0]) / (len(places) - 1) if len(places) > 1 else footprint


def _paint_at_points(
    canvas: Tensor, colors_at: Shader, layers: Sequence[PathLayer], xs: Tensor, ys: Tensor, footprint: float
) -> None:
    """Lay layers over a canvas whose pixels are no squares: as exact drawing does, at their middles."""
    points = torch.stack([xs.repeat(len(ys)), ys.repeat_interleave(len(xs))], 1)
    alphas, colors = colors_at(points, footprint)
    for layer, alpha, color in zip(layers, alphas, colors, strict=True):
        opaque = torch.cat([color.T, torch.ones_like(alpha)[None]])[: len(canvas)]
        lay_over(canvas, opaque.reshape(canvas.shape), (alpha * layer.opacity).view(canvas.shape[1:]))


def shader(layers: Sequence[PathLayer], device: torch.device) -> Shader:
    """The layers as a function of points on a device (see kinds.base.Kind.shader): that of shade.py, or the same by
    compiled loops."""
    if not is_compiled_on(device):
        return shade.shader(layers, device)
    paths = Paths.of_layers(layers, Affine(1, 0, 0, 0, 1, 0))
    paints = [torch.tensor(shade.colors_of(layer), dtype=torch.float32) for layer in layers]

    @torch.no_grad()
    def at(points: Tensor, footprint: float) -> tuple[Tensor, Tensor]:
        places = np.ascontiguousarray(points.double().numpy())
        alphas = np.zeros((len(layers), len(points)), np.float32)
        colors = points.new_empty(len(layers), len(points), 3, dtype=torch.float32)
        near = paths.split(places.min(0) - footprint, places.max(0) + footprint, MAX_BEND * footprint)
        for index, layer in enumerate(layers):
            cubics = near.cubics[near.cubic_start[index] : near.cubic_start[index + 1]]
            pieces = torch.from_numpy(near.points[cubics])
            ends = twin.edges_of(pieces, EXACT_TOLERANCE * footprint, MOST_EDGES).ends(pieces)
            kernels.cover(torch.cat(ends, 1).numpy(), places, float(footprint), alphas[index])
            colors[index] = paints[index][0] if layer.gradient is None else shade.blend(layer, paints[index], points)
        return torch.from_numpy(alphas), colors

    return at
