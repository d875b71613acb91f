"""Spline layers as functions of a point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vecstack.kinds.frame import fade, to_frame, window_bump
from vecstack.kinds.spline.layer import SplineLayer

if TYPE_CHECKING:
    from vecstack.kinds.base import GridShader, Shader


def shader(layers: Sequence[SplineLayer], device: torch.device) -> Shader:
    """The layers as a function of points (see kinds.base.Kind.shader)."""
    surfaces = [torch.tensor(layer.surface, dtype=torch.float32, device=device) for layer in layers]
    colors = torch.tensor([layer.color for layer in layers], dtype=torch.float32, device=device)

    @torch.no_grad()
    def shade(points: Tensor, footprint: float) -> tuple[Tensor, Tensor]:
        alphas = colors.new_zeros(len(layers), len(points))
        for alpha, layer, surface in zip(alphas, layers, surfaces, strict=True):
            local = to_frame(layer, points)
            inside = (local.abs().amax(1) < 1).nonzero()[:, 0]
            local = local[inside]
            rows, columns = basis(local[:, 1], len(surface)), basis(local[:, 0], surface.shape[1])
            heights = ((rows @ surface) * columns).sum(1)
            alpha[inside] = torch.sigmoid(heights) * window_bump(local, layer.window)
        return alphas, colors[:, None].expand(-1, len(points), -1)

    return shade


def grid_shader(layer: SplineLayer, device: torch.device) -> GridShader | None:
    """The layer on the points of a grid (see kinds.base.Kind.grid_shader): None for one that is turned or
    skewed, whose surface is not a product of rows and columns there."""
    inverse = layer.transform.inverse()
    if inverse.b or inverse.d:
        return None
    surface = torch.tensor(layer.surface, dtype=torch.float32, device=device)
    color = torch.tensor(layer.color, dtype=torch.float32, device=device)

    @torch.no_grad()
    def shade(xs: Tensor, ys: Tensor, footprint: float) -> tuple[Tensor, Tensor]:
        across, down = (inverse.a * xs + inverse.c).float(), (inverse.e * ys + inverse.f).float()
        heights = basis(down, len(surface)) @ surface @ basis(across, surface.shape[1]).T
        bump = fade(down, layer.window)[:, None] * fade(across, layer.window)
        return torch.sigmoid_(heights).mul_(bump), color

    return shade


def basis(places: Tensor, count: int) -> Tensor:
    """Values of `count` uniform cubic B-splines at places [P] in [-1,1], which sum to 1 there: [P,count]."""
    spacing = 2 / (count - 3)
    centres = spacing * (torch.arange(count, dtype=places.dtype, device=places.device) - 1) - 1
    distance = ((places[:, None] - centres) / spacing).abs()
    near = (4 - 6 * distance**2 + 3 * distance**3) / 6
    far = (2 - distance).clamp_min(0) ** 3 / 6
    return torch.where(distance < 1, near, far)
