"""Colours of items: of a palette, or of a picture beneath each."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from vecstack.color import Color, mean_color, to_color
from vecstack.editing.palette import load_palette
from vecstack.errors import UsageError
from vecstack.packing.outlines import Outline
from vecstack.pictures.read import Picture, load_picture
from vecstack.pictures.suffixes import SUFFIXES as PICTURES

DEFAULT = ("#e4572e", "#17777a", "#f3a712", "#2e4057", "#a8c686", "#8f5c9b")
LOOKED_AT_PX = 1024  # of the long side of a picture beneath items

Colors = str | os.PathLike[str] | Sequence[Color | str]


def palette_of(colors: Colors | None) -> tuple[Color, ...]:
    """The colours of a palette: names or #rrggbb, in a sequence or with commas between them, or a palette file; DEFAULT
    where none is given. Raises UsageError, RecipeError."""
    if colors is None:
        return tuple(map(to_color, DEFAULT))
    if isinstance(colors, str | os.PathLike):
        if Path(colors).is_file():
            return load_palette(colors)
        colors = [name.strip() for name in os.fspath(colors).split(",")]
    try:
        chosen = tuple(map(to_color, colors))
    except UsageError as error:
        raise UsageError(f"colors: {error} Or name the file of a palette or a picture.", parameter="colors") from error
    if not chosen:
        raise UsageError("colors must have one colour at least.", parameter="colors")
    return chosen


def picture_in(colors: Colors | None) -> Path | None:
    """The file of a picture that colours are; None of a palette."""
    if not isinstance(colors, str | os.PathLike) or Path(colors).suffix.lower() not in PICTURES:
        return None
    return Path(colors) if Path(colors).is_file() else None


class Beneath:
    """The colours of a picture, over white, that fills a canvas of a width and a height."""

    def __init__(self, picture: Picture, width: float, height: float) -> None:
        image = Image.fromarray(np.rint(picture.over((1.0, 1.0, 1.0)) * 255).astype(np.uint8))
        image.thumbnail((LOOKED_AT_PX, LOOKED_AT_PX), Image.Resampling.BOX)
        self._pixels: np.ndarray = np.asarray(image, np.float32) / 255
        self._scale = np.array([image.width / width, image.height / height])

    def color(self, rings: Outline) -> Color:
        """The mean colour beneath rings in canvas units; that of the nearest pixel where they hold none."""
        height, width = self._pixels.shape[:2]
        scaled = [ring * self._scale for ring in rings]
        corners = np.concatenate(scaled)
        left, top = np.clip(np.floor(corners.min(0)), 0, [width - 1, height - 1]).astype(int).tolist()
        right, bottom = np.clip(np.ceil(corners.max(0)), [left + 1, top + 1], [width, height]).astype(int).tolist()
        mask = Image.new("1", (right - left, bottom - top))
        for ring in scaled:
            ImageDraw.Draw(mask).polygon([(x - left - 0.5, y - top - 0.5) for x, y in ring.tolist()], fill=1)
        inside = np.asarray(mask)
        under = self._pixels[top:bottom, left:right][inside if inside.any() else np.ones_like(inside)]
        return mean_color(under[None])


def beneath(source: str | os.PathLike[str], width: float, height: float) -> Callable[[Outline], Color]:
    """What tells the mean colour of a picture beneath rings on a canvas that it fills. Raises PictureError."""
    return Beneath(load_picture(source), width, height).color
