"""Read PNG files: libpng decodes the pixels, and sees only what they need."""

from __future__ import annotations

import ctypes
import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vecstack.errors import PictureError
from vecstack.pictures.decoding.exif import orientation_of
from vecstack.pictures.decoding.quiet import mute
from vecstack.pictures.decoding.raster import Raster, check_size, unit
from vecstack.pictures.decoding.reduce import factor_for, means

SIGNATURE = b"\x89PNG\r\n\x1a\n"
ANCILLARY = 0x20  # bit of a chunk's first letter: a picture can be decoded without it
PALETTE = 3  # colour type
MAX_PROFILE_BYTES = 1 << 24  # of an ICC profile: the largest known have some megabytes
DISPLAY_GAMMA = 2.2  # of the displays that PNG takes for granted; sRGB is close to it
METRES_PER_INCH = 0.0254
SAME_GAMMA = 0.05  # share by which a gamma may differ from it and count as the same, as in libpng


class Chunk(NamedTuple):
    """A chunk of a PNG: its name, its data, its bytes in the file, and whether its checksum is right."""

    name: bytes
    data: bytes
    stored: bytes
    is_sound: bool


class Header(NamedTuple):
    """What the header of a PNG says: sides in pixels, bits per channel, and the type of colour."""

    width: int
    height: int
    depth: int
    color_type: int


def decode_png(data: bytes, max_pixels: int, enough: int | None = None) -> Raster:
    """The picture in a PNG, reduced where it has more pixels than are `enough`; of an animation the default image. A
    damaged chunk that the pixels do not need is ignored. Raises PictureError, and whatever imagecodecs raises."""
    chunks = list(_chunks(data))
    header = _header(chunks)
    check_size(header.width, header.height, max_pixels)
    needed = b"".join(chunk.stored for chunk in _needed(chunks, header.color_type))
    stored = _decoded(SIGNATURE + needed)
    extra = {chunk.name: chunk.data for chunk in reversed(chunks) if chunk.is_sound}  # the first of each name
    profile = _profile(extra.get(b"iCCP"))
    gamma = None if profile or b"sRGB" in extra or b"cICP" in extra else _gamma(extra.get(b"gAMA"))
    most = 255 if stored.dtype == np.uint8 else 65535
    factor = factor_for(header.width, header.height, enough)
    values, alpha = means(*_split(stored), factor)
    return Raster(
        values if most == 255 else unit(values, most),
        None if alpha is None else unit(alpha, most),
        16 if header.depth == 16 else 8,
        profile,
        gamma,
        orientation_of(extra.get(b"eXIf")),
        extra.get(b"eXIf"),
        _dpi(extra.get(b"pHYs")),
        None if factor == 1 else (header.width, header.height),
    )


def _decoded(data: bytes) -> np.ndarray:
    """The pixels of a PNG, as libpng decodes them. Raises whatever imagecodecs raises."""
    import imagecodecs

    with mute():
        try:
            stored: np.ndarray = imagecodecs.png_decode(data)
        except Exception:
            # imagecodecs 2026.3.6 gives back a reference to None that it does not hold where a PNG is damaged; before
            # Python 3.12 tens of thousands of these end the process. One too many does no harm.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(None))
            raise
    return stored


def _chunks(data: bytes) -> Iterator[Chunk]:
    """The chunks of a PNG up to its end, or to where it is cut short."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        checksum = data[at + 8 + length : at + 12 + length]
        is_sound = checksum == struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))
        yield Chunk(name, body, data[at : at + 12 + length], is_sound)
        if name == b"IEND":
            return
        at += 12 + length


def _header(chunks: list[Chunk]) -> Header:
    """What the first chunk says. Raises PictureError."""
    if not chunks or chunks[0].name != b"IHDR" or len(chunks[0].data) != 13 or not chunks[0].is_sound:
        raise PictureError("its header is damaged; save it again.")
    width, height, depth, color_type = struct.unpack_from(">IIBB", chunks[0].data)
    return Header(width, height, depth, color_type)


def _needed(chunks: list[Chunk], color_type: int) -> Iterator[Chunk]:
    """The chunks that the pixels need. libpng would tell standard error of all that is odd about the others."""
    has_key = has_pixels = False
    for chunk in chunks:
        has_pixels = has_pixels or chunk.name == b"IDAT"
        if chunk.name == b"PLTE":
            is_needed = color_type == PALETTE
        elif chunk.name == b"tRNS":
            is_needed = chunk.is_sound and not has_key and not has_pixels and color_type in (0, 2, PALETTE)
            has_key = has_key or is_needed
        else:
            is_needed = not chunk.name[0] & ANCILLARY
        if is_needed:
            yield chunk


def _split(stored: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Grey [H,W] or colour [H,W,3], and alpha [H,W] where there is one, of a decoded picture."""
    if stored.ndim == 2:
        return stored, None
    if stored.shape[2] == 2:
        return stored[..., 0], stored[..., 1]
    return np.ascontiguousarray(stored[..., :3]), stored[..., 3] if stored.shape[2] == 4 else None


def _profile(chunk: bytes | None) -> bytes | None:
    """The ICC profile in an iCCP chunk; None where there is none, or it is damaged."""
    _, _, packed = (chunk or b"").partition(b"\0")
    if packed[:1] != b"\0":  # the one method of compression
        return None
    try:
        return zlib.decompressobj().decompress(packed[1:], MAX_PROFILE_BYTES) or None
    except zlib.error:
        return None


def _gamma(chunk: bytes | None) -> float | None:
    """The gamma of the display that a gAMA chunk tells of; None where there is none, or it is that of sRGB."""
    stored = struct.unpack(">I", chunk)[0] if chunk is not None and len(chunk) == 4 else 0
    if stored == 0:
        return None
    gamma = 100_000 / stored
    return None if abs(gamma / DISPLAY_GAMMA - 1) < SAME_GAMMA else float(gamma)


def _dpi(chunk: bytes | None) -> float | None:
    """The pixels in an inch that a pHYs chunk tells; None where there is none, or it tells only their shape."""
    if chunk is None or len(chunk) != 9:
        return None
    across, down, unit_of_length = struct.unpack(">IIB", chunk)
    return across * METRES_PER_INCH if unit_of_length == 1 and across == down > 0 else None
