"""Places of files by name: paths of this machine, and URLs of stores such as s3://bucket/photos, which fsspec opens.

What a run does with a name goes through here, so that both are used in one way. A store has no locks and no files that
grow, and what lies there is looked at over a network; so a run looks once what is there, works on files of this machine
in any case, and puts what it has made into its place whole."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from vecstack.errors import ExportError, PictureError, UsageError, VecstackError
from vecstack.extras import install

URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def is_url(text: str) -> bool:
    """Whether a name is one of a store."""
    return URL.match(text) is not None


def plain(text: str) -> str:
    """The name of a file of this machine without file:// before it; any other as it is."""
    return text.removeprefix("file://") if text.startswith("file:///") else text


def place(text: str | os.PathLike[str]) -> Path:
    """The path of a name: one of this machine, or one of a store, which answers to the same methods. Raises UsageError:
    no such kind of store, or the package that opens it is missing."""
    if not is_url(name := plain(str(text))):
        return Path(name)
    if "::" in name:
        raise UsageError(f"{name}: one store within another is not read; name a folder or a file.")
    try:
        from upath import UPath

        found = UPath(name)
        _ = found.fs  # which imports what opens it
    except ImportError as error:
        raise UsageError(f"{name}: its store needs a package ({error}). For S3: {install('stores')}") from error
    except ValueError as error:
        raise UsageError(f"{name}: no such kind of store ({error}); use s3://, or mount it.") from error
    return cast(Path, found)


def is_folder(text: str) -> bool:
    """Whether there is a folder of that name. Raises ExportError for a store that does not answer, and else never."""
    with reaching(text, ExportError):
        return place(text).is_dir() if is_url(text) else os.path.isdir(text)  # noqa: PTH112


def is_file(text: str) -> bool:
    """Whether there is a file of that name. Raises ExportError for a store that does not answer, and else never."""
    with reaching(text, ExportError):
        return place(text).is_file() if is_url(text) else os.path.isfile(text)  # noqa: PTH113


def exists(text: str) -> bool:
    """Whether there is anything of that name, a link to nothing included. Raises ExportError for a store that does not
    answer, and else never."""
    with reaching(text, ExportError):
        return place(text).exists() if is_url(text) else os.path.lexists(text)


def joined(folder: str, inside: str) -> str:
    """The name of what lies inside a folder, at a path with slashes."""
    if is_url(folder):
        return f"{folder.rstrip('/')}/{inside}"
    return inside if folder == os.curdir else os.path.join(folder, inside)  # noqa: PTH118 - texts: there may be millions


def beside(text: str, name: str) -> str:
    """The name of what is called `name` in the folder of a file."""
    return f"{text.rpartition('/')[0]}/{name}" if is_url(text) else str(Path(text).with_name(name))


def files_below(folder: str) -> dict[str, int]:
    """The files in and below a folder of a store, each by its path in it, in order, and their bytes. Raises what its
    store raises."""
    start: Any = place(folder)
    found = start.fs.find(start.path, detail=True)
    return {Path(name).relative_to(start.path).as_posix(): found[name]["size"] for name in sorted(found)}


def matching(pattern: str) -> list[str]:
    """The files of a store that match a pattern, in order. Raises what its store raises."""
    start: Any = place(pattern)
    return sorted(start.fs.unstrip_protocol(name) for name in start.fs.glob(start.path))


def listed(folder: str) -> dict[str, int] | None:
    """The names of all files in and below a folder of a store, and their bytes; None for one of this machine. Raises
    ExportError for a store that does not answer."""
    if not is_url(folder):
        return None
    with reaching(folder, ExportError):
        return {joined(folder, inside): size for inside, size in files_below(folder).items()}


def presence(folder: str) -> Callable[[str], bool]:
    """What tells whether there is anything of a name in a folder: asked at once for a store, as it is now. Raises
    ExportError for one that does not answer."""
    there = listed(folder)
    return exists if there is None else there.__contains__


@contextmanager
def fetched(text: str) -> Iterator[str]:
    """The path of a file on this machine: its own, or within the block that of a copy of the same name. Raises
    PictureError."""
    if not is_url(text):
        yield text
        return
    with TemporaryDirectory(prefix="vecstack-") as folder:
        path = Path(folder, place(text).name)
        with reaching(text, PictureError):
            source: Any = place(text)
            source.fs.get_file(source.path, str(path))
        yield str(path)


def put(path: str, text: str, *, overwrite: bool) -> None:
    """Put a file of this machine into a store, where it appears whole, as far as the store is one of objects. Raises
    ExportError, and FileExistsError where `overwrite` is false and something is there."""
    target: Any = place(text)
    with reaching(text, ExportError):
        target.fs.put_file(path, target.path, mode="overwrite" if overwrite else "create")


@contextmanager
def reaching(text: str, kind: type[VecstackError]) -> Iterator[None]:
    """Raises an error of that kind in place of what a store raises, but for FileExistsError. Stores raise exceptions of
    their own libraries, so no list of classes would be complete."""
    try:
        yield
    except (VecstackError, FileExistsError):
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        if isinstance(error, FileNotFoundError):
            reason = "there is no such file or bucket"
        raise kind(f"{text}: cannot be reached ({reason}); check the address, and who may use it.") from error
