"""Goals: how much detail to add, and how much a smaller stack may change the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vecstack.errors import UsageError
from vecstack.stack import MAX_LAYERS, Stack

MAX_PSNR = 60.0  # dB: finer than 8 bits
PSNR_BYTES = 32  # that the PSNR, known last, takes of a file
MIN_BUDGET_BYTES = 1024  # less than a file without layers takes


@dataclass(frozen=True)
class Goal:
    """When there is enough detail: at a number of layers in all, at a PSNR in dB, or at a size of the compacted file in
    bytes, whichever comes first. Raises UsageError where none is given, or one is out of range."""

    layers: int | None = None
    psnr: float | None = None
    budget_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.layers is None and self.psnr is None and self.budget_bytes is None:
            raise UsageError("a goal needs at least one of layers, psnr and budget_bytes.")
        check_count(self.layers)
        if self.psnr is not None and not 0 < self.psnr <= MAX_PSNR:
            raise UsageError(f"psnr must be above 0 and at most {MAX_PSNR:g} dB, not {self.psnr:g}.", parameter="psnr")
        if self.budget_bytes is not None and self.budget_bytes < MIN_BUDGET_BYTES:
            raise UsageError(
                f"budget_bytes must be at least {MIN_BUDGET_BYTES:,} bytes, not {self.budget_bytes:,}.",
                parameter="budget_bytes",
            )


def check_count(layers: int | None, name: str = "layers") -> None:
    """Raise UsageError where a number of layers, of that name, is given that no stack can have."""
    if layers is not None and not 1 <= layers <= MAX_LAYERS:
        raise UsageError(f"{name} must be 1 to {MAX_LAYERS:,}, not {layers}.", parameter=name)


def check_above(goal: Goal, stack: Stack) -> None:
    """Raise UsageError for a goal of fewer layers than a stack has."""
    if goal.layers is not None and goal.layers < len(stack.layers):
        raise UsageError(
            f"layers must be at least {len(stack.layers)}, which there are already, not {goal.layers}.",
            parameter="layers",
        )


def check_tolerance(tolerance: float) -> None:
    """Raise UsageError unless the tolerance (root mean square, in 1/255) is a finite number of at least 0."""
    if not 0 <= tolerance < math.inf:
        raise UsageError(
            f"tolerance must be a finite number of at least 0 "
            f"(the change allowed, in 1/255; for example 0.5), not {tolerance}.",
            parameter="tolerance",
        )
