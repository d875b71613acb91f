"""The kind of spline layers: how they are read, written, shaded, tuned and begun."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from vecstack.color import Color
from vecstack.geometry import Affine, Rect
from vecstack.kinds.base import Kind, MakerEntry, Steps, to_step
from vecstack.kinds.spline.layer import GAIN, WINDOW, SplineLayer
from vecstack.kinds.spline.make import SplineMaker

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from vecstack.kinds.base import GridShader, Shader
    from vecstack.kinds.spline.tune import SplineTunable


class SplineKind(Kind[SplineLayer]):
    """How spline layers are read, written, shaded, tuned and begun."""

    layer = SplineLayer
    web = Path(__file__).with_name("viewer.js")
    begin_window = WINDOW
    makers: Mapping[str, MakerEntry] = {
        "splines": MakerEntry("Any picture, by detail alone: no sketch, no net in the file.", lambda _: SplineMaker())
    }

    def extent(self, layer: SplineLayer, footprint: float) -> Rect | None:
        return layer.transform.bounds_of_frame()

    def family(self, layer: SplineLayer) -> Hashable:
        surface = layer.surface
        return len(surface), len(surface[0])

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

    def rounded(self, layer: SplineLayer, steps: Steps) -> SplineLayer:
        step = steps.shape * GAIN
        return dataclasses.replace(
            layer,
            surface=tuple(tuple(to_step(value, step) for value in row) for row in layer.surface),
            color=cast(Color, tuple(to_step(value, steps.color) for value in layer.color)),
        )


KIND = SplineKind()
