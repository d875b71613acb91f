"""Palettes: colours from files."""

from __future__ import annotations

import os
import re
import reprlib
from typing import cast

from vecstack.color import Color, to_color
from vecstack.errors import PictureError, RecipeError, UsageError
from vecstack.text_file import decode, read_start

MAX_PALETTE = 4096  # colours of a palette; catalogues of thread and ink have up to 2,000
MAX_FEW = 256  # colours of a palette read from a picture (more is a photo), or to which a stack is reduced
MAX_PALETTE_PIXELS = 1 << 22  # of a picture read as a palette
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def load_palette(path: str | os.PathLike[str]) -> tuple[Color, ...]:
    """The colours of a palette file: a PNG of at most 256 colours, a GIMP palette (.gpl), or a text with one colour per
    line. Raises RecipeError, PictureError."""
    data = read_start(path)
    if data.startswith(PNG_SIGNATURE):
        return _picture_colors(path)
    try:
        lines = decode(path, data).splitlines()
    except RecipeError as error:
        if not isinstance(error.__cause__, UnicodeDecodeError):
            raise
        raise RecipeError(
            f"{path}: neither a PNG nor text in UTF-8; use a PNG of at most {MAX_FEW} colours, a GIMP palette or a "
            "text with one colour per line."
        ) from error
    is_gimp = bool(lines) and lines[0].strip() == "GIMP Palette"
    colors = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or (is_gimp and (number == 1 or re.match(r"\s*(?:#|Name:|Columns:)", line))):
            continue
        try:
            colors.append(_gimp_color(line) if is_gimp else to_color(line.strip()))
        except UsageError as error:
            raise RecipeError(f"{path}: line {number}: {error}") from error
    if not 1 <= len(colors) <= MAX_PALETTE:
        raise RecipeError(f"{path}: {len(colors):,} colours; a palette must have 1 to {MAX_PALETTE:,}.")
    return tuple(colors)


def _gimp_color(line: str) -> Color:
    """The colour on a line of a GIMP palette: red, green and blue in 0..255, then a name. Raises UsageError."""
    numbers = re.match(r"\s*([0-9]{1,3})\s+([0-9]{1,3})\s+([0-9]{1,3})(?:\s|$)", line)
    if numbers is None or max(map(int, numbers.groups())) > 255:
        raise UsageError(f"{reprlib.repr(line)} is not a colour; write it as three numbers in 0..255 and a name.")
    red, green, blue = (int(number) / 255 for number in numbers.groups())
    return red, green, blue


def _picture_colors(path: str | os.PathLike[str]) -> tuple[Color, ...]:
    """The colours of a picture's pixels, without transparent ones. Raises PictureError."""
    import numpy as np

    from vecstack.pictures.read import load_picture

    picture = load_picture(path, max_pixels=MAX_PALETTE_PIXELS)
    pixels = picture.pixels if picture.alpha is None else picture.pixels[picture.alpha > 0]
    colors = np.unique(np.rint(pixels.reshape(-1, 3) * 255).astype(np.uint8), axis=0)
    if not 1 <= len(colors) <= MAX_FEW:
        raise PictureError(f"{path}: {len(colors):,} colours; a palette in a picture must have 1 to {MAX_FEW}.")
    return tuple(cast(Color, tuple(value / 255 for value in color)) for color in colors.tolist())
