"""PNG files written as their rows come: any size in little memory, to any stream."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from vecstack.render.layout import Layout

if TYPE_CHECKING:
    from vecstack.render.layout import Pixels, Strips

Bytes = NDArray[np.uint8]

CHUNK_BYTES = 1 << 18  # of compressed pixels: few chunks, and a reader needs little memory for one
GROUP_BYTES = 1 << 18  # of rows filtered together: their candidates stay in the cache
COMPRESSION_LEVEL = 6


def write_png(file: BinaryIO, strips: Strips, layout: Layout) -> None:
    """Write a picture as PNG (W3C PNG Specification, third edition), marked as sRGB. Never seeks."""
    file.write(b"\x89PNG\r\n\x1a\n")
    color_type = 6 if layout.transparent else 2
    _write_chunk(file, b"IHDR", struct.pack(">IIBBBBB", layout.width, layout.height, layout.depth, color_type, 0, 0, 0))
    _write_chunk(file, b"sRGB", b"\0")
    _write_rows(file, strips, layout)
    _write_chunk(file, b"IEND", b"")


def _write_chunk(file: BinaryIO, name: bytes, data: bytes) -> None:
    file.write(struct.pack(">I", len(data)) + name)
    file.write(data)
    file.write(struct.pack(">I", zlib.crc32(data, zlib.crc32(name))))


def _write_rows(file: BinaryIO, strips: Strips, layout: Layout) -> None:
    """Write the pixels as IDAT chunks of at most CHUNK_BYTES."""
    compressor = zlib.compressobj(COMPRESSION_LEVEL)
    step = layout.channels * layout.depth // 8
    group_rows = max(1, GROUP_BYTES // layout.row_bytes)
    above = np.zeros(layout.row_bytes, np.uint8)
    pending = bytearray()
    for strip in strips:
        lines = _byte_rows(strip)
        for first in range(0, len(lines), group_rows):
            group = lines[first : first + group_rows]
            pending += compressor.compress(filter_rows(group, above, step).tobytes())
            above = group[-1]
            while len(pending) >= CHUNK_BYTES:
                _write_chunk(file, b"IDAT", bytes(pending[:CHUNK_BYTES]))
                del pending[:CHUNK_BYTES]
    pending += compressor.flush()
    for first in range(0, len(pending), CHUNK_BYTES):
        _write_chunk(file, b"IDAT", bytes(pending[first : first + CHUNK_BYTES]))


def _byte_rows(strip: Pixels) -> Bytes:
    """The rows as PNG stores them, the high byte first: [h,W,C] -> [h,W*C*bytes]."""
    big_endian = np.ascontiguousarray(strip, strip.dtype.newbyteorder(">"))
    return big_endian.view(np.uint8).reshape(len(strip), -1)


def filter_rows(rows: Bytes, above: Bytes, step: int) -> Bytes:
    """Rows behind the filter that suits each: rows [h,n], the row above them [n], bytes in a pixel -> [h,1+n].

    The one with the least sum of absolute values, as the specification suggests (12.7); Average is left out, which
    on pictures of smooth masks wins too seldom to be worth its time."""
    up = np.vstack([above, rows[:-1]])
    left, corner = _shifted(rows, step), _shifted(up, step)
    candidates = {0: rows, 1: rows - left, 2: rows - up, 4: rows - _paeth(left, up, corner)}
    costs = np.stack([np.minimum(values, -values).sum(1, dtype=np.int64) for values in candidates.values()])
    best = costs.argmin(0)
    filtered = np.empty((len(rows), 1 + rows.shape[1]), np.uint8)
    for index, (number, values) in enumerate(candidates.items()):
        filtered[best == index, 0] = number
        filtered[best == index, 1:] = values[best == index]
    return filtered


def _shifted(rows: Bytes, step: int) -> Bytes:
    """What is one pixel to the left, 0 where nothing is."""
    left = np.zeros_like(rows)
    left[:, step:] = rows[:, :-step]
    return left


def _paeth(left: Bytes, up: Bytes, corner: Bytes) -> Bytes:
    """Whichever of the three is nearest to left + up - corner, the first of them at a tie."""
    across = up.astype(np.int16) - corner
    down = left.astype(np.int16) - corner
    to_left, to_up, to_corner = np.abs(across), np.abs(down), np.abs(across + down)
    nearest = np.where(to_up <= to_corner, up, corner)
    return np.where((to_left <= to_up) & (to_left <= to_corner), left, nearest)
