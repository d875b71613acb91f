"""Exact evaluation: every layer at every point. Simple, and the referee of every faster way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial, reduce
from itertools import groupby

import torch
from torch import Tensor
from torch.nn.functional import pad

from vecstack.composite import over
from vecstack.drawing.points import grid
from vecstack.drawing.viewport import Viewport
from vecstack.geometry import Rect
from vecstack.kinds import can_draw, kind_of
from vecstack.stack import Layer, Stack

# points [P,2] in canvas units (float64), footprint (side of a pixel in canvas units) -> premultiplied red, green,
# blue and coverage [4,P] in 0..1
ColorsAt = Callable[[Tensor, float], Tensor]
# columns xs [W] and rows ys [H] of pixels in canvas units (float64), rising -> the same of each pixel, [4,H,W]; the
# coverage may be left out where it is 1
Painter = Callable[[Tensor, Tensor], Tensor]
BLOCK_PX = 64  # 4,096 points, whose hidden values fit a processor's cache
CUDA_BLOCK_PX = 1024  # width of a block there: enough points to fill the device
RUN_LAYERS = 256  # shaded in one go: bounds alpha [L,P] to 4 MB for 4,096 points


def prepare(stack: Stack, device: torch.device, *, transparent: bool = False) -> ColorsAt:
    """The stack as a function of points, over its background or, `transparent`, over nothing (eq. 3 of Sbai,
    Couprie, Aubry, ICIP 2020, each mask times its layer's opacity). Layers of a kind that this version does not
    have are not drawn (vecstack.kinds.undrawable lists them). Raises DocumentError where an asset is missing or does
    not fit its layers."""
    shaders = []
    for run in runs(stack):
        kind = kind_of(run[0])
        kind.check(run, stack.assets)
        opacities = torch.tensor([[layer.opacity] for layer in run], dtype=torch.float32, device=device)
        shaders.append((kind.shader(run, stack.assets, device), opacities, cache(partial(extent_of, run))))
    start = [0.0, 0.0, 0.0, 0.0] if transparent else [*stack.canvas.background, 1.0]
    empty = torch.tensor(start, dtype=torch.float32, device=device)[:, None]  # [4,1]

    def colors_at(points: Tensor, footprint: float) -> Tensor:
        canvas = empty.expand(4, len(points))
        hull = _hull(points)
        for shade, opacities, extent_at in shaders:
            extent = extent_at(footprint)
            if extent is not None and not extent.meets(hull):
                continue
            masks, colors = shade(points, footprint)
            for alpha, color in zip(masks * opacities, colors, strict=True):
                canvas = over(canvas, pad(color, (0, 1), value=1.0).T, alpha)
        return canvas

    return colors_at


def exact_painter(stack: Stack, viewport: Viewport, device: torch.device, *, transparent: bool = False) -> Painter:
    """The stack as a function of the pixels of a viewport, drawn block by block."""
    colors_at = prepare(stack, device, transparent=transparent)
    block_width = BLOCK_PX if device.type == "cpu" else CUDA_BLOCK_PX

    def paint(xs: Tensor, ys: Tensor) -> Tensor:
        canvas = xs.new_empty(4, len(ys), len(xs), dtype=torch.float32)
        for top in range(0, len(ys), BLOCK_PX):
            for left in range(0, len(xs), block_width):
                block = canvas[:, top : top + BLOCK_PX, left : left + block_width]
                points = grid(xs[left : left + block_width], ys[top : top + BLOCK_PX])
                block[:] = colors_at(points, viewport.footprint).view(block.shape)
        return canvas

    return paint


def runs(stack: Stack, footprint: float = 0.0) -> Iterator[list[Layer]]:
    """The layers that can be seen, lowest first, in runs of one kind and one extent."""
    seen = [layer for layer in stack.layers if layer.is_seen and can_draw(layer)]
    for _, same in groupby(seen, key=lambda layer: (layer.kind, kind_of(layer).extent(layer, footprint))):
        run = list(same)
        for first in range(0, len(run), RUN_LAYERS):
            yield run[first : first + RUN_LAYERS]


def extent_of(layers: Sequence[Layer], footprint: float) -> Rect | None:
    """A rectangle outside which none of the layers (one at least) covers anything of pixels with that side, at their
    centres; None where one of them has no edge."""
    extents = [kind_of(layer).extent(layer, footprint) for layer in layers]
    bounded = [extent for extent in extents if extent is not None]
    return reduce(Rect.hull, bounded) if len(bounded) == len(extents) else None


def _hull(points: Tensor) -> Rect:
    """The least rectangle around points [P,2]."""
    (left, top), (right, bottom) = points.amin(0).tolist(), points.amax(0).tolist()
    return Rect(left, top, right - left, bottom - top)
