"""An enhancer over the strips of a picture of any size, tile by tile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from vecstack.enhancing.net import Enhancer
from vecstack.errors import DeviceError

if TYPE_CHECKING:
    from vecstack.pictures.layout import Strips

TILE_PX = 256  # side; a multiple of what the coarsest level of any enhancer sees as one


def enhanced_strips(net: Enhancer, strips: Strips, width: int, height: int) -> Strips:
    """The rows of a picture [H,W,3] uint8 as an enhancer gives them, TILE_PX at a time, from its strips: the same as of
    the whole at once, in the memory of a few tiles as high as TILE_PX and as wide as the picture. Raises
    DeviceError."""
    reach = net.sizes.reach
    held = np.empty((0, width, 3), np.uint8)  # rows from `first` on
    first = 0
    for top in range(0, height, TILE_PX):
        bottom = min(top + TILE_PX, height)
        start, end = max(top - reach, 0), min(bottom + reach, height)
        kept = [held[start - first :]]
        have = first + len(held)
        while have < end:
            kept.append(next(strips))
            have += len(kept[-1])
        held, first = np.concatenate(kept), start
        yield _enhanced_row(net, held[: end - start], top - start, bottom - top)


def _enhanced_row(net: Enhancer, window: np.ndarray, top: int, height: int) -> np.ndarray:
    """The rows of a window [h,W,3] uint8 from `top` on, `height` of them, enhanced."""
    width, reach = window.shape[1], net.sizes.reach
    device = next(net.parameters()).device
    row = np.empty((height, width, 3), np.uint8)
    for left in range(0, width, TILE_PX):
        right = min(left + TILE_PX, width)
        start, end = max(left - reach, 0), min(right + reach, width)
        drawn = torch.from_numpy(window[:, start:end].copy()).to(device).permute(2, 0, 1)[None].float() / 255
        tile = _applied(net, drawn)[0, :, top : top + height, left - start : right - start]
        row[:, left:right] = (tile.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    return row


@torch.no_grad()
def _applied(net: Enhancer, drawn: Tensor) -> Tensor:
    try:
        enhanced: Tensor = net(drawn)
    except torch.cuda.OutOfMemoryError as error:
        raise DeviceError("the GPU ran out of memory; stop other programs that use it, or use the CPU.") from error
    return enhanced
