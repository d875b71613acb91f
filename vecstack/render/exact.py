"""Exact evaluation: every layer at every point. Simple, and the referee of every faster way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

import torch
from torch import Tensor
from torch.nn.functional import pad

from vecstack.composite import over
from vecstack.geometry import Rect
from vecstack.kinds import can_draw, find_kind
from vecstack.stack import Layer, Stack

# points [P,2] in canvas units (float64), footprint (side of a pixel in canvas units) -> premultiplied red, green,
# blue and coverage [4,P] in 0..1
ColorsAt = Callable[[Tensor, float], Tensor]

RUN_LAYERS = 256  # shaded in one go: bounds alpha [L,P] to 4 MB for 4,096 points


def prepare(stack: Stack, device: torch.device, *, transparent: bool = False) -> ColorsAt:
    """The stack as a function of points, over its background or, `transparent`, over nothing (eq. 3 of Sbai,
    Couprie, Aubry, ICIP 2020, each mask times its layer's opacity). Layers of a kind that this version does not
    have are not drawn (vecstack.kinds.undrawable lists them). Raises DocumentError where an asset is missing or does
    not fit its layers."""
    shaders = []
    for run in _runs(stack):
        kind = find_kind(run[0].kind)
        assert kind is not None  # _runs leaves such layers out
        kind.check(run, stack.assets)
        opacities = torch.tensor([[layer.opacity] for layer in run], dtype=torch.float32, device=device)
        shaders.append((kind.prepare(run, stack.assets, device), opacities, kind.extent(run[0])))
    start = [0.0, 0.0, 0.0, 0.0] if transparent else [*stack.canvas.background, 1.0]
    empty = torch.tensor(start, dtype=torch.float32, device=device)[:, None]  # [4,1]

    def colors_at(points: Tensor, footprint: float) -> Tensor:
        canvas = empty.expand(4, len(points))
        hull = _hull(points)
        for shade, opacities, extent in shaders:
            if extent is not None and not extent.meets(hull):
                continue
            masks, colors = shade(points, footprint)
            for alpha, color in zip(masks * opacities, colors, strict=True):
                canvas = over(canvas, pad(color, (0, 1), value=1.0).T, alpha)
        return canvas

    return colors_at


def _runs(stack: Stack) -> Iterator[list[Layer]]:
    """The layers that can be seen, lowest first, in runs of one kind and one extent."""
    seen = [layer for layer in stack.layers if layer.is_seen and can_draw(layer)]
    for _, same in groupby(seen, key=lambda layer: (layer.kind, _extent(layer))):
        run = list(same)
        for first in range(0, len(run), RUN_LAYERS):
            yield run[first : first + RUN_LAYERS]


def _extent(layer: Layer) -> Rect | None:
    kind = find_kind(layer.kind)
    return kind.extent(layer) if kind else None


def _hull(points: Tensor) -> Rect:
    """The least rectangle around points [P,2]."""
    (left, top), (right, bottom) = points.amin(0).tolist(), points.amax(0).tolist()
    return Rect(left, top, right - left, bottom - top)
