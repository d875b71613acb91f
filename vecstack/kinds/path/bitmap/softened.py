"""A layer with a soft edge for the grey of pixels that no short outline explains, such as handwriting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from vecstack.geometry import Affine, Rect
from vecstack.kinds import find_kind, kind_names, kind_of
from vecstack.kinds.path.bitmap.soft import RING, Surface

if TYPE_CHECKING:
    from vecstack.kinds.base import Kind
    from vecstack.stack import Layer

LEAST_PX = 24  # long side
BEYOND = 3  # control values more than pixels, of a side
SAMPLES = 16  # of a side of a pixel, that tell how much of it a hard edge covers
HIGHEST = 6.0  # of the control values, where the mask has long been 0 or 1: what is farther would take bytes


def kind_of_surfaces(side: int) -> Kind[Layer] | None:
    """The kind of layer that is made of a surface for a picture of so many pixels a side; None where there is none, or
    where they are too few to tell a rough edge from a small shape."""
    most = side + 2 * RING + BEYOND
    kinds = (find_kind(name) for name in kind_names())
    found = next((kind for kind in kinds if kind is not None and kind.surface_side >= most), None)
    return found if side >= LEAST_PX else None


def drawn(layer: Layer, rect: Rect, height: int, width: int) -> np.ndarray:
    """How much of each pixel a layer covers, on pixels that fill a rectangle of the canvas: [H,W]."""
    import torch

    across, down = rect.width / width, rect.height / height
    xs = rect.x + (torch.arange(width, dtype=torch.float64) + 0.5) * across
    ys = rect.y + (torch.arange(height, dtype=torch.float64) + 0.5) * down
    points = torch.stack([xs.repeat(height), ys.repeat_interleave(width)], 1)
    shade = kind_of(layer).shader([layer], {}, points.device)
    cover: np.ndarray = shade(points, max(across, down))[0].view(height, width).numpy()
    return cover


def hardened(layer: Layer, rect: Rect, height: int, width: int) -> np.ndarray:
    """How much of each pixel a layer would cover if its edge were hard: [H,W]."""
    cover = drawn(layer, rect, height * SAMPLES, width * SAMPLES) > 0.5
    found: np.ndarray = cover.reshape(height, SAMPLES, width, SAMPLES).mean((1, 3))
    return found


def softened(kind: Kind[Layer], common: Mapping[str, Any], surface: Surface, color: np.ndarray, rect: Rect) -> Layer:
    """The layer of a kind, from the common fields, that covers what a surface does in a colour [3]; the pixels that the
    surface was fitted to fill a rectangle of the canvas."""
    height, width = (side - 2 * RING for side in surface.cover.shape)
    across, down = rect.width / width, rect.height / height
    frame = Rect(rect.x - across, rect.y - down, rect.width + 2 * across, rect.height + 2 * down)
    window = RING / (max(height, width) / 2 + RING)
    red, green, blue = np.round(color, 3).tolist()
    values = tuple(map(tuple, surface.values.clip(-HIGHEST, HIGHEST).tolist()))
    return kind.from_surface({**common, "transform": Affine.of_frame(frame)}, values, window, (red, green, blue))
