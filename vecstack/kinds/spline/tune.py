"""Spline layers as numbers that can be tuned, and how one begins."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from vecstack.color import Color
from vecstack.kinds.base import Slopes, Surface, to_step
from vecstack.kinds.frame import to_frame, window_bump
from vecstack.kinds.spline.edge import edge_width, mask_at, mask_slope
from vecstack.kinds.spline.layer import GAIN, MAX_VALUE, STEP, SplineLayer
from vecstack.kinds.spline.shade import basis, basis_slopes


class SplineTunable:
    """Spline layers with grids of one size (see kinds.base.Tunable): the shapes are control values over GAIN."""

    shared: tuple[Tensor, ...] = ()

    def __init__(self, layers: Sequence[SplineLayer], device: torch.device) -> None:
        self._layers = layers
        surfaces = torch.tensor([layer.surface for layer in layers], dtype=torch.float32, device=device)
        self._sides = surfaces.shape[1:]
        self.shapes = surfaces.flatten(1) / GAIN
        self._placed: tuple[Tensor, _Placed] | None = None
        self.colors = torch.tensor([layer.color for layer in layers], dtype=torch.float32, device=device)

    def shade(self, shapes: Tensor, points: Tensor, footprint: float) -> tuple[Tensor, None]:
        placed = self._place(points)
        heights = torch.einsum("ln,lpn->lp", shapes, placed.lifts)
        if placed.tilts is None:
            return torch.sigmoid(heights) * placed.bumps, None
        steepness = torch.einsum("ln,lapn->lap", shapes, placed.tilts).square().sum(1).clamp_min(1e-12).sqrt()
        masks = [
            mask_at(height, edge_width(steep, layer.softness or 0.0, footprint), layer.softness or 0.0)
            for height, steep, layer in zip(heights, steepness, self._layers, strict=True)
        ]
        return torch.stack(masks) * placed.bumps, None

    @torch.no_grad()
    def slopes(self, shapes: Tensor, points: Tensor, footprint: float) -> Slopes:
        placed = self._place(points)
        heights = torch.einsum("ln,lpn->lp", shapes, placed.lifts)
        if placed.tilts is None:
            masks = torch.sigmoid(heights)
            steepness = masks * (1 - masks) * placed.bumps
            return Slopes(masks * placed.bumps, (placed.lifts * steepness[:, :, None]).transpose(1, 2))
        tilts = torch.einsum("ln,lapn->lap", shapes, placed.tilts)
        alphas, by_alphas = [], []
        for index, layer in enumerate(self._layers):
            height, tilt, softness = heights[index], tilts[index], layer.softness or 0.0
            width = edge_width(tilt.square().sum(0).sqrt(), softness, footprint)
            by_share = mask_slope(height, width, softness) * placed.bumps[index]
            by_width = height * footprint**2 / width.square()  # a steeper surface has a wider edge
            answers = placed.lifts[index] - torch.einsum("p,ap,apn->pn", by_width, tilt, placed.tilts[index])
            alphas.append(mask_at(height, width, softness) * placed.bumps[index])
            by_alphas.append((answers * (by_share / width)[:, None]).T)
        return Slopes(torch.stack(alphas), torch.stack(by_alphas))

    def layers(self, shapes: Tensor, colors: Tensor) -> tuple[tuple[SplineLayer, ...], Mapping[str, bytes]]:
        return tuple(
            dataclasses.replace(layer, surface=as_surface(shape.view(self._sides)), color=as_color(color))
            for layer, shape, color in zip(self._layers, shapes, colors, strict=True)
        ), {}

    def _place(self, points: Tensor) -> _Placed:
        """How the surfaces are lifted at points [P,2], kept since every step asks for the same points."""
        if self._placed is None or self._placed[0] is not points:
            local = [to_frame(layer, points) for layer in self._layers]
            bumps = [window_bump(place, layer.window) for place, layer in zip(local, self._layers, strict=True)]
            lifted = torch.stack([lifts(place, *self._sides) for place in local])
            tilted = None
            if self._layers[0].softness is not None:
                tilted = torch.stack([
                    _tilts(layer, place, *self._sides) for layer, place in zip(self._layers, local, strict=True)
                ])  # fmt: skip
            self._placed = points, _Placed(lifted, tilted, torch.stack(bumps))
        return self._placed[1]


@dataclass(frozen=True)
class _Placed:
    """How each shape number lifts the surfaces at P points [L,P,N] and, of layers with a softness, tilts them for a
    canvas unit, in x and y [L,2,P,N]; and the windows there [L,P]."""

    lifts: Tensor
    tilts: Tensor | None
    bumps: Tensor


def _tilts(layer: SplineLayer, local: Tensor, rows: int, columns: int) -> Tensor:
    """By how much a shape number of 1 tilts the surface at points [P,2] of the frame, in x and y: [2,P,R*C] for R rows
    and C columns."""
    across, down = basis(local[:, 0], columns), basis(local[:, 1], rows)
    by_u = GAIN * (down[:, :, None] * basis_slopes(local[:, 0], columns)[:, None, :]).flatten(1)
    by_v = GAIN * (basis_slopes(local[:, 1], rows)[:, :, None] * across[:, None, :]).flatten(1)
    to_local = layer.transform.inverse()
    return torch.stack([by_u * to_local.a + by_v * to_local.d, by_u * to_local.b + by_v * to_local.e])


def lifts(local: Tensor, rows: int, columns: int) -> Tensor:
    """By how much a shape number of 1 lifts the surface at points [P,2] of the frame: [P,rows*columns]."""
    across, down = basis(local[:, 0], columns), basis(local[:, 1], rows)
    return GAIN * (down[:, :, None] * across[:, None, :]).flatten(1)


def as_surface(shape: Tensor) -> Surface:
    """Control values of shape numbers [R,C], as a document keeps them."""
    values = (shape * GAIN).clamp(-MAX_VALUE, MAX_VALUE).tolist()
    return tuple(tuple(to_step(value, STEP) for value in row) for row in values)


def as_color(color: Tensor) -> Color:
    """A colour as a document keeps it."""
    return cast(Color, tuple(round(value, 4) for value in color.tolist()))
