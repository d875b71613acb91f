"""Read what Pillow reads: JPEG, WebP, GIF, BMP, AVIF, portable maps, and images of a caller."""

from __future__ import annotations

import importlib
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vecstack.errors import PictureError
from vecstack.pictures.decoding.exif import orientation_of
from vecstack.pictures.decoding.quiet import quiet
from vecstack.pictures.decoding.raster import Floats, Raster, check_size, unit, unit_of_floats, unit_of_integers

# Formats that are read by Pillow, and the module that reads each. Left out are formats that run a program (EPS), whose
# pictures differ in size from what the header says (ICO), or that have no signature (TGA).
PLUGINS = {
    "JPEG": "JpegImagePlugin",
    "WEBP": "WebPImagePlugin",
    "GIF": "GifImagePlugin",
    "BMP": "BmpImagePlugin",
    "AVIF": "AvifImagePlugin",
    "PPM": "PpmImagePlugin",
}
TRUSTED = {*PLUGINS, "PNG", "TIFF", "JPEG2000", "MPO", "HEIF"}  # formats of unread images that a caller may pass
SIGNATURE_BYTES = 16  # at the start of a file: enough to tell its format
WHOLE_NUMBERS = ("I", "I;16", "I;16B", "I;16L", "I;16N")  # Pillow's modes of grey with more than 8 bits
# The mode to which each mode of 8 bits is converted: grey, colour or ink, with straight alpha or none.
READ_AS = {
    "L": "L",
    "LA": "LA",
    "La": "LA",
    "P": "RGBA",  # a palette may hold transparency
    "PA": "RGBA",
    "RGB": "RGB",
    "RGBA": "RGBA",
    "RGBa": "RGBA",
    "RGBX": "RGB",
    "YCbCr": "RGB",
    "LAB": "RGB",
    "HSV": "RGB",
    "CMYK": "CMYK",
}


def open_image(data: bytes) -> Image.Image | None:
    """A picture file as a Pillow image whose pixels are not decoded yet; None where it is of another format. Pillow's
    own `open` is not used: its pixel limit is global to the process and partly only a warning. Raises PictureError, and
    whatever the plugins raise."""
    for name, module in PLUGINS.items():
        try:
            importlib.import_module(f"PIL.{module}")
        except ImportError:  # a Pillow older than the format
            continue
        factory, accepts = Image.OPEN[name]
        verdict = accepts(data[:SIGNATURE_BYTES]) if accepts else False
        if isinstance(verdict, str):
            raise PictureError(f"a {name} file, which this build of Pillow cannot read; save it as PNG.")
        if verdict:
            with quiet():
                return factory(io.BytesIO(data), "")
    return None


def trusted(image: Image.Image) -> Image.Image:
    """The caller's image. Raises PictureError where decoding its pixels would run a decoder that is not allowed."""
    if getattr(image, "tile", None) and image.format not in TRUSTED:
        raise PictureError(f"an unread {image.format} picture; call its load() first if you trust it.")
    return image


def decode_image(image: Image.Image, max_pixels: int) -> Raster:
    """The picture in a Pillow image. Raises PictureError, and whatever the plugins raise."""
    check_size(image.width, image.height, max_pixels)
    image.load()
    orientation = orientation_of(image)  # after the pixels, as a file may store it behind them
    profile, depth = image.info.get("icc_profile"), 8
    values: NDArray[Any]
    if image.mode in ("1", "F", *WHOLE_NUMBERS):
        values, alpha = _deep_grey(image)
        depth = 8 if image.mode == "1" else 16
    else:
        values, alpha = _shallow(image)
    return Raster(values, alpha, depth, profile, None, orientation, image.info.get("exif"), _dpi(image))


def _dpi(image: Image.Image) -> float | None:
    """The pixels in an inch that an image tells; None where it tells none, or different ones across and down."""
    try:
        across, down = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return across if across > 0 and abs(across - down) < 0.01 * across else None


def _deep_grey(image: Image.Image) -> tuple[Floats, Floats | None]:
    """Values and alpha, [H,W] in 0..1, of a picture of 1 bit, of integers or of floats. Raises PictureError for values
    out of range."""
    stored = np.asarray(image)
    if image.mode == "1":
        stored = stored * np.uint8(255)
        return unit(stored), _keyed_alpha(stored, image)
    values = unit_of_floats(stored) if image.mode == "F" else unit_of_integers(stored)
    return values, _keyed_alpha(stored, image)


def _shallow(image: Image.Image) -> tuple[NDArray[np.uint8], Floats | None]:
    """Values (see Raster) and alpha [H,W] or None of an 8-bit picture. Raises PictureError for an unknown mode."""
    if image.mode not in READ_AS:
        raise PictureError(f"pixels of mode {image.mode} cannot be read; save it as PNG.")
    mode = READ_AS[image.mode]
    bands = np.asarray(image if image.mode == mode else image.convert(mode))
    if mode == "LA":
        return bands[..., 0], unit(bands[..., 1])
    if mode == "RGBA":
        return np.ascontiguousarray(bands[..., :3]), unit(bands[..., 3])
    return bands, None if mode == "CMYK" else _keyed_alpha(bands, image)


def _keyed_alpha(stored: NDArray[Any], image: Image.Image) -> Floats | None:
    """Alpha [H,W] of a picture in which one grey value or one colour means transparent; None for any other."""
    key = image.info.get("transparency")
    if stored.ndim == 2 and isinstance(key, int):
        opaque: NDArray[np.bool_] = stored != key
    elif stored.ndim == 3 and isinstance(key, tuple) and len(key) == 3:
        if max(key) > 255:
            key = tuple(value >> 8 for value in key)  # of a 16-bit PNG, whose colours Pillow reduced to 8 bits
        opaque = (stored != np.asarray(key)).any(axis=-1)
    else:
        return None
    return opaque.astype(np.float32)
