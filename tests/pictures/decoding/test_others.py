"""vecstack.pictures.decoding: JPEG, JPEG 2000, BMP, AVIF, HEIF and PFM files in."""

from __future__ import annotations

import io
import struct
import sys

import numpy as np
import pytest
from PIL import Image, ImageCms

from vecstack.errors import PictureError
from vecstack.pictures.decoding.bmp import _profile
from vecstack.pictures.read import load_picture

STEP = 1 / 255
ROWS, COLUMNS = np.mgrid[0:40, 0:60]
SMOOTH = np.stack([ROWS * 6, COLUMNS * 4, 255 - ROWS * 3], -1).astype(np.uint8)
HAS_AVIF = ".avif" in Image.registered_extensions()


def encoded(values: np.ndarray, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(values).save(file, form, **options)
    return file.getvalue()


# --- JPEG ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"subsampling": 0}, {"subsampling": 2}, {"restart_marker_blocks": 3}])
def test_a_jpeg_that_lacks_only_its_end_is_read(options):
    data = encoded(SMOOTH, "JPEG", quality=90, **options)
    whole = load_picture(data).pixels
    for cut in (data[:-2], data[:-1]):
        np.testing.assert_array_equal(load_picture(cut).pixels, whole)
    with pytest.raises(PictureError, match="cut short"):
        load_picture(data[:-40])


def test_a_progressive_jpeg_without_its_end_may_lack_more_and_is_refused():
    with pytest.raises(PictureError, match="truncated"):
        load_picture(encoded(SMOOTH, "JPEG", progressive=True)[:-2])


def test_of_the_two_pictures_in_an_mpo_the_first_is_read():
    data = encoded(SMOOTH, "MPO", quality=95, save_all=True, append_images=[Image.fromarray(255 - SMOOTH)])
    assert Image.open(io.BytesIO(data)).format == "MPO"
    np.testing.assert_allclose(load_picture(data).pixels, SMOOTH / 255, atol=20 * STEP)


# --- JPEG 2000 -------------------------------------------------------------------------------------------------------


def jpeg2000(values: np.ndarray) -> bytes:
    return encoded(np.ascontiguousarray(values), "JPEG2000", mct=0)


def test_luma_and_chroma_of_jpeg_2000_are_turned_to_colours():
    data = bytearray(jpeg2000(np.asarray(Image.fromarray(SMOOTH).convert("YCbCr"))))
    at = data.index(b"colr") + 7
    assert data[at : at + 4] == struct.pack(">I", 16)  # sRGB
    data[at : at + 4] = struct.pack(">I", 18)  # sYCC
    np.testing.assert_allclose(load_picture(bytes(data)).pixels, SMOOTH / 255, atol=4 * STEP)


def test_channels_of_jpeg_2000_are_what_the_file_says_they_are():
    data = jpeg2000(SMOOTH[..., ::-1])
    body = struct.pack(">10H", 3, 0, 0, 3, 1, 0, 2, 2, 0, 1)  # each channel: its number, that it is a colour, and which
    box = struct.pack(">I", 8 + len(body)) + b"cdef" + body
    at = data.index(b"jp2h") - 4
    size = struct.unpack_from(">I", data, at)[0]
    named = data[:at] + struct.pack(">I", size + len(box)) + data[at + 4 : at + size] + box + data[at + size :]
    np.testing.assert_allclose(load_picture(named).pixels, SMOOTH / 255, atol=1e-6)


def test_channels_of_jpeg_2000_with_fewer_pixels_or_a_sign_are_refused_by_name():
    data = bytearray(jpeg2000(SMOOTH))
    at = data.index(b"\xff\x4f\xff\x51") + 42  # of each channel its bits, and its steps across and down
    assert data[at : at + 9] == b"\x07\1\1" * 3
    data[at : at + 9] = b"\x07\2\2" * 3
    with pytest.raises(PictureError, match="channels have fewer pixels"):
        load_picture(bytes(data))
    data[at : at + 9] = b"\x87\1\1" * 3
    with pytest.raises(PictureError, match="8 bits with a sign, which is not read"):
        load_picture(bytes(data))


# --- BMP -------------------------------------------------------------------------------------------------------------


def bit_fields(values: list[int], bits: int, *masks: int) -> bytes:
    """A BMP of one row of pixels whose channels are where masks say."""
    row = b"".join(value.to_bytes(bits // 8, "little") for value in values)
    row += bytes(-len(row) % 4)
    head = struct.pack("<IiiHHIIiiII", 108, len(values), 1, 1, bits, 3, len(row), 0, 0, 0, 0)
    head += struct.pack("<4I", *masks, *[0] * (4 - len(masks))) + bytes(52)
    return b"BM" + struct.pack("<IHHI", 14 + len(head) + len(row), 0, 0, 14 + len(head)) + head + row


def test_bits_of_a_bmp_are_shared_out_as_it_says():
    masks = (0x1FFE0000 & 0x1FF00000, 0x000FF800 & 0x000FF000, 0x00000FF0)
    picture = load_picture(bit_fields([0x1FF00000, 0x000FF000, 0x00000FF0, 0], 32, *masks))
    np.testing.assert_allclose(picture.pixels[0], [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]], atol=1e-6)
    picture = load_picture(bit_fields([0xFF00, 0xF0F0, 0x000F], 16, 0x0F00, 0x00F0, 0x000F, 0xF000))
    np.testing.assert_allclose(picture.pixels[0], [[1, 0, 0], [0, 1, 0], [0, 0, 1]], atol=1e-6)
    np.testing.assert_allclose(picture.alpha[0], [1, 1, 0], atol=1e-6)


def test_bits_of_a_bmp_that_make_no_blue_or_no_alpha_are_taken_so() -> None:
    picture = load_picture(bit_fields([0xFFFF, 0x0FF0], 16, 0xFF00, 0x00FF, 0))
    np.testing.assert_allclose(picture.pixels[0], [[1, 1, 0], [15 / 255, 240 / 255, 0]], atol=1e-6)
    unused = load_picture(bit_fields([0x7FFF, 0x7C00], 16, 0x7C00, 0x03E0, 0x001F, 0x8000))
    assert unused.alpha is None
    assert load_picture(bit_fields([0xFFFF, 0x7C00], 16, 0x7C00, 0x03E0, 0x001F, 0x8000)).alpha is not None
    with pytest.raises(PictureError, match="header is damaged"):
        load_picture(bit_fields([0], 16, 0xF00F, 0x00F0, 0))
    with pytest.raises(PictureError, match="cut short"):
        load_picture(bit_fields([0, 1, 2], 32, 0xFF, 0xFF00, 0xFF0000)[:-1])


def test_a_short_header_of_os2_is_that_of_the_whole_one() -> None:
    whole = encoded(SMOOTH, "BMP")
    assert whole[10:18] == struct.pack("<II", 54, 40)
    short = whole[:10] + struct.pack("<II", 30, 16) + whole[18:30] + whole[54:]
    np.testing.assert_array_equal(load_picture(short).pixels, load_picture(whole).pixels)


def test_the_profile_of_a_bmp_is_applied() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    plain = bit_fields([0x00804020], 32, 0xFF0000, 0xFF00, 0xFF)
    header = bytearray(plain[14:122]) + bytes(16)
    header[:4], header[56:60] = struct.pack("<I", 124), b"DEBM"
    header[112:120] = struct.pack("<II", 128, len(profile))
    named = plain[:10] + struct.pack("<I", 138) + bytes(header) + plain[-4:] + profile
    assert _profile(named) == profile
    assert _profile(plain) is None


# --- AVIF and HEIF ---------------------------------------------------------------------------------------------------


def with_clap(data: bytes, *numbers: int) -> bytes:
    """An AVIF with a property `clap` more, among its properties; nothing has to refer to it."""
    box = struct.pack(">I4s8i", 40, b"clap", *numbers)
    at = data.index(b"ipco") - 4
    grown = bytearray(data[:at] + box + data[at:])  # where it is found, sizes do not matter
    grown[at : at + 48] = data[at : at + 8] + box
    return bytes(grown)


@pytest.mark.skipif(not HAS_AVIF, reason="this Pillow has no AVIF")
def test_of_an_avif_only_the_clean_aperture_is_shown(monkeypatch):
    from vecstack.pictures.decoding import isomedia

    data = encoded(SMOOTH, "AVIF", quality=100)
    whole = load_picture(data).pixels
    monkeypatch.setattr(isomedia, "open_image", lambda _: Image.open(io.BytesIO(data)))
    shown = isomedia.decode_avif(with_clap(data, 30, 1, 20, 1, -5, 1, 4, 1), 10_000)
    np.testing.assert_allclose(shown.values / 255, whole[14:34, 10:40], atol=1e-6)
    with pytest.raises(PictureError, match="beyond the picture"):
        isomedia.decode_avif(with_clap(data, 61, 1, 20, 1, 0, 1, 0, 1), 10_000)
    with pytest.raises(PictureError, match="damaged"):
        isomedia.decode_avif(with_clap(data, 30, 0, 20, 1, 0, 1, 0, 1), 10_000)


HEIF = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40)


def test_a_heif_is_read_or_what_it_needs_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PictureError, match=r"HEIF file, which needs pillow-heif.*\.\[heif\]"):
        load_picture(HEIF)


