"""Read BMP files: Pillow reads most; those whose header may say which bits of a pixel are which are read here."""

from __future__ import annotations

import dataclasses
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecstack.errors import PictureError
from vecstack.pictures.decoding.pillow import decode_image, open_image
from vecstack.pictures.decoding.raster import Raster, check_size, unit

SIGNATURE = b"BM"
HEADER = 14  # where the header begins, with its size
OS2_LEAST, OS2_BYTES = 16, 64  # of a header of OS/2: with sides and bits alone, and with all fields
WINDOWS_BYTES = (40, 52, 56, 108, 124)  # of headers of Windows, each with more fields than the one before
PLAIN, BIT_FIELDS, WITH_ALPHA = 0, 3, 6  # how pixels are stored: as usual, or as masks of bits say
MASKS, ALPHA_BYTES = 40, 56  # where masks are, from the header on (in it or behind it); a header with one of alpha
USUAL_MASKS = {16: (0x7C00, 0x3E0, 0x1F), 32: (0xFF0000, 0xFF00, 0xFF)}  # of colours, by the bits of a pixel
DENSITY, METRES_PER_INCH = 24, 0.0254  # where the pixels in a metre are told, from the header on
COLORS, EMBEDDED, PROFILE = 56, b"DEBM", 112  # likewise how colours are told, that a profile does, and where that is
BAND_ROWS = 256  # decoded together: bounds the memory needed in addition


def decode_bmp(data: bytes, max_pixels: int) -> Raster:
    """The picture in a BMP; alpha that is 0 everywhere is taken for unused, as browsers do. Raises PictureError, and
    whatever Pillow raises."""
    data = _filled(data)
    raster = _by_masks(data, max_pixels)
    if raster is None:
        image = open_image(data)
        assert image is not None  # it begins as a BMP does
        raster = decode_image(image, max_pixels)
    return dataclasses.replace(raster, profile=_profile(data))


def _filled(data: bytes) -> bytes:
    """A BMP with all fields of a header of OS/2, those that it leaves out as 0; any other as it is."""
    if len(data) < HEADER + OS2_LEAST:
        return data
    start, size = struct.unpack_from("<II", data, HEADER - 4)
    if not OS2_LEAST <= size < OS2_BYTES or size in WINDOWS_BYTES:
        return data
    header = struct.pack("<II", start + OS2_BYTES - size, OS2_BYTES) + data[HEADER + 4 : HEADER + size]
    return data[: HEADER - 4] + header.ljust(OS2_BYTES + 4, b"\0") + data[HEADER + size :]


def _by_masks(data: bytes, max_pixels: int) -> Raster | None:
    """The picture in a BMP of 16 or 32 bits a pixel that are not compressed; None for any other. Raises
    PictureError."""
    if len(data) < HEADER + ALPHA_BYTES:
        return None
    start, size, width, height, _, bits, form = struct.unpack_from("<IIiiHHI", data, HEADER - 4)
    if size not in WINDOWS_BYTES or bits not in USUAL_MASKS or form not in (PLAIN, BIT_FIELDS, WITH_ALPHA):
        return None
    check_size(width, abs(height), max_pixels)
    row_bytes, count = (width * bits + 31) // 32 * 4, abs(height)
    if len(data) < start + row_bytes * count:
        raise PictureError("cut short; save it again.")
    rows = np.frombuffer(data, np.uint8, row_bytes * count, start).reshape(count, row_bytes)
    pixels = rows[:, : width * bits // 8].view(f"<u{bits // 8}")
    masks = _masks(data, size, bits, form)
    channels = _channels(pixels if height < 0 else pixels[::-1], masks)  # stored from the bottom up, as a rule
    alpha = channels[..., 3] if masks[3] else None
    colors = np.ascontiguousarray(channels[..., :3])
    return Raster(colors, unit(alpha) if alpha is not None and alpha.any() else None, dpi=_dpi(data))


def _masks(data: bytes, size: int, bits: int, form: int) -> tuple[int, int, int, int]:
    """The bits of a pixel that are red, green, blue and alpha."""
    red, green, blue, alpha = (mask % 2**bits for mask in struct.unpack_from("<4I", data, HEADER + MASKS))
    if form == PLAIN or not (red or green or blue):
        red, green, blue = USUAL_MASKS[bits]
    return red, green, blue, alpha if size >= ALPHA_BYTES or form == WITH_ALPHA else 0


def _channels(pixels: NDArray[Any], masks: tuple[int, ...]) -> NDArray[np.uint8]:
    """The channels [H,W,C] that masks cut out of pixels [H,W], each stretched to 8 bits. Raises PictureError for a mask
    with a gap."""
    channels = np.zeros((*pixels.shape, len(masks)), np.uint8)
    for channel, mask in enumerate(masks):
        lowest = mask & -mask
        most = mask // max(lowest, 1)
        if most & (most + 1):
            raise PictureError("its header is damaged; save it again.")
        for top in range(0, len(pixels) if mask else 0, BAND_ROWS):
            band = slice(top, top + BAND_ROWS)
            channels[band, :, channel] = np.rint((pixels[band] & mask) // lowest * (255 / most))
    return channels


def _dpi(data: bytes) -> float | None:
    """The pixels in an inch that a BMP tells; None where it tells none, or different ones across and down."""
    across, down = struct.unpack_from("<ii", data, HEADER + DENSITY)
    return across * METRES_PER_INCH if across == down > 0 else None


def _profile(data: bytes) -> bytes | None:
    """The ICC profile in a BMP, None where there is none."""
    if len(data) < HEADER + PROFILE + 8 or int.from_bytes(data[HEADER : HEADER + 4], "little") < PROFILE + 8:
        return None
    if data[HEADER + COLORS : HEADER + COLORS + 4] != EMBEDDED:
        return None
    start, count = struct.unpack_from("<II", data, HEADER + PROFILE)
    return data[HEADER + start : HEADER + start + count]
