"""The over operator: the only place in the program where colours are composited."""

from __future__ import annotations

import torch
from torch import Tensor


def over(below: Tensor, color: Tensor, alpha: Tensor) -> Tensor:
    """`color` composited over `below` with coverage `alpha` (0..1); the three broadcast. On an opaque canvas this is
    eq. 3 of Sbai, Couprie, Aubry, ICIP 2020. With a premultiplied `below` whose last channel is its coverage, and 1 in
    the last channel of `color`, the result is premultiplied too."""
    return below + (color - below) * alpha


def lay_over(canvas: Tensor, color: Tensor, alpha: Tensor) -> None:
    """`over` in place, in one pass: canvas [C,H,W], colour [C,1,1], coverage [H,W]."""
    canvas.lerp_(color, alpha)


def over_premultiplied(below: Tensor, above: Tensor) -> Tensor:
    """Premultiplied colours with coverage [4,...] composited over others: [4,...], or [3,...] on an opaque canvas."""
    return above[: len(below)] + below * (1 - above[3:])


def unpremultiply(canvas: Tensor) -> Tensor:
    """Straight colours and coverage of a premultiplied canvas: [4,P] -> [4,P], black where the coverage is 0."""
    coverage = canvas[3:]
    straight = canvas[:3] / coverage.clamp_min(1e-6)  # a coverage that 16 bits round to 0
    return torch.cat([straight.clamp(0, 1), coverage])
