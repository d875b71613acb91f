"""The zip of a layer file: its members, read with every limit checked, and written the same each time."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Mapping

from vecstack.document.limits import (
    MAX_ASSET_BYTES,
    MAX_DOCUMENT_BYTES,
    MAX_FILE_BYTES,
    MAX_MEMBERS,
    MAX_MIMETYPE_BYTES,
    MAX_THUMBNAIL_BYTES,
    MAX_THUMBNAIL_PX,
    check_size,
)
from vecstack.errors import DocumentError

DOCUMENT, MIMETYPE, THUMBNAIL = "document.json", "mimetype", "Thumbnails/thumbnail.png"
MEDIA_TYPE = b"application/vnd.vecstack.layers+zip"
_ASSET_MEMBER = re.compile(r"assets/[0-9a-f]{64}\.safetensors")
_UNSAFE_MEMBER = re.compile(r"[\\/]|[A-Za-z]:|(.*[\\/])?\.\.([\\/]|$)|.*\x00", re.DOTALL)
_CENTRAL_ENTRY = b"PK\x01\x02"  # starts each member's entry in a zip's central directory


def unzip(data: bytes) -> tuple[dict[str, bytes], list[str]]:
    """The members that the format defines, by name, and the names of any others. Raises DocumentError, and the
    exceptions of zipfile for a damaged zip."""
    _check_member_count(data.count(_CENTRAL_ENTRY))  # before zipfile creates an object for each
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        listed = archive.infolist()
        _check_members(listed)
        members = {info.filename: _read_member(archive, info) for info in listed if _member_limit(info.filename)}
    if members.get(MIMETYPE, MEDIA_TYPE).strip() != MEDIA_TYPE:
        raise DocumentError(f"is a zip of another format ({members[MIMETYPE]!r:.60}), not {MEDIA_TYPE.decode()}.")
    if DOCUMENT not in members:
        raise DocumentError(f"the zip has no {DOCUMENT}; pass a file that vecstack wrote.")
    if THUMBNAIL in members:
        _check_thumbnail(members[THUMBNAIL])
    return members, sorted(info.filename for info in listed if info.filename not in members)


def _member_limit(name: str) -> int:
    """The largest unpacked size of a member of that name, in bytes; 0 for a member that the format does not define."""
    limits = {
        DOCUMENT: MAX_DOCUMENT_BYTES,
        MIMETYPE: MAX_MIMETYPE_BYTES,
        THUMBNAIL: MAX_THUMBNAIL_BYTES,
    }
    return limits.get(name, MAX_ASSET_BYTES if _ASSET_MEMBER.fullmatch(name) else 0)


def _check_member_count(count: int) -> None:
    if count > MAX_MEMBERS:
        raise DocumentError(f"the zip has {count:,} members, at most {MAX_MEMBERS:,} are allowed.")


def _check_members(listed: list[zipfile.ZipInfo]) -> None:
    """Raise DocumentError unless every member, known or not, is safe to unpack. zipfile never unpacks more of a member
    than the size in its entry, so the sizes in the entries bound the work."""
    _check_member_count(len(listed))
    check_size(sum(info.file_size for info in listed), MAX_FILE_BYTES, "the zip, unpacked,")
    seen: set[str] = set()
    for info in listed:
        where = f"zip member {info.orig_filename!r:.80}"
        if info.filename in seen:
            raise DocumentError(f"{where} occurs twice; names must be unique.")
        seen.add(info.filename)
        if _UNSAFE_MEMBER.match(info.orig_filename):
            raise DocumentError(f"{where}: names must be relative and stay within the zip.")
        if info.flag_bits & 0x1:
            raise DocumentError(f"{where} is encrypted; save the file without a password.")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DocumentError(
                f"{where} is compressed by method {info.compress_type}; only store and deflate are allowed."
            )


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    limit = _member_limit(info.filename)
    check_size(info.file_size, limit, f"zip member {info.filename}")
    with archive.open(info) as file:
        return file.read(limit + 1)


def zip_members(members: Mapping[str, bytes]) -> bytes:
    """A zip with the mimetype first, stored, and the other members sorted and deflated; without dates or anything else
    of the machine, so that equal members give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in (MIMETYPE, *sorted(members)):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system = 3  # Unix, on every system
            info.external_attr = 0o100644 << 16
            if name == MIMETYPE:
                archive.writestr(info, MEDIA_TYPE, zipfile.ZIP_STORED)
            else:
                archive.writestr(info, members[name], zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def _check_thumbnail(data: bytes) -> None:
    """Raise DocumentError unless the bytes start like a PNG of an allowed size."""
    if data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR":
        raise DocumentError("the thumbnail is not a PNG.")
    width, height = struct.unpack(">II", data[16:24])
    if not (1 <= width <= MAX_THUMBNAIL_PX and 1 <= height <= MAX_THUMBNAIL_PX):
        raise DocumentError(f"the thumbnail is {width} x {height} px, at most {MAX_THUMBNAIL_PX} px are allowed.")
