"""What a run over several inputs works on: items, jobs that work on them, and what became of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from vecstack.errors import VecstackError

AnyJob = TypeVar("AnyJob", bound="Job")


@dataclass(frozen=True, slots=True)
class Item:
    """An input file ("-" is standard input) and its output ("-" is standard output), with `others` that are written
    beside it. Where `in_folder`, the output's folder is created when needed; where `is_folder`, the output is itself a
    folder. `place` is where the input lies in the folder that was searched for it, "" where none was. `kept` are
    outputs that are left as they are, and `overwrite` says whether the rest may replace what is there. Of a store, what
    is there `may_stand` where it is what was made. An item `is_told` of where its record is printed."""

    source: str
    target: str
    in_folder: bool = False
    is_folder: bool = False
    place: str = ""
    others: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    overwrite: bool = False
    may_stand: bool = False
    is_told: bool = False

    @property
    def is_recorded(self) -> bool:
        """Whether it is to be known what the item was made of, which takes reading its input once more."""
        return self.in_folder or self.is_told

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
    where nobody hears them, and the PSNR that its layers have reached in dB. `called` are the names of folders that
    folders of this machine stand for."""

    shown: Shown
    said: Callable[[str], None] | None = None
    lines: list[str] = field(default_factory=list)
    psnr: float | None = None
    called: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, done: float, total: float, note: str = "") -> None:
        self.shown(done, total, note)

    def say(self, line: str) -> None:
        """A line for the user."""
        (self.said or self.lines.append)(self.named(line))

    def named(self, text: str) -> str:
        """The text with folders as the user named them."""
        for folder, name in self.called.items():
            text = text.replace(folder, name)
        return text


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
