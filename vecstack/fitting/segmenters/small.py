"""Pictures as nets are shown them."""

from __future__ import annotations

import numpy as np
from PIL import Image

from vecstack.pictures.read import Picture

IMAGENET_MEAN, IMAGENET_DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def resized(picture: Picture, width: int, height: int) -> np.ndarray:
    """The pixels [H,W,3] of a picture (float32, sRGB in 0..1), over white, at a size."""
    whole = Image.fromarray(np.rint(picture.over((1.0, 1.0, 1.0)) * 255).astype(np.uint8))
    pixels: np.ndarray = np.asarray(whole.resize((width, height), Image.Resampling.LANCZOS), np.float32) / 255
    return pixels


def long_side(picture: Picture, side: int, multiple: int = 1) -> np.ndarray:
    """The same, with so many pixels along the long side, and a multiple of some number along both."""
    scale = side / max(picture.width, picture.height) / multiple
    width, height = (multiple * max(1, round(length * scale)) for length in (picture.width, picture.height))
    return resized(picture, width, height)
