"""Read pictures: the only way a picture enters the program, so that each one is upright, in sRGB, of a bounded size,
and read completely or refused. The formats of files are read in pictures/decoding."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vecstack.color import Color
from vecstack.errors import PictureError, ShapeError, VecstackError
from vecstack.extras import needed
from vecstack.pictures.decoding.formats import decode
from vecstack.pictures.decoding.pillow import decode_image, trusted
from vecstack.pictures.decoding.profiles import to_srgb
from vecstack.pictures.decoding.raster import UPRIGHT, Floats, Raster, check_floats, check_size, unit
from vecstack.pictures.decoding.sources import name_of, read_bytes

MAX_PIXELS = 200_000_000  # more than any camera has (about 150 million); 2.4 GB as float32 RGB
FITTED_PIXELS = 64_000_000  # of which layers that are fitted need no more: larger pictures are reduced as they are read
FLOAT_SLACK = 1e-3  # a quarter of an 8-bit step: how far rounding may push a value out of 0..1


@dataclass(frozen=True, eq=False)
class Picture:
    """An upright picture in sRGB.

    `pixels` [H,W,3], float32 in 0..1, are straight (not premultiplied); `alpha` [H,W], float32 in 0..1, is None where
    the picture is opaque everywhere. `sha256` identifies what was loaded: it is the hash of a file's bytes, or of the
    pixels of a picture from memory. `depth` is the number of bits per channel: 8, or 16 (also for floats). `exif` are
    the EXIF data of the file, and `dpi` the pixels in an inch that it tells; None where there are none. `full`
    are the columns and rows of a file whose pixels are fewer here, since it was reduced while it was read."""

    pixels: Floats
    alpha: Floats | None
    sha256: str
    depth: int = 8
    exif: bytes | None = None
    dpi: float | None = None
    full: tuple[int, int] | None = None

    @property
    def sides(self) -> tuple[int, int]:
        """Columns and rows of what was loaded, in its own pixels."""
        return self.full or (self.width, self.height)

    @property
    def width(self) -> int:
        """Columns of the picture, in pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows of the picture, in pixels."""
        return int(self.pixels.shape[0])

    @property
    def ground(self) -> Color:
        """Black or white, whichever what is seen of the picture differs from most; black for an opaque picture."""
        if self.alpha is None:
            return 0.0, 0.0, 0.0
        seen = self.alpha[..., None]
        from_black = float((seen * np.square(self.pixels)).mean())
        from_white = float((seen * np.square(1 - self.pixels)).mean())
        return (0.0, 0.0, 0.0) if from_black >= from_white else (1.0, 1.0, 1.0)

    def over(self, background: Color) -> Floats:
        """The picture over a background of one colour (sRGB, 0..1), composited in gamma-encoded values as layers are:
        [H,W,3], float32 in 0..1. For an opaque picture these are its own pixels, not a copy."""
        if self.alpha is None:
            return self.pixels
        below = np.asarray(background, np.float32)
        return below + (self.pixels - below) * self.alpha[..., None]


def load_picture(
    source: str | os.PathLike[str] | bytes | BinaryIO | Image.Image | NDArray[Any],
    *,
    max_pixels: int = MAX_PIXELS,
    enough_pixels: int | None = None,
) -> Picture:
    """The picture in a file (a path, its bytes, or a binary stream, which is read to its end), a Pillow image or an
    array.

    Files may be PNG, JPEG (also MPO), WebP, TIFF, GIF, BMP, AVIF (if Pillow supports it), HEIF (if pillow-heif is
    installed), JPEG 2000 and PPM/PGM/PBM/PFM. Of several frames or pages the first is read, of a Pillow image its
    current one. The EXIF orientation is applied. Colours are converted to sRGB through the embedded ICC profile, or
    from the gamma that a PNG tells; a profile that is damaged or of another colour space than the picture is ignored,
    and so is what is damaged in a PNG but does not touch its pixels. PNG, TIFF, JPEG 2000, PGM and PFM keep 16 bits;
    everything else is reduced to 8 bits. Floats (PFM, TIFF, mode F) stand for
    0..1 if no value is above 1, else for 0..255; integers of a Pillow image of mode I for 0..65535.

    Of a file with more than `enough_pixels` every 2, 4 or 8 pixels across and down become one, so that no more are
    left (8 at most); formats that can are reduced while they are decoded, so that the whole is never in memory.

    Arrays are [H,W], [H,W,1], [H,W,3] or [H,W,4] (straight alpha) in sRGB, of uint8, uint16 or floats in 0..1.

    Raises PictureError: missing, not a regular file, not a picture, damaged, truncated, or values out of range, NaN
    and infinity included; TooLargeError: more than `max_pixels`, found before anything is decoded; ShapeError: an array
    of another shape."""
    with _boundary(name_of(source)):
        if isinstance(source, np.ndarray):
            return _hashed(*_split(_array_values(source, max_pixels)), 8 if source.dtype == np.uint8 else 16)
        if isinstance(source, Image.Image):
            return _hashed(*_upright(decode_image(trusted(source), max_pixels)))
        data = read_bytes(source)
        raster = decode(data, max_pixels, enough_pixels)
        pixels, alpha, depth = _upright(raster)
        full = raster.full if raster.orientation < 5 or raster.full is None else (raster.full[1], raster.full[0])
        return Picture(pixels, alpha, hashlib.sha256(data).hexdigest(), depth, raster.exif, raster.dpi, full)


def as_picture(
    source: str | os.PathLike[str] | bytes | BinaryIO | Image.Image | NDArray[Any] | Picture,
    enough_pixels: int | None = None,
) -> Picture:
    """A picture that is loaded already, as it is; any other source loaded (see load_picture, also for what is
    raised)."""
    return source if isinstance(source, Picture) else load_picture(source, enough_pixels=enough_pixels)


@contextmanager
def _boundary(name: str) -> Iterator[None]:
    """Turns every exception into one of this library, with a message of one line that begins with `name`. Pillow's
    plugins raise all kinds of exceptions for damaged files, so no list of classes would be complete."""
    try:
        yield
    except VecstackError as error:
        raise type(error)(f"{name}: {error}") from error
    except MemoryError as error:
        raise PictureError(f"{name}: too large for the memory of this machine; scale it down first.") from error
    except ImportError as error:  # no fault of the picture
        raise PictureError(f"{name}: {needed(error)}") from error
    except Image.DecompressionBombError as error:  # of frames and tiles larger than the picture
        raise PictureError(f"{name}: more pixels than the limit; scale it down first.") from error
    except Exception as error:
        if isinstance(error, OSError) and error.strerror:
            raise PictureError(f"{name}: cannot be read ({error.strerror}); check the path.") from error
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise PictureError(f"{name}: damaged, cut short or of an unknown variant ({reason}); save it again.") from error


def _upright(raster: Raster) -> tuple[Floats, Floats | None, int]:
    """Pixels [H,W,3] in sRGB, straight alpha [H,W] (None where all pixels are opaque) and the depth of a picture."""
    pixels, depth = to_srgb(raster)
    turn, alpha = UPRIGHT[raster.orientation], raster.alpha
    upright_alpha = None if alpha is None or alpha.min() == 1 else _in_order(turn(alpha))
    return _in_order(turn(pixels)), upright_alpha, depth


def _in_order(values: Floats) -> Floats:
    """Values as they lie in memory row by row. To numpy an axis of one value does so whichever way it is turned, and to
    torch it does not."""
    return values.copy() if min(values.strides) < 0 else np.ascontiguousarray(values)


def _array_values(array: NDArray[Any], max_pixels: int) -> Floats:
    """An array of any allowed type as [H,W,C] float32 in 0..1, C of 1, 3 or 4. Raises ShapeError, PictureError."""
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)) or 0 in array.shape:
        raise ShapeError(f"an array must be [H,W], [H,W,1], [H,W,3] or [H,W,4], not {list(array.shape)}.")
    check_size(array.shape[1], array.shape[0], max_pixels)
    kind = array.dtype.kind + str(array.dtype.itemsize)
    if kind in ("u1", "u2"):
        values = unit(array, 255 if kind == "u1" else 65535)
    elif array.dtype.kind == "f":
        check_floats(array, -FLOAT_SLACK, 1 + FLOAT_SLACK)
        values = unit(array, 1).clip(0, 1)
    else:
        raise PictureError(f"an array must be of uint8, uint16 or floats in 0..1, not {array.dtype}.")
    return values.reshape(*array.shape[:2], -1)


def _split(values: Floats) -> tuple[Floats, Floats | None]:
    """Pixels [H,W,3] and alpha [H,W] (None where all pixels are opaque) of values [H,W,C], C of 1, 3 or 4."""
    if values.shape[2] == 1:
        return np.repeat(values, 3, axis=2), None
    alpha = np.ascontiguousarray(values[..., 3]) if values.shape[2] == 4 else None
    return np.ascontiguousarray(values[..., :3]), None if alpha is None or alpha.min() == 1 else alpha


def _hashed(pixels: Floats, alpha: Floats | None, depth: int) -> Picture:
    """A picture from memory, identified by its pixels: the sha256 of "WIDTHxHEIGHT", the pixels and the alpha, row by
    row as little-endian float32. Equal pixels give the same hash, whatever their type was."""
    digest = hashlib.sha256(f"{pixels.shape[1]}x{pixels.shape[0]}".encode())
    for part in (pixels, alpha):
        if part is not None:
            digest.update(np.ascontiguousarray(part, "<f4").data)
    return Picture(pixels, alpha, digest.hexdigest(), depth)
