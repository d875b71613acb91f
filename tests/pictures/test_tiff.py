import io
import struct
import threading
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from vecstack.pictures import parallel, tiff
from vecstack.pictures.layout import Layout
from vecstack.pictures.tiff import write_tiff

# Two tiles across and two down, of which only the first is full.
LAYOUTS = [Layout(293, 309, depth, transparent) for depth in (8, 16) for transparent in (False, True)]
SIZES = {3: "H", 4: "I", 5: "II", 16: "Q"}  # field types and their numbers


def some_picture(layout):
    rng = np.random.default_rng(1)
    shape = (layout.height, layout.width, layout.channels)
    return rng.integers(0, 2**layout.depth, shape).astype(layout.dtype)


def written(picture, layout, height=128, **options):
    """The TIFF of a picture that comes in strips of this height."""
    file = io.BytesIO()
    strips = (picture[top : top + height] for top in range(0, layout.height, height))
    write_tiff(file, strips, layout, **options)
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


def tiles(data):
    """The tiles [h,w,C] of a TIFF by an independent decoder, rows of them from the top, padding included."""
    table = fields(data)
    (channels,), (width,), (height,) = (table[tag] for tag in (277, 322, 323))
    dtype = {8: "<u1", 16: "<u2"}[table[258][0]]
    assert len(table[258]) == channels
    across, down = -(-table[256][0] // width), -(-table[257][0] // height)
    assert len(table[324]) == len(table[325]) == across * down
    found = []
    for offset, size in zip(table[324], table[325], strict=True):
        tile = np.frombuffer(zlib.decompress(data[offset : offset + size]), dtype).reshape(height, width, channels)
        found.append(np.cumsum(tile, 1, dtype=dtype))
    return [found[row * across : (row + 1) * across] for row in range(down)]


def decoded(data):
    """The pixels of a TIFF by an independent decoder."""
    table = fields(data)
    whole = np.concatenate([np.concatenate(row, 1) for row in tiles(data)])
    return whole[: table[257][0], : table[256][0]]


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


def test_tiles_have_256_px_a_side_and_edges_are_repeated_to_fill_them():
    layout = LAYOUTS[0]
    picture = some_picture(layout)
    data = written(picture, layout)
    table = fields(data)
    assert (table[322], table[323]) == ((256,), (256,))
    assert not {273, 278, 279} & set(table)  # the fields of strips
    (_, right), (below, corner) = tiles(data)
    assert (right[:, 37:] == picture[:256, 292:]).all()
    assert (below[53:] == picture[308:, :256]).all()
    assert (corner[53:, 37:] == picture[308, 292]).all()


def test_very_wide_pictures_have_lower_tiles(monkeypatch):
    layout = LAYOUTS[-1]
    picture = some_picture(layout)
    monkeypatch.setattr(tiff, "BAND_BYTES", 256 * layout.row_bytes)
    data = written(picture, layout)
    assert (fields(data)[322], fields(data)[323]) == ((256,), (16,))
    assert np.array_equal(decoded(data), picture)


@pytest.mark.parametrize("side", [(1, 1), (1, 7), (7, 1), (256, 256), (257, 1)])
def test_the_smallest_pictures_are_written_too(side):
    layout = Layout(*side, depth=16, transparent=True)
    picture = some_picture(layout)
    data = written(picture, layout, big_bytes=0)
    assert len(fields(data)[324]) == -(-side[0] // 256)
    assert np.array_equal(decoded(data), picture)


def test_padding_costs_little():
    layout = Layout(257, 257)
    data = written(np.full((257, 257, 3), [[[200, 100, 50]]], np.uint8), layout)
    assert len(data) < 4000  # 4 tiles of 196,608 bytes


def test_the_file_is_the_same_however_the_rows_come():
    layout = LAYOUTS[-1]
    picture = some_picture(layout)
    assert written(picture, layout, 64) == written(picture, layout, 7) == written(picture, layout, 1000)


def test_the_file_is_the_same_for_any_number_of_workers(monkeypatch):
    layout = Layout(700, 600)
    picture = some_picture(layout)
    files = []
    for count in (1, 2, 5):
        monkeypatch.setattr(parallel, "worker_count", lambda count=count: count)
        files.append(written(picture, layout))
    assert files[0] == files[1] == files[2]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_an_error_in_the_strips_comes_out_and_leaves_no_thread(error):
    layout = LAYOUTS[0]
    before = set(threading.enumerate())

    def strips():
        yield some_picture(layout)[:300]
        raise error

    with pytest.raises(type(error)) as caught:
        write_tiff(io.BytesIO(), strips(), layout)
    assert caught.value is error
    assert set(threading.enumerate()) == before


@pytest.mark.slow
def test_a_large_picture_needs_little_memory():
    layout = Layout(1000, 40_000)  # 120 MB
    tracemalloc.start()
    try:
        write_tiff(io.BytesIO(), (np.zeros((64, 1000, 3), np.uint8) for _ in range(625)), layout)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40e6  # HELD_BYTES, a row of tiles, and what up to eight workers hold


def test_offsets_have_64_bits_from_the_size_that_could_pass_4_gib():
    below, at = Layout(1_000_000, 166, 16, True), Layout(1_000_000, 500, 16, True)
    heads = []
    for layout in (below, at):
        file = io.BytesIO()
        write_tiff(file, iter([]), layout)  # no pixels: only what the sides decide
        heads.append(file.getvalue()[2])
    assert heads == [42, 43]
