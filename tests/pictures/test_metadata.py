"""EXIF data and physical sizes: vecstack.pictures, from what is read to what is written."""

from __future__ import annotations

import io

import numpy as np
import pytest
import tifffile
from PIL import Image

from vecstack.pictures.decoding.exif import exif_kept
from vecstack.pictures.read import load_picture
from vecstack.pictures.write import pixels_to_file

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
MAKE, ORIENTATION, EXIF_FOLDER, TAKEN, THUMBNAIL = 0x010F, 0x0112, 0x8769, 0x9003, 0x0201


def exif_data() -> bytes:
    tags = Image.Exif()
    tags[MAKE], tags[ORIENTATION] = "Camera", 6
    tags.get_ifd(EXIF_FOLDER)[TAKEN] = "2026:01:02 03:04:05"
    return tags.tobytes()


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "tiff"])
def test_exif_data_are_kept_but_for_the_orientation(name):
    first, second = io.BytesIO(), io.BytesIO()
    Image.fromarray(PIXELS).save(first, name, exif=exif_data())
    picture = load_picture(first.getvalue())
    assert (picture.width, picture.height) == (20, 30)
    pixels_to_file(PIXELS, second, format=name, exif=exif_kept(picture.exif))
    kept = Image.open(second).getexif()
    assert kept[MAKE] == "Camera"
    assert kept.get(ORIENTATION, 1) == 1
    assert kept.get_ifd(EXIF_FOLDER)[TAKEN] == "2026:01:02 03:04:05"


def test_exif_data_go_from_a_tiff_to_a_jpeg_and_back():
    first, second, third = io.BytesIO(), io.BytesIO(), io.BytesIO()
    pixels_to_file(PIXELS, first, format="tiff", exif=exif_data())
    pixels_to_file(PIXELS, second, format="jpeg", exif=exif_kept(load_picture(first.getvalue()).exif))
    pixels_to_file(PIXELS, third, format="tiff", exif=exif_kept(load_picture(second.getvalue()).exif))
    with tifffile.TiffFile(io.BytesIO(third.getvalue())) as file:
        tags = file.pages[0].tags
        np.testing.assert_array_equal(file.asarray(), PIXELS)
    assert tags["Make"].value == "Camera"
    assert tags["ExifTag"].value["DateTimeOriginal"] == "2026:01:02 03:04:05"


@pytest.mark.parametrize("exif", [None, b"", b"Exif\0\0garbage", b"II*\0\x08\0\0\0\x05\0\x0f\1"])
def test_damaged_exif_data_are_dropped(exif):
    assert exif_kept(exif) is None


@pytest.mark.parametrize("name", ["jpeg", "png", "tiff"])
def test_the_pixels_in_an_inch_are_kept(name):
    first, second = io.BytesIO(), io.BytesIO()
    pixels_to_file(PIXELS, first, format=name, dpi=300.0)
    picture = load_picture(first.getvalue())
    assert picture.dpi == pytest.approx(300, abs=0.02)
    pixels_to_file(PIXELS, second, format=name, dpi=picture.dpi)
    assert Image.open(second).info["dpi"] == pytest.approx((300, 300), abs=0.02)


def test_a_tiff_may_count_in_centimetres_or_tell_no_size():
    for unit, wanted in (("centimeter", 254), ("none", None)):
        file = io.BytesIO()
        tifffile.imwrite(file, PIXELS, photometric="rgb", resolution=(100, 100), resolutionunit=unit)
        assert load_picture(file.getvalue()).dpi == (None if wanted is None else pytest.approx(wanted))


def test_what_tells_no_size_has_none():
    for name in ("png", "gif", "webp"):
        file = io.BytesIO()
        Image.fromarray(PIXELS).save(file, name)
        assert load_picture(file.getvalue()).dpi is None
