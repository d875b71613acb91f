"""vecstack.pictures.decoding.tiff: TIFF files in."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
import tifffile
from PIL import Image

from vecstack.errors import PictureError
from vecstack.pictures.read import load_picture

HEIGHT, WIDTH = 53, 37
STEP = 1 / 255


def noise(*shape: int, most: int = 65535, dtype: type = np.uint16) -> np.ndarray:
    return np.random.default_rng(3).integers(0, most + 1, (HEIGHT, WIDTH, *shape)).astype(dtype)


def tiff(values: np.ndarray, **options: object) -> bytes:
    """A TIFF, whose channels stand last in `values` [H,W,C] however they are stored."""
    file = io.BytesIO()
    if options.get("planarconfig") == "separate":
        values = np.moveaxis(values, -1, 0)
    tifffile.imwrite(file, values, metadata=None, **options)
    return file.getvalue()


STORED = [
    {"planarconfig": planes, "byteorder": order, "tile": tile, "compression": compression}
    for planes, order, tile, compression in itertools.product(
        ("contig", "separate"), "<>", (None, (16, 32)), (None, "zlib", "lzw")
    )
]


@pytest.mark.parametrize("options", STORED, ids=lambda options: "-".join(map(str, options.values())))
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_however_channels_are_stored_they_are_the_same(options, dtype):
    most = np.iinfo(dtype).max
    values = noise(4, most=most, dtype=dtype)
    colors = tiff(values, photometric="rgb", extrasamples=["unassalpha"], **options)
    picture = load_picture(colors)
    np.testing.assert_allclose(picture.pixels, values[..., :3] / most, atol=1e-6)
    np.testing.assert_allclose(picture.alpha, values[..., 3] / most, atol=1e-6)
    grey = load_picture(tiff(values[..., :2], photometric="minisblack", extrasamples=["unassalpha"], **options))
    np.testing.assert_allclose(grey.pixels[..., 2], values[..., 0] / most, atol=1e-6)
    np.testing.assert_allclose(grey.alpha, values[..., 1] / most, atol=1e-6)
    inks = load_picture(tiff(values, photometric="separated", **options)).pixels
    wanted = (1 - values[..., :3] / most) * (1 - values[..., 3:] / most)
    np.testing.assert_allclose(inks, wanted, atol=1.6 * STEP)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_of_colour_are_read_as_those_of_grey(dtype):
    values = noise(3) / 65535
    picture = load_picture(tiff(values.astype(dtype), photometric="rgb"))
    np.testing.assert_allclose(picture.pixels, values, atol=1e-3)
    assert picture.depth == 16


def test_whole_numbers_of_32_bits_reach_white():
    values = noise(3, most=2**32 - 1, dtype=np.uint32)
    np.testing.assert_allclose(load_picture(tiff(values, photometric="rgb")).pixels, values / (2**32 - 1), atol=1e-6)


@pytest.mark.parametrize("bits", [2, 4, 7, 10, 12, 14])
def test_numbers_of_few_bits_reach_white(bits):
    values = noise(most=2**bits - 1, dtype=np.uint8 if bits < 8 else np.uint16)
    packed = tiff(values, photometric="minisblack", bitspersample=bits)
    np.testing.assert_allclose(load_picture(packed).pixels[..., 0], values / (2**bits - 1), atol=1e-6)


def test_white_is_zero_in_any_depth():
    for values in (noise(), noise(most=255, dtype=np.uint8)):
        most = np.iinfo(values.dtype).max
        picture = load_picture(tiff(values, photometric="miniswhite"))
        np.testing.assert_allclose(picture.pixels[..., 0], 1 - values / most, atol=1e-6)


@pytest.mark.parametrize("factor", [1, 256, 257])
def test_a_colour_map_may_have_8_bits_or_16(factor):
    table, index = noise(3, most=255).reshape(-1, 3)[:256], noise(most=255, dtype=np.uint8)
    picture = load_picture(tiff(index, photometric="palette", colormap=(table.T * factor).astype(np.uint16)))
    np.testing.assert_allclose(picture.pixels, table[index] / 255, atol=1e-6)


def test_colours_multiplied_with_alpha_are_made_straight():
    values = np.zeros((1, 3, 4), np.uint8)
    values[0] = [[100, 50, 0, 100], [0, 0, 0, 0], [9, 9, 9, 255]]
    picture = load_picture(tiff(values, photometric="rgb", extrasamples=["assocalpha"]))
    np.testing.assert_allclose(picture.pixels[0], [[1, 0.5, 0], [0, 0, 0], [9 / 255] * 3], atol=1e-6)
    np.testing.assert_allclose(picture.alpha[0], [100 / 255, 0, 1], atol=1e-6)


@pytest.mark.parametrize(("photometric", "shift"), [("cielab", 0), ("icclab", 128)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_lab_is_turned_to_srgb(photometric, shift, dtype):
    lab = np.array([[[138, 81, 70], [255, 0, 0]]])  # sRGB red: L* 54.3, a* 80.8, b* 69.9, under D50
    stored = (lab + np.array([0, shift, shift])).astype(dtype) * (257 if dtype is np.uint16 else 1)
    picture = load_picture(tiff(stored.astype(dtype), photometric=photometric))
    np.testing.assert_allclose(picture.pixels, [[[1, 0, 0], [1, 1, 1]]], atol=6 * STEP)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_colours_that_libtiff_turns_to_rgb_are_upright(orientation):
    rows, columns = np.mgrid[0:40, 0:60]
    stored = np.stack([rows * 6, columns * 4, 255 - rows * 3], -1).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    rgb, luma = io.BytesIO(), io.BytesIO()
    Image.fromarray(stored).save(rgb, "TIFF", exif=exif)
    Image.fromarray(stored).convert("YCbCr").save(luma, "TIFF", exif=exif, compression="tiff_lzw")
    wanted, picture = load_picture(rgb.getvalue()), load_picture(luma.getvalue())
    np.testing.assert_allclose(picture.pixels, wanted.pixels, atol=4 * STEP)


REFUSED = {
    "a sign": (
        tiff(noise(most=200, dtype=np.int16), photometric="minisblack"),
        "16 bits per channel in sample format 2",
    ),
    "complex": (tiff(noise().astype(np.complex64), photometric="minisblack"), "sample format 6"),
    "an unknown white": (tiff(noise(dtype=np.uint32), photometric="minisblack"), "whole numbers of 32 bits"),
    "grey of three": (tiff(noise(3), photometric="minisblack", planarconfig="separate"), "3 channels, of which 1"),
    "a raw photo": (tiff(noise(), photometric="cfa"), r"raw or unusual colours \(CFA\)"),
    "depth": (tiff(noise(5), photometric="minisblack", volumetric=True, tile=(16, 16, 16)), "planes of depth"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_refused_by_name(name):
    data, words = REFUSED[name]
    with pytest.raises(PictureError, match=words):
        load_picture(data)


def test_a_tag_beyond_the_end_is_not_worth_a_word(capfd):
    data = bytearray(tiff(noise(), photometric="minisblack", description="x" * 50))
    at = data.index(b"\x0e\x01\x02\0")  # the tag of the description
    data[at + 8 : at + 12] = (9_000_000).to_bytes(4, "little")
    assert load_picture(bytes(data)).width == WIDTH
    assert capfd.readouterr() == ("", "")
