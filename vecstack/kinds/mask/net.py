"""The mask net: one small function of a point and a code that every mask layer of a document shares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from vecstack.errors import ShapeError

GROUP_SIZE = 4  # channels; 32 groups of 128 in the paper's Table 3
NORM_EPSILON = 1e-5  # torch.nn.GroupNorm's default
# Factors of PyTorch's usual starting weights. With those alone every mask begins, and long stays, a flat 0.5: steeper
# in place and in the end, a random net already draws shapes (see docs/decisions.md).
PLACE_GAIN = 3.0
OUTPUT_GAIN = 6.0


@dataclass(frozen=True)
class NetSizes:
    """Sizes of a mask net: numbers in a code (K), channels of a hidden layer, count of hidden layers."""

    code: int = 10
    width: int = 128
    depth: int = 3


class _NormTanh(torch.autograd.Function):
    """tanh(weight * (x - mean) / deviation + bias), statistics over the channels of a group, at each point.

    By hand because the plain expression spends its time on temporaries: forward and backward together take
    a fifth less (benchmarks/norms.py). Compared with torch.nn.GroupNorm, gradients included, in the tests."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        grouped = values.view(-1, GROUP_SIZE, values.shape[1])
        normal = grouped - grouped.mean(1, keepdim=True)
        scale = normal.square().mean(1, keepdim=True).add_(NORM_EPSILON).rsqrt_()
        normal = normal.mul_(scale).view_as(values)
        result = torch.addcmul(bias[:, None], normal, weight[:, None])
        # In place saves memory, but compiled by PyTorch 2.11 a result that was changed in place has no gradient.
        result = result.tanh() if torch.compiler.is_compiling() else result.tanh_()
        ctx.save_for_backward(normal, scale, result, weight)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, Tensor | None, Tensor | None]:
        normal, scale, result, weight = ctx.saved_tensors
        inner = torch.ops.aten.tanh_backward(upstream[0], result)
        along = inner * normal
        weight_gradient = along.sum(1) if ctx.needs_input_grad[1] else None
        bias_gradient = inner.sum(1) if ctx.needs_input_grad[2] else None
        grouped = inner.mul_(weight[:, None]).view(-1, GROUP_SIZE, inner.shape[1])
        spread = along.mul_(weight[:, None]).view_as(grouped).mean(1, keepdim=True)
        gradient = grouped - grouped.mean(1, keepdim=True)
        gradient.addcmul_(normal.view_as(grouped), spread, value=-1).mul_(scale)
        return gradient.view_as(normal), weight_gradient, bias_gradient


class PointNorm(nn.Module):
    """Group normalisation at one point, over the channels of each group and no other point, then tanh.

    Takes and gives [channels, N], a column for each point: the columns are the unit-stride axis because a
    reduction over 4 neighbours is slow."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, values: Tensor) -> Tensor:
        values = values.to(self.weight.dtype)  # under autocast they come in few digits, too few for a variance
        result: Tensor = _NormTanh.apply(values, self.weight, self.bias)  # type: ignore[no-untyped-call]
        return result


class MaskNet(nn.Module):
    """f(x, y, p) of Sbai, Couprie, Aubry, ICIP 2020 (eq. 2, Table 3): hidden layers of
    Linear, norm per point, tanh, then Linear, sigmoid. A pure function of one point and one code."""

    def __init__(self, sizes: NetSizes) -> None:
        super().__init__()
        self.sizes = sizes
        inputs = [2 + sizes.code] + [sizes.width] * (sizes.depth - 1)
        self.hidden = nn.ModuleList(nn.Linear(n, sizes.width) for n in inputs)
        self.norms = nn.ModuleList(PointNorm(sizes.width) for _ in inputs)
        self.output = nn.Linear(sizes.width, 1)
        with torch.no_grad():
            cast(nn.Linear, self.hidden[0]).weight[:, :2] *= PLACE_GAIN
            self.output.weight *= OUTPUT_GAIN

    def forward(self, points: Tensor, codes: Tensor) -> Tensor:
        """Mask value of each code at each point: points [L,P,2] (or [1,P,2], shared) in the local
        frame [-1,1]^2, codes [L,K] -> alpha [L,P] in 0..1. Raises ShapeError."""
        layer_count, point_count = codes.shape[0], points.shape[1]
        if codes.ndim != 2 or codes.shape[1] != self.sizes.code:
            raise ShapeError(f"codes are {list(codes.shape)}, this net needs [L,{self.sizes.code}]")
        if points.ndim != 3 or points.shape[0] not in (1, layer_count) or points.shape[2] != 2:
            raise ShapeError(f"points are {list(points.shape)}, needed [{layer_count},P,2] or [1,P,2]")
        return self.rest(self.first_layer(points, codes)).view(layer_count, point_count)

    @property
    def input_weights(self) -> Tensor:
        """What a point's coordinates and then the code's numbers add to the first hidden layer: [C,2+K]."""
        return cast(nn.Linear, self.hidden[0]).weight

    @property
    def code_weights(self) -> Tensor:
        """What the code adds to the first hidden layer, by number: [C,K]."""
        return self.input_weights[:, 2:]

    def first_layer(self, points: Tensor, codes: Tensor) -> Tensor:
        """The first hidden layer before its norm, a column for each point of each layer: points [L,P,2] or [1,P,2],
        codes [L,K] -> [C,L*P]. Linear in the codes."""
        first = cast(nn.Linear, self.hidden[0])
        with torch.autocast(points.device.type, enabled=False):  # places in few digits would be other places
            place = torch.einsum("cd,lpd->clp", first.weight[:, :2], points)  # [C,L or 1,P]
            # The code's share of the first layer is the same at every point of a layer: computed once.
            shape = self.code_weights @ codes.to(first.weight.dtype).T + first.bias[:, None]  # [C,L]
        return (place + shape[:, :, None]).reshape(self.sizes.width, -1)

    def rest(self, values: Tensor) -> Tensor:
        """Masks of the first hidden layer's values: [C,N] -> [N]."""
        deeper = list(cast(Iterable[nn.Linear], self.hidden))[1:]
        first_norm, *norms = self.norms
        values = first_norm(values)
        for linear, norm in zip(deeper, norms, strict=True):
            values = norm(torch.addmm(linear.bias[:, None], linear.weight, values))
        values = torch.addmm(self.output.bias[:, None], self.output.weight, values)
        return torch.sigmoid(values.float())[0]
