"""Which format a file is of, by its first bytes, and who reads it."""

from __future__ import annotations

from vecstack.errors import PictureError
from vecstack.pictures.decoding import bmp, floats, isomedia, jpeg, jpeg2000, png, tiff
from vecstack.pictures.decoding.pillow import PLUGINS, decode_image, open_image
from vecstack.pictures.decoding.raster import Raster
from vecstack.pictures.decoding.reduce import reduced

# How layer files start, and what distinguishes them from other zips and other JSON within their first MARK_BYTES.
LAYER_FILES = ((b"PK", b"application/vnd.vecstack.layers"), (b"{", b'"vecstack-layers"'))
MARK_BYTES = 1024
# Pictures that are not read, by how they begin: what they are, and the way out.
NOT_READ = {
    b"8BPS": ("a Photoshop file (PSD or PSB)", "save it as PNG or TIFF"),
    b"gimp xcf": ("a file of GIMP (XCF)", "save it as PNG or TIFF"),
    b"%!PS": ("a drawing in PostScript (EPS)", "save it as SVG for `vecstack import`, or as PNG"),
    b"\xc5\xd0\xd3\xc6": ("a drawing in PostScript (EPS)", "save it as SVG for `vecstack import`, or as PNG"),
    b"%PDF": ("a PDF", "save a page as SVG for `vecstack import`, or as PNG"),
    b"v/1\1": ("an OpenEXR picture of light", "save it as TIFF, in colors of a screen"),
    b"#?RADIANCE": ("a Radiance picture of light", "save it as TIFF, in colors of a screen"),
    b"\xff\x0a": ("a JPEG XL", "save it as PNG"),
    b"\0\0\0\x0cJXL ": ("a JPEG XL", "save it as PNG"),
    b"\0\0\1\0": ("an icon (ICO)", "save the largest of its pictures as PNG"),
}
NAMES = ("PNG", "TIFF", "JPEG 2000", "HEIF", "PFM", *PLUGINS)  # in messages
# Formats by how their files begin; all others are left to Pillow. Those of SCALING are reduced while they are decoded.
SCALING = {
    (png.SIGNATURE,): png.decode_png,
    tiff.SIGNATURES: tiff.decode_tiff,
    (jpeg.SIGNATURE,): jpeg.decode_jpeg,
    jpeg2000.SIGNATURES: jpeg2000.decode_jpeg2000,
}
DECODERS = {
    floats.SIGNATURES: floats.decode_pfm,
    (bmp.SIGNATURE,): bmp.decode_bmp,
}


def decode(data: bytes, max_pixels: int, enough: int | None = None) -> Raster:
    """The picture in the bytes of a file, reduced where it has more pixels than are `enough`. Raises PictureError, and
    whatever the decoders raise."""
    for signatures, scaling in SCALING.items():
        if data.startswith(signatures):
            return reduced(scaling(data, max_pixels, enough), enough)
    return reduced(_decoded(data, max_pixels), enough)


def _decoded(data: bytes, max_pixels: int) -> Raster:
    """The picture in the bytes of a file of another format."""
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
    for start, (what, way_out) in NOT_READ.items():
        if data.startswith(start):
            return f"{what}, which is not read; {way_out}."
    return f"not a picture in a format that is read ({', '.join(NAMES)}); save it as PNG."
