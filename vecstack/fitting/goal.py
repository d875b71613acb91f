"""Goals: how much detail is wanted, and how far a smaller stack may be off."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vecstack.errors import UsageError
from vecstack.stack import MAX_LAYERS

MOST_PSNR = 60.0  # dB: finer than 8 bits
LEAST_BUDGET = 1024  # bytes: less than a file without layers takes


@dataclass(frozen=True)
class Goal:
    """When there is enough detail: a count of all layers, a PSNR in dB, or a size of the compacted file in bytes,
    whichever comes first."""

    layers: int | None = None
    psnr: float | None = None
    budget_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.layers is None and self.psnr is None and self.budget_bytes is None:
            raise UsageError("Say how much detail: a count of layers, a PSNR or a size.")
        if self.layers is not None and not 1 <= self.layers <= MAX_LAYERS:
            raise UsageError(f"--layers must be 1 to {MAX_LAYERS:,}, not {self.layers}.")
        if self.psnr is not None and not 0 < self.psnr <= MOST_PSNR:
            raise UsageError(f"--psnr must be above 0 and at most {MOST_PSNR:g} dB, not {self.psnr:g}.")
        if self.budget_bytes is not None and self.budget_bytes < LEAST_BUDGET:
            raise UsageError(f"--budget must be at least {LEAST_BUDGET:,} bytes, not {self.budget_bytes:,}.")


def check_tolerance(tolerance: float) -> None:
    """Raise UsageError unless a picture can be that far off."""
    if not 0 <= tolerance < math.inf:
        raise UsageError(
            f"--tolerance {tolerance}: give the change allowed in 1/255, a number from 0, for example 0.5."
        )
