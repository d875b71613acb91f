"""Read PFM files, maps of floats."""

from __future__ import annotations

import re

import numpy as np

from vecstack.errors import PictureError
from vecstack.pictures.decoding.raster import Raster, check_size, unit_of_floats

SIGNATURES = (b"PF", b"Pf")  # of colour and of grey
# Name, width, height and scale, each followed by one white space; the scale is negative where bytes are little-endian.
HEADER = re.compile(rb"(P[Ff])\s+([0-9]{1,9})\s+([0-9]{1,9})\s+([-+]?[0-9]*\.?[0-9]*(?:[eE][-+]?[0-9]+)?)(?:\r\n|\s)")


def decode_pfm(data: bytes, max_pixels: int) -> Raster:
    """The picture in a PFM, whose rows are stored from the bottom up. Raises PictureError."""
    header = HEADER.match(data[:200])
    if header is None:
        raise PictureError("its header is damaged; save it again.")
    width, height, channels = int(header[2]), int(header[3]), 3 if header[1] == b"PF" else 1
    check_size(width, height, max_pixels)
    order = "<f4" if header[4].startswith(b"-") else ">f4"
    count = width * height * channels
    if len(data) - header.end() < 4 * count:
        raise PictureError("cut short; save it again.")
    stored = np.frombuffer(data, order, count, header.end()).reshape(height, width, channels)[::-1]
    return Raster(unit_of_floats(stored if channels == 3 else stored[..., 0]), depth=16)