def test_a_heif_is_upright_once():
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(SMOOTH, "HEIF", quality=95, exif=exif.tobytes())
    np.testing.assert_allclose(load_picture(data).pixels, np.rot90(SMOOTH, -1) / 255, atol=20 * STEP)


def test_a_heif_whose_main_picture_is_a_thumbnail_is_refused():
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    image = Image.fromarray(SMOOTH)
    image.info["thumbnails"] = [32]
    file = io.BytesIO()
    image.save(file, "HEIF")
    data = bytearray(file.getvalue())
    assert load_picture(bytes(data)).sides == (60, 40)
    main, thumbnail = data.index(b"pitm") + 9, data.index(b"thmb") + 5  # the low bytes of ids
    data[main] = data[thumbnail]
    with pytest.raises(PictureError, match="main picture is said to be the thumbnail of another"):
        load_picture(bytes(data))


# --- PFM -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("order", "scale"), [("<f4", b"-1.0"), (">f4", b"1")])
@pytest.mark.parametrize("channels", [1, 3])
def test_maps_of_floats_are_read_from_the_bottom_up(order, scale, channels):
    values = (SMOOTH[..., :channels] / 255).astype(order)
    name = b"PF" if channels == 3 else b"Pf"
    data = name + b"\n60 40\n" + scale + b"\n" + values[::-1].tobytes()
    np.testing.assert_allclose(load_picture(data).pixels, np.broadcast_to(values, SMOOTH.shape), atol=1e-6)
    with pytest.raises(PictureError, match="cut short"):
        load_picture(data[:-1])
    with pytest.raises(PictureError, match="header"):
        load_picture(name + b"\n60 forty\n1\n" + values.tobytes())


# --- Not read --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"8BPS\0\1", "a Photoshop file (PSD or PSB), which is not read; save it as PNG or TIFF."),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "a drawing in PostScript (EPS), which is not read; save it as SVG for"),
        (b"\xc5\xd0\xd3\xc6\x20", "a drawing in PostScript (EPS), which is not read; save it as SVG for"),
        (b"\0\0\1\0\1\0", "an icon (ICO), which is not read; save the largest of its pictures"),
    ],
)
def test_other_formats_are_refused_by_name_with_a_way_out(start, words):
    with pytest.raises(PictureError) as refused:
        load_picture(start + bytes(40))
    assert words in str(refused.value)
