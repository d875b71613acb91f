"""The marks of a brush in PyTorch: bristles that leave lighter and darker lines and run dry at the end, and one light
on the height of the paint. The referee of the compiled loops of texture.py; docs/format.md has the formulas."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from vecstack.kinds.stroke.layer import Bristles
from vecstack.kinds.stroke.texture import OCTAVES

SHIFT = 50.0  # of the noise, so that its cells do not meet on the spine
THIN, THICK = 0.35, 0.65  # height of the paint: at least, and by bristles
DRY_REACH, DRY_SLOPE = 2.0, 4.0  # radii from the end on in which bristles run dry; and how suddenly
LIGHT_GAIN, STEEP = 0.6, 2.0  # how much lighter a wall is, and the squared slope of what counts as one
MASK = 0xFFFFFFFF


class Marks(NamedTuple):
    """Where points are in a stroke, in units of its radii: `across` and `along` it [P], how far from the spine `apart`,
    0 to 1 at the edge; the unit vectors away from the spine and along it [P,2]; the radius there over the greatest; and
    how many sides of a pixel it is."""

    across: Tensor
    along: Tensor
    apart: Tensor
    outward: Tensor
    forward: Tensor
    taper: Tensor
    pixels: Tensor


def cover_left(marks: Marks, bristles: Bristles, seed: int, length: float) -> Tensor:
    """What is left of the cover where bristles run dry towards the end of a stroke of a length in radii: [P]."""
    height, _, _ = bristle_height(marks, seed)
    left = length + 1 - marks.along - DRY_REACH * bristles.dry * height
    return (DRY_SLOPE * left + 0.5).clamp(0, 1)


def shades(marks: Marks, bristles: Bristles, seed: int, turn: Tensor) -> Tensor:
    """What the colour is multiplied by [P]; `turn` [2,2] takes slopes in the frame to those on the canvas, on which the
    light comes from the upper left."""
    height, by_across, by_along = bristle_height(marks, seed)
    paint = THIN + THICK * height
    profile, by_apart = 1 - marks.apart**4, -4 * marks.apart**3
    sideways = torch.stack([-marks.forward[:, 1], marks.forward[:, 0]], 1)
    tilt = (paint * by_apart / marks.taper)[:, None] * marks.outward
    tilt = tilt + (THICK * profile)[:, None] * (
        (by_across / marks.taper)[:, None] * sideways + by_along[:, None] * marks.forward
    )
    rise = -(tilt @ turn).sum(1)
    light = 1 + LIGHT_GAIN * bristles.light * rise / (STEEP + rise.square()).sqrt()
    return light * (1 + bristles.tone * (height - 0.5))


def bristle_height(marks: Marks, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """How much paint bristles leave, 0 to 1, and its derivatives across and along the stroke: [P] each. Bristles that
    are finer than pixels leave a half."""
    height = torch.full_like(marks.across, 0.5)
    by_across, by_along = torch.zeros_like(height), torch.zeros_like(height)
    for octave, (share, cells, lengthwise) in enumerate(OCTAVES.tolist()):
        seen = share * (2 * marks.pixels / cells - 1).clamp(0, 1)
        value, by_u, by_v = noise(cells * marks.across + SHIFT, lengthwise * marks.along, seed + octave)
        height += seen * (value - 0.5)
        by_across += seen * cells * by_u
        by_along += seen * lengthwise * by_v
    return height, by_across, by_along


def noise(u: Tensor, v: Tensor, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Smooth random values 0..1 between those of whole places, and their derivatives."""
    column, row = u.floor(), v.floor()
    f, g = u - column, v - row
    across, down = f * f * (3 - 2 * f), g * g * (3 - 2 * g)
    i, j = column.long(), row.long()
    a, b, c, d = (random_at(i + x, j + y, seed) for y in (0, 1) for x in (0, 1))
    top, bottom = a + (b - a) * across, c + (d - c) * across
    by_u = 6 * f * (1 - f) * ((b - a) + ((d - c) - (b - a)) * down)
    return top + (bottom - top) * down, by_u, 6 * g * (1 - g) * (bottom - top)


def random_at(i: Tensor, j: Tensor, seed: int) -> Tensor:
    """A number 0..1 for whole numbers: a hash of them."""
    x = (i * 374761393 + j * 668265263 + seed * 2147483647 + 12345) & MASK
    x = ((x ^ (x >> 13)) * 1274126177) & MASK
    return ((x ^ (x >> 16)) & 0xFFFF).double() / 0xFFFF
