"""What a run leaves in its output folder while it goes on, and what a later one finds of those that were killed.

A run that lives holds a lock on a hidden file there, which the system lets go when the process ends in whatever way. A
second hidden file lists the outputs that it began. It stays where the run is killed: what of these is not as a manifest
records it is then made anew. Files that are being written bear the name of the run, so that what a dead run left can be
told from what a living one writes."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vecstack.atomic import partials_of
from vecstack.batch.places import is_url
from vecstack.errors import ExportError

if TYPE_CHECKING:
    from filelock import FileLock

NAME_BYTES = 6
NAMES = "[0-9a-f]" * (2 * NAME_BYTES)  # as a pattern: a file of another name is no run's


class Run:
    """A run in an output folder, or in none: its name, which no other has; the outputs (absolute paths) that runs
    before have left `unsettled`; and those that it began itself and has not settled, which a file lists."""

    def __init__(self, name: str, folder: Path | None = None, unsettled: frozenset[str] = frozenset()) -> None:
        self.name, self.unsettled = name, unsettled
        self._open = set(unsettled)
        self._file = None if folder is None else _begun(folder, name)
        self._write(self._open)

    def begin(self, outputs: Iterable[str]) -> None:
        """Note that outputs are being made. Raises ExportError."""
        paths = {str(Path(output).absolute()) for output in outputs}
        self._open |= paths
        self._write(paths)

    def settle(self, outputs: Iterable[str]) -> None:
        """Note that what became of outputs is known."""
        self._open -= {str(Path(output).absolute()) for output in outputs}

    def clear(self, outputs: Iterable[str]) -> None:
        """Remove what the run has half-written beside outputs."""
        for folder in {Path(output).parent for output in outputs}:
            clear(self.name, folder / "any")

    def end(self) -> None:
        """Leave behind what is not settled, for a later run. Raises ExportError."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)
            self._write(self._open)

    def _write(self, paths: Iterable[str]) -> None:
        text = b"".join(os.fsencode(path) + b"\0" for path in sorted(paths))
        if self._file is None or not text:
            return
        try:
            with self._file.open("ab", buffering=0) as file:
                file.write(text)
        except OSError as error:
            raise ExportError(f"cannot write {self._file}: {error.strerror}; free some space.") from error


@contextmanager
def running(folder: Path | None) -> Iterator[Run]:
    """A run, which is over when the block ends. What runs before have half-written is removed. Raises ExportError for a
    folder that cannot be written to."""
    name = secrets.token_hex(NAME_BYTES)
    if folder is None or is_url(str(folder)):
        yield Run(name)
        return
    lock = _lock(folder, name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise ExportError(f"{folder}: cannot be written to ({error.strerror}); choose another -o.") from error
    try:
        run = Run(name, folder, frozenset(_take_over(folder, but=name)))
        try:
            yield run
        finally:
            run.end()
    finally:
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)


def _take_over(folder: Path, but: str) -> set[str]:
    """The outputs that runs which are over have left unsettled, but the run of a name; what these left half-written is
    removed."""
    from filelock import Timeout

    outputs: set[str] = set()
    paths = (*folder.glob(f".vecstack-{NAMES}.begun"), *folder.glob(f".vecstack-{NAMES}.lock"))
    for name in sorted({path.stem.removeprefix(".vecstack-") for path in paths} - {but}):
        lock = _lock(folder, name)
        try:
            lock.acquire(timeout=0)
        except (Timeout, OSError):
            continue
        begun = {os.fsdecode(text) for text in _bytes_of(_begun(folder, name)).split(b"\0") if text}
        for output in begun:
            clear(name, output)
        outputs |= begun
        _begun(folder, name).unlink(missing_ok=True)
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)
    return outputs


def clear(name: str, output: str | os.PathLike[str]) -> None:
    """Remove what a run, or an item of one, has half-written beside an output."""
    for path in partials_of(name, output):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _lock(folder: Path, name: str) -> FileLock:
    from filelock import FileLock

    return FileLock(folder / f".vecstack-{name}.lock")


def _begun(folder: Path, name: str) -> Path:
    return folder / f".vecstack-{name}.begun"


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
