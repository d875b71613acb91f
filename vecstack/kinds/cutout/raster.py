"""Cut-outs drawn: a run of layers on the pixels of a grid."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial, reduce
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
    pictures = Pictures(assets)
    parts = {layer.id: parts_of(layer, assets[layer.item]) for layer in layers if not is_picture(assets[layer.item])}

    @cache
    def painters(footprint: float) -> list[tuple[Rect, RunPainter]]:
        boxes = [extent(layer, footprint) for layer in layers]
        ways = [_way(layer, parts.get(layer.id)) for layer in layers]
        found: list[tuple[Rect, RunPainter]] = []
        for way, indices in batches(ways, boxes):
            if way == SHAPES:
                every = [part for index in indices for part in _faded(parts[layers[index].id], layers[index].opacity)]
                found.append((reduce(Rect.hull, (boxes[index] for index in indices)), _painter_of(every, device)))
            elif way == WHOLE:
                found += [(boxes[index], _whole_painter(layers[index], parts, device)) for index in indices]
            else:
                found += [
                    (boxes[index], _picture_painter(layers[index], assets, pictures, device)) for index in indices
                ]
        return found

    def paint(canvas: Tensor, xs: Tensor, ys: Tensor, footprint: float) -> None:
        (left, right), (top, bottom) = xs[[0, -1]].tolist(), ys[[0, -1]].tolist()
        hull = Rect(left, top, right - left, bottom - top)
        for box, each in painters(footprint):
            if box.meets(hull):
                columns, rows = _within(xs, box.x, box.width), _within(ys, box.y, box.height)
                if columns.start < columns.stop and rows.start < rows.stop:
                    each(canvas[:, rows, columns], xs[columns], ys[rows], footprint)

    return paint


def _way(layer: CutoutLayer, parts: Sequence[Layer] | None) -> int:
    """How a layer is drawn, which has such shapes unless it is a picture."""
    if parts is None:
        return PICTURE
    return SHAPES if layer.opacity == 1 or len(parts) == 1 else WHOLE


def batches(ways: Sequence[int], boxes: Sequence[Rect]) -> list[tuple[int, list[int]]]:
    """Layers to be drawn after one another as few batches, each of one way to be drawn: indices of layers, of which
    those whose boxes overlap stay in their order."""
    found: list[tuple[int, list[int]]] = []
    sides = np.array([(box.x, box.y, -box.x - box.width, -box.y - box.height) for box in boxes])
    batch_of = np.zeros(len(boxes), np.int64)
    for index, way in enumerate(ways):
        overlaps = (sides[:index] <= -np.roll(sides[index], 2)).all(1)
        earliest = int(batch_of[:index][overlaps].max(initial=0))
        place = next((number for number in range(earliest, len(found)) if found[number][0] == way), len(found))
        if place == len(found):
            found.append((way, []))
        found[place][1].append(index)
        batch_of[index] = place
    return found


def _faded(parts: Sequence[Layer], opacity: float) -> list[Layer]:
    """Shapes with an opacity beside their own."""
    return [part if opacity == 1 else dataclasses.replace(part, opacity=part.opacity * opacity) for part in parts]


def _painter_of(parts: Sequence[Layer], device: torch.device) -> RunPainter:
    return cast("RunPainter", outlined_kind().run_painter(parts, {}, device))  # which the kind of outlines has


def _within(places: Tensor, start: float, length: float) -> slice:
    """Which of places [N], rising, lie within a stretch."""
    first, end = torch.searchsorted(places, places.new_tensor([start, start + length])).tolist()
    return slice(first, end)


def _whole_painter(layer: CutoutLayer, parts: Mapping[str, Sequence[Layer]], device: torch.device) -> RunPainter:
    """The painter of a translucent layer whose shapes do not show through one another."""
    paint = _painter_of(parts[layer.id], device)

    def paint_whole(canvas: Tensor, xs: Tensor, ys: Tensor, footprint: float) -> None:
        above = canvas.new_zeros(4, *canvas.shape[1:])
        paint(above, xs, ys, footprint)
        canvas.copy_(over_premultiplied(canvas, above * layer.opacity))

    return paint_whole


def _picture_painter(
    layer: CutoutLayer, assets: Mapping[str, bytes], pictures: Pictures, device: torch.device
) -> RunPainter:
    """The painter of a picture: by compiled loops, or as exact drawing does, at the middles of pixels."""
    shade = shader([layer], assets, device)
    color, place_for = np.array(layer.color or (), np.float64), cache(partial(PicturePlace.of, layer, pictures))

    def paint_at_points(canvas: Tensor, xs: Tensor, ys: Tensor, footprint: float) -> None:
        points = torch.stack([xs.repeat(len(ys)), ys.repeat_interleave(len(xs))], 1)
        (alpha,), (colors,) = shade(points, footprint)
        straight = torch.cat([colors.T, torch.ones_like(alpha)[None]])
        above = (straight * (alpha * layer.opacity)).reshape(4, len(ys), len(xs))
        canvas.copy_(over_premultiplied(canvas, above))

    def paint_by_loops(canvas: Tensor, xs: Tensor, ys: Tensor, footprint: float) -> None:
        place = place_for(footprint)
        to_canvas = Affine(_side(xs, footprint), 0.0, float(xs[0]), 0.0, _side(ys, footprint), float(ys[0]))
        kernels.draw(
            place.level, np.array(place.sides), np.array(place.to_level.after(to_canvas).rows()), place.steps.ravel(),
            layer.opacity, color, canvas.numpy(),
        )  # fmt: skip

    return paint_by_loops if is_compiled_on(device) else paint_at_points


def _side(places: Tensor, footprint: float) -> float:
    """The side of pixels at places [N] that are evenly spaced."""
    return float(places[-1] - places[0]) / (len(places) - 1) if len(places) > 1 else footprint
