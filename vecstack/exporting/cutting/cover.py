"""What many areas cover, one after another."""

from __future__ import annotations

from vecstack.exporting.cutting.areas import Area, together


class Cover:
    """What the areas cover that have been added, in a few parts: each holds twice as many as the next, as the digits of
    a binary counter, so that no area is united with others more often than that has digits."""

    def __init__(self) -> None:
        self._parts: list[tuple[int, Area]] = []

    @property
    def parts(self) -> list[Area]:
        """The parts, which may overlap."""
        return [area for _, area in self._parts]

    def add(self, area: Area) -> None:
        """Cover another area."""
        count = 1
        while self._parts and self._parts[-1][0] == count:
            area = together([area, self._parts.pop()[1]])
            count *= 2
        self._parts.append((count, area))
