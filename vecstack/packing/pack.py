"""Outlines packed into a container, so that they cover as much of it as they can and do not touch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vecstack.errors import UsageError
from vecstack.packing import exact
from vecstack.packing.exact import Outline
from vecstack.packing.factor import enlarge
from vecstack.packing.greedy import place_all
from vecstack.packing.image import Level, grow
from vecstack.packing.layout import Frame, Outlines, layout_of, polygon_at, pose_inside, pose_outside
from vecstack.packing.moves import Mover
from vecstack.packing.opened import draw_in, place_inward
from vecstack.packing.options import Packing, Pose
from vecstack.packing.settling import make_way, settle, with_padding
from vecstack.packing.start import spread
from vecstack.packing.terms import terms_of

WARMTH = 0.01  # what a move may lose at first, in mean areas of an item
PLACINGS = 40  # tries for each item that is not placed when all have settled
MOST_MOVED = 1000  # items for which moves are counted; more items get no more moves


@dataclass(frozen=True)
class Work:
    """How much is done: the levels of pictures, the steps in which all items grow, the moves for each item, the rounds
    in which they are made, of how many places an item takes the snuggest where the largest begin, and how often a
    common factor of sizes by data is raised."""

    levels: tuple[Level, ...]
    steps: int
    moves: float
    rounds: int
    choice: int
    enlargements: int


COARSE, MIDDLE, FINE = Level(50, 200, 0.4), Level(200, 200, 0.2), Level(600, 60, 0.1)
WORKS = {
    "sketch": Work((COARSE, MIDDLE), 6, 0.0, 0, 8, 0),
    "fast": Work((COARSE, MIDDLE), 10, 2.0, 4, 24, 0),
    "good": Work((COARSE, MIDDLE, FINE), 20, 40.0, 24, 60, 12),
    "best": Work((COARSE, MIDDLE, FINE), 20, 120.0, 60, 80, 40),
}


@dataclass(frozen=True)
class Losses:
    """How far a packing is: the share of the work that is done, and what overlaps, is outside and is not covered, as
    shares of the container's area."""

    share: float
    overlap: float
    outside: float
    uncovered: float


Told = Callable[[Losses], None]


@dataclass(frozen=True)
class Packed:
    """Where items are (None: there was no room for one), how much of the container they cover, how much they overlap
    one another, the sum over pairs, and lie outside, as shares of its area by exact polygons, and the losses round by
    round."""

    poses: tuple[Pose | None, ...]
    coverage: float
    overlap: float
    outside: float
    losses: tuple[Losses, ...]


def pack(
    outlines: Sequence[Outline],
    container: Outline | None,
    options: Packing = Packing(),  # noqa: B008
    seed: int = 0,
    told: Told | None = None,
) -> Packed:
    """The poses of items in a container, by their outlines: each one closed ring [V,2] or several, in any unit, held by
    the even-odd rule, the last point not repeated. Without a container items keep their own sizes (times
    `options.sizes`) and lie closely about the origin; shares are of the area of their convex hull then. The same seed
    gives the same result. `told` hears of each round.

    Raises UsageError for no items, an outline or a container without area, options that do not fit the items, and where
    shapely is not installed."""
    task = _Task(outlines, container, options, seed, told)
    return task.packed()


