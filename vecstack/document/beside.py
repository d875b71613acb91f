"""Assets in a folder that many layer files share, each in a file named by its sha256."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import dropwhile
from pathlib import Path, PurePath

from vecstack.atomic import atomic_writer
from vecstack.document.limits import MAX_ASSET_BYTES, check_size
from vecstack.errors import DocumentError, ExportError

FEATURE = "assets:beside"  # what a document with such an asset requires of its reader
SUFFIX = ".safetensors"
MAX_PARTS = 32  # of the path of a folder


def folder_beside(path: str | os.PathLike[str], folder: str | os.PathLike[str]) -> str:
    """A folder as a layer file at `path` names it: relative to the file's own. Raises ExportError where it cannot."""
    try:
        relative = os.path.relpath(os.path.realpath(folder), os.path.realpath(Path(path).parent))
    except ValueError as error:  # another drive
        raise ExportError(f"{folder} is on another drive than {path}; choose a folder near it for --assets.") from error
    text = PurePath(relative).as_posix()
    if not _is_beside(text):
        raise ExportError(f"{folder} is too far from {path}; choose a folder near it for --assets.")
    return text


def write_assets(assets: Mapping[str, bytes], folder: str | os.PathLike[str]) -> None:
    """Write the assets that are not in a folder yet, which is created when needed. Raises ExportError."""
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"{place}: cannot be created ({error.strerror}); choose another --assets.") from error
    for name, content in assets.items():
        path = place / f"{name}{SUFFIX}"
        if not _holds(path, content):
            with atomic_writer(path, overwrite=True) as file:  # another process may write the same bytes
                file.write(content)


def read_asset(name: str, folder: str, place: Path | None) -> bytes:
    """The bytes of an asset in a folder that a layer file names, which lies in the folder `place`; unchecked but for
    their number. Raises DocumentError where there are none, and OSError."""
    if not _is_beside(folder):
        raise DocumentError(f"assets.{name:.12}...: folder must be a path relative to the file, such as ../nets.")
    if place is None:
        raise DocumentError(f"asset {name:.12}... lies in {folder} beside the file; open the file by its path.")
    path = place / folder / f"{name}{SUFFIX}"
    if not path.is_file():
        raise DocumentError(f"asset {name:.12}... is not in {place / folder}; put that folder back beside the file.")
    check_size(path.stat().st_size, MAX_ASSET_BYTES, f"asset {name}")
    return path.read_bytes()


def _is_beside(folder: str) -> bool:
    """Whether a path is relative, with .. only before all other parts, on every system."""
    parts = folder.split("/")
    names = list(dropwhile(lambda part: part == "..", parts)) if folder != "." else []
    return len(parts) <= MAX_PARTS and not any(name in ("", ".", "..") or set(name) & set("\\:\0") for name in names)


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False
