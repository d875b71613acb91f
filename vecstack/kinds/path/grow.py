"""Paths grown where a picture is missed: the regions of the picture first, then those of what is left, again and again,
with Gauss-Newton steps between."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch

from vecstack.kinds.base import Scene, Terms
from vecstack.kinds.path.arrays import Paths
from vecstack.kinds.path.border import reaching_out
from vecstack.kinds.path.fit import Tuner
from vecstack.kinds.path.gradients import with_gradients
from vecstack.kinds.path.growth import Growth
from vecstack.kinds.path.mend import mended
from vecstack.kinds.path.missed import FOCUS, add_where_missed, weights_of
from vecstack.kinds.path.structure import GROUPS, most_frequent, parts_of, regions_of, structure

# Of the paths, which are the regions of the picture itself: a share of many, most of few, since these are to be things.
STRUCTURE_SHARE, MOST_SHARE, FEW_REGIONS = 0.2, 0.75, 15
# Paths up to which each is to be a thing, though it may mend little: none is dropped and added anew, and what is missed
# in tint counts more than in light.
THINGS, MISSED_TINT = 32, 2.0
SMALL_GROWN, FEW = 1 << 14, 8  # pixels of a picture that is grown on in steps: to so many paths, twice, four times


@dataclass(frozen=True)
class Schedule:
    """How paths are grown: steps after the structure; rounds, each the share of the paths that are dropped first, where
    all are there, the share of those still wanted that are added, and the steps then; and the most pieces of a path."""

    first: int
    rounds: tuple[tuple[float, float, int], ...]
    pieces: int


ADDING = (0.0, 0.5, 20), (0.0, 0.5, 20)  # the rounds in which paths become as many as wanted
SCHEDULES = {
    "fast": Schedule(25, ((0, 0.5, 25), (0, 0.5, 25), (0, 1.0, 40)), 12),
    # The last round drops nothing: what a drop costs is hardly regained in the steps that are left.
    "good": Schedule(25, (*ADDING, (0, 1.0, 15), (0.12, 1.0, 15), (0.08, 1.0, 15), (0, 1.0, 35)), 12),
    "best": Schedule(25, (*ADDING, (0, 1.0, 20), *((0.12, 1.0, 20),) * 3, (0.12, 1.0, 80)), 16),
}
TIMED = Schedule(25, (*ADDING, (0, 1.0, 20), *((0.12, 1.0, 20),) * 29), 16)
SETTLING_SHARE = 0.25  # of the time, for the last steps
SETTLING_STEPS = 80
ROUNDING = 1e-5  # of a colour
JUDGED_OPACITY = 0.985  # at most, of a path that is judged: an opaque one has no slope
TUNING_STEPS = {"fast": 15, "good": 40, "best": 120}  # of paths that are there
MANY_PIXELS, FEWEST_STEPS = 1 << 23, 4  # of a picture from which on steps are fewer, so that time is bounded; no less


class PathGrower:
    """Paths that are tuned and grown (vecstack.kinds.base.Grower); `growth` is where they are."""

    def __init__(self, paths: Paths, scene: Scene, terms: Terms, device: torch.device) -> None:
        self.scene, self.terms = scene, terms
        self._is_small = scene.picture[0].size < SMALL_GROWN
        effort = "good" if terms.effort == "fast" and self._is_small else terms.effort  # which is quick there
        self.schedule = SCHEDULES[effort] if terms.deadline is None else TIMED
        self.tuner = Tuner(scene, device)
        self._guide = None if terms.guide is None else terms.guide.at(*scene.picture.shape[1:])
        self.growth = Growth(
            paths, np.zeros(paths.count, np.int64), np.arange(paths.count), np.zeros((0, 0), np.int64),
            np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(1, np.int64),
        )  # fmt: skip
        self._started, self._share = time.monotonic(), 0.0

    @property
    def count(self) -> int:
        """How many paths there are."""
        return self.growth.paths.count

    def tune(self) -> None:
        """Tune the paths that are there, and take off the thorns and curls that come of it: not of paths that were
        grown here, which are mended, nor where there is time for few steps."""
        share = min(1.0, MANY_PIXELS / self.scene.picture[0].size)
        self._tune(max(FEWEST_STEPS, round(share * TUNING_STEPS[self.terms.effort])), 0.0, 1.0)
        if share == 1 and self.terms.effort != "fast" and not self.growth.regions.size:
            self.growth.paths = mended(self.tuner, self.growth.paths, np.ones(self.count, bool))

    def grow_to(self, count: int) -> None:
        """Add paths until there are about `count`: where there are none yet and nothing is below, the regions of the
        picture first. What turns out no closer to the picture is undone."""
        if count <= self.count:
            return
        if not self.growth.regions.size:
            wanted = GROUPS if self._is_small else _regions_for(count - self.count)
            self._know_regions(min(count, max(wanted, parts_of(self._guide))))
        for wanted in self._counts_to(count):
            if self.count and self.terms.deadline is not None and time.monotonic() >= self.terms.deadline:
                break  # but not without any
            before, error = self.growth.copy(), self._missed()
            self._grow_to(wanted)
            if before.paths.count and self._missed() > error:
                self.growth = before

    def _counts_to(self, count: int) -> list[int]:
        """The counts that are grown to one after another. In a small picture luck decides, and steps cost little: there
        they are the same on the way to any count, so that more layers are never worse."""
        steps = [FEW << power for power in range(16)] if self._is_small else []
        return [*(step for step in steps if self.count < step < count), count]

    def _grow_to(self, count: int) -> None:
        if not self.count and _is_plain(self.scene.below):
            structure(self.growth, self.scene, count, self.schedule.pieces, self._has_opaque_structure)
            self._tune(self.schedule.first, 0.0, 0.1)
        rounds, are_things = self.schedule.rounds, count <= THINGS and not self._is_small
        closest, least = self.growth, float("inf")
        for index, (dropped, share, steps) in enumerate(rounds):
            is_last = index == len(rounds) - 1 or self._is_late()
            if dropped and self.count >= count and not are_things:
                self.shrink_to(round((1 - dropped) * count))
            wanted = count - self.count
            if wanted > 0:
                added = max(1, round(share * wanted))
                tint = MISSED_TINT if are_things else 1.0
                add_where_missed(self.growth, self.tuner, added, self.schedule.pieces, self.terms, self._guide, tint)
            steps = SETTLING_STEPS if is_last and self.terms.deadline is not None else steps
            if is_last and self.terms.effort == "best":  # the others mend at the end alone
                self._mend()
            if is_last:
                self.growth.paths = with_gradients(self.tuner, self.growth.paths, self.growth.source < 0)
            self._tune(steps, 0.1 + 0.9 * index / len(rounds), 0.1 + 0.9 * (index + 1) / len(rounds))
            error = self._missed()
            if error < least and (share == 1 or is_last):
                closest, least = self.growth.copy(), error
            if is_last:
                break
        self.growth = closest
        self._mend()

    @property
    def _has_opaque_structure(self) -> bool:
        """Whether regions are opaque: not in transparent pictures, nor in small ones, where that ends the growing."""
        if self.terms.opaque:
            return True
        return len(self.scene.picture) == 3 and (not self._is_small or bool(self.growth.segment.any()))

    def shrink_to(self, count: int) -> None:
        """Drop the paths without which the error rises least."""
        effect = effects(self.tuner, self.growth.paths)
        if self._guide is not None and self._guide.focus is not None and self.growth.regions.size:
            effect *= weights_of(self.growth.regions, self._guide.focus)[self.growth.owner]
        effect[self.growth.source >= 0] = np.inf
        count = max(count, int((self.growth.source >= 0).sum()))
        self.growth.keep(np.sort(np.argsort(-effect, kind="stable")[:count]))

    def _mend(self) -> None:
        """Take thorns and curls off the paths that were added, and let those along the border reach out."""
        added = self.growth.source < 0
        height, width = self.scene.picture.shape[1:]
        self.growth.paths = reaching_out(mended(self.tuner, self.growth.paths, added), added, width, height)

    def _know_regions(self, count: int) -> None:
        """Find the picture's regions."""
        growth, guide = self.growth, self._guide
        segments = None if guide is None else guide.segments
        growth.regions, growth.rank, growth.parent = regions_of(self.scene, count, self.terms.seed, guide)
        growth.segment = most_frequent(growth.regions, segments)

    def _missed(self) -> float:
        """The mean squared error, of which more counts where detail matters."""
        focus = None if self._guide is None else self._guide.focus
        return self.tuner.error(self.growth.paths, None if focus is None else 1 + (FOCUS - 1) * focus)

    def _is_late(self) -> bool:
        """Whether only the time for the last steps is left."""
        if self.terms.deadline is None:
            return False
        return self.terms.deadline - time.monotonic() < SETTLING_SHARE * (self.terms.deadline - self._started)

    def _tune(self, steps: int, start: float, end: float) -> None:
        done = 0

        def told(error: float) -> None:
            nonlocal done
            done += 1
            self._share = max(self._share, start + (end - start) * done / (steps + 1))
            if self.terms.told is not None:
                self.terms.told(self._share, error)

        self.growth.paths = self.tuner.tune(self.growth.paths, steps, deadline=self.terms.deadline, told=told)


def effects(tuner: Tuner, paths: Paths) -> np.ndarray:
    """By how much the squared error would rise without each path, to second order: [L]."""
    tried = paths.copy()
    tried.opacity[:] = np.minimum(tried.opacity, JUDGED_OPACITY)
    slopes, opacity = tuner.slopes(tried), tried.opacity
    result: np.ndarray = 0.5 * opacity**2 * slopes.opacity_curvature - opacity * slopes.opacity
    return result


def _regions_for(count: int) -> int:
    """How many of so many paths are regions of the picture."""
    return max(2, round(STRUCTURE_SHARE * count), min(FEW_REGIONS, round(MOST_SHARE * count)))


def _is_plain(canvas: np.ndarray) -> bool:
    """Whether a canvas [D,H,W] has one colour, but for rounding where it was made smaller."""
    return bool((np.ptp(canvas, (1, 2)) < ROUNDING).all())
