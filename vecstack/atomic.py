"""Atomic outputs: files and folders that are written beside their place and moved there in one step, or not at all."""

from __future__ import annotations

import ctypes
import errno
import os
import secrets
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import BinaryIO

from vecstack.errors import ExportError, OutputExistsError

LIST = "layers.json"  # the file of a written folder that lists the others, and shows that vecstack wrote the folder

_REMEDIES = {
    errno.ENOSPC: "free some space or choose another folder",
    errno.EDQUOT: "free some space or choose another folder",
    errno.EFBIG: "choose a smaller size or another folder",
    errno.EACCES: "choose a folder that you may write to",
    errno.EPERM: "choose a folder that you may write to",
    errno.EROFS: "choose a folder that you may write to",
    errno.ENAMETOOLONG: "choose a shorter name",
}
_THIS_FOLDER, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux

_writer: ContextVar[str] = ContextVar("writer", default="")  # who writes, in the names of half-written files


@contextmanager
def written_by(name: str) -> Iterator[None]:
    """Within the block, half-written files bear a name, so that `partials_of` finds what was left of them where the
    process is killed."""
    token = _writer.set(f"{name}-")
    try:
        yield
    finally:
        _writer.reset(token)


def partials_of(name: str, path: str | os.PathLike[str]) -> list[Path]:
    """What the writer of a name, or of one that begins with it and a hyphen, has left half-written beside a path."""
    return list(Path(os.path.realpath(path)).parent.glob(f".vecstack-{name}-*.partial"))


@contextmanager
def atomic_writer(path: str | os.PathLike[str], *, overwrite: bool) -> Iterator[BinaryIO]:
    """A buffered binary file that appears at `path` when the block ends, and not at all if the block raises. Raises
    ExportError: `path` exists and `overwrite` is false (even if it was created meanwhile), is a folder or a device, its
    folder is missing, or writing failed, which any OSError of the block is taken to mean. A link is followed: its
    target is replaced."""
    place = Path(path)
    target = Path(os.path.realpath(place))
    partial = _beside(target, "partial")
    check_writable(place, overwrite=overwrite)
    try:
        try:
            with partial.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            _publish(partial, target, overwrite)
        finally:
            partial.unlink(missing_ok=True)
    except FileExistsError as error:
        raise _exists(place) from error
    except OSError as error:
        raise _unwritable(place, error) from error


def check_writable(path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Raise ExportError where `atomic_writer` would refuse `path`: to be called before the work is done."""
    try:
        _refuse(Path(path), overwrite)
    except OSError as error:
        raise _unwritable(Path(path), error) from error


def write_folder(path: str | os.PathLike[str], files: Iterable[tuple[str, bytes]], *, overwrite: bool) -> None:
    """Write a folder of files (names and contents; one of them is LIST) that appears when all are written. With
    `overwrite` an existing folder is replaced as a whole, in one step where the system has one, unless it contains
    anything that was not exported. Where a process is killed between two steps, the older folder is left under a name
    that begins with its own. Raises ExportError: `path` exists and may not be replaced, its parent folder is missing,
    or writing failed."""
    place = Path(path)
    target = Path(os.path.realpath(place))
    partial, old = _beside(target, "partial"), target.with_name(f"{target.name}.old-{secrets.token_hex(4)}")
    check_folder(place, overwrite=overwrite)
    try:
        try:
            partial.mkdir()
            for name, data in files:
                _write_whole(partial / name, data)
            if target.exists():
                check_folder(place, overwrite=overwrite)
                if _exchange(partial, target):
                    return
                target.rename(old)
            partial.rename(target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
            if old.exists() and not target.exists():
                old.rename(target)
            shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise _unwritable(place, error) from error


def check_folder(path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Raise ExportError where `write_folder` would refuse `path`: to be called before the work is done."""
    place = Path(path)
    try:
        if not os.path.lexists(place):
            if not Path(os.path.realpath(place)).parent.is_dir():
                raise ExportError(f"cannot write {place}: there is no folder {place.parent}; create it first.")
            return
        if not place.is_dir():
            raise ExportError(f"{place} is a file, but a folder is needed; choose another name.")
        inside = list(place.iterdir())
        if not overwrite and inside:
            raise _exists(place)
        suffixes = {Path(LIST).suffix, ".png"}
        if inside and not ((place / LIST).is_file() and all(_is_plain(entry, suffixes) for entry in inside)):
            raise ExportError(f"{place} contains files that were not exported; choose another name, or clear it.")
    except OSError as error:
        raise _unwritable(place, error) from error


def _write_whole(path: Path, data: bytes) -> None:
    """Write a new file, and see to it that it is on the disk."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _exchange(one: Path, other: Path) -> bool:
    """Whether two folders have taken each other's names, in one step; not where the system or the disk has none."""
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    names = os.fsencode(one), os.fsencode(other)
    return rename is not None and rename(_THIS_FOLDER, names[0], _THIS_FOLDER, names[1], _EXCHANGE) == 0


def _beside(target: Path, end: str) -> Path:
    """A path beside another that nothing has, with that ending."""
    return target.with_name(f".vecstack-{_writer.get()}{secrets.token_hex(8)}.{end}")


def _is_plain(entry: Path, suffixes: set[str]) -> bool:
    return entry.is_file() and not entry.is_symlink() and entry.suffix in suffixes


def _refuse(place: Path, overwrite: bool) -> None:
    """Raise ExportError where a file at `place` cannot or must not be written."""
    if place.is_dir():
        raise ExportError(f"{place} is a folder; name a file in it.")
    if place.exists() and not place.is_file():
        raise ExportError(f"{place} is not a regular file; choose another name.")
    if not overwrite and os.path.lexists(place):
        raise _exists(place)
    if not Path(os.path.realpath(place)).parent.is_dir():
        raise ExportError(f"cannot write {place}: there is no folder {place.parent}; create it first.")


def _publish(partial: Path, target: Path, overwrite: bool) -> None:
    """Give the finished file its name. Raises FileExistsError where `overwrite` is false and another file has taken it
    meanwhile."""
    if not overwrite:
        try:
            os.link(partial, target)  # unlike a rename, it never replaces what is there
            return
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            if os.path.lexists(target):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
    partial.replace(target)


def _exists(place: Path) -> OutputExistsError:
    return OutputExistsError(f"{place} exists; use `overwrite=True` to replace it, or choose another name.")


def _unwritable(place: Path, error: OSError) -> ExportError:
    remedy = _REMEDIES.get(error.errno or 0, "choose another folder")
    return ExportError(f"cannot write {place}: {error.strerror or error}; {remedy}.")
