"""vecstack.pictures.decoding.png: PNG files in."""

from __future__ import annotations

import gc
import struct
import sys
import threading
import zlib

import numpy as np
import pytest

from tests.helpers import png_by_hand
from vecstack.errors import PictureError
from vecstack.pictures.decoding.quiet import mute
from vecstack.pictures.read import load_picture

GREYS = bytes(range(0, 256, 17))  # sixteen levels, in a row


def png(*chunks: tuple[bytes, bytes], depth: int = 8, rows: bytes = b"\0" + GREYS, width: int = 16) -> bytes:
    """A grey PNG of one row."""
    return png_by_hand(width, 1, depth, 0, rows, *chunks)


def spoilt(data: bytes, name: bytes) -> bytes:
    """A PNG in which the checksum of a chunk is wrong."""
    at = data.index(name) + 4 + struct.unpack(">I", data[data.index(name) - 4 :][:4])[0]
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(("depth", "row"), [(1, 0b01_000000), (2, 0b01_11_0000), (4, 0x5F)])
def test_a_transparent_grey_of_few_bits_becomes_alpha(depth, row):
    picture = load_picture(png((b"tRNS", struct.pack(">H", 2**depth - 1)), depth=depth, rows=bytes([0, row]), width=2))
    assert picture.alpha.tolist() == [[1, 0]]
    assert picture.pixels[0, 1].tolist() == [1, 1, 1]


@pytest.mark.parametrize("gamma", [1.0, 1 / 1.8, 1 / 4.4])
def test_values_made_for_another_display_are_turned_to_srgb(gamma):
    light = (np.arange(0, 256, 17) / 255) ** (1 / round(gamma, 5))
    wanted = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    picture = load_picture(png((b"gAMA", struct.pack(">I", round(gamma * 100_000)))))
    np.testing.assert_allclose(picture.pixels[0, :, 1], wanted, atol=2e-3)


@pytest.mark.parametrize(
    "chunks",
    [
        [(b"gAMA", struct.pack(">I", 45455))],
        [(b"gAMA", bytes(4))],
        [(b"gAMA", b"\1")],
        [(b"gAMA", struct.pack(">I", 100_000)), (b"sRGB", b"\0")],
    ],
)
def test_the_gamma_of_srgb_a_damaged_one_and_one_beside_srgb_change_nothing(chunks):
    np.testing.assert_allclose(load_picture(png(*chunks)).pixels[0, :, 0] * 255, list(GREYS), atol=1e-4)


DAMAGED = {
    "profile of another compression": png((b"iCCP", b"x\0\1" + zlib.compress(b"profile"))),
    "profile that is no stream": png((b"iCCP", b"x\0\0nothing")),
    "profile with a wrong checksum": spoilt(png((b"iCCP", b"x\0\0" + zlib.compress(bytes(99)))), b"iCCP"),
    "text with a wrong checksum": spoilt(png((b"tEXt", b"Title\0hello")), b"tEXt"),
    "text of 80 MB": png((b"zTXt", b"k\0\0" + zlib.compress(bytes(80_000_000)))),
    "size cut short": png((b"pHYs", b"\0\0\1")),
    "gamma with a wrong checksum": spoilt(png((b"gAMA", struct.pack(">I", 100_000))), b"gAMA"),
    "a key that no pixel has": png((b"tRNS", b"\xff\xff")),
    "more pixels than it has": png(rows=b"\0" + GREYS + bytes(40)),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_the_pixels_do_not_need_may_be_damaged_without_a_word(name, capfd):
    np.testing.assert_allclose(load_picture(DAMAGED[name]).pixels[0, :, 0] * 255, list(GREYS), atol=1e-4)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("chunk", [b"IHDR", b"IDAT"])
def test_what_the_pixels_need_may_not(chunk):
    with pytest.raises(PictureError):
        load_picture(spoilt(png(), chunk))


def test_only_the_thread_that_decodes_is_muted(capsys):
    stream = sys.stderr
    with mute():
        sys.stderr.write("dropped")
        other = threading.Thread(target=lambda: sys.stderr.write("shown"))
        other.start()
        other.join()
    assert sys.stderr is stream
    assert capsys.readouterr().err == "shown"


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is never freed")
def test_damaged_files_use_up_no_references():
    """Of None, of which the process would end."""
    data = png(rows=b"\7" + GREYS)  # a filter that there is not

    def read():
        with pytest.raises(PictureError, match="damaged"):
            load_picture(data)

    read()
    gc.collect()
    before = sys.getrefcount(None)
    for _ in range(100):
        read()
    gc.collect()
    assert sys.getrefcount(None) > before - 50
