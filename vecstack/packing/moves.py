"""Moves of a packing that is free of overlaps: items are taken out, fitted elsewhere, and what is around them grows; a move stays
where it gains area and nothing touches."""

from __future__ import annotations

import math

import numpy as np

from vecstack.packing.fitting import Samples, Window, largest, window
from vecstack.packing.layout import Layout
from vecstack.packing.patch import Patcher, falling, ordered
from vecstack.packing.terms import Terms

TRIES = 2500  # places at which an item is tried
HALF = 1.3  # half side of a window, in mean sides of an item and beyond the item itself
FEWER = 0.8  # share of its scale at which an item is at least put elsewhere


class Mover:
    """Moves on a layout; `gains` says how often each kind of move was tried and kept, and what it gained."""

    def __init__(self, layout: Layout, terms: Terms, random: np.random.Generator) -> None:
        self.layout, self.terms, self.random = layout, terms, random
        self.patcher = Patcher(layout, terms)
        self.samples = Samples(layout)
        self.patch_size = 14
        self.lengths = falling(0.08, 0.004, 6)
        self.kinds = {"refit": 0.35, "swap": 0.25, "insert": 0.2, "shake": 0.2}
        self.gains = {kind: [0, 0, 0.0] for kind in self.kinds}
        self._gaps = np.zeros((0, 2))

    def look_for_gaps(self) -> None:
        """Find free places, at which moves begin, evenly over what is not covered."""
        layout = self.layout
        box = layout.box[layout.count]
        half = (box[2:] - box[:2]).max() / 2
        from vecstack.packing import fitting

        view = window(layout, self.terms, (box[:2] + box[2:]) / 2, half, np.zeros(0, int))
        free = np.argwhere(view.taken < 0.5)[:, ::-1] + 0.5
        chosen = free[self.random.integers(len(free), size=2000)] if len(free) else free
        self._gaps = (chosen - [view.left, view.top]) / view.scale
        del fitting

    def move(self) -> bool:
        """Try one move; whether it is kept."""
        kind = str(self.random.choice(list(self.kinds), p=list(self.kinds.values())))
        before = self._state()
        patch = getattr(self, f"_{kind}")()
        gain = 0.0
        if patch is not None:
            gain = float(self.layout.areas()[patch].sum() - np.exp(2 * before[0][patch, 3]).sum())
        is_kept = patch is not None and gain > 1e-7 and self.patcher.is_free(patch)
        self.gains[kind][0] += 1
        if is_kept:
            self.gains[kind][1] += 1
            self.gains[kind][2] += gain
        else:
            self._restore(*before)
        return is_kept

    def _state(self) -> tuple[np.ndarray, np.ndarray]:
        return self.layout.pose.copy(), self.layout.mirrored.copy()

    def _restore(self, pose: np.ndarray, mirrored: np.ndarray) -> None:
        layout = self.layout
        for item in np.flatnonzero(layout.mirrored != mirrored):
            layout.mirror(item)
        changed = np.flatnonzero((layout.pose != pose).any(1))
        layout.placed[:] = True
        layout.put(changed, pose[changed])

    def _focus(self) -> np.ndarray:
        """A place where there is room."""
        return self._gaps[self.random.integers(len(self._gaps))]

    def _near(self, place: np.ndarray, count: int) -> np.ndarray:
        """The items nearest to a place."""
        layout = self.layout
        side = np.exp(layout.pose[:, 3])
        far = np.hypot(*(layout.pose[:, :2] - place).T) - 0.5 * side
        far[self.terms.held | ~layout.placed] = np.inf
        return np.argsort(far, kind="stable")[:count]

    def _fit(self, item: int, place: np.ndarray, half: float, least: float, out: list[int]) -> bool:
        """Place an item near a place, others being left out, at a scale not below one; whether it could be."""
        layout, terms = self.layout, self.terms
        view = window(layout, terms, place, half, np.array([*out, item]))
        most = math.exp(terms.high[item])
        least = max(least, math.exp(terms.low[item]))
        found = largest(
            view, self.samples.of(item), terms, item, least, most, TRIES, int(self.random.integers(1 << 31))
        )
        if found is None:
            return False
        if found.mirrored != layout.mirrored[item]:
            layout.mirror(item)
        layout.put(np.array([item]), found.pose[None])
        return True

    def _half(self, *items: int) -> float:
        return HALF * max(math.exp(self.layout.pose[i, 3]) * self.layout.radius[i] for i in items)

    def _settle(self, place: np.ndarray, extra: list[int]) -> np.ndarray:
        """Let what is around a place grow; the items that may have moved."""
        patch = self._near(place, self.patch_size)
        patch = ordered(self.layout, np.unique(np.concatenate([patch, extra]).astype(int)))
        self.patcher.steps(patch, [length * self.terms.side for length in self.lengths])
        return patch

    def _refit(self) -> np.ndarray | None:
        """Items beside a gap are taken out and put back where they are largest."""
        focus = self._focus()
        chosen = self.random.permutation(self._near(focus, 5))[: self.random.integers(1, 4)]
        half = self._half(*chosen) + np.abs(self.layout.pose[chosen, :2] - focus).max()
        old = np.exp(self.layout.pose[chosen, 3])
        left = [int(i) for i in chosen]
        for item, scale in zip(chosen, old, strict=True):
            if not self._fit(int(item), focus, half, FEWER * scale, left):
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
        if not self._fit(second, places[0], halves[0], FEWER * scales[0], [first]):
            return None
        if not self._fit(first, places[1], halves[1], FEWER * scales[1], []):
            return None
        patch = self._settle(places[0], [second])
        return np.union1d(patch, self._settle(places[1], [first]))

    def _insert(self) -> np.ndarray | None:
        """A small item is put into a gap, and grows there."""
        layout, focus = self.layout, self._focus()
        small = np.argsort(np.where(self.terms.held, np.inf, layout.pose[:, 3]), kind="stable")
        item = int(small[self.random.integers(max(1, layout.count // 3))])
        place, scale = layout.pose[item, :2].copy(), math.exp(layout.pose[item, 3])
        if not self._fit(item, focus, self.terms.side, 0.9 * scale, []):
            return None
        patch = self._settle(focus, [item])
        return np.union1d(patch, self._settle(place, []))

    def _shake(self) -> np.ndarray | None:
        """What is around a gap shrinks, some more than others, turns a little, and grows again."""
        layout, terms, focus = self.layout, self.terms, self._focus()
        patch = ordered(layout, self._near(focus, self.patch_size))
        pose = layout.pose[patch].copy()
        pose[:, 3] -= self.random.uniform(0, 0.15, len(patch))
        pose[:, 2] += 0.1 * self.random.normal(size=len(patch))
        layout.put(patch, terms.kept(patch, pose))
        worth = np.exp(0.7 * self.random.normal(size=len(patch)))
        self.patcher.steps(patch, [0.1 * terms.side, 0.06 * terms.side], worth)
        self.patcher.steps(patch, [length * terms.side for length in self.lengths])
        return patch
