"""The XML of a drawing as a tree, read with limits: entities and scripts are refused, nothing is fetched."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from pathlib import Path
from typing import BinaryIO
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers.expat import ExpatError, ParserCreate

from vecstack.errors import PictureError

SVG = "{http://www.w3.org/2000/svg}"
MAX_BYTES = 16 << 20  # of a drawing: far above drawings for screens, and a few seconds of work
MAX_ELEMENTS = 100_000
MAX_LEVELS = 100  # of elements within one another: each takes a few calls of Python
CHUNK_BYTES = 1 << 20  # at once: of a text that goes on beyond, all is read again with each
PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*", b"II+\0")  # how they start
GZIP = b"\x1f\x8b"


def read_bytes(source: str | os.PathLike[str] | BinaryIO) -> bytes:
    """The bytes of a file or a binary stream, unpacked where they are compressed (.svgz). Raises PictureError."""
    try:
        if isinstance(source, str | os.PathLike):
            with Path(source).open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        else:
            data = source.read(MAX_BYTES + 1)
        if data.startswith(GZIP):
            data = gzip.GzipFile(fileobj=io.BytesIO(data)).read(MAX_BYTES + 1)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise PictureError(f"cannot be read ({reason}); check the path.") from error
    if len(data) > MAX_BYTES:
        raise PictureError(f"more than {MAX_BYTES:,} bytes; leave something out.")
    return data


def parse(data: bytes) -> Element:
    """The root of an SVG, its elements and attributes named as ElementTree does. Raises PictureError."""
    if data.startswith(PICTURES):
        raise PictureError("a picture, not a drawing; turn it into layers with `vecstack decompose`.")
    if data.startswith(b"PK") or b'"vecstack-layers"' in data[:1024]:
        raise PictureError("a layer file, not a drawing; it can be drawn and edited as it is.")
    reader = _Reader()
    try:
        for start in range(0, len(data), CHUNK_BYTES):
            reader.expat.Parse(data[start : start + CHUNK_BYTES], False)
        reader.expat.Parse(b"", True)
    except (ExpatError, ValueError, LookupError) as error:
        raise PictureError(f"not well-formed XML ({error}); save it as SVG again.") from error
    root = reader.builder.close()
    if root.tag.removeprefix(SVG) != "svg":
        raise PictureError("XML, but not SVG; name a drawing that is one.")
    return root


class _Reader:
    """Builds the tree, and stops at what is refused."""

    def __init__(self) -> None:
        self.builder = TreeBuilder()
        self.expat = ParserCreate(namespace_separator="}")
        self.expat.buffer_text = True
        self.expat.StartElementHandler = self._start
        self.expat.EndElementHandler = self._end
        self.expat.CharacterDataHandler = self.builder.data
        self.expat.EntityDeclHandler = self._refuse_entity
        self.expat.ProcessingInstructionHandler = self._check_instruction
        self._level = self._count = 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._level += 1
        self._count += 1
        if self._level > MAX_LEVELS:
            raise PictureError(f"elements within one another on more than {MAX_LEVELS} levels; ungroup some.")
        if self._count > MAX_ELEMENTS:
            raise PictureError(f"more than {MAX_ELEMENTS:,} elements; leave some out.")
        tag = _braced(name)
        if tag.removeprefix(SVG) == "script":
            raise PictureError("has a script, which may change what is drawn; take it out.")
        self.builder.start(tag, {_braced(key): value for key, value in attributes.items()})

    def _end(self, name: str) -> None:
        self._level -= 1
        self.builder.end(_braced(name))

    def _refuse_entity(self, *_: object) -> None:
        raise PictureError("declares entities, which can blow up when they are read; save it without a DOCTYPE.")

    def _check_instruction(self, target: str, _: str) -> None:
        if target == "xml-stylesheet":
            raise PictureError("refers to a stylesheet elsewhere; put it into a style element.")


def _braced(name: str) -> str:
    return "{" + name if "}" in name else name
