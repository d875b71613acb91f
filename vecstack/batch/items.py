"""What a run over several inputs works on: items, and how an item is worked on by any process."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from vecstack.atomic import check_folder, check_writable
from vecstack.batch.digests import digest, digest_if_any, size_of
from vecstack.batch.inputs import STANDARD
from vecstack.errors import DeviceError, ExportError, UsageError, VecstackError

AnyJob = TypeVar("AnyJob", bound="Job")


@dataclass(frozen=True)
class Item:
    """An input file ("-" is standard input) and its output ("-" is standard output), with `others` that are written
    beside it. Where `in_folder`, the output's folder is created when needed; where `is_folder`, the output is itself a
    folder. `place` is where the input lies in the folder that was searched for it, "" where none was. `kept` are
    outputs that are left as they are, and `overwrite` says whether the rest may replace what is there."""

    source: str
    target: str
    in_folder: bool = False
    is_folder: bool = False
    place: str = ""
    others: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    overwrite: bool = False

    @property
    def outputs(self) -> tuple[str, ...]:
        """All that the item is to have."""
        return (self.target, *self.others)

    @property
    def missing(self) -> tuple[str, ...]:
        """The outputs that are to be made."""
        return tuple(path for path in self.outputs if path not in self.kept)


class Shown(Protocol):
    """Called with how much of an item is done, out of how much, and a note to show."""

    def __call__(self, done: float, total: float, note: str = "") -> None: ...


@dataclass
class Report:
    """What an item says while it is worked on: how far it is (when called), lines for the user, which are collected
    where nobody hears them, and the PSNR that its layers have reached in dB."""

    shown: Shown
    said: Callable[[str], None] | None = None
    lines: list[str] = field(default_factory=list)
    psnr: float | None = None

    def __call__(self, done: float, total: float, note: str = "") -> None:
        self.shown(done, total, note)

    def say(self, line: str) -> None:
        """A line for the user."""
        (self.said or self.lines.append)(line)


Act = Callable[[Item, Report], None]


class Job:
    """What a run does with each item. A frozen dataclass that can be pickled, so that other processes do it too."""

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices that the user named; one for each process that is to compute on its own."""
        return ("cpu",)

    def on(self: AnyJob, device: str) -> AnyJob:
        """The same on one device."""
        return self

    def uses(self, item: Item) -> tuple[str, ...]:
        """Files beside its input that an item is made of. Raises VecstackError where they are not there."""
        return ()

    def ready(self) -> Act:
        """What works on an item, made once in a process: models are loaded here. Raises what is wrong for all items
        (WeightsError, DeviceError, UsageError)."""
        raise NotImplementedError


@dataclass(frozen=True)
class Here(Job):
    """A job of this process alone: what works on an item, as it is."""

    act: Act

    def ready(self) -> Act:
        return self.act


@dataclass(frozen=True)
class Outcome:
    """What became of an item: its status ("done", "skipped" or "failed"), the error of one that failed and the name of
    its class, lines for the user, seconds, the PSNR in dB, the sha256 of what it was made of (its input, then what the
    job uses) and of each output, and the bytes of all outputs. `is_fatal`: the error would be the same for all.
    It is not settled where its outputs may have been written all the same."""

    item: Item
    status: str
    error: VecstackError | None = None
    error_class: str = ""
    lines: tuple[str, ...] = ()
    seconds: float = 0.0
    psnr: float | None = None
    sources: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    size: int = 0
    is_fatal: bool = False
    is_settled: bool = True


def perform(act: Act, item: Item, report: Report) -> None:
    """Work on an item after its outputs were found writable. Raises what the job raises, and ExportError."""
    if item.in_folder:
        _make_folder(Path(item.target).parent)
    if item.is_folder:
        check_folder(item.target, overwrite=item.overwrite)
    elif item.target != STANDARD:
        for path in item.missing:
            check_writable(path, overwrite=item.overwrite)
    act(item, report)


def attempt(job: Job, act: Act, item: Item, report: Report) -> Outcome:
    """Work on an item, and say what became of it: an error is a part of the answer, and nothing is raised for it."""
    began = time.monotonic()
    sources = _digests(job, item)

    def outcome(status: str, error: VecstackError | None = None, cause: Exception | None = None) -> Outcome:
        return Outcome(
            item,
            status,
            error,
            type(cause or error).__name__ if error else "",
            tuple(report.lines),
            time.monotonic() - began,
            report.psnr,
            sources,
            is_fatal=isinstance(error, UsageError | DeviceError),
        )

    try:
        perform(act, item, report)
        made = tuple(digest_if_any(path) for path in item.outputs) if item.in_folder else ()
        size = sum(size_of(path) for path in item.outputs if path != STANDARD)
    except VecstackError as error:
        return outcome("failed", error)
    except Exception as error:  # a fault of the program, which costs an item and not the run
        reason = str(error).split("\n")[0]
        told = VecstackError(f"{item.source}: internal error: {type(error).__name__}: {reason}; report it.")
        return outcome("failed", told, error)
    return dataclasses.replace(outcome("done"), made=made, size=size)


def _digests(job: Job, item: Item) -> tuple[str, ...]:
    """The sha256 of what an item is made of, for a manifest; none where it cannot be read, which its reader says
    better."""
    try:
        return sources_of(job, item) if item.in_folder else ()
    except VecstackError:
        return ()


def sources_of(job: Job, item: Item) -> tuple[str, ...]:
    """The sha256 of an item's input, and of the files that the job uses beside it. Raises VecstackError."""
    return tuple(digest(path) for path in (item.source, *job.uses(item)) if path != STANDARD)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"{folder}: cannot be created ({error.strerror}); choose another -o.") from error
