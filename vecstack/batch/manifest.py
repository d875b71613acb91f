"""The manifest of an output folder: a line of JSON for each item that was worked on there.

Several processes may add lines at once, and a run may be killed at any moment: a line is appended in one write, and a
last line that is torn is passed over."""

from __future__ import annotations

import dataclasses
import errno
import json
import math
import os
import secrets
import sys
import time
from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import chain
from pathlib import Path
from typing import Any

from vecstack.batch.items import Item, Outcome
from vecstack.batch.places import fetched, is_url, joined, place, reaching
from vecstack.batch.plan import Shard
from vecstack.errors import ExportError, UsageError

NAME = "manifest.jsonl"
MAX_SIZE = 1 << 63  # bytes of outputs
TOLD_SECONDS = 5.0  # between the times that a manifest is put into a store: as much work is done anew after a kill
PIECE_BYTES = 1 << 20  # of a manifest in a store, after which the next one is begun


@dataclass(frozen=True, slots=True)
class Record:
    """What became of an item: its input as it was named and the sha256 of it ("" where it could not be read) and of
    what else it was made of; its output, by its path in the folder, and the sha256 and the bytes of all that was made;
    the status ("done" or "failed"), the class of an error and its message; the seconds it took; the PSNR reached, in
    dB; the sha256 of the options, and the version of the program."""

    input: str
    sha256: str
    output: str
    status: str
    error: str = ""
    message: str = ""
    seconds: float = 0.0
    psnr: float | None = None
    bytes: int = 0
    uses: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    options: str = ""
    version: str = ""

    @property
    def sources(self) -> tuple[str, ...]:
        """The sha256 of all that the item was made of."""
        return (self.sha256, *self.uses)


def record_of(outcome: Outcome, message: str, folder: Path | None, options: str, version: str) -> Record:
    """The record of an outcome, with the message of its error."""
    sources = outcome.sources or ("",)
    return Record(
        outcome.item.source,
        sources[0],
        key_of(outcome.item, folder),
        outcome.status,
        outcome.error_class,
        message,
        round(outcome.seconds, 3),
        None if outcome.psnr is None else round(outcome.psnr, 2),
        outcome.size,
        sources[1:],
        outcome.made,
        options,
        version,
    )


def key_of(item: Item, folder: Path | None) -> str:
    """What a manifest calls an item: the path of its output in the folder, or as it is without one."""
    return item.target if folder is None else Path(item.target).relative_to(Path(str(folder))).as_posix()


def line_of(record: Record) -> str:
    """The record as a line of JSON, with no line break at its end."""
    return json.dumps(dataclasses.asdict(record))


class Manifest:
    """The manifest of a folder, or of a shard there, to which records are added. In a store, where no file grows, each
    run has manifests of its own, whose last one is put there anew as it grows, now and then and when it is closed."""

    def __init__(self, folder: Path, shard: Shard | None = None) -> None:
        name = "manifest" if shard is None else f"manifest-{shard.index}-of-{shard.count}"
        is_store = is_url(str(folder))
        self.lines = _Pieces(str(folder), name) if is_store else _Appended(folder / f"{name}.jsonl")

    def add(self, record: Record) -> None:
        """Append a record. Raises ExportError."""
        self.lines.add(line_of(record) + "\n")

    def close(self) -> None:
        """Have all records where they are to be. Raises ExportError."""
        self.lines.close()


class _Appended:
    """A file that grows by a line at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, line: str) -> None:
        try:
            with self.path.open("ab", buffering=0) as file:
                whole = line if _ends_whole(self.path) else f"\n{line}"
                if file.write(whole.encode()) != len(whole):  # all of it is ASCII
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise ExportError(f"cannot write {self.path}: {error.strerror or error}; free some space.") from error

    def close(self) -> None:
        pass


class _Pieces:
    """Files of a store, whose names say when they were begun and are no other run's."""

    def __init__(self, folder: str, name: str) -> None:
        self.folder, self.name = folder, name
        self.told = time.monotonic()
        self._begin()

    def add(self, line: str) -> None:
        self.text += line
        if time.monotonic() - self.told >= TOLD_SECONDS:
            self.close()

    def close(self) -> None:
        if self.text:
            with reaching(self.path, ExportError):
                place(self.path).write_bytes(self.text.encode())
        self.told = time.monotonic()
        if len(self.text) >= PIECE_BYTES:
            self._begin()

    def _begin(self) -> None:
        now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S")
        self.path, self.text = joined(self.folder, f"{self.name}-{now}-{secrets.token_hex(4)}.jsonl"), ""


def _ends_whole(path: Path) -> bool:
    """Whether a manifest is empty or ends in a whole line."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def read_manifests(folder: Path) -> Iterator[Record]:
    """All records of a folder, read as they are asked for, those of one manifest in the order in which they were added.
    Raises UsageError where there is none."""
    paths = manifests_in(folder)
    if not paths:
        raise UsageError(f"{folder} has no {NAME}; name the output folder of a run over several inputs.")
    return chain.from_iterable(map(_records, paths))


def manifests_in(folder: Path) -> list[Path]:
    """The manifests that lie in a folder: one, or those of shards, and of runs into a store. Raises UsageError."""
    with reaching(str(folder), UsageError):
        return sorted(folder.glob("manifest*.jsonl"), key=str)


def latest(records: Iterable[Record], outputs: Container[str] | None = None) -> dict[str, Record]:
    """The last record of each output, or of each of some, by its path in the folder; one that is done before one that
    failed."""
    found: dict[str, Record] = {}
    for record in records:
        if outputs is not None and record.output not in outputs:
            continue
        if record.status == "done" or found.get(record.output, record).status != "done":
            found[record.output] = record
    return found


def _records(path: Path) -> Iterator[Record]:
    """The records of a manifest, without lines that are torn or are none. Raises UsageError."""
    try:
        with fetched(str(path)) as near, Path(near).open("rb") as file:
            for line in file:
                with suppress(ValueError, TypeError, KeyError, OverflowError, RecursionError):
                    yield _record(json.loads(line))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); choose a folder that you may read.") from error


def _record(values: Any) -> Record:
    """A record from JSON. Raises ValueError, TypeError, KeyError, OverflowError."""
    texts = ("input", "sha256", "output", "message")
    words = ("status", "error", "options", "version")  # the same in many records, and held once
    psnr, seconds, size = values["psnr"], float(values["seconds"]), int(values["bytes"])
    if not math.isfinite(seconds) or not 0 <= size < MAX_SIZE:
        raise ValueError("not a record")
    return Record(
        **{name: _text(values[name]) for name in texts},
        **{name: sys.intern(_text(values[name])) for name in words},
        seconds=seconds,
        psnr=None if psnr is None else float(psnr),
        bytes=size,
        uses=tuple(_text(value) for value in values["uses"]),
        made=tuple(_text(value) for value in values["made"]),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