class _Task:
    """One packing on its way."""

    def __init__(
        self, outlines: Sequence[Outline], container: Outline | None, options: Packing, seed: int, told: Told | None
    ) -> None:
        self.options, self.told = options, told
        self.random = np.random.default_rng(seed)
        self.outlines = _sound(outlines)
        _check(options, len(outlines))
        self.container = None if container is None else _container(container)
        self.frame = _frame(self.container, self.outlines.sides, options)
        self.layout = layout_of(self.outlines, self.container, self.frame)
        self.terms = terms_of(options, self.outlines.sides, self.frame.side, is_open=container is None)
        self._hold()
        self.work = WORKS[options.effort]
        self.losses: list[Losses] = []

    def _hold(self) -> None:
        """Put the fixed items where they are."""
        for item, pose in self.options.fixed.items():
            if pose.mirrored:
                self.layout.mirror(item)
            inside = pose_inside(pose, self.outlines.centers[item], self.outlines.sides[item], self.frame)
            self.layout.placed[item] = True
            self.layout.put(np.array([item]), inside[None])

    def packed(self) -> Packed:
        self.mover = Mover(self.layout, self.terms, self.random)
        if self.container is None:
            self._draw_in()
        elif not self.terms.held.all():
            self._begin()
            self._move()
        poses = self._poses()
        return Packed(poses, *self._measured(poses), tuple(self.losses))

    def _measured(self, poses: Sequence[Pose | None]) -> tuple[float, float, float]:
        """Coverage, overlap and what is outside."""
        placed = self._polygons(poses)
        return exact.measured(placed, exact.hull(placed) if self.container is None else self.container)

    def _draw_in(self) -> None:
        place_inward(self.layout, self.terms, self.mover.samples, self.random)
        self._tell(0.5)
        draw_in(self.mover.patcher, self.work.steps)
        self._tell(1.0)

    def _begin(self) -> None:
        options = self.options
        if (options.start or ("image" if options.sizes is None else "greedy")) == "greedy":
            factor = place_all(self.layout, self.terms, self.mover.samples, self.work.choice, self.random)
            if options.sizes is not None:
                self.terms.low += factor
                self.terms.high += factor
        else:
            roomy = with_padding(self.terms)
            spread(self.layout, roomy, options.axis, self.random)
            for level in self.work.levels:
                grow(self.layout, roomy, level.finer(self.layout.count))
                self._tell(0.1)
            make_way(self.layout, self.terms)
        settle(self.mover.patcher, self.work.steps)
        self.mover.place_missing(PLACINGS)
        if options.sizes is not None and self.layout.placed.all():
            enlarge(self.mover, self.work.enlargements)
        self._tell(0.2)

    def _move(self) -> None:
        if self.terms.is_strict and self.layout.placed.all():
            return
        moves = math.ceil(self.work.moves * min(self.layout.count, MOST_MOVED))
        for k in range(self.work.rounds):
            warmth = WARMTH * max(0.0, 1 - 1.25 * k / self.work.rounds)
            self.mover.round(math.ceil(moves / self.work.rounds), warmth)
            self._tell(0.2 + 0.8 * (k + 1) / self.work.rounds)

    def _poses(self) -> tuple[Pose | None, ...]:
        layout, outlines = self.layout, self.outlines
        found: list[Pose | None] = []
        for item in range(layout.count):
            if item in self.options.fixed:
                found.append(self.options.fixed[item])
            elif layout.placed[item]:
                center, side = outlines.centers[item], outlines.sides[item]
                found.append(pose_outside(layout.pose[item], bool(layout.mirrored[item]), center, side, self.frame))
            else:
                found.append(None)
        return tuple(found)

    def _polygons(self, poses: Sequence[Pose | None]) -> list[Any]:
        pairs = zip(self.outlines.polygons, poses, strict=True)
        return [polygon_at(shape, pose) for shape, pose in pairs if pose is not None]

    def _tell(self, share: float) -> None:
        coverage, overlap, outside = self._measured(self._poses())
        self.losses.append(Losses(share, overlap, outside, 1 - coverage))
        if self.told is not None:
            self.told(self.losses[-1])


def _sound(outlines: Sequence[Outline]) -> Outlines:
    if not len(outlines):
        raise UsageError("there are no items to pack. Give one at least.")
    polygons = [exact.polygon(rings) for rings in outlines]
    for index, shape in enumerate(polygons):
        if not shape.area > 0:
            raise UsageError(f"outline {index} holds no area. Leave it out, or give rings of three points at least.")
    sides = np.sqrt([shape.area for shape in polygons])
    return Outlines(polygons, np.array([_center(shape) for shape in polygons]), sides)


def _container(container: Outline | None) -> Any:
    shape = exact.polygon(container or ())
    if not shape.area > 0:
        raise UsageError("container holds no area. Give rings of three points at least.", parameter="container")
    return shape


def _frame(container: Any | None, sides: np.ndarray, options: Packing) -> Frame:
    """The frame of a container, or of items that have an area of 1 together."""
    if container is not None:
        return Frame(_center(container), math.sqrt(container.area))
    wanted = sides * (1 if options.sizes is None else np.array(options.sizes))
    return Frame(np.zeros(2), math.sqrt((wanted**2).sum()))


def _center(shape: Any) -> np.ndarray:
    return np.array([shape.centroid.x, shape.centroid.y])


def _check(options: Packing, count: int) -> None:
    if options.sizes is not None and len(options.sizes) != count:
        raise UsageError(
            f"sizes must be one for each of the {count} items, not {len(options.sizes)}.", parameter="sizes"
        )
    for index in options.fixed:
        if not 0 <= index < count:
            raise UsageError(f"fixed names item {index}, but there are {count}.", parameter="fixed")
