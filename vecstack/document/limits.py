"""What a layer file may hold: far past any document seen, and little enough that a hostile one does no harm."""

from __future__ import annotations

from vecstack.errors import DocumentError

MAX_FILE_BYTES = 256 << 20  # the file itself, and the sum of its members unpacked
MAX_DOCUMENT_BYTES = 32 << 20  # document.json, or a bare JSON document with its assets
MAX_ASSET_BYTES = 64 << 20
MAX_THUMBNAIL_BYTES = 1 << 20
MAX_MIMETYPE_BYTES = 256
MAX_MEMBERS = 4096
MAX_NESTING = 64  # objects and lists within one another
MAX_THUMBNAIL_PX = 256


def check_size(size_bytes: int, limit_bytes: int, what: str) -> None:
    """Raise DocumentError, naming what it is, for more bytes than a limit."""
    if size_bytes > limit_bytes:
        raise DocumentError(f"{what} is larger than the {limit_bytes:,} bytes that the format allows.")
