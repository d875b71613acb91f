"""The edge of a spline layer: its mask, from how high and how steep its surface is."""

from __future__ import annotations

from torch import Tensor

FADE = 1.5  # softnesses over which a soft edge fades: as steep in the middle as one that fades evenly over one
FLAT = 1e-9  # of the width of an edge: where a surface without softness is level


def edge_width(steepness: Tensor, softness: float, footprint: float) -> Tensor:
    """Over what height of the surface a pixel's mask goes from 0 to 1: of its steepness [...] for a canvas unit, the
    softness of its layer, and the side of a pixel in canvas units."""
    return (steepness * footprint).square().add(softness**2).sqrt().clamp_min(FLAT)


def mask_at(heights: Tensor, width: Tensor, softness: float) -> Tensor:
    """The mask [...] at heights over the width of the edge there: the share of a pixel that a hard edge covers, or a
    soft one that fades."""
    share = heights / width
    if softness == 0:
        return (0.5 + share).clamp(0, 1)
    inside = (0.5 + share / FADE).clamp(0, 1)
    return inside * inside * (3 - 2 * inside)


def mask_slope(heights: Tensor, width: Tensor, softness: float) -> Tensor:
    """How the mask [...] answers to the heights over the width."""
    share = heights / width
    if softness == 0:
        return (share.abs() < 0.5).to(share)
    inside = (0.5 + share / FADE).clamp(0, 1)
    return inside * (1 - inside) * (6 / FADE)
