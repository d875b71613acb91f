"""Moves of a packing that is free of overlaps: items are taken out, fitted elsewhere, and what is around them grows; a
move stays where it gains area and nothing touches."""

from __future__ import annotations

import math

import numpy as np

from vecstack.packing.fitting import Samples, largest, whole, window
from vecstack.packing.layout import Layout
from vecstack.packing.patch import Patcher, falling, ordered
from vecstack.packing.settling import sweep
from vecstack.packing.terms import Terms

GAPS = 2000  # places at which moves begin, of a round
PLACED = 10.0  # what it is worth that an item is placed, in areas of the container
SHARES = (0.4, 0.3, 0.3)  # of the moves: refitting, swapping, putting into gaps
PATCH = 16  # items that grow after a move
STEPS = 0.05, 0.003, 4  # in which they grow: the first and the last, in mean sides of an item, and their count
ROOM = 0.15, 0.005, 8  # the same where room is made for an item
TOGETHER = 0.02, 0.003  # steps in which all grow after a round
LEAST_GAIN = 1e-5  # of a move that is kept, in mean areas of an item
TRIES = 1500  # places at which an item is tried
HALF = 1.3  # half side of a window, in mean sides of an item and beyond the item itself
GIVEN_UP = 0.01  # how much less than before, in mean areas, a move may gain after a step of growth
TIGHT = 0.2, 0.8  # share of its least scale at which an item that is not placed is fitted into a gap, to grow there
FEWER = 0.8  # share of its scale at which an item is at least put elsewhere


