"""The over operator: the only place in the program where colours are composited."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

RIDGE = 1e-4  # by which colours are drawn to those given, where these hardly show
COLOR_SWEEPS = 10  # over all layers; after them the twenty colours of a photo stand still, within .01 of 255


def over(below: Tensor, color: Tensor, alpha: Tensor) -> Tensor:
    """`color` composited over `below` with coverage `alpha` (0..1); the three broadcast. On an opaque canvas this is
    eq. 3 of Sbai, Couprie, Aubry, ICIP 2020. With a premultiplied `below` whose last channel is its coverage, and 1 in
    the last channel of `color`, the result is premultiplied too."""
    return below + (color - below) * alpha


def lay_over(canvas: Tensor, color: Tensor, alpha: Tensor) -> None:
    """`over` in place, in one pass: a canvas [C,H,W], a colour [C,1,1] or [C,H,W], coverage [H,W]."""
    canvas.lerp_(color, alpha)


def over_premultiplied(below: Tensor, above: Tensor) -> Tensor:
    """Premultiplied colours with coverage [4,...] composited over others: [4,...], or [3,...] on an opaque canvas."""
    return above[: len(below)] + below * (1 - above[3:])


def unpremultiply(canvas: Tensor) -> Tensor:
    """Straight colours and coverage of a premultiplied canvas: [4,P] -> [4,P], black where the coverage is 0."""
    coverage = canvas[3:]
    straight = canvas[:3] / coverage.clamp_min(1e-6)  # a coverage that 16 bits round to 0
    return torch.cat([straight.clamp(0, 1), coverage])


def through(alphas: Sequence[Tensor], light: Tensor) -> list[Tensor]:
    """The light that reaches each of some layers, lowest first: coverages of one shape, and the light that reaches the
    topmost of them from above; they broadcast."""
    shares = [light]
    for alpha in alphas[:0:-1]:
        shares.append(shares[-1] * (1 - alpha))
    return shares[::-1]


def best_color(weight: Tensor, wanted: Tensor) -> Tensor:
    """The colour [3] in 0..1 that, added to a picture with the share `weight` [H,W] of each point, comes closest to the
    difference `wanted` [3,H,W]: the least squares of each channel."""
    best = (weight * wanted).sum((1, 2)) / weight.square().sum().clamp_min(1e-12)  # finite where nothing is visible
    return best.clamp(0, 1)


def best_colors(shares: Tensor, wanted: Tensor, colors: Tensor) -> Tensor:
    """The colours [...,T,3] in 0..1 that, added to a picture with the share [...,T,P] of each point, come closest to
    the difference `wanted` [...,3,P]: least squares within these bounds, from the colours given on, one after another,
    so that no step makes it worse. Those that hardly show stay as they are."""
    layers, count = shares.shape[-2:]
    gram = shares @ shares.mT / count + RIDGE * torch.eye(layers).to(shares)
    goal = shares @ wanted.mT / count + RIDGE * colors
    best = colors.clone()
    for _ in range(COLOR_SWEEPS):
        for index in range(layers):
            row = gram[..., index, :, None]
            left = goal[..., index, :] - (row * best).sum(-2)
            best[..., index, :] = (best[..., index, :] + left / row[..., index, :]).clamp(0, 1)
    return best
