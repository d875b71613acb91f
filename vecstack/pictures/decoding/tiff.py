"""Read TIFF files: tifffile reads the structure, imagecodecs the pixels, and what they mean is settled here."""

from __future__ import annotations

import dataclasses
import io
import logging
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecstack.errors import PictureError
from vecstack.pictures.decoding.exif import EXIF_ORIENTATION, exif_of_tiff, known
from vecstack.pictures.decoding.profiles import lab_to_srgb
from vecstack.pictures.decoding.raster import (
    UPRIGHT,
    Floats,
    Raster,
    check_size,
    unit,
    unit_of_floats,
)
from vecstack.pictures.decoding.reduce import factor_for

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # either byte order; the latter two of BigTIFF
# How many channels hold the colour, by photometric interpretation (TIFF 6.0, and Supplement 1 for L*a*b*).
WHITE_IS_ZERO, GREY, RGB, PALETTE, INKS, YCBCR, CIE_LAB, ICC_LAB = 0, 1, 2, 3, 5, 6, 8, 9
COLOR_CHANNELS = {WHITE_IS_ZERO: 1, GREY: 1, RGB: 3, PALETTE: 1, INKS: 4, YCBCR: 3, CIE_LAB: 3, ICC_LAB: 3}
PREMULTIPLIED, STRAIGHT = 1, 2  # kinds of alpha among the extra channels
JPEG = 7  # compression, in which colours of YCbCr are turned to RGB by the decoder
# Compressions that are left to libtiff: fax (2 to 4), which not every version of tifffile knows; LZW and PackBits, of
# which imagecodecs has decoders of its own, that end the process on some damaged files.
LIBTIFF, WHOLE_BITS = (2, 3, 4, 5, 32773), (1, 8, 16, 32, 64)
PHOTOMETRIC, PROFILE, DNG_VERSION, CMYK_INKS = 262, 34675, 50706, 332  # tags
DATA_TYPE, UNSIGNED = 32996, 2  # a tag of old files, and its value of whole numbers
MAX_CHANNELS = 16


def decode_tiff(data: bytes, max_pixels: int, enough: int | None = None) -> Raster:
    """The first picture in a TIFF or BigTIFF, reduced tile by tile where that is possible and it has more pixels than
    are `enough`. Raises PictureError, and whatever tifffile and imagecodecs raise."""
    import tifffile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # what is odd but can be read is not worth a line
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page: Any = file.pages[0]
        check_size(page.imagewidth, page.imagelength, max_pixels)
        _check(page, max_pixels)
        if page.photometric == YCBCR and page.compression != JPEG:
            orientation = _orientation(page)
            return Raster(_shown_by_libtiff(data, orientation), profile=_profile(page), orientation=orientation)
        factor = factor_for(page.imagewidth, page.imagelength, enough)
        if factor > 1 and _has_means(page):
            raster = _raster(_by_segments(page, factor), page)
            return dataclasses.replace(raster, full=(page.imagewidth, page.imagelength), exif=exif_of_tiff(data))
        stored = _by_libtiff(data, page) if page.compression in LIBTIFF else page.asarray()
        if page.planarconfig == 2 and page.samplesperpixel > 1:
            stored = np.moveaxis(stored, 0, -1)
        raster = _raster(stored.reshape(page.imagelength, page.imagewidth, -1), page)
        return dataclasses.replace(raster, exif=exif_of_tiff(data))


