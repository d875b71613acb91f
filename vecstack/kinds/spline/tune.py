"""Spline layers as numbers that can be tuned, and how one begins."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor

from vecstack.color import Color
from vecstack.geometry import Rect
from vecstack.kinds import to_step
from vecstack.kinds.frame import to_frame, window_bump
from vecstack.kinds.spline.layer import GAIN, LEAST_SIDE, MOST_VALUE, STEP, SplineLayer, Surface
from vecstack.kinds.spline.shade import basis

MADE_SIDE = 16  # most control values on a side of a layer that is made
PIXELS_APART = 2  # of the control values of a small window: finer has more numbers than pixels
COLOR_ROUNDS = 3  # of choosing points for a colour and a colour for the points
SMOOTH = 0.01  # share of the mean curvature that holds control values down which no point sees


class SplineTunable:
    """Spline layers with grids of one size (see vecstack.kinds.Tunable): the shapes are control values over GAIN."""

    shared: tuple[Tensor, ...] = ()

    def __init__(self, layers: Sequence[SplineLayer], device: torch.device) -> None:
        self._layers = layers
        surfaces = torch.tensor([layer.surface for layer in layers], dtype=torch.float32, device=device)
        self._sides = surfaces.shape[1:]
        self.shapes = surfaces.flatten(1) / GAIN
        self._placed: tuple[Tensor, Tensor, Tensor] | None = None
        self.colors = torch.tensor([layer.color for layer in layers], dtype=torch.float32, device=device)

    def masks(self, shapes: Tensor, points: Tensor) -> Tensor:
        bases, bumps = self._place(points)
        return torch.sigmoid(torch.einsum("ln,lpn->lp", shapes, bases)) * bumps

    @torch.no_grad()
    def slopes(self, shapes: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        bases, bumps = self._place(points)
        masks = torch.sigmoid(torch.einsum("ln,lpn->lp", shapes, bases))
        steepness = masks * (1 - masks) * bumps
        return masks * bumps, (bases * steepness[:, :, None]).transpose(1, 2)

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
    values = (shape * GAIN).clamp(-MOST_VALUE, MOST_VALUE).tolist()
    return tuple(tuple(to_step(value, STEP) for value in row) for row in values)


def as_color(color: Tensor) -> Color:
    """A colour as a document keeps it."""
    return cast(Color, tuple(round(value, 4) for value in color.tolist()))


def begin(window: Rect, inside: Rect, target: Tensor, canvas: Tensor) -> tuple[Surface, Color]:
    """Control values and colour of a layer for a window: over cells that fill the part `inside` of it, the picture
    aimed at and the canvas so far, both [3,H,W]. The colour is the one that the points in most error want; the
    surface is high where it is closer to the picture than the canvas is."""
    height, width = target.shape[1:]
    goal, below = target.flatten(1), canvas.flatten(1)
    xs = inside.x + (torch.arange(width, device=target.device) + 0.5) * (inside.width / width)
    ys = inside.y + (torch.arange(height, device=target.device) + 0.5) * (inside.height / height)
    local = torch.stack(
        [
            ((xs - window.x) * (2 / window.width) - 1).repeat(height),
            ((ys - window.y) * (2 / window.height) - 1).repeat_interleave(width),
        ],
        1,
    )
    rows, columns = _side(height * window.height / inside.height), _side(width * window.width / inside.width)
    missing = (goal - below).square().sum(0)
    weight = missing * window_bump(local, 1.0)
    color = (goal * weight).sum(1) / weight.sum().clamp_min(1e-12)
    for _ in range(COLOR_ROUNDS):
        gain = missing - (goal - color[:, None]).square().sum(0)
        chosen = weight * (gain > 0)
        if float(chosen.sum()) > 0:
            color = (goal * chosen).sum(1) / chosen.sum()
    gain = missing - (goal - color[:, None]).square().sum(0)
    wanted = (gain / gain.abs().mean().clamp_min(1e-12)).clamp(-2, 2)
    lift = lifts(local, rows, columns)
    normal = lift.T @ lift
    normal += SMOOTH * normal.diagonal().mean() * torch.eye(len(normal), device=normal.device)
    shape = torch.linalg.solve(normal, lift.T @ wanted)
    return as_surface(shape.view(rows, columns)), as_color(color.clamp(0, 1))


def _side(cells: float) -> int:
    """Control values on a side of a window of so many cells."""
    return max(LEAST_SIDE, min(MADE_SIDE, round(cells / PIXELS_APART)))
