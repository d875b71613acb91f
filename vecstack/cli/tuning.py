"""Shared by the commands that fit layers to a picture: reporting progress, and finishing and writing the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vecstack.batch.inputs import STANDARD
from vecstack.batch.items import Item, Report
from vecstack.batch.places import is_url
from vecstack.cli.items import write_standard_output
from vecstack.errors import UsageError
from vecstack.fitting.goal import check_tolerance

if TYPE_CHECKING:
    from vecstack.fitting.progress import Progress
    from vecstack.stack import Stack


def show_psnr(report: Report) -> Callable[[Progress], None]:
    """A callback of fitting that reports an item's progress with the PSNR reached so far."""

    def told(progress: Progress) -> None:
        report.psnr = progress.psnr
        report(progress.share, 1, f"{progress.psnr:.2f} dB")

    return told


def check_assets(assets: str | None, items: Sequence[Item]) -> None:
    """Raise UsageError where nets would be shared by files of a store: a file names their folder from where it lies."""
    if assets is not None and any(is_url(item.target) for item in items):
        raise UsageError("--assets is for files on this machine; leave it out, or name a path with -o.")


@dataclass(frozen=True)
class Finish:
    """How a fitted stack is finished and written: pruned and compacted if asked for, each within a tolerance (root mean
    square, in 1/255; None: theirs), and given a thumbnail. A stack that fits a budget is compact already and has no
    bytes left for a thumbnail. `assets` is a folder that files share for theirs, None where each has its own. Raises
    UsageError for a tolerance out of range, or one of nothing."""

    prune: bool
    compact: bool
    tolerance: float | None
    has_budget: bool
    device: str
    assets: str | None = None

    def __post_init__(self) -> None:
        if self.tolerance is None:
            return
        check_tolerance(self.tolerance)
        if not (self.prune or self.compact):
            raise UsageError("--tolerance is for --prune and --compact; add one of them, or leave it out.")

    def write(self, stack: Stack, item: Item) -> None:
        """Write the finished stack to the item's output."""
        from vecstack.document.file import dumps, save

        finished = self._finished(stack)
        if item.target == STANDARD:
            write_standard_output(dumps(finished))
        else:
            save(finished, item.target, overwrite=item.overwrite, assets=self.assets)

    def _finished(self, stack: Stack) -> Stack:
        from vecstack.drawing.file import with_thumbnail

        thin = self._thinned(stack)
        if self.has_budget or (thin is stack and stack.thumbnail is not None):
            return thin
        return with_thumbnail(thin)

    def _thinned(self, stack: Stack) -> Stack:
        from vecstack.fitting.compact import compact
        from vecstack.fitting.prune import prune

        within = {} if self.tolerance is None else {"tolerance": self.tolerance}
        if self.prune:
            stack = prune(stack, **within, device=self.device)
        if self.compact and not self.has_budget:
            stack = compact(stack, **within, device=self.device)
        return stack
