"""TIFF files written as their rows come: any size in little memory."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from vecstack.render.layout import Layout

if TYPE_CHECKING:
    from vecstack.render.layout import Pixels, Strips

# Bytes of pixels from which on offsets have 64 bits: 4 GiB less 7 % for the tables and for what Deflate may add.
BIG_BYTES = 4_000_000_000
STRIP_BYTES = 1 << 20  # of pixels at most, so that a reader needs little memory for a strip
COMPRESSION_LEVEL = 6

SHORT, LONG, RATIONAL, LONG8 = 3, 4, 5, 16  # field types
FORMATS = {SHORT: "H", LONG: "L", RATIONAL: "2L", LONG8: "Q"}

Field = tuple[int, int, list[int]]  # tag, type, values (two for each RATIONAL)


def write_tiff(file: BinaryIO, strips: Strips, layout: Layout, *, big_bytes: int = BIG_BYTES) -> None:
    """Write a picture as TIFF 6.0 with Deflate and horizontal differencing; as BigTIFF where its pixels, not
    compressed, take `big_bytes` or more. The file must be empty and must be able to seek."""
    big = layout.row_bytes * layout.height >= big_bytes
    file.write(_header(big, 0))
    rows_per_strip = _rows_per_strip(layout)
    offsets, sizes = [], []
    for part in _split(strips, rows_per_strip):
        data = zlib.compress(_differences(part).tobytes(), COMPRESSION_LEVEL)
        offsets.append(file.tell())
        sizes.append(len(data))
        file.write(data)
    file.write(b"\0" * (-file.tell() % 8))  # the directory must lie on a word, or on 8 bytes in a BigTIFF
    start = file.tell()
    file.write(_directory(_fields(layout, rows_per_strip, offsets, sizes, big), start, big))
    file.seek(0)
    file.write(_header(big, start))


def _header(big: bool, directory: int) -> bytes:
    """What a file begins with: byte order, version and where the directory is."""
    return struct.pack("<2s3HQ", b"II", 43, 8, 0, directory) if big else struct.pack("<2sHL", b"II", 42, directory)


def _rows_per_strip(layout: Layout) -> int:
    """A power of two up to 64, so that drawn strips (multiples of 64 rows) split without a rest."""
    count = 64
    while count > 1 and count * layout.row_bytes > STRIP_BYTES:
        count //= 2
    return count


def _split(strips: Strips, row_count: int) -> Iterator[Pixels]:
    for strip in strips:
        for first in range(0, len(strip), row_count):
            yield strip[first : first + row_count]


def _differences(strip: Pixels) -> Pixels:
    """Each pixel less the one to its left, little-endian (predictor 2)."""
    result = strip.astype(strip.dtype.newbyteorder("<"))
    result[:, 1:] -= strip[:, :-1]
    return result


def _fields(layout: Layout, rows_per_strip: int, offsets: list[int], sizes: list[int], big: bool) -> list[Field]:
    """The directory's fields, by rising tag."""
    place = LONG8 if big else LONG
    fields: list[Field] = [
        (256, LONG, [layout.width]),
        (257, LONG, [layout.height]),
        (258, SHORT, [layout.depth] * layout.channels),
        (259, SHORT, [8]),  # compression: Deflate
        (262, SHORT, [2]),  # colours: red, green, blue
        (273, place, offsets),
        (277, SHORT, [layout.channels]),
        (278, LONG, [rows_per_strip]),
        (279, place, sizes),
        (282, RATIONAL, [1, 1]),  # horizontal and vertical resolution, which a baseline file must have,
        (283, RATIONAL, [1, 1]),
        (284, SHORT, [1]),  # a pixel's channels lie together
        (296, SHORT, [1]),  # and their unit: none
        (317, SHORT, [2]),  # horizontal differencing
    ]
    if layout.transparent:
        fields.append((338, SHORT, [2]))  # the fourth channel: straight alpha
    return fields


def _directory(fields: list[Field], start: int, big: bool) -> bytes:
    """The directory that begins at byte `start` of the file, and behind it the values that do not fit inside."""
    count, word, room = ("Q", "Q", 8) if big else ("H", "L", 4)
    entry = struct.Struct(f"<HH{word}")
    values_at = start + struct.calcsize(f"<{count}{word}") + len(fields) * (entry.size + room)
    table, values = struct.pack(f"<{count}", len(fields)), b""
    for tag, kind, numbers in fields:
        code = FORMATS[kind]
        number_count = len(numbers) // len(code)
        data = struct.pack(f"<{len(numbers)}{code[-1]}", *numbers)
        table += entry.pack(tag, kind, number_count)
        if len(data) <= room:
            table += data.ljust(room, b"\0")
        else:
            table += struct.pack(f"<{word}", values_at + len(values))
            values += data.ljust(-(-len(data) // 8) * 8, b"\0")
    return table + struct.pack(f"<{word}", 0) + values
