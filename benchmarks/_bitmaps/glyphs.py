"""Glyphs of fonts, large and small: white on black, placed as in MNIST."""

from __future__ import annotations

import math
import string
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIDE, BOX = 28, 20  # pixels of MNIST's pictures, and of the box in which a glyph lies
OVERSAMPLING = 40  # a small glyph is drawn so many times as large, and averaged
CLASSES = {"digits": string.digits, "upper case": string.ascii_uppercase, "lower case": string.ascii_lowercase}
TILE = 128  # pixels of a picture on the contact sheet


def find_font(name: str) -> str:
    """The path, or the name of a font that the system has; or one of matplotlib's fonts."""
    try:
        ImageFont.truetype(name)
        return name
    except OSError:
        spec = find_spec("matplotlib")
        if spec is not None and spec.origin is not None:
            path = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / name
            if path.is_file():
                return str(path)
        raise SystemExit(f"{name}: no such font. Give --fonts PATH of a TrueType font.") from None


def draw_glyph(font_name: str, glyph: str, size: int) -> Image.Image:
    """A glyph on size x size pixels: its box fills 20/28 of the side along its longer axis, and is in the middle."""
    left, top, right, bottom = ImageFont.truetype(font_name, 1000).getbbox(glyph, anchor="ls")
    font = ImageFont.truetype(font_name, 1000 * size * BOX / SIDE / max(right - left, bottom - top))
    left, top, right, bottom = font.getbbox(glyph, anchor="ls")
    picture = Image.new("L", (size, size))
    place = ((size - left - right) / 2, (size - top - bottom) / 2)
    ImageDraw.Draw(picture).text(place, glyph, fill=255, font=font, anchor="ls")
    return picture


def errors(picture: Image.Image, truth: Image.Image) -> tuple[float, float]:
    """Mean absolute error in 0..1, and PSNR in dB."""
    difference = (np.asarray(picture, float) - np.asarray(truth, float)) / 255
    return float(np.abs(difference).mean()), -10 * math.log10(max(float(np.square(difference).mean()), 1e-10))


def draw_sheet(rows: list[list[Image.Image]]) -> Image.Image:
    """A contact sheet: a row for each glyph."""
    sheet = Image.new("L", (TILE * len(rows[0]), TILE * len(rows)))
    for row, pictures in enumerate(rows):
        for column, picture in enumerate(pictures):
            method = Image.Resampling.NEAREST if picture.width < TILE else Image.Resampling.BOX
            sheet.paste(picture.resize((TILE, TILE), method), (TILE * column, TILE * row))
    return sheet
