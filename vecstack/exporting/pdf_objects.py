"""The objects that a PDF is made of, and what draws curves and pictures in it."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence

import numpy as np

from vecstack.color import Color
from vecstack.exporting.xml import number, plain
from vecstack.geometry import Affine
from vecstack.kinds.base import Curve
from vecstack.kinds.gradient import Gradient
from vecstack.pictures.png import filter_rows

HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"  # bytes above 127 tell programs that the file is binary


class File:
    """The objects of a PDF, numbered in the order in which they are added."""

    def __init__(self) -> None:
        self.objects: list[bytes] = []

    def add(self, content: str | bytes) -> str:
        """Add an object and return its reference."""
        self.objects.append(content.encode("ascii") if isinstance(content, str) else content)
        return f"{len(self.objects)} 0 R"

    def add_stream(self, fields: str, data: bytes) -> str:
        """Add a stream of bytes, compressed, and return its reference."""
        packed = zlib.compress(data, 9)
        head = f"<< {fields} /Filter /FlateDecode /Length {len(packed)} >>\nstream\n"
        return self.add(head.encode("ascii") + packed + b"\nendstream")

    def encode(self, root: str, info: str) -> bytes:
        """The bytes of the file: header, objects, the table of their offsets, and the trailer."""
        data = bytearray(HEADER)
        places = []
        for index, content in enumerate(self.objects, start=1):
            places.append(len(data))
            data += b"%d 0 obj\n%b\nendobj\n" % (index, content)
        table = b"".join(b"%010d 00000 n \n" % place for place in places)
        name = hashlib.sha256(data).hexdigest()[:32]
        trailer = f"<< /Size {len(places) + 1} /Root {root} /Info {info} /ID [<{name}> <{name}>] >>"
        start = len(data)
        data += b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(places) + 1, table)
        data += b"trailer\n%b\nstartxref\n%d\n%%%%EOF\n" % (trailer.encode("ascii"), start)
        return bytes(data)


def text_of(text: str) -> str:
    """Text as a string in UTF-16, written in hexadecimal, where nothing needs escaping."""
    return f"<FEFF{plain(text).encode('utf-16-be').hex().upper()}>"


def name_of(reference: str) -> str:
    """The name of an object on the page: its number."""
    return f"/R{reference.split()[0]}"


def names_of(references: list[str]) -> str:
    """A dictionary from the objects' names on the page to their references."""
    return f"<< {' '.join(f'{name_of(reference)} {reference}' for reference in references)} >>"


def numbers_of(*values: float) -> str:
    return " ".join(number(value) for value in values)


def rounded(color: Sequence[float]) -> list[float]:
    """A colour rounded to 8 bits, as programs round other values differently."""
    return [int(value * 255 + 0.5) / 255 for value in color]


def filled(outline: Sequence[Curve], place: Affine, fill: Color | Gradient, painted: str | None) -> str:
    """The operators that fill closed curves, which `place` takes to where they are drawn, with a colour or, of a
    gradient, a pattern."""
    operators = [f"{numbers_of(*rounded(fill))} rg" if not isinstance(fill, Gradient) else ""]
    if painted is not None:
        operators = [f"/Pattern cs {name_of(painted)} scn"]
    for curve in outline:
        start, *rest = (numbers_of(*place.apply(*point)) for point in curve)
        operators.append(f"{start} m")
        operators += [f"{' '.join(rest[first : first + 3])} c" for first in range(0, len(rest), 3)]
        operators.append("h")
    return f"{' '.join(operators)} f"


def picture_object(file: File, values: np.ndarray, mask: str | None = None) -> str:
    """The reference of an 8-bit picture of values [H,W,C] in 0..1, C of 1 or 3, with the filters of PNG; `mask` is that
    of a picture of its coverage, if it has one."""
    height, width, channels = values.shape
    stored = (values * 255 + 0.5).astype(np.uint8).reshape(height, -1)
    space = "/DeviceGray" if channels == 1 else "/DeviceRGB"
    masked = "" if mask is None else f"/SMask {mask} "
    return file.add_stream(
        f"/Type /XObject /Subtype /Image {masked}/Width {width} /Height {height} /ColorSpace {space} "
        f"/BitsPerComponent 8 /Interpolate true /DecodeParms << /Predictor 15 /Colors {channels} /Columns {width} >>",
        filter_rows(np.concatenate([np.zeros_like(stored[:1]), stored]), channels).tobytes(),
    )
