"""Flat pictures made by code."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

FINE = 8  # pixels drawn for each pixel of a picture, along a side


def drawn(size: int, draw: Callable[[ImageDraw.ImageDraw, int], None], transparent: bool = False) -> np.ndarray:
    """What a function draws on a white or a transparent canvas, given how many units a pixel has: [D,H,W] float32, of a
    transparent one premultiplied."""
    image = Image.new("RGBA", (size * FINE,) * 2, (0, 0, 0, 0) if transparent else (255, 255, 255, 255))
    draw(ImageDraw.Draw(image), FINE)
    pixels = np.asarray(image, np.float64) / 255
    pixels[..., :3] *= pixels[..., 3:]
    small = pixels.reshape(size, FINE, size, FINE, 4).mean((1, 3)).transpose(2, 0, 1)
    levels = np.rint(small * 255) / 255
    return np.ascontiguousarray(levels if transparent else levels[:3], np.float32)


def box(left: float, top: float, right: float, bottom: float, unit: int) -> list[float]:
    """Corners of a rectangle as Pillow has them, which counts the last pixel in."""
    return [left * unit, top * unit, right * unit - 1, bottom * unit - 1]


def disc(draw: ImageDraw.ImageDraw, unit: int, x: float, y: float, radius: float, fill: str) -> None:
    """A disc around a point."""
    draw.ellipse(box(x - radius, y - radius, x + radius, y + radius, unit), fill=fill)


def face(draw: ImageDraw.ImageDraw, unit: int) -> None:
    """A yellow disc with two brown eyes and a red bar across its lower part, which hides a part of it."""
    disc(draw, unit, 64, 64, 50, "#ffcc4d")
    disc(draw, unit, 46, 50, 8, "#664500")
    disc(draw, unit, 82, 50, 8, "#664500")
    draw.rectangle(box(40, 80, 88, 92, unit), fill="#dd2e44")
