"""How far a fitting is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a refinement is: share done in 0..1 and PSNR in dB on the points that it looks at."""

    share: float
    psnr: float


ProgressCallback = Callable[[Progress], None]


def part_of(report: ProgressCallback | None, start: float, end: float) -> ProgressCallback | None:
    """A report of a part of the work, from one share of the whole to another."""
    if report is None:
        return None
    return lambda progress: report(Progress(start + (end - start) * progress.share, progress.psnr))
