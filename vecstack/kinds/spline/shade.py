"""Spline layers as functions of a point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vecstack.kinds.frame import fade, to_frame, window_bump
from vecstack.kinds.spline.edge import edge_width, mask_at
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
            alpha[inside] = _mask(layer, surface, local, footprint).mul_(window_bump(local, layer.window))
        return alphas, colors[:, None].expand(-1, len(points), -1)

    return shade


def _mask(layer: SplineLayer, surface: Tensor, local: Tensor, footprint: float) -> Tensor:
    """The mask of a layer at points [P,2] of its frame, without its window: [P]."""
    rows, columns = basis(local[:, 1], len(surface)), basis(local[:, 0], surface.shape[1])
    lines = rows @ surface
    heights = (lines * columns).sum(1)
    if layer.softness is None:
        return torch.sigmoid_(heights)
    by_u = (lines * basis_slopes(local[:, 0], surface.shape[1])).sum(1)
    by_v = ((basis_slopes(local[:, 1], len(surface)) @ surface) * columns).sum(1)
    width = edge_width(_steepness(layer, by_u, by_v), layer.softness, footprint)
    return mask_at(heights, width, layer.softness)


def _steepness(layer: SplineLayer, by_u: Tensor, by_v: Tensor) -> Tensor:
    """How steep a surface is for a canvas unit, from its slopes in the frame."""
    to_local = layer.transform.inverse()
    return torch.hypot(by_u * to_local.a + by_v * to_local.d, by_u * to_local.b + by_v * to_local.e)


def grid_shader(layer: SplineLayer, device: torch.device) -> GridShader | None:
    """The layer on the points of a grid (see kinds.base.Kind.grid_shader): None for one that is turned or
    skewed, whose surface is not a product of rows and columns there, unless its edge has kinks, which no polynomial
    follows."""
    inverse = layer.transform.inverse()
    if inverse.b or inverse.d:
        return None if layer.softness is None else _by_points(layer, device)
    surface = torch.tensor(layer.surface, dtype=torch.float32, device=device)
    color = torch.tensor(layer.color, dtype=torch.float32, device=device)
    softness = layer.softness

    @torch.no_grad()
    def shade(xs: Tensor, ys: Tensor, footprint: float) -> tuple[Tensor, Tensor]:
        across, down = (inverse.a * xs + inverse.c).float(), (inverse.e * ys + inverse.f).float()
        rows, columns = basis(down, len(surface)) @ surface, basis(across, surface.shape[1]).T
        heights = rows @ columns
        bump = fade(down, layer.window)[:, None] * fade(across, layer.window)
        if softness is None:
            return torch.sigmoid_(heights).mul_(bump), color
        by_u = rows @ basis_slopes(across, surface.shape[1]).T
        by_v = basis_slopes(down, len(surface)) @ surface @ columns
        width = edge_width(_steepness(layer, by_u, by_v), softness, footprint)
        return mask_at(heights, width, softness).mul_(bump), color

    return shade


def _by_points(layer: SplineLayer, device: torch.device) -> GridShader:
    """The layer on the points of a grid, one by one."""
    shade = shader([layer], device)

    def on_grid(xs: Tensor, ys: Tensor, footprint: float) -> tuple[Tensor, Tensor]:
        points = torch.stack([xs.repeat(len(ys)), ys.repeat_interleave(len(xs))], 1)
        (alpha,), (colors,) = shade(points, footprint)
        return alpha.view(len(ys), len(xs)), colors[0]

    return on_grid


def basis(places: Tensor, count: int) -> Tensor:
    """Values of `count` uniform cubic B-splines at places [P] in [-1,1], which sum to 1 there: [P,count]."""
    spacing = 2 / (count - 3)
    centres = spacing * (torch.arange(count, dtype=places.dtype, device=places.device) - 1) - 1
    distance = ((places[:, None] - centres) / spacing).abs()
    near = (4 - 6 * distance**2 + 3 * distance**3) / 6
    far = (2 - distance).clamp_min(0) ** 3 / 6
    return torch.where(distance < 1, near, far)


def basis_slopes(places: Tensor, count: int) -> Tensor:
    """Slopes of the B-splines of `basis`, for a unit of the frame: [P,count]."""
    spacing = 2 / (count - 3)
    centres = spacing * (torch.arange(count, dtype=places.dtype, device=places.device) - 1) - 1
    away = (places[:, None] - centres) / spacing
    distance = away.abs()
    near = (1.5 * distance - 2) * away
    far = -0.5 * (2 - distance).clamp_min(0) ** 2 * away.sign()
    return torch.where(distance < 1, near, far) / spacing
