"""Spline layers as data: one colour behind a mask whose edge is a level of a B-spline surface."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vecstack.color import Color, check_color, is_number, is_number_list
from vecstack.errors import DocumentError, WeightsError
from vecstack.geometry import Affine, Rect
from vecstack.kinds import Steps, to_step
from vecstack.stack import Layer

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from vecstack.kinds import GridShader, Maker, Shader, Tunable

LEAST_SIDE, MOST_SIDE = 4, 64  # control values on a side: a cubic piece needs 4
MOST_VALUE = 1e6  # far past where the mask is 0 or 1
STEP = 0.01  # of a control value in a document: changes a mask by 1/400 at most
GAIN = 4.0  # control value of a shape number of 1: so that a number of 1 matters as much as one of a code
WINDOW = 0.3  # of a layer that is made: less leaves a seam, more wastes what the window holds

Surface = tuple[tuple[float, ...], ...]  # rows of control values


@dataclass(frozen=True, kw_only=True)
class SplineLayer(Layer):
    """A colour behind the mask sigmoid(s), where s is the uniform cubic B-spline surface of the control values
    `surface` (rows from the top, equally long) over the local frame. With `window` (share of the half side over which
    it fades, above 0 to 1) the mask is 0 outside the local frame."""

    color: Color
    surface: Surface
    window: float

    @property
    def kind(self) -> str:
        return "spline"

    def __post_init__(self) -> None:
        super().__post_init__()
        where = f"layer {self.id}: "
        check_color(self.color, f"{where}color")
        rows = self.surface
        if not isinstance(rows, list | tuple) or not all(map(is_number_list, rows)):
            raise DocumentError(f"{where}surface must be rows of numbers.")
        sides = (len(rows), *{len(row) for row in rows})
        if len(sides) != 2 or not all(LEAST_SIDE <= side <= MOST_SIDE for side in sides):
            raise DocumentError(
                f"{where}surface must have {LEAST_SIDE} to {MOST_SIDE} rows of {LEAST_SIDE} to {MOST_SIDE} numbers, "
                "all rows alike."
            )
        if not all(abs(value) <= MOST_VALUE for row in rows for value in row):
            raise DocumentError(f"{where}surface must be finite numbers up to {MOST_VALUE:g}.")
        if not (is_number(self.window) and 0 < self.window <= 1):
            raise DocumentError(f"{where}window must be above 0 and at most 1, not {self.window!r:.40}.")


class SplineKind:
    """How spline layers are read, written, shaded and tuned (see vecstack.kinds.Kind)."""

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
        from vecstack.kinds.spline.tune import begin

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
