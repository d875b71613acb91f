"""Slopes of layers that have none in closed form."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch import Tensor

from vecstack.kinds.base import Slopes

# shapes [L,N], points [P,2], footprint -> alpha [L,P], rgb [L,3,P] or None; each layer's of its own row alone
Shade = Callable[[Tensor, Tensor, float], tuple[Tensor, Tensor | None]]


def slopes_of(shade: Shade, shapes: Tensor, points: Tensor, footprint: float) -> Slopes:
    """Alpha and rgb of a `Tunable.shade` and their derivatives, by forward differentiation: one pass for each number of
    a shape, all layers at once. Exact, and fine for kinds of few numbers."""

    def drawn(values: Tensor) -> tuple[Tensor, ...]:
        return tuple(part for part in shade(values, points, footprint) if part is not None)

    by_number = []
    values: tuple[Tensor, ...] = ()
    for direction in torch.eye(shapes.shape[1], dtype=shapes.dtype, device=shapes.device):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of what PyTorch itself imports for this
            result = torch.func.jvp(drawn, (shapes,), (direction.expand_as(shapes).contiguous(),))
        values = result[0]
        by_number.append(result[1])
    stacked = [torch.stack(parts, 1).detach() for parts in zip(*by_number, strict=True)]
    alpha, *rgb = (part.detach() for part in values)
    return Slopes(alpha, stacked[0], *rgb, *stacked[1:])
