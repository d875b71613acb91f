"""Items that are pictures: their pixels, and the same with half as many across and down, again and again (Williams,
"Pyramidal parametrics", SIGGRAPH 1983)."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache

import numpy as np

from vecstack.color import Color
from vecstack.errors import DocumentError, PictureError
from vecstack.kinds.cutout.item import DAMAGED, MAX_SIDE_PX, header_of

MAX_LEVEL = 12  # at which the largest picture is one pixel
FULL = 65535  # of a stored value, which stands for 1


class Pictures:
    """The pictures among a document's items, decoded when they are first drawn, each at the levels that are."""

    def __init__(self, assets: Mapping[str, bytes]) -> None:
        self._assets = assets
        self._levels: dict[tuple[str, int], np.ndarray] = {}
        self.sides = cache(self._sides)

    def _sides(self, item: str) -> tuple[int, int]:
        """Columns and rows of a picture. Raises DocumentError."""
        header = header_of(self._assets[item])
        return header.width, header.height

    def level(self, item: str, number: int) -> np.ndarray:
        """The pixels [h,w,4] of a picture at a level, premultiplied, as numbers up to FULL (uint16): at level 0 its
        own, at level n the means of squares of 2^n by 2^n of them. Raises DocumentError."""
        if (item, number) not in self._levels:
            level = decoded(self._assets[item])
            for _ in range(number):
                level = halved(level)
            self._levels[item, number] = (level * FULL + 0.5).astype(np.uint16)
        return self._levels[item, number]


def decoded(data: bytes) -> np.ndarray:
    """The pixels of a PNG [H,W,4], premultiplied (float32 in 0..1). Raises DocumentError."""
    from vecstack.pictures.decoding.png import decode_png

    header_of(data)
    try:
        raster = decode_png(data, MAX_SIDE_PX**2)
    except (PictureError, RuntimeError, ValueError) as error:
        raise DocumentError(DAMAGED) from error
    pixels = np.ones((*raster.values.shape[:2], 4), np.float32)
    pixels[..., :3] = raster.values
    pixels[..., :3] /= 255
    if raster.alpha is not None:
        pixels[..., 3] = raster.alpha
        pixels[..., :3] *= pixels[..., 3:]
    return pixels


def halved(level: np.ndarray) -> np.ndarray:
    """The means of squares of 2 by 2 pixels [H,W,4]; those at the right and lower edge count twice where their number
    is odd."""
    height, width = level.shape[:2]
    whole = np.pad(level, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    means: np.ndarray = (whole[::2, ::2] + whole[1::2, ::2] + whole[::2, 1::2] + whole[1::2, 1::2]) / 4
    return means


def picture_bytes(content: bytes) -> bytes:
    """The asset of an item that is a picture, from a file of any format that is read. Raises PictureError."""
    from vecstack.pictures.read import load_picture

    picture = load_picture(content, max_pixels=MAX_SIDE_PX**2)
    if max(picture.width, picture.height) > MAX_SIDE_PX:
        raise PictureError(f"a picture must be at most {MAX_SIDE_PX:,} px a side to be placed; scale it down first.")
    parts = [picture.pixels] if picture.alpha is None else [picture.pixels, picture.alpha[..., None]]
    return _png(np.concatenate(parts, 2))


def tinted(data: bytes, color: Color) -> bytes:
    """A PNG all in one colour, with its transparency. Raises DocumentError."""
    pixels = decoded(data)
    pixels[..., :3] = color
    return _png(pixels)


def _png(pixels: np.ndarray) -> bytes:
    """Straight pixels [H,W,3] or [H,W,4] in 0..1 as a PNG of 8 bits."""
    from vecstack.pictures.write import pixels_to_file

    file = io.BytesIO()
    pixels_to_file((pixels * 255 + 0.5).astype(np.uint8), file, format="png")
    return file.getvalue()
