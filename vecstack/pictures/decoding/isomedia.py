"""Read AVIF and HEIF files, and apply what their boxes say of the part that is shown."""

from __future__ import annotations

import dataclasses
import io
import struct
from typing import Any

from vecstack.errors import PictureError
from vecstack.extras import install
from vecstack.pictures.decoding.pillow import decode_image, open_image
from vecstack.pictures.decoding.raster import Raster

HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
AVIF_BRANDS = (b"avif", b"avis")
CLAP = struct.Struct(">4s8i")  # a box: name; width, height, and the middle's distance from that of the whole


def is_heif(data: bytes) -> bool:
    """Whether a file is of HEIF, but not AVIF, whose container is the same."""
    brands = data[8 : int.from_bytes(data[:4], "big")]
    return data[4:12] in {b"ftyp" + brand for brand in HEIF_BRANDS} and not any(
        brand in brands for brand in AVIF_BRANDS
    )


def decode_heif(data: bytes, max_pixels: int) -> Raster:
    """The main picture in a HEIF file, upright. Raises PictureError, and whatever pillow-heif raises."""
    try:
        import pillow_heif
    except ImportError as error:
        raise PictureError(f"a HEIF file, which needs pillow-heif. {install('heif')}") from error
    pillow_heif.register_heif_opener()
    from PIL import Image

    factory, _ = Image.OPEN["HEIF"]
    image = factory(io.BytesIO(data), "")
    if not image.info.get("primary", True):  # pillow-heif would give another picture of the file
        raise PictureError("its main picture is said to be the thumbnail of another; save it again.")
    return decode_image(image, max_pixels)  # its orientation is applied, and said to be 1


def decode_avif(data: bytes, max_pixels: int) -> Raster:
    """The picture in an AVIF file, cropped as its box `clap` says. Raises PictureError, and whatever Pillow raises."""
    image: Any = open_image(data)
    raster = decode_image(image, max_pixels)
    at = data.find(b"clap")
    if at < 0 or data.find(b"ipco") > at or len(data) < at + CLAP.size:
        return raster
    left, top, right, bottom = _clean_aperture(data, at, image.width, image.height)
    part = (slice(top, bottom), slice(left, right))
    return dataclasses.replace(
        raster, values=raster.values[part], alpha=None if raster.alpha is None else raster.alpha[part]
    )


def _clean_aperture(data: bytes, at: int, width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what a box `clap` shows (ISO/IEC 14496-12, 12.1.4). Raises PictureError."""
    _, *numbers = CLAP.unpack_from(data, at)
    if any(bottom <= 0 for bottom in numbers[1::2]):
        raise PictureError("its box clap is damaged; save it again.")
    wide, high, right_by, down_by = (top / bottom for top, bottom in zip(numbers[::2], numbers[1::2], strict=True))
    left, top = round((width - wide) / 2 + right_by), round((height - high) / 2 + down_by)
    right, bottom = left + round(wide), top + round(high)
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise PictureError("its box clap reaches beyond the picture; save it again.")
    return left, top, right, bottom
