"""Read BMP files, also those with unusual bit fields."""

from __future__ import annotations

import numpy as np

from vecstack.pictures.decoding.pillow import decode_image, open_image
from vecstack.pictures.decoding.raster import Raster, check_size, unit

SIGNATURE = b"BM"
COMPRESSION = slice(30, 34)  # where a header of 40 bytes or more tells it
BIT_FIELDS = b"\3\0\0\0"  # a pixel's bits are shared out as the header says


def decode_bmp(data: bytes, max_pixels: int) -> Raster:
    """The picture in a BMP. Raises PictureError, and whatever Pillow and imagecodecs raise."""
    try:
        image = open_image(data)
    except OSError:
        if data[COMPRESSION] != BIT_FIELDS:
            raise
        return _bit_fields(data, max_pixels)
    assert image is not None  # it begins as a BMP does
    return decode_image(image, max_pixels)


def _bit_fields(data: bytes, max_pixels: int) -> Raster:
    """The picture in a BMP whose channels have numbers of bits that Pillow does not know."""
    import imagecodecs

    width, height = (int.from_bytes(data[at : at + 4], "little", signed=True) for at in (18, 22))
    check_size(width, abs(height), max_pixels)  # a negative height: from the top down
    stored = imagecodecs.bmp_decode(data, asrgb=True)
    alpha = unit(stored[..., 3]) if stored.shape[2] == 4 else None
    return Raster(np.ascontiguousarray(stored[..., :3]), alpha)
