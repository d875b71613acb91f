"""Read JPEG files, also those that lack their end marker but no pixel."""

from __future__ import annotations

import dataclasses

import numpy as np
from PIL import Image

from vecstack.errors import PictureError
from vecstack.pictures.decoding.pillow import decode_image, open_image
from vecstack.pictures.decoding.raster import Raster, check_size
from vecstack.pictures.decoding.reduce import factor_for

SIGNATURE = b"\xff\xd8\xff"
END = b"\xff\xd9"
PROGRESSIVE = (b"\xff\xc2", b"\xff\xca")  # starts of frames of several scans, which may lack the last ones unseen
# What is put in place of a missing end: pixels that were missing would look different with each.
TAILS = (END, b"\x55" * 64 + END, b"\xa6" * 64 + END)


def decode_jpeg(data: bytes, max_pixels: int, enough: int | None = None) -> Raster:
    """The picture in a JPEG, decoded at a half, a quarter or an eighth of its sides where it has more pixels than are
    `enough`. Raises PictureError, and whatever Pillow raises."""
    try:
        return _decoded(data, max_pixels, enough)
    except OSError:
        if END in data[-64:] or any(mark in data for mark in PROGRESSIVE):
            raise
        data = data.rstrip(b"\xff")  # half a marker
        _check_whole(data)
        return _decoded(data + END, max_pixels, enough)


def _decoded(data: bytes, max_pixels: int, enough: int | None) -> Raster:
    image = open_image(data)
    assert image is not None  # it begins as a JPEG does
    width, height = image.size
    check_size(width, height, max_pixels)
    factor = factor_for(width, height, enough)
    if factor == 1:
        return decode_image(image, max_pixels)
    image.draft(None, (width // factor, height // factor))
    return dataclasses.replace(decode_image(image, max_pixels), full=(width, height))


def _check_whole(data: bytes) -> None:
    """Raise PictureError where pixels are missing before the end of a JPEG."""
    shown = [np.asarray(_load(data + tail)) for tail in TAILS]
    if any((other != shown[0]).any() for other in shown[1:]):
        raise PictureError("cut short; save it again.")


def _load(data: bytes) -> Image.Image:
    image = open_image(data)
    assert image is not None
    image.load()
    return image
