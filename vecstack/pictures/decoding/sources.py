"""What a caller names as a picture: what messages call it, and its bytes."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from vecstack.errors import PictureError, on_one_line

MAX_BYTES = 2**31  # of a file or stream: 200 megapixels with four channels of 16 bits, uncompressed, are 1.6 GB
CHUNK_BYTES = 2**20  # read at a time: bounds what is allocated before the limit is checked


def name_of(source: object) -> str:
    """The name of the source in messages: its path, "standard input" or "picture", without line breaks."""
    if isinstance(source, str | os.PathLike):
        name: object = os.fsdecode(source)
    else:
        name = getattr(source, "filename", None) or getattr(source, "name", None)
    if not isinstance(name, str) or not name:
        return "picture"
    if name == "<stdin>":
        return "standard input"
    return on_one_line(name)


def read_bytes(source: object) -> bytes:
    """The bytes of a path or a binary stream, or the bytes given. Raises PictureError, OSError."""
    if isinstance(source, bytes):
        data = source
    elif isinstance(source, str | os.PathLike):
        data = _read_file(Path(os.fsdecode(source)))
    elif hasattr(source, "read"):
        data = _read_stream(source)
    else:
        raise PictureError(
            f"cannot read a picture from a {type(source).__name__}; pass a path, bytes, a binary stream or an array."
        )
    if not data:
        raise PictureError("empty; save it again.")
    return data


def _read_file(path: Path) -> bytes:
    """The bytes of a regular file; anything else could block or never end. Raises PictureError, OSError."""
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise PictureError("a folder, not a picture; name a file in it.")
    if not stat.S_ISREG(status.st_mode):
        raise PictureError("not a regular file; read a pipe as standard input.")
    if status.st_size > MAX_BYTES:
        raise PictureError(f"{status.st_size:,} bytes, at most {MAX_BYTES:,}; scale it down first.")
    with path.open("rb") as file:
        return _read_stream(file)


def _read_stream(stream: Any) -> bytes:
    """All bytes of a binary stream. Raises PictureError: a text stream, more than MAX_BYTES."""
    chunks, count = [], 0
    while chunk := stream.read(CHUNK_BYTES):
        if not isinstance(chunk, bytes):
            raise PictureError(f"the stream returns {type(chunk).__name__}, not bytes; open it in binary mode.")
        chunks.append(chunk)
        count += len(chunk)
        if count > MAX_BYTES:
            raise PictureError(f"more than {MAX_BYTES:,} bytes; scale it down first.")
    return b"".join(chunks)
