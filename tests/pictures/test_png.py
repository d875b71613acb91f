import io
import struct
import threading
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from vecstack.pictures import parallel, png
from vecstack.pictures.layout import Layout
from vecstack.pictures.png import Piece, filter_rows, joined_checksum, write_png

LAYOUTS = [Layout(37, 53, depth, transparent) for depth in (8, 16) for transparent in (False, True)]


def some_picture(layout, seed=0):
    """Smooth slopes, flat parts and noise."""
    rng = np.random.default_rng(seed)
    shape = (layout.height, layout.width, layout.channels)
    top = 2**layout.depth - 1
    down, across = np.mgrid[0 : layout.height, 0 : layout.width] / max(layout.height, layout.width)
    picture = np.stack([down, across, down * across, (down + across) / 2], 2)[..., : layout.channels] * top
    picture[: layout.height // 4] = rng.integers(0, top + 1, shape)[: layout.height // 4]
    picture[layout.height // 2 : layout.height // 2 + 5] = [[top, 0, top // 2, top][: layout.channels]]
    return picture.astype(layout.dtype)


def written(picture, layout, heights=(64,)):
    """The PNG of a picture that comes in strips of these heights, over and over."""
    file, top, parts = io.BytesIO(), 0, []
    while top < layout.height:
        height = heights[len(parts) % len(heights)]
        parts.append(picture[top : top + height])
        top += height
    write_png(file, iter(parts), layout)
    return file.getvalue()


def chunks(data):
    """The chunks (name, content) of a PNG, its checksums checked."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, result = 8, []
    while at < len(data):
        (length,), name = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
        content = data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0] == zlib.crc32(name + content)
        result.append((name, content))
        at += 12 + length
    return result


def unfiltered(filtered, step):
    """Rows from filtered rows [h,1+n], a byte at a time as the specification has it (clause 9.2)."""
    height, width = filtered.shape[0], filtered.shape[1] - 1
    rows = np.zeros((height + 1, width + step), int)  # zeros above and to the left
    for y in range(1, height + 1):
        for x in range(step, width + step):
            a, b, c = int(rows[y, x - step]), int(rows[y - 1, x]), int(rows[y - 1, x - step])
            guess = a + b - c
            paeth = min((a, b, c), key=lambda value: abs(guess - value))
            rows[y, x] = (int(filtered[y - 1, 1 + x - step]) + (0, a, b, (a + b) // 2, paeth)[filtered[y - 1, 0]]) % 256
    return rows[1:, step:].astype(np.uint8)


def decoded(data, layout):
    """The pixels of a PNG by an independent decoder."""
    content = zlib.decompress(b"".join(content for name, content in chunks(data) if name == b"IDAT"))
    filtered = np.frombuffer(content, np.uint8).reshape(layout.height, -1)
    rows = unfiltered(filtered, layout.channels * layout.depth // 8)
    pixels = rows.view(layout.dtype.newbyteorder(">"))
    return pixels.reshape(layout.height, layout.width, layout.channels)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_pixels_come_back_by_an_independent_decoder(layout):
    picture = some_picture(layout)
    assert np.array_equal(decoded(written(picture, layout), layout), picture)


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if layout.depth == 8], ids=str)
def test_pillow_reads_the_same_pixels(layout):
    picture = some_picture(layout)
    with Image.open(io.BytesIO(written(picture, layout))) as image:
        assert image.mode == ("RGBA" if layout.transparent else "RGB")
        assert image.info["srgb"] == 0
        assert np.array_equal(np.asarray(image), picture)


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if layout.depth == 16], ids=str)
def test_pillow_reads_the_high_bytes_of_16_bits(layout):
    picture = some_picture(layout)
    with Image.open(io.BytesIO(written(picture, layout))) as image:
        assert np.array_equal(np.asarray(image), picture >> 8)


@pytest.mark.parametrize("side", [(1, 1), (1, 7), (7, 1)])
def test_the_smallest_pictures_are_written_too(side):
    layout = Layout(*side, depth=16, transparent=True)
    picture = some_picture(layout)
    assert np.array_equal(decoded(written(picture, layout), layout), picture)


def test_the_chunks_are_in_order_and_bounded(monkeypatch):
    monkeypatch.setattr(png, "CHUNK_BYTES", 1000)
    layout = LAYOUTS[0]
    found = chunks(written(some_picture(layout), layout))
    names = [name for name, _ in found]
    assert names[:2] == [b"IHDR", b"sRGB"]
    assert names[-1] == b"IEND"
    assert set(names[2:-1]) == {b"IDAT"}
    assert found[0][1] == struct.pack(">IIBBBBB", 37, 53, 8, 2, 0, 0, 0)
    sizes = [len(content) for name, content in found if name == b"IDAT"]
    assert len(sizes) > 1
    assert sizes[:-1] == [1000] * (len(sizes) - 1)
    assert 0 < sizes[-1] <= 1000


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("rows_per_group", [1, 7, 52])
def test_pixels_of_many_groups_come_back(monkeypatch, layout, rows_per_group):
    monkeypatch.setattr(png, "GROUP_BYTES", rows_per_group * layout.row_bytes)
    picture = some_picture(layout)
    data = written(picture, layout)
    assert np.array_equal(decoded(data, layout), picture)
    with Image.open(io.BytesIO(data)) as image:
        assert np.array_equal(np.asarray(image), picture >> (layout.depth - 8))


@pytest.mark.parametrize("rows_per_group", [3, 1000])
def test_the_file_is_the_same_however_the_rows_come(monkeypatch, rows_per_group):
    layout = LAYOUTS[-1]
    monkeypatch.setattr(png, "GROUP_BYTES", rows_per_group * layout.row_bytes)
    picture = some_picture(layout)
    assert written(picture, layout, heights=(7, 1, 11)) == written(picture, layout)


def test_the_file_is_the_same_for_any_number_of_workers(monkeypatch):
    layout = Layout(153, 337)
    monkeypatch.setattr(png, "GROUP_BYTES", 10 * layout.row_bytes)
    picture = some_picture(layout)
    files = []
    for count in (1, 2, 5):
        monkeypatch.setattr(parallel, "worker_count", lambda count=count: count)
        files.append(written(picture, layout))
    assert files[0] == files[1] == files[2]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_an_error_in_the_strips_comes_out_and_leaves_no_thread(monkeypatch, error):
    layout = LAYOUTS[0]
    monkeypatch.setattr(png, "GROUP_BYTES", layout.row_bytes)
    before = set(threading.enumerate())

    def strips():
        yield some_picture(layout)[:40]
        raise error

    with pytest.raises(type(error)) as caught:
        write_png(io.BytesIO(), strips(), layout)
    assert caught.value is error
    assert set(threading.enumerate()) <= before


def test_a_failed_write_comes_out_and_leaves_no_thread(monkeypatch):
    layout = LAYOUTS[0]
    monkeypatch.setattr(png, "GROUP_BYTES", layout.row_bytes)
    monkeypatch.setattr(png, "CHUNK_BYTES", 100)
    before = set(threading.enumerate())

    class Full(io.BytesIO):
        def write(self, data):
            if self.tell() > 1000:
                raise OSError(28, "No space left on device")
            return super().write(data)

    with pytest.raises(OSError, match="No space left"):
        write_png(Full(), iter([some_picture(layout)]), layout)
    assert set(threading.enumerate()) <= before


@pytest.mark.slow
def test_a_large_picture_needs_little_memory():
    layout = Layout(1000, 40_000)  # 120 MB
    tracemalloc.start()
    try:
        write_png(io.BytesIO(), (np.zeros((64, 1000, 3), np.uint8) for _ in range(625)), layout)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60e6  # HELD_BYTES, and what up to eight workers hold


@pytest.mark.parametrize("split", [0, 1, 500, 70_000])
def test_checksums_join_as_the_bytes_do(split):
    data = np.random.default_rng(split).integers(200, 256, 70_000, dtype=np.uint8).tobytes()
    rest = Piece(b"", len(data) - split, zlib.adler32(data[split:]))
    assert joined_checksum(zlib.adler32(data[:split]), rest) == zlib.adler32(data)


@pytest.mark.parametrize("step", [3, 4, 6, 8])
def test_rows_have_the_filter_by_which_they_compress_best(step):
    rng = np.random.default_rng(step)
    falling = rng.integers(0, 256, 30 * step, dtype=np.uint8) + 9 * np.arange(20, dtype=np.uint8)[:, None]
    walks = rng.integers(0, 3, (20, 30, step)).cumsum(1) + rng.integers(0, 256, (20, 1, step))
    sideways = walks.astype(np.uint8).reshape(20, -1)
    for rows, number in ((falling, 2), (sideways, 4)):  # near the row above: Up; near the pixel to the left: Paeth
        filtered = filter_rows(np.vstack([np.zeros_like(rows[:1]), rows]), step)
        assert set(filtered[:, 0]) == {number}
        assert np.array_equal(unfiltered(filtered, step), rows)


@pytest.mark.parametrize("number", [2, 4])
@pytest.mark.parametrize("step", [3, 8])
def test_filters_come_back_wherever_their_blocks_end(monkeypatch, number, step):
    monkeypatch.setattr(png, "FILTERS", {number: png.FILTERS[number]})
    monkeypatch.setattr(png, "BLOCK_BYTES", 3 * 30 * step)
    rows = np.random.default_rng(step).integers(0, 256, (11, 30 * step), dtype=np.uint8)
    rows[0] = 0
    filtered = filter_rows(rows, step)
    assert set(filtered[:, 0]) == {number}
    assert np.array_equal(unfiltered(filtered, step), rows[1:])
