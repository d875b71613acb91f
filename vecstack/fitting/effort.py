"""Effort: how much work a picture is worth, in words that mean the same wherever layers are fitted."""

from __future__ import annotations

from collections.abc import Sequence

from vecstack.errors import UsageError

SKETCH = "sketch"  # what a model predicts, and nothing fitted: an effort of `decompose` alone
EFFORTS = ("fast", "good", "best")
DECOMPOSE_EFFORTS = (SKETCH, *EFFORTS)
DEFAULT_EFFORT = "good"
MAX_SECONDS = 1e6  # eleven days
MAX_SEED = 2**32 - 1


def check_effort(effort: str | float, names: Sequence[str] = EFFORTS) -> None:
    """Raise UsageError unless it is one of the names or a number of seconds above 0."""
    is_seconds = isinstance(effort, int | float) and not isinstance(effort, bool) and 0 < effort <= MAX_SECONDS
    if not is_seconds and effort not in names:
        raise UsageError(
            f"unknown effort {effort!r:.40}: use {', '.join(names)} or a number of seconds (above 0, up to "
            f"{MAX_SECONDS:,.0f})."
        )


def check_seed(seed: int) -> None:
    """Raise UsageError unless it is a whole number from 0 to 2**32 - 1."""
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed <= MAX_SEED:
        raise UsageError(f"seed must be a whole number from 0 to {MAX_SEED:,}, not {seed!r:.40}.", parameter="seed")
