"""What an import leaves out: each kind of thing, and how often."""

from __future__ import annotations

from collections import Counter


class LeftOut:
    """Counts what is not in the layers, or only nearly."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, what: str) -> None:
        """Count a thing that is left out, in words such as "text"."""
        self._counts[what] += 1

    def lines(self) -> tuple[str, ...]:
        """A line for each kind of thing, in the order in which they came."""
        return tuple(f"left out: {what} ({count})" for what, count in self._counts.items())
