"""Read JPEG 2000 files: OpenJPEG decodes them, with the colours that the file says its channels are."""

from __future__ import annotations

import io
import struct
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vecstack.errors import PictureError
from vecstack.pictures.decoding.pillow import decode_image
from vecstack.pictures.decoding.raster import Raster, check_size, unit
from vecstack.pictures.decoding.reduce import factor_for, means

SIGNATURES = (b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n")  # a codestream, and one in boxes
SIZE = b"\xff\x4f\xff\x51"  # start of a codestream, and of the marker segment that tells its size
END = b"\xff\xd9"  # marker that ends a codestream and cannot occur inside one
CODING = b"\xff\x52"  # marker of the segment that tells how the picture is coded
SIZE_BYTES = 45  # up to the end of what is told of the first channel
PALETTE, MEANINGS, COLORS = b"pclr", b"cdef", b"colr"  # boxes: a palette, what channels mean, what colours they are
BY_NAME, BY_PROFILE = b"\1", b"\2"  # how the latter tells them
NAMES = (16, 17)  # sRGB and grey
# Steps, in pixels, at which luma and two chromas are given across and down, where chromas are given at fewer pixels.
CHROMA_STEPS = ((1, 1, 2, 1, 2, 1), (1, 1, 2, 2, 2, 2))


class Header(NamedTuple):
    """What the start of a codestream says: sides in pixels, where these begin on its grid, channels, bits of the first
    and whether they have a sign, at which pixels each is given (steps across and down), and how often the sides can be
    halved."""

    width: int
    height: int
    offset: tuple[int, int]
    channels: int
    bits: int
    is_signed: bool
    steps: tuple[int, ...]
    levels: int


def decode_jpeg2000(data: bytes, max_pixels: int, enough: int | None = None) -> Raster:
    """The picture in a JPEG 2000 file; where it has more pixels than are `enough` and is grey, or of 8 bits without
    alpha, decoded at a half, a quarter or an eighth of its sides. Raises PictureError, and whatever imagecodecs and
    Pillow raise."""
    at = data.find(SIZE)
    if at < 0 or len(data) < at + SIZE_BYTES or END not in data[at:]:
        raise PictureError("cut short; save it again.")  # the decoder would fill the rest with grey
    header = _header(data, at)
    check_size(header.width, header.height, max_pixels)
    if header.is_signed or header.bits > 16:
        depth = f"{header.bits} bits{' with a sign' if header.is_signed else ''}"
        raise PictureError(f"a JPEG 2000 of {depth}, which is not read; save it with 8 or 16 bits.")
    if max(header.steps) > 1 and header.steps not in CHROMA_STEPS:
        raise PictureError("a JPEG 2000 whose channels have fewer pixels than it, which is not read; save it as PNG.")
    boxes = _boxes(data)
    factor = factor_for(header.width, header.height, enough)
    halvings = _halvings(header, factor)
    if halvings and _is_plain(header, boxes):
        return _halved(data, header, _profile(boxes), halvings, factor)
    return _whole(data, _bits(header, boxes), max_pixels)


def _header(data: bytes, at: int) -> Header:
    """What the codestream at a place of a file says first."""
    right, bottom, left, top = struct.unpack_from(">4I", data, at + 8)
    channels, depth = struct.unpack_from(">HB", data, at + 40)
    told = data[at + 42 : at + 42 + 3 * channels]  # of each channel its bits, and the steps across and down
    steps = tuple(step for place, step in enumerate(told) if place % 3)
    sides, signed, bits = (right - left, bottom - top), depth > 127, (depth & 127) + 1
    return Header(*sides, (left, top), channels, bits, signed, steps, _levels(data, at + 2))


def _levels(data: bytes, at: int) -> int:
    """How often the sides of a picture can be halved, by the marker segments of a codestream from a place on; 0 where
    these do not say so."""
    while data[at : at + 1] == b"\xff" and len(data) > at + 9:
        if data[at : at + 2] == CODING:
            return data[at + 9]
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return 0


def _boxes(data: bytes) -> dict[bytes, bytes]:
    """The contents of the boxes in the header of a file, by their names, of two the first; none of a codestream."""
    found: dict[bytes, bytes] = {}
    start, end = 0, 0 if data.startswith(SIZE) else len(data)
    while start + 8 <= end:
        length, name = struct.unpack_from(">I4s", data, start)
        if name == b"jp2h":  # the header, whose boxes follow
            start, end, found = start + 8, min(end, start + length), {}
            continue
        found.setdefault(name, data[start + 8 : min(start + length, end)])
        start += length if length >= 8 else end
    return found


def _bits(header: Header, boxes: dict[bytes, bytes]) -> int:
    """The bits of the colours: those of the palette, where there is one."""
    palette = boxes.get(PALETTE, b"")
    return (palette[3] & 127) + 1 if len(palette) > 3 else header.bits


def _profile(boxes: dict[bytes, bytes]) -> bytes | None:
    """The ICC profile of a file's colours; None where they are known by name."""
    told = boxes.get(COLORS, b"")
    return told[3:] if told[:1] == BY_PROFILE else None


def _is_plain(header: Header, boxes: dict[bytes, bytes]) -> bool:
    """Whether Pillow decodes as many bits as there are, as grey or as colours in order that need no more than a
    profile."""
    told = boxes.get(COLORS, BY_PROFILE if not boxes else b"")
    is_known = told[:1] == BY_PROFILE or (told[:1] == BY_NAME and int.from_bytes(told[3:7], "big") in NAMES)
    is_whole = (header.channels == 3 and header.bits == 8) or (header.channels == 1 and header.bits >= 8)
    is_even = header.offset == (0, 0) and max(header.steps) == 1
    return is_known and is_whole and is_even and not {PALETTE, MEANINGS} & boxes.keys()


def _halvings(header: Header, factor: int) -> int:
    """How often the decoder is to halve the sides, at most to a part `factor` of them. Where sides do not come out
    whole, OpenJPEG rounds them up and Pillow to the nearest number, and refuses what differs."""
    most = min(factor.bit_length() - 1, header.levels)
    sides = header.width, header.height
    return next(count for count in range(most, -1, -1) if all(-side % 2**count <= 2**count // 2 for side in sides))


def _halved(data: bytes, header: Header, profile: bytes | None, halvings: int, factor: int) -> Raster:
    """The picture at a part `factor` of its sides, which the decoder has halved so often."""
    from PIL import Jpeg2KImagePlugin

    image = Jpeg2KImagePlugin.Jpeg2KImageFile(io.BytesIO(data), "")
    image.reduce = halvings
    image.load()
    stored = _centred(_centred(np.asarray(image), 0, halvings), 1, halvings)
    values, _ = means(stored, None, factor >> halvings)
    if header.bits > 8:
        values = unit(values, (2**header.bits - 1) << (16 - header.bits))  # Pillow shifts them to the left
    return Raster(values, None, 8 if header.bits == 8 else 16, profile, full=(header.width, header.height))


def _centred(values: NDArray[Any], axis: int, halvings: int) -> NDArray[Any]:
    """Values at the middles of the squares of pixels that they stand for, along an axis: the decoder gives them at the
    first pixels of these."""
    share = np.float32((1 - 0.5**halvings) / 2)  # of the way to the next value
    after = np.concatenate([np.delete(values, 0, axis), np.take(values, [-1], axis)], axis)
    centred: NDArray[Any] = np.rint((1 - share) * values + share * after).astype(values.dtype)
    return centred


def _whole(data: bytes, bits: int, max_pixels: int) -> Raster:
    """The whole picture: imagecodecs turns sYCC, L*a*b* and what has a profile into sRGB, but leaves channels of fewer
    pixels than the picture to Pillow."""
    import imagecodecs
    from PIL import Jpeg2KImagePlugin

    try:
        stored = imagecodecs.jpeg2k_decode(data)
    except NotImplementedError:
        return decode_image(Jpeg2KImagePlugin.Jpeg2KImageFile(io.BytesIO(data), ""), max_pixels)
    stored = stored.reshape(*stored.shape[:2], -1)
    count = stored.shape[2]
    if count > 4:
        raise PictureError(f"a JPEG 2000 of {count} channels, which is not read; save it as grey or RGB.")
    if int(stored.max()) >= 2**bits:
        raise PictureError(f"damaged: values up to {stored.max()} in {bits} bits; save it again.")
    alpha = unit(stored[..., -1], 2**bits - 1) if count in (2, 4) else None
    colors = stored[..., :3] if count > 2 else stored[..., 0]
    values = np.ascontiguousarray(colors) if bits == 8 else unit(colors, 2**bits - 1)
    return Raster(values, alpha, 8 if bits <= 8 else 16)
