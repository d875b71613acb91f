"""Limits of a layer file: far above any document seen, and low enough that a hostile one does no harm."""

from __future__ import annotations

from vecstack.errors import DocumentError

MAX_FILE_BYTES = 256 << 20  # of the file itself, and of all its members unpacked
MAX_DOCUMENT_BYTES = 32 << 20  # of document.json, or of a bare JSON document with its assets
MAX_ASSET_BYTES = 64 << 20
MAX_THUMBNAIL_BYTES = 1 << 20
MAX_MIMETYPE_BYTES = 256
MAX_MEMBERS = 4096
MAX_NESTING = 64  # levels of objects and lists within one another
MAX_THUMBNAIL_PX = 256  # a side


def check_size(size_bytes: int, limit_bytes: int, what: str) -> None:
    """Raise DocumentError where `size_bytes` is above the limit; its message begins with `what`."""
    if size_bytes > limit_bytes:
        raise DocumentError(f"{what} is larger than the {limit_bytes:,} bytes that the format allows.")
