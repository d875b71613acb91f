import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from vecstack.render import png
from vecstack.render.layout import Layout
from vecstack.render.png import filter_rows, write_png

LAYOUTS = [Layout(37, 53, depth, transparent) for depth in (8, 16) for transparent in (False, True)]


def some_picture(layout, seed=0):
    """Smooth slopes, flat parts and noise, so that every filter is some row's best."""
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


def test_the_file_is_the_same_however_the_rows_come(monkeypatch):
    layout = LAYOUTS[-1]
    picture = some_picture(layout)
    expected = written(picture, layout)
    monkeypatch.setattr(png, "GROUP_BYTES", 3 * layout.row_bytes)
    assert written(picture, layout, heights=(7, 1, 11)) == expected


@pytest.mark.parametrize("step", [3, 4, 6, 8])
def test_each_row_has_the_filter_of_least_cost(step):
    rng = np.random.default_rng(step)
    noise = rng.integers(0, 256, (4, 30 * step), dtype=np.uint8)
    pixel = rng.integers(0, 256, step, dtype=np.uint8)
    flat = np.tile(pixel, (2, 30))
    again = np.vstack([noise[-1], noise[-1]])
    slope = (np.arange(30)[None, :, None] * 5 + np.arange(4)[:, None, None] * 9 + pixel).astype(np.uint8).reshape(4, -1)
    rows = np.vstack([flat, noise, again, slope])
    filtered = filter_rows(rows, np.zeros(30 * step, np.uint8), step)
    assert filtered[:2, 0].tolist() == [1, 2]  # like the pixel to the left; then like the row above
    assert filtered[6:8, 0].tolist() == [2, 2]
    assert set(filtered[9:, 0]) <= {1, 2, 4}
    assert np.array_equal(unfiltered(filtered, step), rows)
    costs = np.abs(filtered[:, 1:].astype(np.int8).astype(int)).sum(1)
    assert (costs <= np.abs(rows.astype(np.int8).astype(int)).sum(1)).all()
