"""EXIF data: the orientation that they tell, and what of them is kept."""

from __future__ import annotations

from typing import Any

from PIL import Image

from vecstack.pictures.decoding.quiet import quiet
from vecstack.pictures.decoding.raster import UPRIGHT

EXIF_ORIENTATION = 0x0112
EXIF_FOLDER, GPS_FOLDER, INTEROP_FOLDER = 0x8769, 0x8825, 0xA005  # tags that hold others
# What a TIFF tells of a picture in its own directory: description, camera, program, date, author, computer, copyright.
TEXT_TAGS = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x013C, 0x8298)


def orientation_of(exif: bytes | Image.Image | None) -> int:
    """The EXIF orientation in EXIF data or of a Pillow image; 1 (upright) where it is missing or cannot be read."""
    try:
        with quiet():
            return known(_tags(exif).get(EXIF_ORIENTATION))
    except Exception:  # damaged metadata must not cost the picture, and plugins raise anything for it
        return 1


def exif_kept(exif: bytes | None) -> bytes | None:
    """EXIF data to be written beside pixels that are upright by now, without a thumbnail; None where there are none, or
    they are damaged."""
    if not exif:
        return None
    try:
        with quiet():
            tags = _tags(exif)
            if not len(tags):
                return None
            tags[EXIF_ORIENTATION] = 1
            return bytes(tags.tobytes())
    except Exception:  # as above
        return None


def exif_of_tiff(data: bytes) -> bytes | None:
    """The EXIF data of the first picture in a TIFF, without what its pixels are stored by; None where there are none,
    or they are damaged, and for a BigTIFF, in which Pillow does not look for them."""
    try:
        with quiet():
            tags, kept = _tags(data), Image.Exif()
            for tag in TEXT_TAGS:
                if tag in tags:
                    kept[tag] = tags[tag]
            for folder in (EXIF_FOLDER, GPS_FOLDER):
                inside = tags.get_ifd(folder)
                kept.get_ifd(folder).update(inside)
                if INTEROP_FOLDER in inside:
                    kept.get_ifd(folder)[INTEROP_FOLDER] = tags.get_ifd(INTEROP_FOLDER)
            return (
                bytes(kept.tobytes()) if any(kept.get_ifd(tag) for tag in (EXIF_FOLDER, GPS_FOLDER)) or kept else None
            )
    except Exception:  # as above
        return None


def known(value: object) -> int:
    """An orientation, or 1 (upright) for any other value."""
    return value if isinstance(value, int) and value in UPRIGHT else 1


def _tags(exif: bytes | Image.Image | None) -> Any:
    """The EXIF tags. Those of an image but a TIFF are read anew: Pillow's own also hold what XMP says, which programs
    that show pictures do not heed."""
    if isinstance(exif, Image.Image):
        if exif.format == "TIFF":
            return exif.getexif()
        exif = exif.info.get("exif")
    tags = Image.Exif()
    tags.load(exif or b"")
    return tags
