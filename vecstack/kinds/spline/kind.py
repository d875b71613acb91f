"""The kind of spline layers: how they are read, written, shaded, tuned and begun."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vecstack.color import Color
from vecstack.geometry import Affine, Rect
from vecstack.kinds.base import Kind, MakerEntry, Steps, Surface, to_step
from vecstack.kinds.spline.layer import GAIN, MAX_SIDE, SIGMOID, WINDOW, SplineLayer
from vecstack.kinds.spline.make import SplineMaker

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from vecstack.kinds.base import GridShader, Shader
    from vecstack.kinds.spline.tune import SplineTunable

SURFACE_STEP = 0.2  # of the control values of an edge as steep as the sigmoid: changes a mask by 1/40 at most


class SplineKind(Kind[SplineLayer]):
    """How spline layers are read, written, shaded, tuned and begun."""

    layer = SplineLayer
    web = Path(__file__).with_name("viewer.js")
    begin_window = WINDOW
    surface_side = MAX_SIDE
    makers: Mapping[str, MakerEntry] = {
        "splines": MakerEntry("Any picture, by detail alone: no sketch, no net in the file.", lambda _: SplineMaker())
    }

    def extent(self, layer: SplineLayer, footprint: float) -> Rect | None:
        return layer.transform.bounds_of_frame()

    def family(self, layer: SplineLayer) -> Hashable:
        surface = layer.surface
        return len(surface), len(surface[0]), layer.softness is None

    def shape(self, layer: SplineLayer) -> tuple[float, ...]:
        return tuple(value for row in layer.surface for value in row)

    def with_shape(self, layer: SplineLayer, shape: Sequence[float]) -> SplineLayer:
        width = len(layer.surface[0])
        rows = (tuple(shape[first : first + width]) for first in range(0, len(shape), width))
        return dataclasses.replace(layer, surface=tuple(rows))

    def shader(self, layers: Sequence[SplineLayer], assets: Mapping[str, bytes], device: torch.device) -> Shader:
        from vecstack.kinds.spline.shade import shader

        return shader(layers, device)

    def grid_shader(self, layer: SplineLayer, assets: Mapping[str, bytes], device: torch.device) -> GridShader | None:
        from vecstack.kinds.spline.shade import grid_shader

        return grid_shader(layer, device)

    def tunable(
        self, layers: Sequence[SplineLayer], assets: Mapping[str, bytes], device: torch.device
    ) -> SplineTunable:
        from vecstack.kinds.spline.tune import SplineTunable

        return SplineTunable(layers, device)

    def begin(self, layer_id: str, window: Rect, inside: Rect, target: Tensor, canvas: Tensor) -> SplineLayer:
        from vecstack.kinds.spline.begin import begin

        surface, color = begin(window, inside, target, canvas)
        return SplineLayer(id=layer_id, transform=Affine.of_frame(window), color=color, surface=surface, window=WINDOW)

    def from_surface(self, common: Mapping[str, Any], surface: Surface, window: float, color: Color) -> SplineLayer:
        steep = tuple(tuple(to_step(SIGMOID * value, SURFACE_STEP) for value in row) for row in surface)
        return SplineLayer(**common, color=color, surface=steep, window=window, softness=SIGMOID)

    def has_soft_edge(self, layer: SplineLayer) -> bool:
        return bool(layer.softness)

    def rounded(self, layer: SplineLayer, steps: Steps) -> SplineLayer:
        step = steps.shape * GAIN
        return dataclasses.replace(
            layer,
            surface=tuple(tuple(to_step(value, step) for value in row) for row in layer.surface),
            color=cast(Color, tuple(to_step(value, steps.color) for value in layer.color)),
        )


KIND = SplineKind()
