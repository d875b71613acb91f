"""Which format a file is of, by its first bytes, and who reads it."""

from __future__ import annotations

from vecstack.errors import PictureError
from vecstack.pictures.decoding import bmp, floats, isomedia, jpeg, jpeg2000, png, tiff
from vecstack.pictures.decoding.pillow import PLUGINS, decode_image, open_image
from vecstack.pictures.decoding.raster import Raster

# How layer files start, and what distinguishes them from other zips and other JSON within their first MARK_BYTES.
LAYER_FILES = ((b"PK", b"application/vnd.vecstack.layers"), (b"{", b'"vecstack-layers"'))
MARK_BYTES = 1024
NAMES = ("PNG", "TIFF", "JPEG 2000", "HEIF", "PFM", *PLUGINS)  # in messages
# Formats by how their files begin; all others are left to Pillow.
DECODERS = {
    (png.SIGNATURE,): png.decode_png,
    tiff.SIGNATURES: tiff.decode_tiff,
    floats.SIGNATURES: floats.decode_pfm,
    jpeg2000.SIGNATURES: jpeg2000.decode_jpeg2000,
    (jpeg.SIGNATURE,): jpeg.decode_jpeg,
    (bmp.SIGNATURE,): bmp.decode_bmp,
}


def decode(data: bytes, max_pixels: int) -> Raster:
    """The picture in the bytes of a file. Raises PictureError, and whatever the decoders raise."""
    for signatures, decoder in DECODERS.items():
        if data.startswith(signatures):
            return decoder(data, max_pixels)
    if isomedia.is_heif(data):
        return isomedia.decode_heif(data, max_pixels)
    image = open_image(data)
    if image is None:
        raise PictureError(_why_none(data))
    return isomedia.decode_avif(data, max_pixels) if image.format == "AVIF" else decode_image(image, max_pixels)


def _why_none(data: bytes) -> str:
    """Why a file is none that is read."""
    if any(data.lstrip().startswith(start) and mark in data[:MARK_BYTES] for start, mark in LAYER_FILES):
        return "a layer file, not a picture; draw it with `vecstack render`."
    if b"<svg" in data[:MARK_BYTES]:
        return "a drawing, not a picture of pixels; turn it into layers with `vecstack import`."
    return f"not a picture in a format that is read ({', '.join(NAMES)}); save it as PNG."
