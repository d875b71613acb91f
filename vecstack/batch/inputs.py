"""The files that the inputs of a command stand for, and what lies beside them."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from vecstack.batch.places import (
    exists,
    fetched,
    files_below,
    is_file,
    is_folder,
    is_url,
    joined,
    matching,
    plain,
    reaching,
)
from vecstack.errors import PictureError, UsageError
from vecstack.pictures.suffixes import OTHERS

STANDARD = "-"  # standard input or output


@dataclass(frozen=True, slots=True)
class Found:
    """An input file ("-" is standard input), its path in the folder that was searched for it, with slashes (None if
    none was), and whether the user named the file itself rather than a folder, a glob or a list."""

    path: str
    inside: str | None = None
    named: bool = True


@dataclass(frozen=True)
class Wanted:
    """Which of the files that folders, globs and lists give are taken: those whose name, or path in the folder that was
    searched, matches a pattern of `include` (all where there is none) and none of `exclude`."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def has(self, entry: Found) -> bool:
        """Whether a file is taken; one that the user named is."""
        path = entry.inside or entry.path
        names = path.rpartition("/")[2], path

        def is_in(patterns: tuple[str, ...]) -> bool:
            return any(fnmatchcase(name, pattern) for pattern in patterns for name in names)

        return entry.named or ((not self.include or is_in(self.include)) and not is_in(self.exclude))


@dataclass
class Search:
    """What inputs stand for: files; messages about what cannot be read and may hold more; and, of what lies in folders
    beside those files, pictures of formats that are not read, and other files."""

    files: list[Found] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def search(inputs: Sequence[str], suffixes: set[str], wanted: Wanted | None = None) -> Search:
    """The files that inputs (files, folders, globs, "-", "@list.txt") stand for, those that are wanted, each once, in
    order. Raises UsageError where there are none, and for text that cannot be a file name; PictureError where folders
    that cannot be read are the only ones."""
    found = Search()
    for text in inputs:
        _search(text, suffixes, found)
    every = list(dict.fromkeys(found.files))
    found.files = [entry for entry in every if wanted is None or wanted.has(entry)]
    if not found.files and found.missed:
        raise PictureError(found.missed[0])
    if every and not found.files:
        raise UsageError(f"none of {len(every)} inputs is left; change --include and --exclude.")
    if not found.files:
        raise UsageError(f"no inputs in {', '.join(inputs)}; looked for {', '.join(sorted(suffixes))}.")
    for entry in found.files:
        if not Path(entry.path).name or "\0" in entry.path:
            raise UsageError(f"{entry.path!r} is not a file name; use files, folders, globs, - or @list.txt.")
    return found


def _search(text: str, suffixes: set[str], found: Search) -> None:
    """Add what one input stands for. A file or folder that exists is never taken for a list or a glob."""
    text = plain(text)
    if is_url(text):
        with reaching(text, PictureError):
            _search_store(text, suffixes, found)
    elif text and is_folder(text):
        _search_folder(text, suffixes, found)
    elif exists(text):
        found.files.append(Found(text))
    elif text.startswith("@"):
        found.files += [Found(plain(line), named=False) for line in _lines(text[1:])]
    elif glob.has_magic(text):
        for name in sorted(glob.glob(text, recursive=True)):  # noqa: PTH207
            if is_folder(name):
                _search_folder(name, suffixes, found)
            else:
                found.files.append(Found(name, named=False))
    else:
        found.files.append(Found(text))


def _search_store(text: str, suffixes: set[str], found: Search) -> None:
    """Add what a URL stands for. Raises what its store raises."""
    if is_file(text):
        found.files.append(Found(text))
    elif is_folder(text):
        shown = [name for name in files_below(text) if not any(part.startswith(".") for part in name.split("/"))]
        found.files += [Found(joined(text, name), name, named=False) for name in _taken(shown, suffixes, found)]
    elif glob.has_magic(text):
        found.files += [Found(name, named=False) for name in matching(text)]
    else:
        found.files.append(Found(text))


def _lines(path: str) -> list[str]:
    """The lines of a list that are not blank. Raises UsageError."""
    try:
        with fetched(path) as near:
            lines = Path(near).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise UsageError(f"{path}: cannot be read as a list of files ({reason}); check the name.") from error
    return [line.strip() for line in lines if line.strip()]


def _search_folder(folder: str, suffixes: set[str], found: Search) -> None:
    """Add the files in and below a folder that have one of the suffixes, by path."""
    start = "" if str(Path(folder)) == os.curdir else str(Path(folder))
    paths = sorted(_taken(_walk(start, found.missed), suffixes, found), key=lambda path: path.split("/"))
    found.files += [Found(_path(start, inside), inside, named=False) for inside in paths]


def _taken(paths: Iterable[str], suffixes: set[str], found: Search) -> Iterator[str]:
    """The paths in a folder that have one of the suffixes; others are noted."""
    for inside in paths:
        suffix = suffix_of(inside)
        if suffix in suffixes:
            yield inside
        elif suffix in OTHERS and ".png" in suffixes:
            found.unread.append(inside)
        else:
            found.others.append(inside)


def _walk(folder: str, missed: list[str]) -> Iterator[str]:
    """The files in and below a folder ("" is this one) by their paths in it, with slashes, without hidden ones (some
    systems keep icons so); of links those to files, and to nothing, which whoever opens them says. Links to folders are
    followed, each folder once, and under its own name where it has one there. Folders that cannot be read are added to
    `missed`."""
    waiting, links = [""], list[str]()
    seen = set()
    while waiting or links:
        inside = waiting.pop() if waiting else links.pop()
        here = (_path(folder, inside) if inside else folder) or os.curdir
        if os.path.realpath(here) in seen:
            continue
        seen.add(os.path.realpath(here))
        try:
            with os.scandir(here) as entries:
                shown = sorted((e for e in entries if not e.name.startswith(".")), key=lambda entry: entry.name)
        except OSError as error:
            missed.append(f"{here}: cannot be listed ({error.strerror}); choose a folder that you may read.")
            continue
        for entry in shown:
            path = f"{inside}/{entry.name}" if inside else entry.name
            if is_folder(entry.path) if entry.is_symlink() else entry.is_dir():
                (links if entry.is_symlink() else waiting).append(path)
            elif entry.is_symlink() or entry.is_file():
                yield path


def _path(folder: str, inside: str) -> str:
    """The path of what lies in a folder."""
    return os.path.join(folder, inside)  # noqa: PTH118 - texts, of which there may be millions


def suffix_of(path: str) -> str:
    """The suffix of a path in lower case, which is .layers.json for photo.layers.json."""
    name = path.lower()
    return ".layers.json" if name.endswith(".layers.json") else os.path.splitext(name)[1]  # noqa: PTH122
