"""Cut-outs of every case: upright, faded, half off the canvas, turned, mirrored, hidden; shapes and pictures, in their
own colours and in one."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from vecstack.geometry import UNIT_CIRCLE, Affine
from vecstack.kinds.base import Curve, ItemShape
from vecstack.kinds.cutout.kind import KIND
from vecstack.kinds.gradient import Gradient
from vecstack.stack import Layer, asset_id


def polygon(*points: tuple[float, float]) -> Curve:
    """A closed curve of straight pieces."""
    curve = [points[0]]
    for start, end in zip(points, (*points[1:], points[0]), strict=True):
        curve += [start, end, end]
    return tuple(curve)


def disc(x: float, y: float, radius: float) -> Curve:
    """A circle."""
    return tuple((x + radius * u, y + radius * v) for u, v in UNIT_CIRCLE)


SHINE = Gradient("radial", (-0.3, -0.3), (0.9, 0.6), ((0.0, 1.0, 0.9, 0.4), (1.0, 0.8, 0.2, 0.1)))
RING = disc(0, 0, 1), tuple(reversed(disc(0, 0, 0.6)))
FISH = (
    ItemShape((polygon((0.5, 0.0), (1.4, -0.5), (1.2, 0.0), (1.4, 0.5)),), (0.2, 0.3, 0.7)),
    ItemShape((disc(0, 0, 0.75),), SHINE),
    ItemShape((disc(-0.3, -0.2, 0.2),), (1.0, 1.0, 1.0), 0.9),
    ItemShape((disc(-0.33, -0.2, 0.1),), (0.0, 0.0, 0.1)),
)
WHEEL = (ItemShape(RING, (0.1, 0.5, 0.3)),)


def blob(width: int = 24, height: int = 36) -> np.ndarray:
    """A picture [H,W,4] of a soft ellipse of changing colours."""
    y, x = (np.mgrid[:height, :width].T + 0.5).T / max(width, height)
    x, y = x - width / max(width, height) / 2, y - height / max(width, height) / 2
    far = np.hypot(x * height / width, y)
    alpha = np.clip((0.47 - far) * max(width, height) / 3, 0, 1)
    return (np.stack([0.9 - x, 0.5 + y, 0.3 + far, alpha], 2) * 255 + 0.5).clip(0, 255).astype(np.uint8)


def png(pixels: np.ndarray) -> bytes:
    """The bytes of a picture."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


ITEMS = {"fish": KIND.item(FISH), "wheel": KIND.item(WHEEL), "blob": KIND.item(png(blob()))}
ASSETS = {asset_id(data): data for data in ITEMS.values()}


def cutout(name: str, item: str, place: Affine, **fields: Any) -> Layer:
    """An item, placed."""
    color = fields.pop("color", None)
    return KIND.placed({"id": name, "transform": place, **fields}, asset_id(ITEMS[item]), color)


def examples() -> tuple[tuple[Layer, ...], Mapping[str, bytes]]:
    """The layers, for a canvas of 37 x 53, and their assets."""
    return (
        cutout("upright", "fish", Affine.similarity(17, 20, 13)),
        cutout("faded", "fish", Affine.similarity(24, 38, 9, 200, mirrored=True), opacity=0.6),
        cutout("overhanging", "wheel", Affine.similarity(2, 48, 9), opacity=0.8),
        cutout("turned", "blob", Affine.similarity(26, 14, 14, 33)),
        cutout("plain", "fish", Affine.similarity(12, 34, 6, -50), color=(0.7, 0.1, 0.5)),
        cutout("silhouette", "blob", Affine.similarity(9, 9, 7, 10, mirrored=True), color=(0.1, 0.2, 0.4), opacity=0.9),
        cutout("small", "blob", Affine.similarity(30, 45, 2.5, 70), color=(0.9, 0.8, 0.1)),
        cutout("hidden", "wheel", Affine.similarity(18, 26, 15), visible=False),
    ), ASSETS
