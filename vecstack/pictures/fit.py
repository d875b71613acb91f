"""Pictures as tensors, reduced to the side that a model sees."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import interpolate


def fit_to_side(pictures: Tensor, side: int) -> Tensor:
    """Pictures [B,3,H,W] as side x side pixels, anti-aliased, whatever their aspect: [B,3,side,side]."""
    if pictures.shape[-2:] == (side, side):
        return pictures
    return interpolate(pictures, (side, side), mode="bilinear", antialias=True, align_corners=False)
