"""Steps of the items in a patch of a packing, all at once, to where they are larger and do not touch.

Each step is a linear programme: areas and the distances of corners from edges, as far as they are linear in the
motions, which are bounded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vecstack.packing.contacts import NONE, collides, contacts
from vecstack.packing.layout import Layout
from vecstack.packing.programme import maximised
from vecstack.packing.terms import ANY, Terms

REACH = 6.0  # how far contacts are looked for, in steps: two points that come together by moves, turns and growth
SMALL = 0.2  # longest step of an item, in its own sides: longer ones jump over others
DEEPEST = 0.3  # how much of an overlap a step undoes at once, in steps

Rows = tuple[np.ndarray, np.ndarray, np.ndarray]  # slots [M,2], slopes [M,8], distances [M]


class Patcher:
    """Moves patches of a layout by its terms; keeps the room for the rows."""

    def __init__(self, layout: Layout, terms: Terms) -> None:
        self.layout, self.terms = layout, terms
        self._slot = np.full(layout.count + 1, NONE)
        self._make_rows(4000)

    def _make_rows(self, count: int) -> None:
        self._rows = np.zeros((count, 2), np.int64), np.zeros((count, 8)), np.zeros(count)

    def step(self, patch: np.ndarray, length: float, worth: np.ndarray | None = None) -> None:
        """Move the items of a patch [K] by steps of a length, so that the sum of their areas grows: times `worth` [K],
        if given."""
        layout, terms = self.layout, self.terms
        pose = layout.pose[patch]
        side = np.exp(pose[:, 3])
        size = side * layout.radius[patch]
        low, high = self._bounds(patch, np.minimum(length, SMALL * side), size)
        slots, slope, room = self._contacts(patch, size, np.maximum(-low, high), REACH * length)
        gain = self._gain(pose[:, :2], side, size, worth)
        change = maximised(
            gain.ravel(), slots, slope, np.maximum(room, -DEEPEST * length), low.ravel(), high.ravel()
        ).reshape(-1, 4)
        if not np.isfinite(change).all():  # an interior point that lost its footing: no step is better than a wild one
            return
        change[:, 2:] /= size[:, None]
        moved = pose + change
        layout.put(patch, terms.kept(patch, moved))

    def steps(self, patch: np.ndarray, lengths: Sequence[float], worth: np.ndarray | None = None) -> None:
        """Steps of lengths one after another."""
        for length in lengths:
            self.step(patch, length, worth)

    def _bounds(self, patch: np.ndarray, step: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How far each number of the items may go down and up [K,4], all as lengths."""
        pose, terms = self.layout.pose[patch], self.terms
        high = np.stack([0.7 * step, 0.7 * step, step, step], 1)
        low = -high
        if terms.tilt < ANY:
            least, greatest = terms.angle_bounds(pose[:, 2])
            low[:, 2] = np.maximum(low[:, 2], (least - pose[:, 2]) * size)
            high[:, 2] = np.minimum(high[:, 2], (greatest - pose[:, 2]) * size)
        low[:, 3] = np.maximum(low[:, 3], (terms.low[patch] - pose[:, 3]) * size)
        high[:, 3] = np.minimum(high[:, 3], (terms.high[patch] - pose[:, 3]) * size)
        least_step = 1e-4 * step[:, None]  # an interior point needs room
        return np.minimum(low, -least_step), np.maximum(high, least_step)

    def _gain(self, places: np.ndarray, side: np.ndarray, size: np.ndarray, worth: np.ndarray | None) -> np.ndarray:
        """How much each number of the items gains as it grows [K,4], their mean about 1."""
        area = side**2 if worth is None else side**2 * worth
        gain = np.zeros((len(side), 4))
        gain[:, 3] = 2 * area / size
        gain[:, :2] = area[:, None] * self.terms.slope(places)
        return np.asarray(gain / max(np.abs(gain).max(), 1e-300))

    def _contacts(self, patch: np.ndarray, size: np.ndarray, limit: np.ndarray, reach: float) -> Rows:
        layout, gap = self.layout, self.terms.gap
        self._slot[patch] = np.arange(len(patch))
        while True:
            rows = self._rows
            count = contacts(
                layout.at, layout.ring, layout.item, layout.box, layout.pose, layout.placed, patch, self._slot, size,
                limit, gap, reach + gap, rows,
            )  # fmt: skip
            if count < len(rows[2]):
                break
            self._make_rows(2 * count)
        self._slot[patch] = NONE
        slots, slope, room = rows
        return slots[:count], slope[:count], room[:count]

    def touched(self, item: int) -> int | None:
        """An item that one touches or is too near to (the count of items: the walls); None where it is free."""
        layout = self.layout
        gap = self.terms.padding
        found = collides(layout.at, layout.ring, layout.item, layout.box, layout.placed, item, gap)
        return None if found == NONE else int(found)

    def is_free(self, patch: np.ndarray) -> bool:
        """Whether no item of a patch touches another or the walls."""
        return all(self.touched(item) is None for item in patch)


def ordered(layout: Layout, items: np.ndarray) -> np.ndarray:
    """Items along the direction in which they lie farthest apart: neighbours have near slots, so that matrices have a
    narrow band."""
    place = layout.pose[items, :2]
    spread = np.cov(place.T) if len(items) > 1 else np.eye(2)
    return items[np.argsort(place @ np.linalg.eigh(spread)[1][:, -1], kind="stable")]


def falling(first: float, last: float, count: int) -> list[float]:
    """Lengths from a first to a last one, each by the same share shorter."""
    return [first * (last / first) ** (k / max(count - 1, 1)) for k in range(count)] if count else []