def _check(page: Any, max_pixels: int) -> None:
    """Raise PictureError for a picture that cannot be read, and say which kind it is."""
    tile = page.tilewidth * page.tilelength if page.is_tiled else 0
    if tile > max(max_pixels, 1 << 24) or page.imagedepth > 1 or page.samplesperpixel > MAX_CHANNELS:
        raise PictureError(
            f"a TIFF of {page.samplesperpixel!s:.40} channels, {page.imagedepth!s:.40} planes of depth and tiles of "
            f"{tile:,} pixels, which is not read; save it as a plain picture."
        )
    if DNG_VERSION in page.tags or page.photometric not in COLOR_CHANNELS:
        kind = getattr(page.photometric, "name", page.photometric)
        raise PictureError(
            f"a TIFF of raw or unusual colours ({kind!s:.40}), which is not read; develop it, or save it as RGB."
        )
    if page.dtype is None or page.dtype.kind not in "buf":
        raise PictureError(
            f"a TIFF of {page.bitspersample!s:.40} bits per channel in sample format {page.sampleformat!s:.40}, which "
            "is not read; save it with 8 or 16 bits."
        )
    if page.compression in LIBTIFF and page.bitspersample not in WHOLE_BITS:
        raise PictureError(
            f"a TIFF of {page.bitspersample!s:.40} bits per channel in {page.compression.name}, which is not read; "
            "save it without compression."
        )
    if page.photometric == INKS and page.tags.valueof(CMYK_INKS, 1) != 1:
        raise PictureError("a TIFF of other inks than CMYK, which is not read; save it as CMYK or RGB.")
    extra = page.samplesperpixel - COLOR_CHANNELS[page.photometric]
    if extra < 0 or (extra > 1 and not any(kind in (PREMULTIPLIED, STRAIGHT) for kind in page.extrasamples)):
        raise PictureError(
            f"a TIFF of {page.samplesperpixel} channels, of which {COLOR_CHANNELS[page.photometric]} are its colour; "
            "save it as grey or RGB, with alpha or without."
        )


def _has_means(page: Any) -> bool:
    """Whether stored values may be averaged before what they mean is known, as they come."""
    is_straight = page.samplesperpixel > COLOR_CHANNELS[page.photometric]  # transparent colours would count
    is_plain = page.photometric != PALETTE and page.planarconfig == 1 and page.dtype in (np.uint8, np.uint16)
    return is_plain and not is_straight and page.compression not in LIBTIFF


