"""Cut-outs drawn: a run of layers on the pixels of a grid."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import Tensor

from vecstack.compiled import is_compiled_on
from vecstack.composite import over_premultiplied
from vecstack.geometry import Affine, Rect
from vecstack.kinds import outlined_kind
from vecstack.kinds.cutout import kernels
from vecstack.kinds.cutout.item import is_picture
from vecstack.kinds.cutout.layer import CutoutLayer
from vecstack.kinds.cutout.picture import Pictures
from vecstack.kinds.cutout.shade import PicturePlace, parts_of, shader
from vecstack.stack import Layer

if TYPE_CHECKING:
    from vecstack.kinds.base import RunPainter

Extent = Callable[[CutoutLayer, float], Rect]
SHAPES, WHOLE, PICTURE = range(3)  # drawn shape by shape; as a whole, since it is translucent; sampled


def run_painter(
    layers: Sequence[CutoutLayer], assets: Mapping[str, bytes], extent: Extent, device: torch.device
) -> RunPainter:
    """The layers as what is laid over a canvas on a device (see kinds.base.Kind.run_painter); they cover nothing
    outside their extents."""
    painters = list(_painters(layers, assets, extent, device))

    def paint(canvas: Tensor, xs: Tensor, ys: Tensor, footprint: float) -> None:
        for each in painters:
            each(canvas, xs, ys, footprint)

    return paint


def _painters(
    layers: Sequence[CutoutLayer], assets: Mapping[str, bytes], extent: Extent, device: torch.device
) -> Iterator[RunPainter]:
    """Painters of the layers, lowest first: one of all neighbours that are drawn shape by shape."""
    pictures = Pictures(assets)
    parts = {layer.id: parts_of(layer, assets[layer.item]) for layer in layers if not is_picture(assets[layer.item])}

    def way(layer: CutoutLayer) -> int:
        if layer.id not in parts:
            return PICTURE
        return SHAPES if layer.opacity == 1 or len(parts[layer.id]) == 1 else WHOLE

    for found, run in groupby(layers, key=way):
        if found == SHAPES:
            yield _painter_of([part for layer in run for part in _faded(parts[layer.id], layer.opacity)], device)
            continue
        for layer in run:
            if found == WHOLE:
                yield _in_extent(layer, extent, _as_a_whole(_painter_of(parts[layer.id], device), layer.opacity))
            else:
                yield _in_extent(layer, extent, _picture_painter(layer, assets, pictures, device))


def _faded(parts: Sequence[Layer], opacity: float) -> list[Layer]:
    """Shapes with an opacity beside their own."""
    return [part if opacity == 1 else dataclasses.replace(part, opacity=part.opacity * opacity) for part in parts]


def _painter_of(parts: Sequence[Layer], device: torch.device) -> RunPainter:
    return cast("RunPainter", outlined_kind().run_painter(parts, {}, device))  # which the kind of outlines has


def _in_extent(layer: CutoutLayer, extent: Extent, paint: RunPainter) -> RunPainter:
    """A painter that is asked for no pixels outside the layer's extent."""

    def paint_inside(canvas: Tensor, xs: Tensor, ys: Tensor, footprint: float) -> None:
        box = extent(layer, footprint)
        columns, rows = _within(xs, box.x, box.width), _within(ys, box.y, box.height)
        if columns.start < columns.stop and rows.start < rows.stop:
            paint(canvas[:, rows, columns], xs[columns], ys[rows], footprint)

    return paint_inside


def _within(places: Tensor, start: float, length: float) -> slice:
    """Which of places [N], rising, lie within a stretch."""
    first, end = torch.searchsorted(places, places.new_tensor([start, start + length])).tolist()
    return slice(first, end)


def _as_a_whole(paint: RunPainter, opacity: float) -> RunPainter:
    """A painter of something translucent whose parts do not show through one another."""

    def paint_whole(canvas: Tensor, xs: Tensor, ys: Tensor, footprint: float) -> None:
        above = canvas.new_zeros(4, *canvas.shape[1:])
        paint(above, xs, ys, footprint)
        canvas.copy_(over_premultiplied(canvas, above * opacity))

    return paint_whole


def _picture_painter(
    layer: CutoutLayer, assets: Mapping[str, bytes], pictures: Pictures, device: torch.device
) -> RunPainter:
    shade = shader([layer], assets, device)
    color = np.array(layer.color or (), np.float64)

    def paint_at_points(canvas: Tensor, xs: Tensor, ys: Tensor, footprint: float) -> None:
        points = torch.stack([xs.repeat(len(ys)), ys.repeat_interleave(len(xs))], 1)
        (alpha,), (colors,) = shade(points, footprint)
        straight = torch.cat([colors.T, torch.ones_like(alpha)[None]])
        above = straight.mul_(alpha * layer.opacity).view(4, len(ys), len(xs))
        canvas.copy_(over_premultiplied(canvas, above))

    def paint_by_loops(canvas: Tensor, xs: Tensor, ys: Tensor, footprint: float) -> None:
        place = PicturePlace.of(layer, pictures, footprint)
        across, down = _side(xs, footprint), _side(ys, footprint)
        to_canvas = Affine(across, 0.0, float(xs[0]), 0.0, down, float(ys[0]))
        pixels, (_, rows, columns) = canvas.numpy(), canvas.shape
        kernels.draw(
            place.level, np.array(place.sides), np.array(place.to_level.after(to_canvas).rows()), place.steps.ravel(),
            layer.opacity, color, (0, 0, columns, rows), pixels,
        )  # fmt: skip

    return paint_by_loops if is_compiled_on(device) else paint_at_points


def _side(places: Tensor, footprint: float) -> float:
    """The side of pixels at places [N] that are evenly spaced."""
    return float(places[-1] - places[0]) / (len(places) - 1) if len(places) > 1 else footprint
