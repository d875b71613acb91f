"""What kernels.py samples, in plain PyTorch: for devices without compiled loops."""

from __future__ import annotations

import torch
from torch import Tensor

from vecstack.kinds.cutout.picture import FULL


def sample_at(level: Tensor, sides: tuple[float, float], places: Tensor, steps: Tensor) -> Tensor:
    """Premultiplied red, green, blue and alpha at places [P,2] of a level [h,w,4], which the picture fills up to
    `sides`; `steps` [2,2] are how far a place goes to the next column and to the next row that are drawn: [P,4]."""
    if steps.norm(dim=0).max() <= 1:
        values = cubic(level, places)
    else:
        corners = [(x, y) for y in (-0.25, 0.25) for x in (-0.25, 0.25)]
        means = [cubic(level, places + steps @ steps.new_tensor(corner)) for corner in corners]
        values = torch.stack(means).mean(0)
    length, step = steps.new_tensor(sides), steps.norm(dim=1)
    ends = (0.5 + (length - places) / step).clamp(0, 1) - (0.5 - places / step).clamp(0, 1)
    alpha = values[:, 3:].clamp(0, 1)
    straight = torch.minimum(values[:, :3].clamp_min(0), alpha)
    return torch.cat([straight, alpha], 1) * ends.prod(1, keepdim=True)


def cubic(level: Tensor, places: Tensor) -> Tensor:
    """The values 0..1 of a level [h,w,4] at places [P,2] between its pixels: [P,4]."""
    first = (places - 0.5).floor()
    weights = _weights(places - 0.5 - first)  # [P,2,4]
    corner = first.long()
    height, width = level.shape[:2]
    columns, rows = ((corner[:, axis, None] + torch.arange(-1, 3, device=places.device)) for axis in (0, 1))
    columns, rows = columns.clamp(0, width - 1), rows.clamp(0, height - 1)
    values = level[rows[:, :, None], columns[:, None]].to(places.dtype) / FULL  # [P,4,4,4]
    found: Tensor = torch.einsum("pj,pi,pjic->pc", weights[:, 1], weights[:, 0], values)
    return found


def _weights(share: Tensor) -> Tensor:
    """How much the four pixels about a place count, a share of the way from the second to the third: [...,4]."""
    s = share
    return torch.stack(
        [
            ((-0.5 * s + 1) * s - 0.5) * s,
            (1.5 * s - 2.5) * s * s + 1,
            ((-1.5 * s + 2) * s + 0.5) * s,
            (0.5 * s - 0.5) * s * s,
        ],
        -1,
    )
