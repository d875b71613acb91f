"""Discs of many colours: a radial gradient from one colour to another within a circle of a radius of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vecstack.color import Color, check_color
from vecstack.errors import DocumentError
from vecstack.geometry import Rect
from vecstack.kinds.base import Kind, Shader, Slopes, Steps, to_step
from vecstack.kinds.frame import coverage, to_frame
from vecstack.kinds.slopes import slopes_of
from vecstack.stack import Layer


@dataclass(frozen=True, kw_only=True)
class RadialLayer(Layer):
    """A gradient from `inner` in the middle to `outer` at the unit circle, cut off at a share `radius` of it."""

    inner: Color
    outer: Color
    radius: float = 0.8

    def __post_init__(self) -> None:
        super().__post_init__()
        check_color(self.inner, f"layer {self.id}: inner")
        check_color(self.outer, f"layer {self.id}: outer")
        if not 0 < self.radius <= 1:
            raise DocumentError(f"layer {self.id}: radius must be above 0 and at most 1, not {self.radius}.")


class RadialTunable:
    """Radial layers as numbers: the radius, the inner colour, the outer colour."""

    shared: tuple[Tensor, ...] = ()

    def __init__(self, kind: RadialKind, layers: Sequence[RadialLayer], device: torch.device) -> None:
        self._kind, self._layers = kind, layers
        self.shapes = torch.tensor([kind.shape(layer) for layer in layers], device=device)
        self.colors = self.shapes.new_empty(len(layers), 0)

    def shade(self, shapes: Tensor, points: Tensor, footprint: float) -> tuple[Tensor, Tensor]:
        local = torch.stack([to_frame(layer, points) for layer in self._layers]).to(shapes.dtype)
        place = local.norm(dim=2)  # [L,P]
        scales = [abs(layer.transform.determinant) ** 0.5 for layer in self._layers]
        distance = (shapes[:, :1] - place) * shapes.new_tensor(scales)[:, None]
        inner, outer = shapes[:, 1:4, None], shapes[:, 4:7, None]
        return coverage(distance, footprint), inner + (outer - inner) * place[:, None].clamp(0, 1)

    def slopes(self, shapes: Tensor, points: Tensor, footprint: float) -> Slopes:
        return slopes_of(self.shade, shapes, points, footprint)

    def layers(self, shapes: Tensor, colors: Tensor) -> tuple[tuple[RadialLayer, ...], Mapping[str, bytes]]:
        safe = torch.cat([shapes[:, :1].clamp(0.01, 1), shapes[:, 1:].clamp(0, 1)], 1).tolist()
        return tuple(self._kind.with_shape(layer, row) for layer, row in zip(self._layers, safe, strict=True)), {}


class RadialKind(Kind[RadialLayer]):
    layer = RadialLayer
    is_cheap = True

    def shader(self, layers: Sequence[RadialLayer], assets: Mapping[str, bytes], device: torch.device) -> Shader:
        tunable = self.tunable(layers, assets, device)

        def shade(points: Tensor, footprint: float) -> tuple[Tensor, Tensor]:
            alpha, rgb = tunable.shade(tunable.shapes, points, footprint)
            return alpha, rgb.transpose(1, 2)

        return shade

    def extent(self, layer: RadialLayer, footprint: float) -> Rect:
        return layer.transform.bounds_of_frame(layer.radius + footprint / 2 / abs(layer.transform.determinant) ** 0.5)

    def recolored(self, layer: RadialLayer, change: Callable[[Color], Color]) -> RadialLayer:
        return dataclasses.replace(layer, inner=change(layer.inner), outer=change(layer.outer))

    def tunable(
        self, layers: Sequence[RadialLayer], assets: Mapping[str, bytes], device: torch.device
    ) -> RadialTunable:
        return RadialTunable(self, layers, device)

    def shape(self, layer: RadialLayer) -> tuple[float, ...]:
        return (layer.radius, *layer.inner, *layer.outer)

    def with_shape(self, layer: RadialLayer, shape: Sequence[float]) -> RadialLayer:
        radius, *colors = (float(value) for value in shape)
        return dataclasses.replace(
            layer, radius=radius, inner=(colors[0], colors[1], colors[2]), outer=(colors[3], colors[4], colors[5])
        )

    def rounded(self, layer: RadialLayer, steps: Steps) -> RadialLayer:
        return self.with_shape(layer, [min(1.0, to_step(value, steps.shape) or value) for value in self.shape(layer)])


KIND = RadialKind()
