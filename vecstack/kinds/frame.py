"""A layer's local frame: where points of the canvas are in it, and the window that ends at its edge."""

from __future__ import annotations

import torch
from torch import Tensor

from vecstack.stack import Layer


def to_frame(layer: Layer, points: Tensor) -> Tensor:
    """Points [P,2] of the canvas in the layer's frame, computed in float64 so that a deep zoom still tells
    neighbouring pixels apart: float32 [P,2]."""
    matrix = torch.tensor(layer.transform.inverse().rows(), dtype=torch.float64, device=points.device)
    return (points.double() @ matrix[:, :2].T + matrix[:, 2]).float()


def window_bump(points: Tensor, softness: float) -> Tensor:
    """A smooth bump over the local frame: points [P,2] -> [P], 0 outside [-1,1]^2, 1 where both coordinates are
    further than `softness` (share of the half side) from the edge."""
    return fade(points, softness).prod(1)


def fade(places: Tensor, softness: float) -> Tensor:
    """The bump along one side of the frame: places [...] -> [...], 0 outside [-1,1]."""
    inside = ((1 - places.abs()) / softness).clamp(0, 1)
    return inside * inside * (3 - 2 * inside)


def coverage(distance: Tensor, footprint: float) -> Tensor:
    """How much of pixels a hard edge covers, to first order: distances [...] from their centres to the edge in canvas
    units, above 0 inside, and the side of a pixel -> [...] in 0..1."""
    return (0.5 + distance / footprint).clamp(0, 1)
