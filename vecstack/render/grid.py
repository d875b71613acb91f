"""Points in rows and columns: the centres of pixels, or of other equal cells of a rectangle."""

from __future__ import annotations

import torch
from torch import Tensor

from vecstack.geometry import Rect


def centres(start: float, length: float, count: int, device: torch.device) -> Tensor:
    """Where the centres of `count` equal cells lie on a side of a rectangle, in canvas units: float64 [count]."""
    return start + (torch.arange(count, dtype=torch.float64, device=device) + 0.5) * (length / count)


def grid(xs: Tensor, ys: Tensor) -> Tensor:
    """The points of a grid, row by row: [W], [H] -> [H*W,2]."""
    return torch.stack([xs.repeat(len(ys)), ys.repeat_interleave(len(xs))], 1)


def cells(rect: Rect, columns: int, rows: int, device: torch.device) -> Tensor:
    """The centres of equal cells that fill a rectangle, row by row: [rows*columns,2] in canvas units, float64."""
    return grid(centres(rect.x, rect.width, columns, device), centres(rect.y, rect.height, rows, device))
