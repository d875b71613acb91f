"""The files that the inputs of a command stand for, and what lies beside them."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from vecstack.errors import PictureError, UsageError
from vecstack.pictures.suffixes import OTHERS

STANDARD = "-"  # standard input or output

# Functions of os.path rather than methods of Path: they return False where Path raises, for names that are too long,
# loops of links and folders without permission. What is wrong with such a path is reported when it is opened.


@dataclass(frozen=True)
class Found:
    """An input file ("-" is standard input), the folder that was searched for it (None if none was), and whether the
    user named the file itself rather than a folder, a glob or a list."""

    path: str
    folder: Path | None = None
    named: bool = True


@dataclass(frozen=True)
class Wanted:
    """Which of the files that folders, globs and lists give are taken: those whose name, or path in the folder that was
    searched, matches a pattern of `include` (all where there is none) and none of `exclude`."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def has(self, entry: Found) -> bool:
        """Whether a file is taken; one that the user named is."""
        path = Path(entry.path)
        names = path.name, (path if entry.folder is None else path.relative_to(entry.folder)).as_posix()

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
    if text and os.path.isdir(text):  # noqa: PTH112
        _search_folder(Path(text), suffixes, found)
    elif os.path.lexists(text):
        found.files.append(Found(text))
    elif text.startswith("@"):
        found.files += [Found(line, named=False) for line in _lines(text[1:])]
    elif glob.has_magic(text):
        for name in sorted(glob.glob(text, recursive=True)):  # noqa: PTH207
            if os.path.isdir(name):  # noqa: PTH112
                _search_folder(Path(name), suffixes, found)
            else:
                found.files.append(Found(name, named=False))
    else:
        found.files.append(Found(text))


def _lines(path: str) -> list[str]:
    """The lines of a list that are not blank. Raises UsageError."""
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise UsageError(f"{path}: cannot be read as a list of files ({reason}); check the name.") from error
    return [line.strip() for line in lines if line.strip()]


def _search_folder(folder: Path, suffixes: set[str], found: Search) -> None:
    """Add the files in and below a folder that have one of the suffixes, by path."""
    paths = []
    for path in _walk(folder, found.missed):
        suffix = suffix_of(path)
        if suffix not in suffixes:
            is_unread = suffix in OTHERS and ".png" in suffixes
            (found.unread if is_unread else found.others).append(str(path))
        elif not os.path.exists(path):  # noqa: PTH110
            found.missed.append(f"{path}: a link to what is not there; mend or remove it.")
        elif os.path.isfile(path):  # noqa: PTH113
            paths.append(path)
    found.files += [Found(str(path), folder, named=False) for path in sorted(paths)]


def _walk(folder: Path, missed: list[str]) -> Iterator[Path]:
    """What is no folder in and below a folder, without hidden ones (some systems keep icons so). Links to folders are
    followed, each folder once, and under its own name where it has one there. Folders that cannot be read are added to
    `missed`."""
    waiting, links = [folder], list[Path]()
    seen = set()
    while waiting or links:
        here = waiting.pop() if waiting else links.pop()
        if os.path.realpath(here) in seen:
            continue
        seen.add(os.path.realpath(here))
        try:
            entries = sorted(entry for entry in here.iterdir() if not entry.name.startswith("."))
        except OSError as error:
            missed.append(f"{here}: cannot be listed ({error.strerror}); choose a folder that you may read.")
            continue
        for entry in entries:
            if not os.path.isdir(entry):  # noqa: PTH112
                yield entry
            else:
                (links if os.path.islink(entry) else waiting).append(entry)  # noqa: PTH114


def suffix_of(path: Path) -> str:
    """The suffix of a path in lower case, which is .layers.json for photo.layers.json."""
    name = path.name.lower()
    return ".layers.json" if name.endswith(".layers.json") else path.suffix.lower()