class Mover:
    """Moves on a layout by its terms."""

    def __init__(self, layout: Layout, terms: Terms, random: np.random.Generator) -> None:
        self.layout, self.terms, self.random = layout, terms, random
        self.patcher = Patcher(layout, terms)
        self.samples = Samples(layout)
        self._gaps = np.zeros((0, 2))
        self._turn = 0
        self._warmth = 0.0

    def look_for_gaps(self) -> None:
        """Find free places, at which moves begin, evenly over what is not covered."""
        self._gaps = whole(self.layout, self.terms).free_places(GAPS, self.random)

    def place_missing(self, tries: int) -> None:
        """Try to place the items that are not, so many times each."""
        missing = int((~self.layout.placed).sum())
        for k in range(tries * missing):
            if k % missing == 0:
                self.look_for_gaps()
            if self.layout.placed.all() or not len(self._gaps):
                return
            self.move()

    def round(self, count: int, warmth: float) -> None:
        """So many moves; then all items grow together, if that leaves them free. A move may lose area, in the mean
        `warmth` times the mean area of an item: simulated annealing, where that falls to 0 from round to round."""
        self._warmth = warmth
        self.look_for_gaps()
        for _ in range(count if len(self._gaps) else 0):
            self.move()
        before, score = self.state(), self.score()
        for length in TOGETHER:
            sweep(self.patcher, length * self.terms.side, self._turn)
        self._turn += 1
        if self.score() <= score or not self.patcher.is_free(np.flatnonzero(self.layout.placed)):
            self.restore(*before)

    def move(self) -> bool:
        """Try one move; whether it is kept."""
        kinds = (self._refit, self._swap, self._insert)
        kind = kinds[self.random.choice(3, p=SHARES)] if self.layout.placed.all() else self._place
        before, score = self.state(), self.score()
        self._least = score - GIVEN_UP * self.terms.side**2
        patch = kind()
        least_gain = max(LEAST_GAIN - self._warmth * self.random.exponential(), -GIVEN_UP) * self.terms.side**2
        is_kept = patch is not None and self.score() - score > least_gain and self.patcher.is_free(patch)
        if not is_kept:
            self.restore(*before)
        return is_kept

    def score(self) -> float:
        """What moves are to raise: that items are placed, their areas, and where they lie."""
        layout = self.layout
        worth = 1 + self.terms.height(layout.pose[:, :2])
        return float((layout.areas() * worth).sum() + PLACED * layout.placed.sum())

    def state(self) -> tuple[np.ndarray, ...]:
        return self.layout.pose.copy(), self.layout.mirrored.copy(), self.layout.placed.copy()

    def restore(self, pose: np.ndarray, mirrored: np.ndarray, placed: np.ndarray) -> None:
        layout = self.layout
        for item in np.flatnonzero(layout.mirrored != mirrored):
            layout.mirror(int(item))
        layout.placed[:] = placed
        changed = np.flatnonzero((layout.pose != pose).any(1))
        layout.put(changed, pose[changed])

    def _place(self) -> np.ndarray | None:
        """An item that is not placed is put into a gap, and what is around it makes room."""
        layout, terms, focus = self.layout, self.terms, self._focus()
        item = int(self.random.choice(np.flatnonzero(~layout.placed)))
        least = float(np.exp(terms.low[item])) * self.random.uniform(*TIGHT)
        if not self._fit(item, focus, terms.side, least, []):
            return None
        layout.placed[item] = True
        layout.put(np.array([item]), terms.kept(np.array([item]), layout.pose[item][None]))
        return self._settle(focus, [item], ROOM)

    def _focus(self) -> np.ndarray:
        """A place where there is room."""
        return np.asarray(self._gaps[self.random.integers(len(self._gaps))])

    def _near(self, place: np.ndarray, count: int) -> np.ndarray:
        """The items nearest to a place, of those that are placed and may move."""
        layout = self.layout
        free = np.flatnonzero(layout.placed & ~self.terms.held)
        pose = layout.pose[free]
        far = np.hypot(*(pose[:, :2] - place).T) - 0.5 * np.exp(pose[:, 3])
        return np.asarray(free[np.argsort(far, kind="stable")[:count]])

    def _fit(self, item: int, place: np.ndarray, half: float, least: float, out: list[int]) -> bool:
        """Place an item near a place, others being left out, at a scale not below one; whether it could be."""
        layout, terms = self.layout, self.terms
        view = window(layout, terms, place, half, np.array([*out, item]))
        most = math.exp(terms.high[item])
        found = largest(
            view, self.samples.of(item), terms, item, least, most, TRIES, int(self.random.integers(1 << 31))
        )
        if found is None:
            return False
        if found.mirrored != layout.mirrored[item]:
            layout.mirror(int(item))
        layout.put(np.array([item]), found.pose[None])
        return True

    def _half(self, *items: int) -> float:
        return HALF * max(float(np.exp(self.layout.pose[i, 3]) * self.layout.radius[i]) for i in items)

    def _settle(
        self, place: np.ndarray, extra: list[int], steps: tuple[float, float, int] = STEPS
    ) -> np.ndarray | None:
        """Let what is around a place grow; the items that may have moved, or None where it gains nothing."""
        patch = self._near(place, PATCH)
        patch = ordered(self.layout, np.unique(np.concatenate([patch, extra]).astype(int)))
        for length in falling(*steps):
            self.patcher.step(patch, length * self.terms.side)
            if self.score() < self._least:
                return None
        return patch

    def _refit(self) -> np.ndarray | None:
        """Items beside a gap are taken out and put back where they are largest."""
        focus = self._focus()
        chosen = self.random.permutation(self._near(focus, 5))[: self.random.integers(1, 4)]
        half = self._half(*chosen) + np.abs(self.layout.pose[chosen, :2] - focus).max()
        old = np.exp(self.layout.pose[chosen, 3])
        left = [int(i) for i in chosen]
        for item, scale in zip(chosen, old, strict=True):
            if not self._fit(int(item), focus, half, max(FEWER * scale, math.exp(self.terms.low[item])), left):
                return None
            left.remove(int(item))
        return self._settle(focus, [int(i) for i in chosen])

    def _swap(self) -> np.ndarray | None:
        """An item beside a gap changes places with another of another outline."""
        layout = self.layout
        first = int(self.random.choice(self._near(self._focus(), 4)))
        others = np.flatnonzero((self.samples.shape != self.samples.shape[first]) & layout.placed & ~self.terms.held)
        if not len(others):
            return None
        second = int(self.random.choice(others))
        places, scales = layout.pose[[first, second], :2].copy(), np.exp(layout.pose[[first, second], 3])
        halves = self._half(first), self._half(second)
        if not self._fit(
            second, places[0], halves[0], max(FEWER * scales[0], math.exp(self.terms.low[second])), [first]
        ):
            return None
        if not self._fit(first, places[1], halves[1], max(FEWER * scales[1], math.exp(self.terms.low[first])), []):
            return None
        patch = self._settle(places[0], [second])
        return self._both(patch, self._settle(places[1], [first]))

    def _both(self, first: np.ndarray | None, second: np.ndarray | None) -> np.ndarray | None:
        return None if first is None or second is None else np.union1d(first, second)

    def _insert(self) -> np.ndarray | None:
        """A small item is put into a gap, and grows there."""
        layout, focus = self.layout, self._focus()
        small = np.argsort(np.where(self.terms.held, np.inf, layout.pose[:, 3]), kind="stable")
        item = int(small[self.random.integers(max(1, layout.count // 3))])
        place, scale = layout.pose[item, :2].copy(), math.exp(layout.pose[item, 3])
        if not self._fit(item, focus, self.terms.side, max(0.9 * scale, math.exp(self.terms.low[item])), []):
            return None
        patch = self._settle(focus, [item])
        return self._both(patch, self._settle(place, []))
