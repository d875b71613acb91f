"""Write TIFF files row by row: any size in little memory."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from vecstack.pictures.decoding.exif import EXIF_FOLDER, GPS_FOLDER, INTEROP_FOLDER, TEXT_TAGS
from vecstack.pictures.layout import Layout
from vecstack.pictures.parallel import deflate_level, in_order, row_groups, threads

if TYPE_CHECKING:
    from vecstack.pictures.layout import Pixels, Strips

# Size of the pixels from which on offsets have 64 bits: 4 GiB less 7 % for tables and for what Deflate may add.
BIG_BYTES = 4_000_000_000
TILE_PX = 256  # width of a tile, and its height except in very wide pictures
LOW_TILE_PX = 16  # height of a tile in very wide pictures: the least that TIFF allows
BAND_BYTES = 1 << 28  # of pixels in a row of tiles, which is held in memory; above it a picture is very wide
ASCII, SHORT, LONG, RATIONAL, UNDEFINED, LONG8 = 2, 3, 4, 5, 7, 16  # field types
FORMATS = {ASCII: "B", SHORT: "H", LONG: "L", RATIONAL: "2L", LONG8: "Q"}  # codes of struct
Field = tuple[int, int, list[int]]  # tag, type, values (two for each RATIONAL)


def write_tiff(file: BinaryIO, strips: Strips, layout: Layout, *, big_bytes: int = BIG_BYTES) -> None:
    """Write a picture as TIFF 6.0 in tiles, with Deflate and horizontal differencing; as BigTIFF where its uncompressed
    pixels take `big_bytes` or more. The file must be empty and able to seek."""
    big = layout.row_bytes * layout.height >= big_bytes
    file.write(_header(big, 0))
    offsets, sizes = [], []
    with threads() as pool:
        for data in in_order(pool, _compress, _tiles(strips, layout)):
            offsets.append(file.tell())
            sizes.append(len(data))
            file.write(data)
    file.write(b"\0" * (-file.tell() % 8))  # the directory must be aligned to 2 bytes, in a BigTIFF to 8
    fields = _fields(layout, offsets, sizes, big)
    if layout.exif is not None and not big:
        told, folders = exif_fields(layout.exif, file.tell())
        file.write(folders + b"\0" * (-len(folders) % 8))
        fields = sorted(fields + told)
    start = file.tell()
    file.write(_directory(fields, start, big))
    file.seek(0)
    file.write(_header(big, start))


def exif_fields(exif: bytes, start: int) -> tuple[list[Field], bytes]:
    """What EXIF data tell in the directory of a TIFF (no BigTIFF), and the folders that it refers to, which are at byte
    `start` of the file."""
    from PIL import Image
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    tags = Image.Exif()
    tags.load(exif)
    fields: list[Field] = []
    for tag in TEXT_TAGS:
        if isinstance(tags.get(tag), str):
            fields.append((tag, ASCII, [*tags[tag].encode("utf-8", "replace"), 0]))
    folders = b""
    for tag in (EXIF_FOLDER, GPS_FOLDER):
        if inside := tags.get_ifd(tag):
            folder = ImageFileDirectory_v2(b"II*\0\x08\0\0\0")
            for name, value in inside.items():
                folder[name] = tags.get_ifd(INTEROP_FOLDER) if name == INTEROP_FOLDER else value
                if tag == EXIF_FOLDER and isinstance(value, bytes):
                    folder.tagtype[name] = UNDEFINED  # such as the camera's notes; Pillow takes them for numbers
            folders += b"\0" * (-len(folders) % 8)
            fields.append((tag, LONG, [start + len(folders)]))
            folders += folder.tobytes(start + len(folders))
    return fields, folders


def _header(big: bool, directory: int) -> bytes:
    """The header of a file: byte order, version, and the offset of the directory."""
    return struct.pack("<2s3HQ", b"II", 43, 8, 0, directory) if big else struct.pack("<2sHL", b"II", 42, directory)


def _tile_rows(layout: Layout) -> int:
    return TILE_PX if TILE_PX * layout.row_bytes < BAND_BYTES else LOW_TILE_PX


def _tiles(strips: Strips, layout: Layout) -> Iterator[Pixels]:
    """The picture in tiles [h,w,C], each a separate array; where a tile reaches beyond the picture, the last pixels are
    repeated."""
    height = _tile_rows(layout)
    for band in row_groups(strips, layout, height):
        for left in range(0, layout.width, TILE_PX):
            tile = band[:, left : left + TILE_PX]
            yield np.pad(tile, [(0, height - tile.shape[0]), (0, TILE_PX - tile.shape[1]), (0, 0)], mode="edge")


def _compress(tile: Pixels) -> bytes:
    differences = _differences(tile)
    return zlib.compress(differences.data, deflate_level(differences.view(np.uint8)))


def _differences(tile: Pixels) -> Pixels:
    """Each pixel minus the one to its left, little-endian (predictor 2)."""
    result = tile.astype(tile.dtype.newbyteorder("<"))
    result[:, 1:] -= tile[:, :-1]
    return result


def _fields(layout: Layout, offsets: list[int], sizes: list[int], big: bool) -> list[Field]:
    """The directory's fields, in ascending order of their tags."""
    place = LONG8 if big else LONG
    resolution = [1, 1] if layout.dpi is None else [round(layout.dpi * 1000), 1000]
    fields: list[Field] = [
        (256, LONG, [layout.width]),
        (257, LONG, [layout.height]),
        (258, SHORT, [layout.depth] * layout.channels),
        (259, SHORT, [8]),  # compression: Deflate
        (262, SHORT, [2]),  # colours: red, green, blue
        (277, SHORT, [layout.channels]),
        (282, RATIONAL, resolution),  # horizontal and vertical, which a baseline file must have,
        (283, RATIONAL, resolution),
        (284, SHORT, [1]),  # the channels of a pixel are stored together
        (296, SHORT, [1 if layout.dpi is None else 2]),  # and its unit: none, or an inch
        (317, SHORT, [2]),  # horizontal differencing
        (322, LONG, [TILE_PX]),
        (323, LONG, [_tile_rows(layout)]),
        (324, place, offsets),
        (325, place, sizes),
    ]
    if layout.transparent:
        fields.append((338, SHORT, [2]))  # the fourth channel: straight alpha
    return fields


def _directory(fields: list[Field], start: int, big: bool) -> bytes:
    """The directory, which starts at byte `start` of the file, followed by the values that do not fit inside it."""
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
