"""Read JPEG 2000 files: OpenJPEG decodes them, with the colours that the file says its channels are."""

from __future__ import annotations

import io

import numpy as np

from vecstack.errors import PictureError
from vecstack.pictures.decoding.pillow import decode_image
from vecstack.pictures.decoding.raster import Raster, check_size, unit

SIGNATURES = (b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n")  # a codestream, and one in boxes
SIZE = b"\xff\x4f\xff\x51"  # start of a codestream, and of the marker segment that tells its size
END = b"\xff\xd9"  # marker that ends a codestream and cannot occur inside one


def decode_jpeg2000(data: bytes, max_pixels: int) -> Raster:
    """The picture in a JPEG 2000 file; imagecodecs turns sYCC, L*a*b* and what has a profile into sRGB, but
    leaves channels of fewer pixels than the picture to Pillow. Raises
    PictureError, and whatever imagecodecs raises."""
    import imagecodecs
    from PIL import Jpeg2KImagePlugin

    at = data.find(SIZE)
    if at < 0 or len(data) < at + 41 or END not in data[at:]:
        raise PictureError("cut short; save it again.")  # the decoder would fill the rest with grey
    right, bottom, left, top = (int.from_bytes(data[at + place : at + place + 4], "big") for place in (8, 12, 16, 20))
    check_size(right - left, bottom - top, max_pixels)
    bits = (data[at + 42] & 127) + 1 if len(data) > at + 42 else 8
    try:
        stored = imagecodecs.jpeg2k_decode(data)
    except NotImplementedError:
        return decode_image(Jpeg2KImagePlugin.Jpeg2KImageFile(io.BytesIO(data), ""), max_pixels)
    if stored.dtype not in (np.uint8, np.uint16) or stored.ndim > 3:
        raise PictureError(f"a JPEG 2000 of {bits} bits or with a sign, which is not read; save it with 8 or 16 bits.")
    stored = stored.reshape(*stored.shape[:2], -1)
    count = stored.shape[2]
    if count > 4:
        raise PictureError(f"a JPEG 2000 of {count} channels, which is not read; save it as grey or RGB.")
    alpha = unit(stored[..., -1], 2**bits - 1) if count in (2, 4) else None
    colors = stored[..., :3] if count > 2 else stored[..., 0]
    values = np.ascontiguousarray(colors) if bits == 8 else unit(colors, 2**bits - 1)
    return Raster(values, alpha, 8 if bits <= 8 else 16)
