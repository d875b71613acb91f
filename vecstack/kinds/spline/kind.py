"""The kind of spline layers: how they are read, written, shaded, tuned and begun."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vecstack.color import Color
from vecstack.errors import DocumentError, WeightsError
from vecstack.geometry import Affine, Rect
from vecstack.kinds.base import Steps, to_step
from vecstack.kinds.spline.layer import GAIN, WINDOW, SplineLayer
from vecstack.stack import Layer

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from vecstack.kinds.base import GridShader, Maker, Shader, Tunable


class SplineKind:
    """How spline layers are read, written, shaded and tuned (see vecstack.kinds.base.Kind)."""

    web = Path(__file__).with_name("viewer.js")
    fields = ("color", "surface", "window")
    window = WINDOW

    def read(self, common: Mapping[str, Any], own: Mapping[str, Any]) -> SplineLayer:
        if not isinstance(own.get("surface"), list) or not isinstance(own.get("color"), list):
            raise DocumentError(f"layer {common['id']}: color and surface must be lists of numbers.")
        layer = SplineLayer(**common, color=own["color"], surface=own["surface"], window=own.get("window", WINDOW))
        return dataclasses.replace(layer, **self.write(layer, tuple))

    def write(self, layer: Layer, row: Any = list) -> dict[str, Any]:
        spline = cast(SplineLayer, layer)
        return {
            "color": row(float(value) for value in spline.color),
            "surface": row(row(float(value) for value in line) for line in spline.surface),
            "window": float(spline.window),
        }

    def asset_ids(self, layer: Layer) -> tuple[str, ...]:
        return ()

    def check(self, layers: Sequence[Layer], assets: Mapping[str, bytes]) -> None:
        pass

    def extent(self, layer: Layer) -> Rect | None:
        return layer.transform.bounds_of_frame()

    def family(self, layer: Layer) -> Hashable:
        surface = cast(SplineLayer, layer).surface
        return len(surface), len(surface[0])

    def number_count(self, layer: Layer) -> int:
        rows = cast(SplineLayer, layer).surface
        return len(rows) * len(rows[0]) + 3

    def shape(self, layer: Layer) -> tuple[float, ...]:
        return tuple(value for row in cast(SplineLayer, layer).surface for value in row)

    def with_shape(self, layer: Layer, shape: Sequence[float]) -> SplineLayer:
        spline = cast(SplineLayer, layer)
        width = len(spline.surface[0])
        rows = (tuple(shape[first : first + width]) for first in range(0, len(shape), width))
        return dataclasses.replace(spline, surface=tuple(rows))

    def prepare(self, layers: Sequence[Layer], assets: Mapping[str, bytes], device: torch.device) -> Shader:
        from vecstack.kinds.spline.shade import prepare

        return prepare(cast(Sequence[SplineLayer], layers), device)

    def prepare_grid(self, layer: Layer, assets: Mapping[str, bytes], device: torch.device) -> GridShader | None:
        from vecstack.kinds.spline.shade import prepare_grid

        return prepare_grid(cast(SplineLayer, layer), device)

    def tune(self, layers: Sequence[Layer], assets: Mapping[str, bytes], device: torch.device) -> Tunable:
        from vecstack.kinds.spline.tune import SplineTunable

        return SplineTunable(cast(Sequence[SplineLayer], layers), device)

    def begin(self, layer_id: str, window: Rect, inside: Rect, target: Tensor, canvas: Tensor) -> SplineLayer:
        from vecstack.kinds.spline.begin import begin

        surface, color = begin(window, inside, target, canvas)
        return SplineLayer(id=layer_id, transform=Affine.of_frame(window), color=color, surface=surface, window=WINDOW)

    def rounded(self, layer: Layer, steps: Steps) -> Layer:
        spline, step = cast(SplineLayer, layer), steps.shape * GAIN
        return dataclasses.replace(
            spline,
            surface=tuple(tuple(to_step(value, step) for value in row) for row in spline.surface),
            color=cast(Color, tuple(to_step(value, steps.color) for value in spline.color)),
        )

    def maker(self, weights: bytes, sizes: Any, device: torch.device | None) -> Maker:
        raise WeightsError("spline layers are made without weights. Give the weights of another kind of layer.")


KIND = SplineKind()
