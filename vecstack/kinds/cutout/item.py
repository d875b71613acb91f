"""Items as the bytes of an asset: shapes as compact JSON, or a picture as PNG."""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from vecstack.color import Color, check_color
from vecstack.errors import DocumentError
from vecstack.kinds.base import Curve, ItemShape
from vecstack.kinds.fields import converted, plain, short_number
from vecstack.kinds.gradient import Gradient
from vecstack.kinds.items import EXACT, bounds, fitted

FORMAT, VERSION = "vecstack-item", 1
MAX_ITEM_BYTES = 8 << 20  # of shapes: some 400,000 points
MAX_SHAPES = 4096  # of an item
MAX_POINTS = 100_000  # of all curves of an item
MAX_SIDE_PX = 4096  # of a picture
DECIMALS = 6  # of a place in the local frame: 0.05 px of an item that is drawn 100,000 px wide
COLOR_DECIMALS = 4
SLACK = 2 * EXACT + 10.0**-DECIMALS  # how far beyond the frame rounding may take a curve
KEPT_ITEMS, KEPT_BYTES = 512, 1 << 15  # items that are kept once they are read, and how large they may be

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {2: 3, 6: 4}  # of a type of colour
DAMAGED = "its picture is damaged; save or download the file again."


@dataclass(frozen=True)
class StoredShape:
    """A shape as an item's JSON has it: contours of six numbers a piece, a knot and two handles."""

    contours: tuple[tuple[float, ...], ...]
    color: Color | None = None
    gradient: Gradient | None = None
    opacity: float | None = None


@dataclass(frozen=True)
class Header:
    """The sides of a picture, in pixels."""

    width: int
    height: int


# Shapes


def item_bytes(shapes: Sequence[ItemShape]) -> bytes:
    """The asset of an item of shapes, which are fitted to its frame. Raises DocumentError."""
    data = json.dumps(
        {"format": FORMAT, "version": VERSION, "shapes": list(map(_stored, fitted(shapes)))},
        separators=(",", ":"),
        allow_nan=False,
    ).encode()
    shapes_of(data)  # so that whatever is written can be read
    return data


def _stored(shape: ItemShape) -> dict[str, object]:
    contours = [[_rounded(number) for point in curve[:-1] for number in point] for curve in shape.curves]
    result: dict[str, object] = {"contours": contours}
    if isinstance(shape.paint, Gradient):
        result["gradient"] = plain(shape.paint, Gradient)
    else:
        result["color"] = [_rounded(value, COLOR_DECIMALS) for value in shape.paint]
    if shape.opacity != 1:
        result["opacity"] = _rounded(shape.opacity, COLOR_DECIMALS)
    return result


def _rounded(value: float, decimals: int = DECIMALS) -> float | int:
    if not math.isfinite(value):
        raise DocumentError(f"an item's numbers must be finite, not {value}.")
    return short_number(round(value, decimals) + 0.0)  # + 0.0: no sign before a zero


def is_picture(data: bytes) -> bool:
    """Whether an item is a picture, and not shapes."""
    return data.startswith(SIGNATURE)


def shapes_of(data: bytes) -> tuple[ItemShape, ...]:
    """The shapes of an item, lowest first. Raises DocumentError for bytes that are none, or beyond a limit."""
    return _kept_shapes(data) if len(data) <= KEPT_BYTES else _read_shapes(data)


def _read_shapes(data: bytes) -> tuple[ItemShape, ...]:
    if len(data) > MAX_ITEM_BYTES:
        raise DocumentError(f"an item of shapes must have at most {MAX_ITEM_BYTES:,} bytes, not {len(data):,}.")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DocumentError("is neither a PNG nor the JSON of an item; make the item again.") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise DocumentError(f'is no item: its format must be "{FORMAT}".')
    if document.get("version") != VERSION:
        raise DocumentError(f"its version must be {VERSION}; install a newer vecstack.")
    listed = document.get("shapes")
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_SHAPES:
        raise DocumentError(f"shapes must be a list of 1 to {MAX_SHAPES:,} objects.")
    shapes = tuple(_shape(value, f"shapes[{index}]") for index, value in enumerate(listed))
    _check_places([curve for shape in shapes for curve in shape.curves])
    return shapes


_kept_shapes = lru_cache(KEPT_ITEMS)(_read_shapes)


def _shape(value: object, where: str) -> ItemShape:
    stored: StoredShape = converted(value, StoredShape, where)
    if not stored.contours or any(len(contour) % 6 or not contour for contour in stored.contours):
        raise DocumentError(f"{where}: each contour must have six numbers for each of its pieces.")
    opacity = 1.0 if stored.opacity is None else stored.opacity
    if not 0 <= opacity <= 1:
        raise DocumentError(f"{where}.opacity must be in 0..1, not {opacity:g}.")
    if stored.color is not None and stored.gradient is None:
        check_color(stored.color, f"{where}.color")
        return ItemShape(_curves(stored.contours), stored.color, opacity)
    if stored.gradient is None or stored.color is not None:
        raise DocumentError(f"{where} needs either a color or a gradient.")
    stored.gradient.check(f"{where}.gradient.")
    return ItemShape(_curves(stored.contours), stored.gradient, opacity)


def _curves(contours: Sequence[tuple[float, ...]]) -> tuple[Curve, ...]:
    return tuple((*zip(each[::2], each[1::2], strict=True), (each[0], each[1])) for each in contours)


def _check_places(curves: Sequence[Curve]) -> None:
    """Raise DocumentError unless curves are few enough, and within the local frame."""
    count, most = sum(map(len, curves)), 1 + SLACK
    if count > MAX_POINTS:
        raise DocumentError(f"an item must have at most {MAX_POINTS:,} points, not {count:,}.")
    if max(map(abs, chain.from_iterable(chain.from_iterable(curves)))) <= most:
        return
    box = bounds(curves)
    if min(box.x, box.y) < -most or max(box.x + box.width, box.y + box.height) > most:
        raise DocumentError("an item's curves must lie within its frame, -1 to 1.")


# Pictures


def header_of(data: bytes) -> Header:
    """The sides of an item that is a picture, whose chunks are all there and undamaged. Raises DocumentError, for
    pictures beyond a limit or of another format too."""
    chunks = list(_chunks(data))
    names = [name for name, _ in chunks]
    if names[:1] != [b"IHDR"] or len(chunks[0][1]) != 13 or b"IDAT" not in names or names[-1] != b"IEND":
        raise DocumentError(DAMAGED)
    width, height, depth, color_type = struct.unpack_from(">IIBB", chunks[0][1])
    if not 1 <= min(width, height) <= max(width, height) <= MAX_SIDE_PX:
        raise DocumentError(f"its sides must be 1 to {MAX_SIDE_PX:,} px, not {width:,} x {height:,}.")
    if depth != 8 or color_type not in CHANNELS:
        raise DocumentError("its picture must be a PNG of 8 bits, red, green, blue and, where it has one, alpha.")
    return Header(width, height)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The names and the data of a PNG's chunks, up to its end. Raises DocumentError where one is damaged."""
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        if data[at + 8 + length : at + 12 + length] != struct.pack(">I", zlib.crc32(body, zlib.crc32(name))):
            raise DocumentError(DAMAGED)
        yield name, body
        if name == b"IEND":
            return
        at += 12 + length
