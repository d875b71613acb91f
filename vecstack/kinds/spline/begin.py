"""How a spline layer begins."""

from __future__ import annotations

import torch
from torch import Tensor

from vecstack.color import Color
from vecstack.geometry import Rect
from vecstack.kinds.base import Surface
from vecstack.kinds.frame import window_bump
from vecstack.kinds.spline.layer import MIN_SIDE
from vecstack.kinds.spline.tune import as_color, as_surface, lifts

MADE_SIDE = 16  # most control values on a side of a layer that is made
PIXELS_APART = 2  # of the control values of a small window: finer has more numbers than pixels
COLOR_ROUNDS = 3  # of choosing points for a colour and a colour for the points
SMOOTH = 0.01  # share of the mean curvature that holds control values down which no point sees


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
    return max(MIN_SIDE, min(MADE_SIDE, round(cells / PIXELS_APART)))
