"""How far a run over several inputs is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import typer

from vecstack.batch.inputs import STANDARD
from vecstack.batch.items import Item, Outcome
from vecstack.errors import on_one_line

if TYPE_CHECKING:
    from rich.progress import Progress

LINE_SECONDS = 30.0  # between lines, where there is no terminal
MAX_NAMES = 3  # of inputs under way, on a line of a terminal


@dataclass
class Counts:
    """How many items of a run there are, and what became of them so far."""

    total: int
    done: int = 0
    skipped: int = 0
    failed: int = 0
    began: float = field(default_factory=time.monotonic)  # seconds

    def add(self, outcome: Outcome) -> None:
        """Count an item."""
        if outcome.error is None:
            self.done += 1
        else:
            self.failed += 1

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self.began

    @property
    def rate(self) -> float:
        """Items a second that were worked on."""
        return (self.done + self.failed) / max(self.seconds, 1e-3)

    @property
    def pace(self) -> str:
        """The rate in words, a second or a minute."""
        return f"{self.rate:.1f}/s" if self.rate >= 1 else f"{self.rate * 60:.1f}/min"

    def values(self) -> dict[str, Any]:
        """The counts by name."""
        seconds = round(self.seconds, 3)
        return {"done": self.done, "skipped": self.skipped, "failed": self.failed, "seconds": seconds}

    def __str__(self) -> str:
        return f"{self.done} done, {self.skipped} skipped, {self.failed} failed in {duration(self.seconds)}"


def duration(seconds: float) -> str:
    """A time in words, such as 4.2 s, 3 min 20 s or 2 h 5 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


class Display:
    """Shows lines for the user, and no more; what shows how far a run is overrides it. A context manager."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet

    def __enter__(self) -> Display:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def start(self, processes: int) -> None:
        """The run begins, with so many processes."""

    def began(self, item: Item) -> None:
        """An item is being worked on."""

    def moved(self, item: Item, share: float, note: str) -> None:
        """So much of it is done, 0 to 1."""

    def said(self, line: str) -> None:
        """A line for the user."""
        if not self.quiet:
            typer.echo(on_one_line(line), err=True)

    def ended(self, outcome: Outcome) -> None:
        """An item is done, skipped or failed, and is counted."""

    def close(self) -> None:
        """Nothing more is shown."""


def display_of(verb: str, counts: Counts, quiet: bool, verbose: bool, is_single: bool) -> Display:
    """What shows a run on standard error. `verb` says what is done to each input, such as "Drawing"."""
    if quiet:
        return Display(quiet)
    if sys.stderr is not None and sys.stderr.isatty():
        return Bar(verb, counts, verbose)
    return Display() if is_single else Lines(verb, counts, verbose)


class Lines(Display):
    """A line at the start, then one every LINE_SECONDS, or for each item."""

    def __init__(self, verb: str, counts: Counts, verbose: bool) -> None:
        super().__init__()
        self.verb, self.counts, self.verbose = verb, counts, verbose
        self.closed = threading.Event()

    def start(self, processes: int) -> None:
        workers = f", {processes} processes" if processes > 1 else ""
        typer.echo(f"vecstack: {self.verb} {self.counts.total} inputs{workers}", err=True)
        if not self.verbose:
            threading.Thread(target=self._tell, daemon=True).start()

    def ended(self, outcome: Outcome) -> None:
        if self.verbose and outcome.error is None:  # whose line is shown in any case
            typer.echo(line_of(outcome), err=True)

    def close(self) -> None:
        self.closed.set()

    def _tell(self) -> None:
        while not self.closed.wait(LINE_SECONDS):
            counts = self.counts
            ended = counts.done + counts.skipped + counts.failed
            left = (counts.total - ended) / counts.rate if counts.rate else 0.0
            rest = f", about {duration(left)} left" if left else ""
            typer.echo(f"vecstack: {ended} of {counts.total}, {counts.failed} failed, {counts.pace}{rest}", err=True)


class Bar(Display):
    """A bar on a terminal, with the rate, the time that is left, failures, and what is under way."""

    def __init__(self, verb: str, counts: Counts, verbose: bool) -> None:
        super().__init__()
        self.verb, self.counts, self.verbose = verb, counts, verbose
        self.shares: dict[Item, float] = {}
        self.notes: dict[Item, str] = {}
        self.progress: Progress | None = None

    def start(self, processes: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[count]}"))
        text = TextColumn("{task.fields[text]}", markup=False)
        self.progress = Progress(*columns, TimeRemainingColumn(), text, console=Console(stderr=True), transient=True)
        self.task = self.progress.add_task(self.verb, total=self.counts.total, count="", text="")
        self.progress.start()
        self._show()

    def began(self, item: Item) -> None:
        self.moved(item, 0.0, "")

    def moved(self, item: Item, share: float, note: str) -> None:
        self.shares[item], self.notes[item] = share, note
        self._show()

    def ended(self, outcome: Outcome) -> None:
        self.shares.pop(outcome.item, None)
        self.notes.pop(outcome.item, None)
        if self.verbose and outcome.error is None:  # whose line is shown in any case
            typer.echo(line_of(outcome), err=True)
        self._show()

    def close(self) -> None:
        if self.progress is not None:
            self.progress.stop()

    def _show(self) -> None:
        if self.progress is None:
            return
        counts = self.counts
        ended = counts.done + counts.skipped + counts.failed
        count = f"{ended}/{counts.total} {counts.pace}" if counts.total > 1 else ""
        failed = f"{counts.failed} failed  " if counts.failed else ""
        names = [f"{on_one_line(Path(item.source).name)} {self.notes[item]}".strip() for item in self.shares]
        more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
        self.progress.update(
            self.task,
            completed=ended + sum(self.shares.values()),
            count=count,
            text=failed + ", ".join(names[:MAX_NAMES]) + more,
        )


def line_of(outcome: Outcome) -> str:
    """What became of an item that did not fail, in a line."""
    item = outcome.item
    psnr = "" if outcome.psnr is None else f", {outcome.psnr:.2f} dB"
    source = "standard input" if item.source == STANDARD else on_one_line(item.source)
    target = "standard output" if item.target == STANDARD else on_one_line(item.target)
    told = "skipped" if outcome.status == "skipped" else f"{outcome.seconds:.1f} s{psnr}"
    return f"{source} -> {target} ({told})"
