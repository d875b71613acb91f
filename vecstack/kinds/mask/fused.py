"""The mask net as one CUDA kernel (Triton): no hidden value leaves the chip. MaskNet itself is the referee.

Imported only where there is a CUDA device and Triton, which comes with PyTorch's CUDA builds."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import cast

import torch
import triton
import triton.language as tl
from torch import Tensor, nn

from vecstack.kinds.mask.net import GROUP_SIZE, NORM_EPSILON, MaskNet, PointNorm

BLOCK, WARPS = 128, 8  # points of a program, and groups of 32 threads: with 128 channels their values fit the registers
MIN_WIDTH = 16  # of a matrix product on the chip; a width must be a power of two, too
MAX_WIDTH = 128  # a matrix twice as wide has no room on any chip, which a compiler finds out after a minute
CHECKED = 256  # points at which the kernel is compared with the referee
CLOSE = 1e-3  # a quarter of a step of 8 bits


@triton.jit  # type: ignore[untyped-decorator]
def _norm_tanh(values, weight, bias, block: tl.constexpr, width: tl.constexpr, group: tl.constexpr, epsilon):  # type: ignore[no-untyped-def]
    grouped = tl.reshape(values, (block, width // group, group))
    centred = grouped - (tl.sum(grouped, axis=2) / group)[:, :, None]
    variance = tl.sum(centred * centred, axis=2) / group
    normal = tl.reshape(centred / tl.sqrt(variance + epsilon)[:, :, None], (block, width))
    return 2 * tl.sigmoid(2 * (normal * weight[None, :] + bias[None, :])) - 1  # tanh


@triton.jit  # type: ignore[untyped-decorator]
def _masks(  # type: ignore[no-untyped-def]
    points,  # [L,P,2]
    places,  # [2,C]: weights of x and of y
    shapes,  # [L,C]: what a layer's code adds to the first hidden layer
    weights,  # [depth-1,C,C]: from a channel (row) to one of the next layer (column)
    biases,  # [depth-1,C]
    norms,  # [depth,2,C]: weight and bias of each norm
    output,  # [C+1]: weights, and a bias
    masks,  # [L,P]
    count,  # P
    epsilon,
    width: tl.constexpr,
    depth: tl.constexpr,
    group: tl.constexpr,
    block: tl.constexpr,
):
    layer = tl.program_id(1).to(tl.int64)
    index = tl.program_id(0) * block + tl.arange(0, block)
    inside = index < count
    channel = tl.arange(0, width)
    at = points + 2 * (layer * count + index)
    x, y = tl.load(at, mask=inside, other=0.0), tl.load(at + 1, mask=inside, other=0.0)
    across, down = tl.load(places + channel), tl.load(places + width + channel)
    shape = tl.load(shapes + layer * width + channel)
    values = x[:, None] * across[None, :] + y[:, None] * down[None, :] + shape[None, :]
    weight, bias = tl.load(norms + channel), tl.load(norms + width + channel)
    values = _norm_tanh(values, weight, bias, block, width, group, epsilon)
    for step in tl.static_range(depth - 1):
        matrix = tl.load(weights + step * width * width + channel[:, None] * width + channel[None, :])
        # Three products of 10 bits for the digits of float32: on tensor cores, and as close as plain multiply-adds.
        values = tl.dot(values, matrix, input_precision="tf32x3") + tl.load(biases + step * width + channel)[None, :]
        norm = norms + (step + 1) * 2 * width
        weight, bias = tl.load(norm + channel), tl.load(norm + width + channel)
        values = _norm_tanh(values, weight, bias, block, width, group, epsilon)
    result = tl.sum(values * tl.load(output + channel)[None, :], axis=1) + tl.load(output + width)
    tl.store(masks + layer * count + index, tl.sigmoid(result), mask=inside)


class FusedMasks:
    """The masks of layers of one net: points [L,P,2] of their frames -> [L,P]."""

    def __init__(self, net: MaskNet, codes: Tensor) -> None:
        first, *deeper = cast(Iterable[nn.Linear], net.hidden)
        self._places = first.weight[:, :2].T.contiguous()
        self._shapes = (codes @ net.code_weights.T + first.bias).contiguous()
        norms = cast(Iterable[PointNorm], net.norms)
        empty = codes.new_empty(0)
        self._weights = torch.stack([linear.weight.T for linear in deeper]).contiguous() if deeper else empty
        self._biases = torch.stack([linear.bias for linear in deeper]).contiguous() if deeper else empty
        self._norms = torch.stack([torch.stack([norm.weight, norm.bias]) for norm in norms]).contiguous()
        self._output = torch.cat([net.output.weight[0], net.output.bias])
        self._sizes = net.sizes

    def __call__(self, points: Tensor) -> Tensor:
        layers, count = points.shape[:2]
        masks = points.new_empty(layers, count)
        with torch.cuda.device_of(points):  # type: ignore[no-untyped-call]  # Triton launches on the current one
            _masks[(triton.cdiv(count, BLOCK), layers)](
                points.contiguous(), self._places, self._shapes, self._weights, self._biases, self._norms, self._output,
                masks, count, NORM_EPSILON, width=self._sizes.width, depth=self._sizes.depth, group=GROUP_SIZE,
                block=BLOCK, num_warps=WARPS,
            )  # fmt: skip
        return masks


@lru_cache(maxsize=4)  # as many as nets are kept
def is_trusted(net: MaskNet) -> bool:
    """Whether the kernel takes a net of these sizes, runs on this device, and agrees with the referee there."""
    width = net.sizes.width
    if not MIN_WIDTH <= width <= MAX_WIDTH or width & (width - 1):
        return False
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(2, CHECKED, 2, generator=generator) * 2 - 1
    codes = torch.randn(2, net.sizes.code, generator=generator)
    device = net.output.weight.device
    with torch.no_grad():
        wanted = net(points.to(device), codes.to(device))
        try:
            found = FusedMasks(net, codes.to(device))(points.to(device))
        except Exception:  # whatever a compiler of another version raises: the referee draws the same
            return False
    return bool((found - wanted).abs().max() < CLOSE)
