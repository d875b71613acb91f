"""vecstack.pictures.read: pictures in."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import threading
import warnings
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, ImageFile

import vecstack.pictures.decoding.sources
import vecstack.pictures.read
from tests.helpers import png_by_hand
from vecstack.errors import PictureError, ShapeError
from vecstack.pictures.layout import Layout
from vecstack.pictures.png import write_png
from vecstack.pictures.read import Picture, load_picture
from vecstack.pictures.tiff import write_tiff

HEIGHT, WIDTH = 53, 37
STEP = 1 / 255

Image.init()
AVIF = ["AVIF"] if "AVIF" in Image.SAVE else []  # a build of Pillow may lack it


def noise(*channels: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, *channels), dtype=np.uint8)


def smooth() -> np.ndarray:
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([rows * 4, columns * 6, 255 - rows * 2], axis=-1).astype(np.uint8)


def encoded(image: Image.Image | np.ndarray, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(file, form, **options)
    return file.getvalue()


def raw(mode: str, values: np.ndarray) -> Image.Image:
    """A Pillow image of a mode that `fromarray` does not make."""
    return Image.frombytes(mode, (WIDTH, HEIGHT), np.ascontiguousarray(values).tobytes())


def grey(values: np.ndarray) -> np.ndarray:
    return np.repeat(np.asarray(values, np.float64)[..., None], 3, axis=-1)


def check(picture: Picture, pixels: np.ndarray, alpha: np.ndarray | None = None, within: float = 1e-6) -> None:
    assert picture.pixels.dtype == np.float32
    assert (picture.width, picture.height) == (pixels.shape[1], pixels.shape[0])
    np.testing.assert_allclose(picture.pixels, pixels, rtol=0, atol=within)
    if alpha is None:
        assert picture.alpha is None
    else:
        assert picture.alpha is not None
        assert picture.alpha.dtype == np.float32
        np.testing.assert_allclose(picture.alpha, alpha, rtol=0, atol=1e-6)


# Each case: a Pillow image, its pixels and its alpha, worked out without Pillow.


def case_1():
    bits = noise() > 127
    return Image.fromarray(bits), grey(bits), None


def case_l():
    values = noise()
    return Image.fromarray(values), grey(values / 255), None


def case_l_key():
    values = noise() // 64
    image = Image.fromarray(values)
    image.info["transparency"] = 2
    return image, grey(values / 255), values != 2


def case_la():
    values = noise(2)
    return Image.fromarray(values), grey(values[..., 0] / 255), values[..., 1] / 255


def case_la_premultiplied():
    alpha = np.full((HEIGHT, WIDTH), 51, np.uint8)  # a fifth
    straight = noise() // 5 * 5
    image = Image.merge("LA", [Image.fromarray(straight // 5), Image.fromarray(alpha)])
    return raw("La", np.asarray(image)), grey(straight / 255), alpha / 255


def palette_image() -> tuple[Image.Image, np.ndarray, np.ndarray]:
    index, palette = noise() // 32, noise(3).reshape(-1, 3)[:256]
    image = Image.fromarray(index)
    image.putpalette(palette.tobytes())
    return image, palette[index] / 255, index


def case_p():
    image, pixels, _ = palette_image()
    return image, pixels, None


def case_p_one_transparent():
    image, pixels, index = palette_image()
    image.info["transparency"] = 3
    return image, pixels, index != 3


def case_p_alpha_list():
    image, pixels, index = palette_image()
    image.info["transparency"] = bytes([0, 51, 102])
    return image, pixels, np.where(index < 3, index * 51 / 255, 1)


def case_pa():
    alpha = noise(seed=1)
    image, pixels, index = palette_image()
    both = raw("PA", np.stack([index, alpha], axis=-1))
    both.putpalette(image.getpalette())
    return both, pixels, alpha / 255


def case_rgb():
    values = noise(3)
    return Image.fromarray(values), values / 255, None


def case_rgb_key():
    values = noise(3) // 128 * 200
    image = Image.fromarray(values)
    image.info["transparency"] = (200, 0, 200)
    return image, values / 255, (values != (200, 0, 200)).any(axis=-1)


def case_rgba():
    values = noise(4)
    return Image.fromarray(values), values[..., :3] / 255, values[..., 3] / 255


def case_rgba_premultiplied():
    straight = noise(3) // 5 * 5
    alpha = np.full((HEIGHT, WIDTH, 1), 51, np.uint8)
    return raw("RGBa", np.concatenate([straight // 5, alpha], axis=-1)), straight / 255, alpha[..., 0] / 255


def case_rgbx():
    values = noise(4)
    return raw("RGBX", values), values[..., :3] / 255, None


def case_cmyk():
    ink = noise(4) // 128 * 255
    return raw("CMYK", ink), (1 - ink[..., :3] / 255) * (1 - ink[..., 3:] / 255), None


def case_ycbcr():
    light = noise()
    return (
        raw("YCbCr", np.stack([light, np.full_like(light, 128), np.full_like(light, 128)], -1)),
        grey(light / 255),
        None,
    )


def case_hsv():
    value = noise()
    full = np.full_like(value, 255)
    pixels = np.stack([value / 255, np.zeros(value.shape), np.zeros(value.shape)], axis=-1)
    return raw("HSV", np.stack([np.zeros_like(value), full, value], -1)), pixels, None  # hue 0 is red


def deep(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 65536, (HEIGHT, WIDTH))


def case_i():
    return Image.fromarray(deep().astype(np.int32)), grey(deep() / 65535), None


def case_i_16():
    return raw("I;16", deep().astype("<u2")), grey(deep() / 65535), None


def case_i_16b():
    return raw("I;16B", deep().astype(">u2")), grey(deep() / 65535), None


def case_i_16l():
    return raw("I;16L", deep().astype("<u2")), grey(deep() / 65535), None


def case_i_16_key():
    image = raw("I;16", (deep() // 20000 * 20000).astype("<u2"))
    image.info["transparency"] = 40000
    return image, grey(deep() // 20000 * 20000 / 65535), deep() // 20000 != 2


def case_f_unit():
    values = deep() / 65535
    return Image.fromarray(values.astype(np.float32)), grey(values), None


def case_f_bytes():
    values = deep() / 257
    return Image.fromarray(values.astype(np.float32)), grey(values / 255), None


CASES = [value for name, value in sorted(globals().items()) if name.startswith("case_")]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_every_mode_of_pillow_gives_its_pixels_and_its_alpha(case):
    image, pixels, alpha = case()
    check(load_picture(image), pixels, alpha)


@pytest.mark.parametrize(
    ("mode", "form"),
    [
        *((mode, "PNG") for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
        *((mode, "TIFF") for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I;16B", "F")),
        *((mode, "PPM") for mode in ("1", "L", "RGB", "I", "F")),
        *((mode, "BMP") for mode in ("1", "L", "P", "RGB")),
        *((mode, "JPEG2000") for mode in ("L", "RGB", "RGBA", "I;16")),
        ("P", "GIF"),
    ],
)
def test_a_file_gives_the_pixels_of_the_image_it_was_saved_from(mode, form):
    image, pixels, alpha = {case()[0].mode: case() for case in CASES if "key" not in case.__name__}[mode]
    if mode == "P":
        image, pixels, alpha = case_p()
    check(load_picture(encoded(image, form)), pixels, alpha)


@pytest.mark.parametrize(
    ("case", "form"),
    [
        *((case, "PNG") for case in (case_l_key, case_rgb_key, case_p_one_transparent, case_p_alpha_list)),
        (case_i_16_key, "PNG"),
        (case_p_one_transparent, "GIF"),
    ],
)
def test_a_transparent_colour_in_a_file_becomes_alpha(case, form):
    image, pixels, alpha = case()
    loaded = load_picture(encoded(image, form, transparency=image.info["transparency"]))
    check(loaded, pixels, alpha)


@pytest.mark.parametrize("form", ["WEBP", *AVIF])
def test_webp_and_avif_keep_colour_and_alpha(form):
    values = np.concatenate([smooth(), smooth()[..., :1]], axis=-1)
    picture = load_picture(encoded(values, form, quality=95))
    assert np.abs(picture.pixels - values[..., :3] / 255)[values[..., 3] > 9].mean() < 3 * STEP  # lossy
    assert np.abs(picture.alpha - values[..., 3] / 255).max() < 6 * STEP


def test_grey_of_16_bits_is_not_reduced_to_8():
    ramp = np.linspace(0, 65535, HEIGHT * WIDTH).astype(np.uint16).reshape(HEIGHT, WIDTH)
    picture = load_picture(encoded(ramp, "PNG"))
    assert len(np.unique(picture.pixels)) == HEIGHT * WIDTH


def test_a_transparent_colour_of_16_bits_becomes_alpha():
    rows = b"\0" + struct.pack(">6H", 0x1234, 0x5678, 0x9ABC, 0xFFFF, 0, 0)
    picture = load_picture(png_by_hand(2, 1, 16, 2, rows, (b"tRNS", struct.pack(">3H", 0x1234, 0x5678, 0x9ABC))))
    check(picture, np.array([[[0x1234, 0x5678, 0x9ABC], [65535, 0, 0]]]) / 65535, np.array([[0, 1]]))
    near = b"\0" + struct.pack(">6H", 0x1234, 0x5678, 0x9ABC, 0x1234, 0x5678, 0x9ABD)
    assert load_picture(png_by_hand(2, 1, 16, 2, near, (b"tRNS", near[1:7]))).alpha.tolist() == [[0, 1]]


def deep_color(channels: int) -> np.ndarray:
    return np.random.default_rng(4).integers(0, 65536, (HEIGHT, WIDTH, channels), dtype=np.uint16)


@pytest.mark.parametrize("form", ["png", "tiff"])
@pytest.mark.parametrize("channels", [3, 4])
def test_colour_of_16_bits_is_kept(form, channels):
    values, file = deep_color(channels), io.BytesIO()
    writer = {"png": write_png, "tiff": write_tiff}[form]
    writer(file, iter([values]), Layout(WIDTH, HEIGHT, 16, channels == 4))
    picture = load_picture(file.getvalue())
    check(picture, values[..., :3] / 65535, values[..., 3] / 65535 if channels == 4 else None)
    assert picture.depth == 16


def test_grey_of_16_bits_with_alpha_is_kept():
    values = np.random.default_rng(8).integers(0, 65536, (53, 37, 2)).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    picture = load_picture(png_by_hand(37, 53, 16, 4, rows))
    assert picture.depth == 16
    grey, alpha = values[..., 0].astype(np.float32) / 65535, values[..., 1].astype(np.float32) / 65535
    check(picture, np.stack([grey] * 3, -1), alpha, within=1e-7)
    with pytest.raises(PictureError, match="picture: "):
        load_picture(png_by_hand(37, 53, 16, 4, rows)[:2000])
    opaque = png_by_hand(37, 53, 16, 4, b"".join(b"\0" + (row | (0, 65535)).astype(">u2").tobytes() for row in values))
    assert load_picture(opaque).alpha is None


def big_endian_tiff(values: np.ndarray) -> bytes:
    """A plain TIFF of 16 bits, whose bytes stand the other way round."""
    entries = [(256, 3, 1, WIDTH), (257, 3, 1, HEIGHT), (258, 3, 1, 16), (259, 3, 1, 1), (262, 3, 1, 2)]
    entries += [(273, 4, 1, 8), (277, 3, 1, 3), (278, 3, 1, HEIGHT), (279, 4, 1, values.nbytes)]
    strip = values.astype(">u2").tobytes()
    table = struct.pack(">H", len(entries))
    for tag, kind, count, value in entries:
        if tag == 258:
            table += struct.pack(">HHII", tag, kind, 3, 8 + len(strip) + 2 + 12 * len(entries) + 4)
        else:
            table += struct.pack(">HHI", tag, kind, count)
            table += struct.pack(">HH", value, 0) if kind == 3 else struct.pack(">I", value)
    return b"MM\0*" + struct.pack(">I", 8 + len(strip)) + strip + table + bytes(4) + struct.pack(">3H", 16, 16, 16)


def test_both_orders_of_bytes_are_read():
    values = deep_color(3)
    check(load_picture(big_endian_tiff(values)), values / 65535)


def test_colour_of_16_bits_keeps_them_with_any_profile():
    values = deep_color(3)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    swapped = values[..., [2, 1, 0]]
    for embedded, wanted, within in ((srgb(), values, 1e-6), (red_and_blue_swapped(), swapped, 1e-3)):
        chunk = b"iCCP", b"x\0\0" + zlib.compress(embedded)
        picture = load_picture(png_by_hand(WIDTH, HEIGHT, 16, 2, rows, chunk))
        assert picture.depth == 16
        check(picture, wanted / 65535, within=within)


@pytest.mark.parametrize(
    ("source", "depth"),
    [
        (smooth(), 8),
        (deep_color(3), 16),
        (smooth() / 255, 16),
        (encoded(smooth(), "PNG"), 8),
        (encoded(smooth(), "GIF"), 8),
    ],
)
def test_a_picture_knows_its_depth(source, depth):
    assert load_picture(source).depth == depth
    assert load_picture(encoded(deep_color(1)[..., 0], "PNG")).depth == 16


def tiff(bits: int, photometric: int, strip: bytes, width: int) -> bytes:
    """A TIFF of one grey row."""
    entries = [(256, 4, width), (257, 4, 1), (258, 3, bits), (259, 3, 1), (262, 3, photometric), (273, 4, 8)]
    entries += [(277, 3, 1), (278, 4, 1), (279, 4, len(strip))]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", t, k, 1, v) for t, k, v in entries)
    return b"II*\0" + struct.pack("<I", 8 + len(strip)) + strip + directory + b"\0\0\0\0"


def test_a_tiff_of_16_bits_in_which_0_is_white_is_not_a_negative():
    check(load_picture(tiff(16, 0, struct.pack("<2H", 0, 65535), 2)), grey(np.array([[1, 0]])))


def test_a_tiff_of_12_bits_reaches_white():
    check(load_picture(tiff(12, 1, bytes([0xFF, 0xF0, 0x00]), 2)), grey(np.array([[1, 0]])))


def test_portable_grey_maps_are_scaled_by_their_own_maximum():
    data = b"P5\n2 1\n1023\n" + struct.pack(">2H", 1023, 0)
    check(load_picture(data), grey(np.array([[1, 0]])))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.array([[0.0, np.nan]], np.float32), "NaN"),
        (np.array([[0.0, np.inf]], np.float32), "infinite"),
        (np.array([[-0.5, 1.0]], np.float32), "-0.5"),
        (np.array([[0.0, 1000.0]], np.float32), "1000"),
        (np.array([[0, 70000]], np.int32), "70,000"),
        (np.array([[-1, 7]], np.int32), "-1"),
    ],
)
def test_values_out_of_range_are_refused_and_named(values, words):
    with pytest.raises(PictureError, match=words):
        load_picture(Image.fromarray(values))


def test_lab_pictures_are_read():
    light = noise() // 128 * 255
    neutral = np.zeros_like(light)
    check(load_picture(raw("LAB", np.stack([light, neutral, neutral], -1))), grey(light / 255), within=1.5 * STEP)


# --- orientation -----------------------------------------------------------------------------------------------------

# Where row 0 and column 0 of the file lie in the picture as seen (the EXIF standard's own table).
SIDES = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


def stored_as(seen: np.ndarray, orientation: int) -> np.ndarray:
    """The pixels that a file of that orientation holds for a picture seen as `seen`."""
    row_side, column_side = SIDES[orientation]
    if row_side in ("left", "right"):  # rows of the file are columns of the picture
        seen = seen.swapaxes(0, 1)
    rows = -1 if row_side in ("bottom", "right") else 1
    columns = -1 if column_side in ("bottom", "right") else 1
    return np.ascontiguousarray(seen[::rows, ::columns])


@pytest.mark.parametrize("orientation", SIDES)
@pytest.mark.parametrize(("form", "options"), [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True, "exact": True})])
def test_a_picture_is_turned_upright_with_its_alpha(form, options, orientation):
    seen = noise(4)
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = load_picture(encoded(stored_as(seen, orientation), form, exif=exif, **options))
    check(picture, seen[..., :3] / 255, seen[..., 3] / 255)


@pytest.mark.parametrize("orientation", SIDES)
def test_a_jpeg_is_turned_upright(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = load_picture(encoded(stored_as(smooth(), orientation), "JPEG", quality=98, subsampling=0, exif=exif))
    check(picture, smooth() / 255, within=6 * STEP)  # lossy


@pytest.mark.parametrize("orientation", SIDES)
def test_a_line_of_pixels_lies_in_memory_as_torch_takes_it(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = load_picture(encoded(stored_as(noise(4)[:, :1], orientation), "PNG", exif=exif))
    assert min(*picture.pixels.strides, *picture.alpha.strides) > 0


@pytest.mark.parametrize("exif", [b"Exif\0\0II*\0\xff\xff", b"Exif\0\0garbage", b"II*\0\x08\0\0\0\x05\0\x12\x01"])
def test_damaged_exif_does_not_cost_the_picture(exif):
    check(load_picture(encoded(noise(3), "PNG", exif=exif)), noise(3) / 255)


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_ignored(value):
    exif = Image.Exif()
    exif[0x0112] = value
    check(load_picture(encoded(noise(3), "PNG", exif=exif)), noise(3) / 255)


# --- alpha -----------------------------------------------------------------------------------------------------------


def test_a_picture_over_a_background_is_composited_in_srgb_values():
    values = np.array([[[255, 0, 0, 0], [255, 0, 0, 51], [255, 0, 0, 255]]], np.uint8)
    over = load_picture(values).over((0.0, 0.5, 1.0))
    assert over.dtype == np.float32
    np.testing.assert_allclose(over, [[[0, 0.5, 1], [0.2, 0.4, 0.8], [1, 0, 0]]], atol=1e-6)


def test_hidden_colours_do_not_show():
    values = noise(4)
    values[..., 3] = 0
    over = load_picture(encoded(values, "PNG")).over((0.25, 0.5, 0.75))
    np.testing.assert_array_equal(over, np.broadcast_to(np.float32([0.25, 0.5, 0.75]), over.shape))


def test_an_opaque_picture_over_any_background_is_itself():
    picture = load_picture(noise(3))
    np.testing.assert_array_equal(picture.over((1.0, 0.0, 0.0)), picture.pixels)


def test_alpha_that_is_1_everywhere_is_no_alpha():
    values = noise(4)
    values[..., 3] = 255
    for source in (values, Image.fromarray(values), encoded(values, "PNG")):
        check(load_picture(source), values[..., :3] / 255)


# --- colour profiles -------------------------------------------------------------------------------------------------


def profile(space: bytes, tags: dict[bytes, bytes], connection: bytes = b"XYZ ") -> bytes:
    """A minimal ICC profile of version 2."""
    tags = {b"desc": b"desc" + bytes(4) + struct.pack(">I", 2) + b"t\0" + bytes(78), **tags}
    tags[b"wtpt"] = b"XYZ " + bytes(4) + struct.pack(">3i", *(round(v * 65536) for v in (0.9642, 1, 0.8249)))
    table, data, offset = b"", b"", 132 + 12 * len(tags)
    for name, value in tags.items():
        value += bytes(-len(value) % 4)
        table += struct.pack(">4sII", name, offset + len(data), len(value))
        data += value
    head = struct.pack(
        ">I4sI4s4s4s12s4s", offset + len(data), bytes(4), 0x02400000, b"mntr", space, connection, b"", b"acsp"
    )
    head += bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def linear_grey() -> bytes:
    return profile(b"GRAY", {b"kTRC": b"curv" + bytes(4) + struct.pack(">I", 0)})  # no points: the identity


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def red_and_blue_swapped() -> bytes:
    """sRGB with the names of two primaries exchanged."""
    data = srgb()
    count = struct.unpack(">I", data[128:132])[0]
    table = data[132 : 132 + 12 * count].replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")
    return data[:132] + table + data[132 + 12 * count :]


def only_black_ink() -> bytes:
    """A CMYK profile under which cyan, magenta and yellow leave no mark."""
    ramp = bytes(range(256))
    corners = b"".join(bytes([0 if index & 1 else 255, 128, 128]) for index in range(16))  # black varies fastest
    identity = struct.pack(">9i", *(65536 * (i % 4 == 0) for i in range(9)))
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + identity + ramp * 4 + corners + ramp * 3
    return profile(b"CMYK", {b"A2B0": table, b"A2B1": table}, b"Lab ")


def srgb_of_linear(values: np.ndarray) -> np.ndarray:
    return np.where(values <= 0.0031308, 12.92 * values, 1.055 * values ** (1 / 2.4) - 0.055)


def test_colours_go_through_the_profile():
    values = noise(4)
    picture = load_picture(encoded(values, "PNG", icc_profile=red_and_blue_swapped()))
    check(picture, values[..., 2::-1] / 255, values[..., 3] / 255, within=1.5 * STEP)  # profile in, profile out: 8 bits


def test_a_palette_goes_through_the_profile():
    image, pixels, _ = palette_image()
    picture = load_picture(encoded(image, "PNG", icc_profile=red_and_blue_swapped()))
    check(picture, pixels[..., ::-1], within=1.5 * STEP)


def test_an_srgb_profile_changes_nothing():
    check(load_picture(encoded(noise(3), "PNG", icc_profile=srgb())), noise(3) / 255, within=1e-6)
    check(load_picture(encoded(noise(), "PNG", icc_profile=srgb())), grey(noise() / 255), within=1e-6)


def test_grey_of_16_bits_goes_through_its_profile_and_stays_finer_than_8_bits():
    ramp = np.linspace(0, 65535, HEIGHT * WIDTH).astype(np.uint16).reshape(HEIGHT, WIDTH)
    picture = load_picture(encoded(ramp, "PNG", icc_profile=linear_grey()))
    bright = ramp > 6000  # below, 256 points on a curve as steep as this one are coarse
    wanted = grey(srgb_of_linear(ramp / 65535))
    np.testing.assert_allclose(picture.pixels[bright], wanted[bright], atol=STEP)
    assert len(np.unique(picture.pixels)) > 1000


def test_grey_of_8_bits_goes_through_its_profile():
    picture = load_picture(encoded(noise(), "PNG", icc_profile=linear_grey()))
    check(picture, grey(srgb_of_linear(noise() / 255)), within=STEP)


def test_inks_go_through_the_profile():
    ink = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    ink[..., 0] = 255
    ink[:20, :, 3] = 255
    picture = load_picture(encoded(raw("CMYK", ink), "TIFF", icc_profile=only_black_ink()))
    check(picture, grey(ink[..., 3] == 0), within=1.5 * STEP)


@pytest.mark.parametrize(
    "unfit",
    [
        b"not a profile",
        srgb()[:200],
        linear_grey(),
        only_black_ink(),
        ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(),
    ],
    ids=["garbage", "cut", "grey", "inks", "lab"],
)
def test_a_profile_that_is_damaged_or_of_another_kind_of_colour_is_ignored(unfit):
    check(load_picture(encoded(noise(3), "PNG", icc_profile=unfit)), noise(3) / 255)


def test_an_ink_picture_with_an_rgb_profile_is_read_without_it():
    image, pixels, _ = case_cmyk()
    check(load_picture(encoded(image, "TIFF", icc_profile=srgb())), pixels)


def test_a_jpeg_of_inks_is_read_as_adobe_writes_it():
    ink = np.broadcast_to(np.uint8([255, 0, 0, 0]), (HEIGHT, WIDTH, 4))
    data = encoded(raw("CMYK", ink), "JPEG", quality=95)
    assert b"Adobe" in data  # whose inks are stored inverted
    check(load_picture(data), np.broadcast_to([0.0, 1.0, 1.0], (HEIGHT, WIDTH, 3)), within=2 * STEP)


# --- animations ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_an_animation_the_first_frame_is_read(form):
    first = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    first[:20] = 255
    frames = [Image.fromarray(frame) for frame in (255 - first, first // 2)]
    options = {"lossless": True} if form == "WEBP" else {}
    data = encoded(first, form, save_all=True, append_images=frames, **options)
    assert Image.open(io.BytesIO(data)).n_frames == 3
    check(load_picture(data), first / 255)


# --- sources ---------------------------------------------------------------------------------------------------------


def test_a_path_its_bytes_and_a_stream_give_the_same_picture(tmp_path):
    data = encoded(noise(4), "PNG")
    path = tmp_path / "photo.png"
    path.write_bytes(data)
    with path.open("rb") as stream:
        pictures = [load_picture(source) for source in (path, str(path), data, io.BytesIO(data), stream)]
    for picture in pictures:
        check(picture, noise(4)[..., :3] / 255, noise(4)[..., 3] / 255)
        assert picture.sha256 == vecstack.pictures.read.hashlib.sha256(data).hexdigest()


def test_a_stream_that_gives_a_byte_at_a_time_is_read_to_its_end():
    class Slow(io.BytesIO):
        def read(self, size=-1):
            return super().read(1)

    check(load_picture(Slow(encoded(noise(3), "PNG"))), noise(3) / 255)


def test_the_ending_of_a_name_does_not_matter(tmp_path):
    path = tmp_path / "photo.eps"
    path.write_bytes(encoded(noise(3), "PNG"))
    check(load_picture(path), noise(3) / 255)


@pytest.mark.parametrize(
    ("array", "pixels", "alpha"),
    [
        (noise(), grey(noise() / 255), None),
        (noise(1), grey(noise(1)[..., 0] / 255), None),
        (noise(3), noise(3) / 255, None),
        (noise(4), noise(4)[..., :3] / 255, noise(4)[..., 3] / 255),
        (deep().astype("<u2"), grey(deep() / 65535), None),
        (deep().astype(">u2"), grey(deep() / 65535), None),
        (noise(3) / 255, noise(3) / 255, None),
        ((noise(3) / 255).astype(np.float32)[:, ::-1], noise(3)[:, ::-1] / 255, None),
        ((noise(3) // 128).astype(np.float16), noise(3) // 128, None),
        (np.full((HEIGHT, WIDTH), 1 + 1e-6), np.ones((HEIGHT, WIDTH, 3)), None),
    ],
)
def test_arrays_of_every_allowed_type_and_shape_are_read(array, pixels, alpha):
    check(load_picture(array), pixels, alpha)


@pytest.mark.parametrize("shape", [(), (5,), (5, 4, 2), (5, 4, 5), (3, 5, 4, 3), (0, 4), (5, 0, 3)])
def test_an_array_of_another_shape_is_a_shape_error_that_names_it(shape):
    with pytest.raises(ShapeError) as caught:
        load_picture(np.zeros(shape, np.uint8))
    assert str(list(shape)) in str(caught.value)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((5, 4), np.int64),
        np.zeros((5, 4), bool),
        np.zeros((5, 4), complex),
        np.full((5, 4), "x"),
        np.full((5, 4), np.nan),
        np.full((5, 4), -np.inf),
        np.full((5, 4), 1.1),
        np.full((5, 4), 255.0),
    ],
    ids=str,
)
def test_an_array_of_another_type_or_range_is_refused(array):
    with pytest.raises(PictureError) as caught:
        load_picture(array)
    assert "\n" not in str(caught.value)


def test_the_name_of_a_picture_from_memory_depends_on_its_pixels_alone():
    values = noise(3)
    names = {load_picture(source).sha256 for source in (values, values / 255, Image.fromarray(values))}
    assert len(names) == 1
    others = [values.swapaxes(0, 1), np.flipud(values), np.dstack([values, values[..., :1]])]
    assert len({load_picture(other).sha256 for other in others} | names) == 4


def test_an_array_is_neither_changed_nor_kept():
    values = noise(3) / np.float32(255)
    picture = load_picture(values)
    before = picture.pixels.copy()
    values[:] = 0
    np.testing.assert_array_equal(picture.pixels, before)


def test_a_caller_s_image_stays_as_it_was():
    image, _, _ = case_p_alpha_list()
    image.info["exif"] = b"Exif\0\0garbage"
    before = (image.mode, image.size, image.tobytes(), dict(image.info))
    load_picture(image)
    assert (image.mode, image.size, image.tobytes(), dict(image.info)) == before


# --- refusals --------------------------------------------------------------------------------------------------------


def refusal(source: object, **options: int) -> str:
    """The message of the PictureError that a source gives, which must be one line."""
    with pytest.raises(PictureError) as caught:
        load_picture(source, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


def gif(canvas: tuple[int, int], frame: tuple[int, int]) -> bytes:
    head = b"GIF89a" + struct.pack("<HH", *canvas) + b"\x80\0\0" + bytes(6)
    return head + b"," + struct.pack("<HHHH", 0, 0, *frame) + b"\0\x02\x02\x4c\x01\0;"


BAD = {
    "empty": b"",
    "one byte": b"\x89",
    "text": b"hello, this is no picture\n" * 20,
    "zeros": bytes(5000),
    "signature of PNG only": b"\x89PNG\r\n\x1a\n",
    "PNG without pixels": png_by_hand(5, 4, 8, 2, b""),
    "PNG of no width": png_by_hand(0, 4, 8, 2, bytes(100)),
    "PNG with a wrong checksum": encoded(noise(3), "PNG").replace(b"IHDR", b"IHDR", 1)[:29] + bytes(4) + b"rest",
    "PNG of colour type 9": png_by_hand(5, 4, 8, 9, bytes(100)),
    "PNG cut in half": encoded(noise(3), "PNG")[:3000],
    "JPEG signature only": b"\xff\xd8\xff\xe0",
    "JPEG cut in half": encoded(noise(3), "JPEG")[:1500],
    "JPEG without its end": encoded(noise(3), "JPEG")[:-20],
    "GIF signature only": b"GIF89a",
    "GIF without a frame": b"GIF89a" + struct.pack("<HH", 5, 4) + b"\0\0\0;",
    "GIF with damaged codes": gif((5, 4), (5, 4)),
    "BMP with a wild header": b"BM" + bytes(12) + struct.pack("<I", 9999) + bytes(90),
    "BMP cut in half": encoded(noise(3), "BMP")[:3000],
    "TIFF without a directory": b"II*\0\xff\xff\xff\x7f",
    "TIFF cut in half": encoded(noise(3), "TIFF", compression="tiff_lzw")[:3000],
    "WebP header only": b"RIFF\x10\0\0\0WEBPVP8 ",
    "WebP cut in half": encoded(noise(3), "WEBP")[:900],
    "JPEG 2000 cut before its end": encoded(smooth(), "JPEG2000")[:212],
    "PPM with letters for numbers": b"P6\nfive 4\n255\n",
    "PPM with a maximum of 0": b"P6\n5 4\n0\n" + bytes(60),
    "PPM with too few bytes": b"P6\n5 4\n255\n" + bytes(59),
    "PFM of NaN": b"Pf\n2 1\n-1.0\n" + struct.pack("<2f", 0, float("nan")),
    "AVIF header only": b"\0\0\0\x1cftypavif" + bytes(60),
    "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 37 53\n%%EndComments\nshowpage\n%%EOF\n",
    "PDF": b"%PDF-1.7\n1 0 obj\n",
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" width="5" height="4"/>',
    "ICO": encoded(noise(3), "ICO"),
    "TGA": encoded(noise(3), "TGA"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_picture_is_refused_in_one_line_that_names_the_file(name, tmp_path):
    path = tmp_path / "bad.png"
    path.write_bytes(BAD[name])
    assert refusal(path).startswith(f"{path}: ")
    assert refusal(BAD[name]).startswith("picture: ")


def test_a_missing_file_a_folder_and_other_paths_are_refused(tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert "No such file" in refusal(tmp_path / "none.png")
    assert "folder" in refusal(tmp_path)
    assert "folder" in refusal("")
    assert "symbolic links" in refusal(loop)
    assert "too long" in refusal(tmp_path / ("x" * 300))
    assert "null" in refusal("a\0b.png")


def test_a_file_that_the_system_does_not_let_be_read_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "locked.png"
    path.write_bytes(encoded(noise(3), "PNG"))

    def deny(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", deny)
    assert refusal(path) == f"{path}: cannot be read (Permission denied); check the path."


def test_pipes_and_devices_are_refused_without_waiting_for_them(tmp_path):
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    assert "not a regular file" in refusal(pipe)
    assert "not a regular file" in refusal("/dev/zero")


def test_a_name_with_line_breaks_stays_on_one_line(tmp_path):
    assert "two\\nlines.png" in refusal(tmp_path / "two\nlines.png")


def test_standard_input_is_named_as_such():
    class Stdin(io.BytesIO):
        name = "<stdin>"

    assert refusal(Stdin(b"no picture")).startswith("standard input: ")
    assert refusal(Stdin(b"")).startswith("standard input: empty")


def test_a_stream_past_the_byte_limit_is_not_read_further(monkeypatch):
    class Endless(io.BytesIO):
        asked = 0

        def read(self, size=-1):
            self.asked += size
            return bytes(size)

    monkeypatch.setattr(vecstack.pictures.decoding.sources, "MAX_BYTES", 5_000_000)
    stream = Endless()
    assert "5,000,000 bytes" in refusal(stream)
    assert stream.asked < 7_000_000


def test_a_file_past_the_byte_limit_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "large.png"
    path.write_bytes(bytes(1001))
    monkeypatch.setattr(vecstack.pictures.decoding.sources, "MAX_BYTES", 1000)
    assert "1,001 bytes, at most 1,000" in refusal(path)


@pytest.mark.parametrize("source", [None, 3, [1, 2], io.StringIO("text")], ids=["none", "number", "list", "text"])
def test_what_is_no_picture_at_all_is_refused(source):
    assert refusal(source).startswith("picture: ")


HUGE = {
    "PNG": png_by_hand(60_000, 60_000, 8, 2, bytes(1000)),
    "PNG of 1 bit": png_by_hand(16_000, 16_000, 1, 0, bytes(16_000 * 2001)),
    "GIF": gif((60_000, 60_000), (1, 1)),
    "GIF whose frame leaves the canvas": gif((5, 4), (60_000, 60_000)),
    "BMP": encoded(noise(3), "BMP")[:18] + struct.pack("<ii", 60_000, 60_000) + encoded(noise(3), "BMP")[26:],
    "PPM": b"P6\n60000 60000\n255\n" + bytes(1000),
    "TIFF": tiff(8, 1, bytes(1000), 2_000_000_000),
}


@pytest.mark.parametrize("name", HUGE)
def test_a_picture_that_claims_too_many_pixels_is_refused_before_any_is_decoded(name, monkeypatch):
    def decode(*_):
        raise AssertionError("a pixel is decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", decode)
    monkeypatch.setattr(imagecodecs, "png_decode", decode)
    monkeypatch.setattr(tifffile.TiffPage, "asarray", decode)
    assert "pixels" in refusal(HUGE[name])


def test_the_pixel_limit_is_the_caller_s_and_exact():
    data = encoded(noise(3), "PNG")
    assert load_picture(data, max_pixels=WIDTH * HEIGHT).width == WIDTH
    for source in (data, noise(3), Image.fromarray(noise(3))):
        assert "0.0 megapixels (37 x 53 px), at most" in refusal(source, max_pixels=WIDTH * HEIGHT - 1)


def test_pillows_own_limit_neither_warns_nor_refuses(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # pytest makes every warning an error
    check(load_picture(encoded(noise(3), "PNG")), noise(3) / 255)


def test_an_unread_eps_image_is_refused_before_a_program_starts(tmp_path):
    path = tmp_path / "photo.eps"
    path.write_bytes(BAD["EPS"])
    with Image.open(path) as image:
        assert refusal(image).startswith(f"{path}: an unread EPS picture")


def test_a_read_image_of_any_format_is_accepted():
    image = Image.open(io.BytesIO(encoded(noise(3), "TGA")))
    image.load()
    check(load_picture(image), noise(3) / 255)


def test_too_little_memory_is_an_error_of_the_picture(monkeypatch):
    def fail(_self):
        raise MemoryError

    monkeypatch.setattr(Image.Image, "load", fail)
    assert "memory" in refusal(Image.fromarray(noise(3)))


def test_loading_leaves_the_warning_filters_alone_also_in_threads():
    before = list(warnings.filters)
    data = encoded(noise(3), "TIFF")
    threads = [threading.Thread(target=lambda: [load_picture(data) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before


# --- damage ----------------------------------------------------------------------------------------------------------

SAMPLES = {
    "PNG": encoded(noise(4), "PNG", icc_profile=srgb()),
    "PNG palette": encoded(palette_image()[0], "PNG", transparency=3),
    "JPEG": encoded(smooth(), "JPEG", icc_profile=red_and_blue_swapped(), exif=b"Exif\0\0II*\0\x08\0\0\0\0\0"),
    "JPEG progressive": encoded(noise(3), "JPEG", progressive=True),
    "GIF": encoded(palette_image()[0], "GIF", save_all=True, append_images=[Image.fromarray(noise())]),
    "TIFF": encoded(noise(3), "TIFF"),
    "TIFF deflate": encoded(smooth(), "TIFF", compression="tiff_deflate", icc_profile=srgb()),
    "TIFF LZW": encoded(smooth(), "TIFF", compression="tiff_lzw"),
    "TIFF PackBits": encoded(noise(3) // 128, "TIFF", compression="packbits"),
    "WebP": encoded(noise(4), "WEBP"),
    "WebP lossless": encoded(smooth(), "WEBP", lossless=True),
    "BMP": encoded(noise(3), "BMP"),
    "PPM": encoded(noise(3), "PPM"),
    "JPEG 2000": encoded(smooth(), "JPEG2000"),
    "JPEG 2000 stream": encoded(smooth(), "JPEG2000", no_jp2=True),
    **{form: encoded(smooth(), form) for form in AVIF},
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_cut_short_is_refused_unless_its_picture_is_whole(name):
    data = SAMPLES[name]
    whole = load_picture(data)
    refused = 0
    for length in sorted({*range(1, len(data), max(1, len(data) // 60)), *range(len(data) - 4, len(data))}):
        try:
            picture = load_picture(data[:length])
        except PictureError:
            refused += 1
        else:
            np.testing.assert_array_equal(picture.pixels, whole.pixels, err_msg=f"cut to {length} bytes")
    assert refused > 10


@pytest.mark.parametrize(("form", "package"), [("PNG", "imagecodecs"), ("TIFF", "tifffile")])
def test_a_package_that_is_missing_is_no_damaged_picture(form, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(PictureError) as caught:
        load_picture(encoded(noise(3), form))
    assert f"needs the package {package} (" in str(caught.value)
    assert str(caught.value).endswith(f"Install it: pip install {package}")
    assert "damaged" not in str(caught.value)


def test_a_package_that_does_not_load_is_no_damaged_picture(monkeypatch):
    def broken(_: bytes) -> None:  # what imagecodecs raises where the library of a format does not load
        raise ImportError("could not import name 'png_decode' from 'imagecodecs'")

    monkeypatch.setattr(imagecodecs, "png_decode", broken)
    with pytest.raises(PictureError, match=r"needs a package that does not load here \(.*png_decode") as caught:
        load_picture(encoded(noise(3), "PNG"))
    assert "damaged" not in str(caught.value)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_damaged_file_gives_a_picture_or_a_picture_error(name):
    data = SAMPLES[name]
    rng = np.random.default_rng(sum(map(ord, name)))
    for _ in range(60):
        damaged = bytearray(data)
        span = len(data) if rng.random() < 0.5 else min(len(data), 200)  # headers are where the parsers are
        for place in rng.integers(0, span, rng.integers(1, 8)):
            damaged[place] = rng.integers(0, 256)
        if rng.random() < 0.2:
            start, length = rng.integers(0, span), rng.integers(1, 40)
            del damaged[start : start + length]
        try:
            picture = load_picture(bytes(damaged), max_pixels=1_000_000)
        except PictureError:
            pass
        else:
            assert np.isfinite(picture.pixels).all()
            assert picture.pixels.min() >= 0
            assert picture.pixels.max() <= 1


@pytest.mark.slow
def test_the_module_imports_neither_torch_nor_a_decoder():
    code = "import sys, vecstack.pictures.read\n"
    code += "print(sorted(m for m in sys.modules if m == 'torch' or 'ImagePlugin' in m))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
