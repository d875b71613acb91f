"""The enhancer's net: a U-Net that adds to a drawn picture what layers leave out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

from vecstack.errors import ShapeError

MAX_WIDTH, MAX_LEVELS = 256, 5
SLOPE = 0.2  # of the leaky ReLU (Isola et al.)


@dataclass(frozen=True)
class EnhancerSizes:
    """Sizes of an enhancer: channels at full size, twice as many at each of the `levels` halvings."""

    width: int = 24
    levels: int = 3

    @property
    def step(self) -> int:
        """Side in pixels of what the coarsest level sees as one: a window at multiples of it is seen alike."""
        return 1 << self.levels

    @property
    def reach(self) -> int:
        """How many pixels away, at most, what is seen may change a pixel: a multiple of `step`."""
        convolutions = 2 + sum(4 << level for level in range(self.levels)) + (2 << self.levels)
        doublings = sum(2 << level for level in range(self.levels))
        return (math.ceil((convolutions + doublings) / self.step) + 1) * self.step  # one more for the halvings


class Enhancer(nn.Module):
    """Pictures [B,3,H,W] in 0..1 as layers draw them -> the same with detail, not cut off at 0 and 1. A U-Net
    (Ronneberger, Fischer, Brox, MICCAI 2015), as Isola et al., CVPR 2017, translate pictures with it, of which the
    result is added to the input: untrained, it gives what it is given. Without norms over a picture, so that no pixel
    depends on one farther away than `sizes.reach`, and pictures of any size are done in tiles."""

    def __init__(self, sizes: EnhancerSizes) -> None:
        super().__init__()
        self.sizes = sizes
        widths = [sizes.width << level for level in range(sizes.levels + 1)]
        self.first = nn.Conv2d(3, widths[0], 3, padding=1)
        self.seen = nn.ModuleList(_Block(width) for width in widths[:-1])
        self.down = nn.ModuleList(nn.Conv2d(width, 2 * width, 2, 2) for width in widths[:-1])
        self.middle = _Block(widths[-1])
        self.narrow = nn.ModuleList(nn.Conv2d(2 * width, width, 1) for width in widths[:-1])
        self.joined = nn.ModuleList(nn.Conv2d(2 * width, width, 1) for width in widths[:-1])
        self.said = nn.ModuleList(_Block(width) for width in widths[:-1])
        self.last = nn.Conv2d(widths[0], 3, 3, padding=1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(self, drawn: Tensor) -> Tensor:
        if drawn.ndim != 4 or drawn.shape[1] != 3:
            raise ShapeError(f"pictures are {list(drawn.shape)}, an enhancer needs [B,3,H,W]")
        height, width = drawn.shape[2:]
        rest = [-side % self.sizes.step for side in (width, height)]
        whole = pad(drawn, (0, rest[0], 0, rest[1]), mode="replicate") if any(rest) else drawn
        return drawn + self._detail(2 * whole - 1)[:, :, :height, :width]

    def _detail(self, x: Tensor) -> Tensor:
        """What is added to pictures [B,3,H,W] in -1..1 whose sides are multiples of `sizes.step`."""
        x = self.first(x)
        kept = []
        for seen, down in zip(self.seen, self.down, strict=True):
            x = seen(x)
            kept.append(x)
            x = down(x)
        x = self.middle(x)
        parts = list(zip(self.narrow, self.joined, self.said, kept, strict=True))
        for narrow, joined, said, skipped in reversed(parts):
            x = said(joined(torch.cat([_doubled(narrow(x)), skipped], 1)))
        detail: Tensor = self.last(x)
        return detail


def _doubled(x: Tensor) -> Tensor:
    """Maps at twice the size, interpolated: transposed convolutions leave dots of two pixels."""
    return interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class _Block(nn.Module):
    """Two 3 x 3 convolutions around a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(width, width, 3, padding=1),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(width, width, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = self.convolutions(x)
        return x + added


def check_enhancer(sizes: EnhancerSizes) -> None:
    """Raise ValueError, naming the size, unless an enhancer can have these sizes and they are within the limits."""
    for name, value, least, most in (("width", sizes.width, 1, MAX_WIDTH), ("levels", sizes.levels, 1, MAX_LEVELS)):
        if not least <= value <= most:
            raise ValueError(f"{name} must be {least} to {most}, not {value}.")
