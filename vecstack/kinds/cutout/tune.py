"""Where cut-outs are placed, as numbers that can be tuned."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from vecstack.color import Color
from vecstack.kinds.base import Slopes
from vecstack.kinds.cutout.layer import CutoutLayer
from vecstack.kinds.cutout.place import place_of, with_place
from vecstack.kinds.cutout.shade import shader

STEP = 2e-3  # canvas units by which a number is changed to see what that does: far below a pixel, far above rounding
DECIMALS = 4  # of a number that was tuned
COLOR_DECIMALS = 4


class CutoutTunable:
    """Cut-outs of one item (see kinds.base.Tunable): the shapes are the numbers of their similarities."""

    shared: tuple[Tensor, ...] = ()

    def __init__(self, layers: Sequence[CutoutLayer], assets: Mapping[str, bytes], device: torch.device) -> None:
        self._layers, self._assets, self._device = layers, assets, device
        self._has_colors = layers[0].color is None
        self.shapes = torch.tensor([place_of(layer) for layer in layers], dtype=torch.float32, device=device)
        colors = [() if layer.color is None else layer.color for layer in layers]
        self.colors = torch.tensor(colors, dtype=torch.float32, device=device)

    def shade(self, shapes: Tensor, points: Tensor, footprint: float) -> tuple[Tensor, Tensor | None]:
        drawn: Tensor = _Drawn.apply(shapes, self, points, footprint)
        return drawn[:, 0], drawn[:, 1:] if self._has_colors else None

    @torch.no_grad()
    def slopes(self, shapes: Tensor, points: Tensor, footprint: float) -> Slopes:
        drawn, by_number = self.drawn(shapes, points, footprint), self.differences(shapes, points, footprint)
        if not self._has_colors:
            return Slopes(drawn[:, 0], by_number[:, :, 0])
        return Slopes(drawn[:, 0], by_number[:, :, 0], drawn[:, 1:], by_number[:, :, 1:])

    def layers(self, shapes: Tensor, colors: Tensor) -> tuple[tuple[CutoutLayer, ...], Mapping[str, bytes]]:
        moved = (with_place(layer, row) for layer, row in zip(self._layers, _rounded(shapes, DECIMALS), strict=True))
        if self._has_colors:
            return tuple(moved), {}
        tones: list[Color] = [(red, green, blue) for red, green, blue in _rounded(colors, COLOR_DECIMALS)]
        return tuple(dataclasses.replace(layer, color=tone) for layer, tone in zip(moved, tones, strict=True)), {}

    def drawn(self, shapes: Tensor, points: Tensor, footprint: float) -> Tensor:
        """Alpha, red, green and blue of the layers with other shapes at points [P,2]: [L,4,P]."""
        layers = [with_place(layer, row) for layer, row in zip(self._layers, shapes.double().tolist(), strict=True)]
        alphas, colors = shader(layers, self._assets, self._device)(points, footprint)
        return torch.cat([alphas[:, None], colors.transpose(1, 2)], 1).to(shapes.dtype)

    def differences(self, shapes: Tensor, points: Tensor, footprint: float) -> Tensor:
        """How these answer to each number: [L,N,4,P]."""
        found = []
        for change in STEP * torch.eye(shapes.shape[1], dtype=shapes.dtype, device=shapes.device):
            after, before = (self.drawn(shapes + sign * change, points, footprint) for sign in (1, -1))
            found.append((after - before) / (2 * STEP))
        return torch.stack(found, 1)


class _Drawn(torch.autograd.Function):
    """What is drawn, differentiable by the numbers of the layers."""

    @staticmethod
    def forward(ctx, shapes, tunable, points, footprint):  # type: ignore[no-untyped-def]
        ctx.save_for_backward(shapes, points)
        ctx.tunable, ctx.footprint = tunable, footprint
        return tunable.drawn(shapes.detach(), points, footprint)

    @staticmethod
    def backward(ctx, slope):  # type: ignore[no-untyped-def]
        shapes, points = ctx.saved_tensors
        by_number = ctx.tunable.differences(shapes, points, ctx.footprint)
        return (by_number * slope[:, None]).sum((2, 3)), None, None, None


def _rounded(values: Tensor, decimals: int) -> list[list[float]]:
    return [[round(value, decimals) + 0.0 for value in row] for row in values.tolist()]