def _by_segments(page: Any, factor: int) -> NDArray[Any]:
    """Means of squares of `factor` pixels of a page, [H,W,C], whose tiles or strips are decoded one after another."""
    rows, columns = -(-page.imagelength // factor), -(-page.imagewidth // factor)
    total = np.zeros((rows, columns, page.samplesperpixel), np.float32)
    count = np.zeros((rows, columns, 1), np.float32)
    for segment, (_, _, top, left, _), (_, height, width, _) in page.segments(maxworkers=1):
        if segment is None:
            continue
        height, width = min(height, page.imagelength - top), min(width, page.imagewidth - left)
        part = segment[0, :height, :width].astype(np.float32)
        down, first_down = np.unique(np.arange(top, top + height) // factor, return_index=True)
        across, first_across = np.unique(np.arange(left, left + width) // factor, return_index=True)
        where = slice(down[0], down[-1] + 1), slice(across[0], across[-1] + 1)
        total[where] += np.add.reduceat(np.add.reduceat(part, first_down, 0), first_across, 1)
        sizes = np.diff(first_down, append=height)[:, None] * np.diff(first_across, append=width)
        count[where] += sizes[..., None]
    return np.rint(total / np.maximum(count, 1)).astype(page.dtype)


def _by_libtiff(data: bytes, page: Any) -> NDArray[Any]:
    """The channels of the first picture in a TIFF, as they are stored: called grey, so that no ink becomes light,
    and whole numbers, which an old tag may leave open."""
    import imagecodecs

    told = bytearray(data)
    for tag, value in ((PHOTOMETRIC, GREY), (DATA_TYPE, UNSIGNED)):
        if tag in page.tags:
            at, count = page.tags[tag].valueoffset, page.tags[tag].count
            told[at : at + 2 * count] = struct.pack(f"{page.parent.byteorder}H", value) * count
    return np.asarray(imagecodecs.tiff_decode(bytes(told)))


def _shown_by_libtiff(data: bytes, orientation: int) -> NDArray[np.uint8]:
    """Colours [H,W,3] of the first picture in a TIFF, as it is stored: libtiff turns columns and rows upright, but does
    not exchange them, and is turned back."""
    import imagecodecs

    shown = imagecodecs.tiff_decode(data, asrgb=True)[..., :3]
    return np.ascontiguousarray(UPRIGHT[(orientation - 1) % 4 + 1](shown))


def _orientation(page: Any) -> int:
    """The EXIF orientation of a page."""
    return known(page.tags.valueof(EXIF_ORIENTATION, 1))


def _raster(stored: NDArray[Any], page: Any) -> Raster:
    """What the channels [H,W,C] of a page mean. Raises PictureError for values out of range."""
    count = COLOR_CHANNELS[page.photometric]
    alpha, is_premultiplied = _alpha(stored, page, count)
    stored = stored[..., 0] if count == 1 else stored[..., :count]
    depth = 8 if page.bitspersample <= 8 else 16
    values: NDArray[Any]
    if page.photometric == PALETTE:
        values, depth = _colors(stored.astype(np.int64), np.asarray(page.colormap)), 8
    elif count == 3 and page.photometric in (CIE_LAB, ICC_LAB):
        values, depth = _lab(stored, page), 8
    elif page.photometric == INKS:
        values, depth = np.rint(_unit(stored, page) * 255).astype(np.uint8), 8
    else:
        values = stored if stored.dtype == np.uint8 and page.bitspersample == 8 else _unit(stored, page)
    if page.photometric == WHITE_IS_ZERO:
        values = 255 - values if values.dtype == np.uint8 else 1 - values
    if alpha is not None and is_premultiplied and page.photometric != INKS:
        values = _straight(unit(values) if values.dtype == np.uint8 else values, alpha)
    return Raster(
        np.ascontiguousarray(values), alpha, depth, _profile(page), None, _orientation(page), None, _dpi(page)
    )


def _alpha(stored: NDArray[Any], page: Any, count: int) -> tuple[Floats | None, bool]:
    """Alpha [H,W], None where no channel after the `count` of the colour holds it, and whether colours are multiplied
    with it. A fourth channel of RGB of which nothing is said is alpha, as many programs write it."""
    kinds = list(page.extrasamples) or [STRAIGHT if page.photometric == RGB else 0]
    for at, kind in zip(range(count, stored.shape[2]), kinds, strict=False):
        if kind in (PREMULTIPLIED, STRAIGHT):
            return _unit(stored[..., at], page), kind == PREMULTIPLIED
    return None, False


def _unit(stored: NDArray[Any], page: Any) -> Floats:
    """Values of a page as float32 in 0..1. Raises PictureError."""
    if stored.dtype.kind == "f":
        return unit_of_floats(stored)
    if page.bitspersample > 16 and stored.max() <= 65535:
        raise PictureError(
            f"whole numbers of {page.bitspersample!s:.40} bits up to {stored.max():,}; save it with 16 bits."
        )
    return unit(stored, 2**page.bitspersample - 1)


def _straight(values: NDArray[Any], alpha: Floats) -> Floats:
    """Values that were multiplied with alpha, as they were before."""
    over = alpha if values.ndim == 2 else alpha[..., None]
    straight: Floats = np.minimum(np.divide(values, over, out=np.zeros_like(values), where=over > 0), 1)
    return straight


def _colors(index: NDArray[np.int64], table: NDArray[Any]) -> NDArray[np.uint8]:
    """Colours [H,W,3] of indices into a colour map [3,N] of 16 bits; of 8, as some programs write it, where no value
    is larger. Raises PictureError where one is beyond it."""
    if index.max() >= table.shape[1]:
        raise PictureError("some pixels have no color in its color map; save it again.")
    levels = table if table.max() < 256 else table >> 8
    return np.ascontiguousarray(levels.astype(np.uint8).T[index])


def _lab(stored: NDArray[Any], page: Any) -> NDArray[np.uint8]:
    """Colours of L*a*b* as sRGB. In ICC L*a*b* 128 is added to a* and b*. Raises PictureError."""
    if stored.dtype not in (np.uint8, np.uint16):
        raise PictureError(f"a TIFF of L*a*b* with {page.bitspersample!s:.40} bits, which is not read; save it as RGB.")
    levels = stored if stored.dtype == np.uint8 else (stored >> 8).astype(np.uint8)
    if page.photometric == ICC_LAB:
        levels = levels ^ np.array([0, 128, 128], np.uint8)
    return lab_to_srgb(levels)


def _dpi(page: Any) -> float | None:
    """The pixels in an inch that a page tells; None where it tells none, or different ones across and down."""
    (across, below), (down, other) = page.tags.valueof(282, (0, 1)), page.tags.valueof(283, (0, 1))
    per_inch = {2: 1.0, 3: 2.54}.get(int(page.tags.valueof(296, 2)))
    if per_inch is None or not across or not below or across * other != down * below:
        return None
    return float(across / below * per_inch)


def _profile(page: Any) -> bytes | None:
    """The ICC profile of a page, None where there is none."""
    value = page.tags.valueof(PROFILE)
    return value if isinstance(value, bytes) else None
