"""Spline layers as numbers that can be tuned, and how one begins."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor

from vecstack.color import Color
from vecstack.kinds.base import Slopes, to_step
from vecstack.kinds.frame import to_frame, window_bump
from vecstack.kinds.spline.layer import GAIN, MAX_VALUE, STEP, SplineLayer, Surface
from vecstack.kinds.spline.shade import basis


class SplineTunable:
    """Spline layers with grids of one size (see kinds.base.Tunable): the shapes are control values over GAIN."""

    shared: tuple[Tensor, ...] = ()

    def __init__(self, layers: Sequence[SplineLayer], device: torch.device) -> None:
        self._layers = layers
        surfaces = torch.tensor([layer.surface for layer in layers], dtype=torch.float32, device=device)
        self._sides = surfaces.shape[1:]
        self.shapes = surfaces.flatten(1) / GAIN
        self._placed: tuple[Tensor, Tensor, Tensor] | None = None
        self.colors = torch.tensor([layer.color for layer in layers], dtype=torch.float32, device=device)

    def shade(self, shapes: Tensor, points: Tensor, footprint: float) -> tuple[Tensor, None]:
        bases, bumps = self._place(points)
        return torch.sigmoid(torch.einsum("ln,lpn->lp", shapes, bases)) * bumps, None

    @torch.no_grad()
    def slopes(self, shapes: Tensor, points: Tensor, footprint: float) -> Slopes:
        bases, bumps = self._place(points)
        masks = torch.sigmoid(torch.einsum("ln,lpn->lp", shapes, bases))
        steepness = masks * (1 - masks) * bumps
        return Slopes(masks * bumps, (bases * steepness[:, :, None]).transpose(1, 2))

    def layers(self, shapes: Tensor, colors: Tensor) -> tuple[tuple[SplineLayer, ...], Mapping[str, bytes]]:
        return tuple(
            dataclasses.replace(layer, surface=as_surface(shape.view(self._sides)), color=as_color(color))
            for layer, shape, color in zip(self._layers, shapes, colors, strict=True)
        ), {}

    def _place(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """How each control value lifts the surfaces at points [P,2], and the windows there: [L,P,N], [L,P]. Kept, since
        every step asks for the same points."""
        if self._placed is not None and self._placed[0] is points:
            return self._placed[1:]
        local = [to_frame(layer, points) for layer in self._layers]
        bumps = [window_bump(place, layer.window) for place, layer in zip(local, self._layers, strict=True)]
        self._placed = points, torch.stack([lifts(place, *self._sides) for place in local]), torch.stack(bumps)
        return self._placed[1:]


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
