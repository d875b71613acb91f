"""Hard discs: one colour within a circle."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vecstack.color import Color, check_color
from vecstack.geometry import UNIT_CIRCLE, Rect
from vecstack.kinds.base import Curve, Kind, Shader
from vecstack.stack import Layer

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class DiscLayer(Layer):
    """One colour within the unit circle of the local frame, which is an ellipse on the canvas."""

    color: Color

    def __post_init__(self) -> None:
        super().__post_init__()
        check_color(self.color, f"layer {self.id}: color")


class DiscKind(Kind[DiscLayer]):
    layer = DiscLayer
    is_cheap = True

    def shader(self, layers: Sequence[DiscLayer], assets: Mapping[str, bytes], device: torch.device) -> Shader:
        import torch

        from vecstack.kinds.frame import coverage, to_frame

        colors = torch.tensor([layer.color for layer in layers], device=device)
        to_local = [torch.tensor(layer.transform.inverse().rows(), device=device)[:, :2] for layer in layers]

        def alpha(index: int, points: Tensor, footprint: float) -> Tensor:
            local = to_frame(layers[index], points)
            radius = local.norm(dim=1)
            slope = (local @ to_local[index]).norm(dim=1) / radius.clamp_min(1e-9)  # per canvas unit
            return coverage((1 - radius) / slope, footprint)

        def shade(points: Tensor, footprint: float) -> tuple[Tensor, Tensor]:
            alphas = torch.stack([alpha(index, points, footprint) for index in range(len(layers))])
            return alphas, colors[:, None].expand(-1, len(points), -1)

        return shade

    def extent(self, layer: DiscLayer, footprint: float) -> Rect:
        inverse = layer.transform.inverse()
        half_pixel = footprint / 2 * math.hypot(inverse.a, inverse.b, inverse.d, inverse.e)  # in the frame, at most
        return layer.transform.bounds_of_frame(1 + half_pixel)

    def outline(self, layer: DiscLayer) -> tuple[Curve, ...]:
        return (UNIT_CIRCLE,)


KIND = DiscKind()
