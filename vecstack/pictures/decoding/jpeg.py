"""Read JPEG files, also those that lack their end marker but no pixel."""

from __future__ import annotations

import numpy as np
from PIL import Image

from vecstack.errors import PictureError
from vecstack.pictures.decoding.pillow import decode_image, open_image
from vecstack.pictures.decoding.raster import Raster

SIGNATURE = b"\xff\xd8\xff"
END = b"\xff\xd9"
PROGRESSIVE = (b"\xff\xc2", b"\xff\xca")  # starts of frames of several scans, which may lack the last ones unseen
# What is put in place of a missing end: pixels that were missing would look different with each.
TAILS = (END, b"\x55" * 64 + END, b"\xa6" * 64 + END)


def decode_jpeg(data: bytes, max_pixels: int) -> Raster:
    """The picture in a JPEG. Raises PictureError, and whatever Pillow raises."""
    image = open_image(data)
    assert image is not None  # it begins as a JPEG does
    try:
        return decode_image(image, max_pixels)
    except OSError:
        if END in data[-64:] or any(mark in data for mark in PROGRESSIVE):
            raise
        data = data.rstrip(b"\xff")  # half a marker
        _check_whole(data)
        whole = open_image(data + END)
        assert whole is not None
        return decode_image(whole, max_pixels)


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
