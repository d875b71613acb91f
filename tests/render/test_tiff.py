import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from vecstack.render import tiff
from vecstack.render.layout import Layout
from vecstack.render.tiff import write_tiff

LAYOUTS = [Layout(37, 153, depth, transparent) for depth in (8, 16) for transparent in (False, True)]
SIZES = {3: "H", 4: "I", 5: "II", 16: "Q"}  # field types and their numbers


def some_picture(layout):
    rng = np.random.default_rng(1)
    shape = (layout.height, layout.width, layout.channels)
    return rng.integers(0, 2**layout.depth, shape).astype(layout.dtype)


def written(picture, layout, **options):
    file = io.BytesIO()
    write_tiff(file, iter([picture[:128], picture[128:]]), layout, **options)
    return file.getvalue()


def fields(data):
    """The directory of a TIFF as {tag: values}, read as the TIFF 6.0 and BigTIFF specifications have it."""
    order, version = data[:2], struct.unpack("<H", data[2:4])[0]
    assert order == b"II"
    if version == 43:
        assert struct.unpack("<HH", data[4:8]) == (8, 0)
        count_size, word, entry_size, (at,) = 8, "<Q", 20, struct.unpack("<Q", data[8:16])
    else:
        assert version == 42
        count_size, word, entry_size, (at,) = 2, "<I", 12, struct.unpack("<I", data[4:8])
    assert at % 2 == 0
    count = int.from_bytes(data[at : at + count_size], "little")
    room = struct.calcsize(word)
    result = {}
    for index in range(count):
        start = at + count_size + index * entry_size
        tag, kind = struct.unpack("<HH", data[start : start + 4])
        (number,) = struct.unpack(word, data[start + 4 : start + 4 + room])
        form = f"<{number * len(SIZES[kind])}{SIZES[kind][0]}"
        place = start + 4 + room
        if struct.calcsize(form) > room:
            (place,) = struct.unpack(word, data[place : place + room])
        assert not result or tag > max(result)
        result[tag] = struct.unpack(form, data[place : place + struct.calcsize(form)])
    end = at + count_size + count * entry_size
    assert data[end : end + room] == bytes(room)  # no further directory
    return result


def decoded(data):
    """The pixels of a TIFF by an independent decoder."""
    table = fields(data)
    (width,), (height,), (channels,), (per_strip,) = (table[tag] for tag in (256, 257, 277, 278))
    dtype = {8: "<u1", 16: "<u2"}[table[258][0]]
    assert len(table[258]) == channels
    parts = []
    for offset, size in zip(table[273], table[279], strict=True):
        rows = np.frombuffer(zlib.decompress(data[offset : offset + size]), dtype).reshape(-1, width, channels)
        assert len(rows) == min(per_strip, height - per_strip * len(parts))
        parts.append(np.cumsum(rows, 1, dtype=dtype))
    return np.concatenate(parts)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_pixels_come_back_by_an_independent_decoder(layout, big):
    picture = some_picture(layout)
    data = written(picture, layout, big_bytes=0) if big else written(picture, layout)
    assert data[2] == (43 if big else 42)
    assert np.array_equal(decoded(data), picture)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if layout.depth == 8], ids=str)
def test_pillow_reads_the_same_pixels(layout, big):
    picture = some_picture(layout)
    data = written(picture, layout, big_bytes=0) if big else written(picture, layout)
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == ("RGBA" if layout.transparent else "RGB")
        assert np.array_equal(np.asarray(image), picture)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_the_directory_says_what_the_pixels_are(layout):
    table = fields(written(some_picture(layout), layout))
    assert table[259] == (8,)
    assert table[262] == (2,)
    assert table[317] == (2,)
    assert table.get(338) == ((2,) if layout.transparent else None)  # 2: alpha that is not multiplied in


def test_wide_pictures_have_smaller_strips(monkeypatch):
    layout = LAYOUTS[-1]
    picture = some_picture(layout)
    monkeypatch.setattr(tiff, "STRIP_BYTES", 5 * layout.row_bytes)
    data = written(picture, layout)
    assert fields(data)[278] == (4,)
    assert np.array_equal(decoded(data), picture)


def test_one_strip_is_enough_for_a_small_picture():
    layout = Layout(1, 1, 16, True)
    picture = some_picture(layout)
    data = written(picture, layout, big_bytes=0)
    assert len(fields(data)[273]) == 1
    assert np.array_equal(decoded(data), picture)


def test_offsets_have_64_bits_from_the_size_that_could_pass_4_gib():
    below, at = Layout(1_000_000, 166, 16, True), Layout(1_000_000, 500, 16, True)
    heads = []
    for layout in (below, at):
        file = io.BytesIO()
        write_tiff(file, iter([]), layout)  # no pixels: only what the sides decide
        heads.append(file.getvalue()[2])
    assert heads == [42, 43]
