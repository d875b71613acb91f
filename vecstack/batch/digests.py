"""What files hold, as sha256."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from vecstack.batch.places import fetched, place
from vecstack.errors import PictureError

BLOCK = 1 << 20  # bytes that are read at once


def digest(path: str | os.PathLike[str]) -> str:
    """The sha256 of a file in hex, or of a folder's files with their names. Raises PictureError where it cannot be
    read."""
    with fetched(os.fspath(path)) as near:
        total = hashlib.sha256()
        try:
            _add_all(Path(near), total)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise PictureError(f"{path}: cannot be read ({reason}); check the name.") from error
        return total.hexdigest()


def digest_if_any(path: str) -> str:
    """The same; "" where it is not there or cannot be read."""
    try:
        return digest(path)
    except PictureError:
        return ""


def size_of(path: str) -> int:
    """The bytes of a file, or of a folder's files; 0 where it is not there."""
    there = place(path)
    files = (entry for entry in there.rglob("*") if entry.is_file()) if there.is_dir() else (there,)
    return sum(file.stat().st_size for file in files if file.exists())


def fingerprint(options: Mapping[str, object]) -> str:
    """The sha256 of options by name, with what is in the files that they name."""
    known = {name: _told(value) for name, value in sorted(options.items())}
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def _told(value: object) -> object:
    """An option as JSON: a file, or one behind a colon, with its sha256."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    for path in (text, text.partition(":")[2]):
        if path and os.path.isfile(path):  # noqa: PTH113 - a name may be no path at all
            return [text, digest(path)]
    return text


def _add_all(path: Path, total: hashlib._Hash) -> None:
    """Add a file, or the files of a folder with their names."""
    if not path.is_dir():
        _add(path, total)
        return
    for entry in sorted(path.rglob("*")):
        if entry.is_file():
            total.update(entry.relative_to(path).as_posix().encode("utf-8", "surrogateescape") + b"\0")
            _add(entry, total)


def _add(path: Path, total: hashlib._Hash) -> None:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            total.update(block)
