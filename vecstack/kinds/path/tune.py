"""Path layers as numbers that can be tuned."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor

from vecstack.color import Color
from vecstack.kinds.base import Slopes
from vecstack.kinds.gradient import MAX_VALUE
from vecstack.kinds.path.layer import PathLayer
from vecstack.kinds.path.numbers import shape_of, with_shape
from vecstack.kinds.path.shade import Edges, PathShape, blend, stops_at

DECIMALS = 3  # of a contour's numbers that were tuned: a thousandth of a pixel of the source
COLOR_DECIMALS = 4


class PathTunable:
    """Path layers with contours of equal lengths and equally many stops (see kinds.base.Tunable): the shapes are the
    numbers of all contours in the local frame, then, of gradients, the colours of the stops."""

    shared: tuple[Tensor, ...] = ()

    def __init__(self, layers: Sequence[PathLayer], device: torch.device) -> None:
        self._layers = layers
        self._places = [PathShape.of(layer, device) for layer in layers]
        self._contour_numbers = sum(map(len, layers[0].contours))
        self._has_gradients = layers[0].gradient is not None
        self.shapes = torch.tensor([shape_of(layer) for layer in layers], dtype=torch.float32, device=device)
        colors = [() if layer.color is None else layer.color for layer in layers]
        self.colors = torch.tensor(colors, dtype=torch.float32, device=device)

    def shade(self, shapes: Tensor, points: Tensor, footprint: float) -> tuple[Tensor, Tensor | None]:
        parts = zip(self._places, self._controls(shapes), self._edges(footprint), strict=True)
        alphas = [place.coverage(controls, edges, points, footprint) for place, controls, edges in parts]
        return torch.stack(alphas).to(shapes.dtype), self._colors(shapes, points)

    @torch.no_grad()
    def slopes(self, shapes: Tensor, points: Tensor, footprint: float) -> Slopes:
        alphas = shapes.new_empty(len(shapes), len(points))
        by_alpha = shapes.new_zeros(*shapes.shape, len(points))
        parts = zip(self._places, self._controls(shapes), self._edges(footprint), strict=True)
        for index, (place, controls, edges) in enumerate(parts):
            alphas[index], by_alpha[index, : self._contour_numbers] = place.slopes(controls, edges, points, footprint)
        if not self._has_gradients:
            return Slopes(alphas, by_alpha)
        return Slopes(alphas, by_alpha, self._colors(shapes, points), self._by_stops(shapes, points))

    def layers(self, shapes: Tensor, colors: Tensor) -> tuple[tuple[PathLayer, ...], Mapping[str, bytes]]:
        return tuple(
            _recolored(with_shape(layer, _kept(shape, self._contour_numbers)), color)
            for layer, shape, color in zip(self._layers, shapes, colors, strict=True)
        ), {}

    def _edges(self, footprint: float) -> list[Edges]:
        """How the layers' curves are cut into edges: as they were at first, for looks that change smoothly."""
        controls = self._controls(self.shapes)
        return [place.edges_everywhere(each, footprint) for place, each in zip(self._places, controls, strict=True)]

    def _controls(self, shapes: Tensor) -> Tensor:
        """The control points of layers: [L,C,2]."""
        return shapes[:, : self._contour_numbers].reshape(len(shapes), -1, 2)

    def _colors(self, shapes: Tensor, points: Tensor) -> Tensor | None:
        """The colours of gradients at points [P,2]: [L,3,P]; None where layers have one colour."""
        if not self._has_gradients:
            return None
        stops = shapes[:, self._contour_numbers :].reshape(len(shapes), -1, 3)
        blends = [blend(layer, each, points) for layer, each in zip(self._layers, stops, strict=True)]
        return torch.stack(blends).transpose(1, 2)

    def _by_stops(self, shapes: Tensor, points: Tensor) -> Tensor:
        """How the colours at points [P,2] answer to the numbers of gradients: [L,N,3,P]."""
        result = shapes.new_zeros(*shapes.shape, 3, len(points))
        each = torch.arange(len(points), device=points.device)
        for index, layer in enumerate(self._layers):
            assert layer.gradient is not None
            first, second, share = stops_at(layer.gradient, layer.transform, points)
            for channel in range(3):
                place = self._contour_numbers + channel
                result[index, place + 3 * first, channel, each] += (1 - share).to(shapes.dtype)
                result[index, place + 3 * second, channel, each] += share.to(shapes.dtype)
        return result


def _kept(shape: Tensor, contour_numbers: int) -> list[float]:
    """The numbers of a shape as a document keeps them."""
    contours = shape[:contour_numbers].clamp(-MAX_VALUE, MAX_VALUE).tolist()
    stops = shape[contour_numbers:].clamp(0, 1).tolist()
    return [round(value, DECIMALS) + 0.0 for value in contours] + [round(value, COLOR_DECIMALS) for value in stops]


def _recolored(layer: PathLayer, color: Tensor) -> PathLayer:
    """The layer in a colour [3] as a document keeps it; as it is for none, [0]."""
    if not len(color):
        return layer
    return dataclasses.replace(
        layer, color=cast(Color, tuple(round(value, COLOR_DECIMALS) for value in color.tolist()))
    )
