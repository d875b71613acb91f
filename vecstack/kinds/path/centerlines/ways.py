"""The ways that a disc goes which rolls around a shape inside it, along its edge: where the shape is a line of one
width, it goes along the middle of that twice, there and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vecstack.kinds.path.centerlines.loops import nearest_on
from vecstack.kinds.path.centerlines.rim import HALF, Rim

JUMP = 0.7 * HALF  # from one place of the disc to the next, where lines meet
MOVE = 0.12 * HALF  # least distance of points of a way
REACH = 0.5 * HALF  # along a way, to where its direction is seen
STAYS = 0.25 * HALF  # around the end of a line
BACK = np.radians(150)  # turn of a disc at the end of a line, at least
SLIM = 0.12  # of half the width, by which a disc may be larger than what the shape holds


@dataclass(frozen=True)
class Way:
    """Points [M,2] along the middle of a line, whether they close (the last then leads to the first), and whether the
    line ends at the first, and at the last: else it may go on."""

    points: np.ndarray
    is_closed: bool = False
    ends: tuple[bool, bool] = (False, False)

    @property
    def line(self) -> np.ndarray:
        """The points; of a closed way with the first at the end, too."""
        return np.concatenate([self.points, self.points[:1]]) if self.is_closed else self.points

    @property
    def length(self) -> float:
        """Along it."""
        return float(np.hypot(*np.diff(self.line, axis=0).T).sum())

    @property
    def turned(self) -> Way:
        """The same from end to start."""
        return Way(self.points[::-1], self.is_closed, self.ends[::-1])

    def directions(self) -> np.ndarray:
        """Unit vectors [M,2] along it, as seen within REACH."""
        before, after = (self._at(step) for step in (-REACH, REACH))
        along = after - before
        found: np.ndarray = along / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
        return found

    def turns(self) -> np.ndarray:
        """The angle [M], 0..pi, by which it turns at each point; 0 near the ends of an open one."""
        into, out = self.points - self._at(-REACH), self._at(REACH) - self.points
        cross, dot = into[:, 0] * out[:, 1] - into[:, 1] * out[:, 0], (into * out).sum(1)
        is_known = (np.hypot(*into.T) > 1e-6) & (np.hypot(*out.T) > 1e-6)
        found: np.ndarray = np.where(is_known, np.abs(np.arctan2(cross, dot)), 0)
        return found

    def _at(self, step: float) -> np.ndarray:
        """The places [M,2] on it that are a step on from each point, at most its ends where it is open."""
        line = self.line
        along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
        wanted = along[: len(self.points)] + step
        if self.is_closed:
            wanted %= along[-1]
        return np.stack([np.interp(wanted, along, line[:, axis]) for axis in (0, 1)], 1)


def ways_of(rim: Rim, radii: np.ndarray) -> list[Way]:
    """The ways of the disc around the edges of a shape, broken where it jumps from one line to another and where it
    comes back from the end of a line. `radii` [N] tells where it fits."""
    fits = radii > (1 - SLIM) * HALF
    found = []
    for number in range(int(rim.edge.max()) + 1):
        middles = rim.middles[(rim.edge == number) & fits]
        if len(middles) > 2:
            found += [part for way in _without_jumps(middles) for part in _without_ends(way)]
    return found


def _without_jumps(middles: np.ndarray) -> list[Way]:
    """A closed row of places [N,2] of the disc as ways without jumps."""
    jumps = np.flatnonzero(np.hypot(*(middles - np.roll(middles, 1, 0)).T) > JUMP)
    if not len(jumps):
        return [Way(_spaced(middles), is_closed=True)]
    around = np.roll(middles, -jumps[0], 0)
    cuts = [*(jumps - jumps[0]).tolist(), len(middles)]
    return [Way(_spaced(around[first:end])) for first, end in pairwise(cuts) if end > first + 1]


def _spaced(points: np.ndarray) -> np.ndarray:
    """The points [N,2] without those that hardly move on from the one before."""
    kept = [0]
    for index in range(1, len(points)):
        if np.hypot(*(points[index] - points[kept[-1]])) > MOVE:
            kept.append(index)
    found: np.ndarray = points[kept]
    return found


def _without_ends(way: Way) -> list[Way]:
    """A way as several, from end to end of lines."""
    if len(way.points) < 2:
        return []
    places = peaks_of(way, BACK)
    if not len(places):
        return [way]
    points = way.points
    if way.is_closed:
        points = np.roll(points, -places[0], 0)
        cuts = [*(places - places[0]).tolist(), len(points)]
        points = np.concatenate([points, points[:1]])
        is_end = len(cuts) * [True]
    else:
        cuts = [0, *places.tolist(), len(points) - 1]
        is_end = [False, *len(places) * [True], False]
    parts = [
        Way(points[first : last + 1], ends=(starts, stops))
        for (first, last), (starts, stops) in zip(pairwise(cuts), pairwise(is_end), strict=True)
        if last > first
    ]
    return [_steady(part) for part in parts]


def _steady(way: Way) -> Way:
    """A way without the points near its ends where a line ends: there the disc stays, and goes to and fro."""
    points = way.points
    kept = np.ones(len(points), bool)
    for end, is_end in zip((0, -1), way.ends, strict=True):
        if is_end:
            kept &= np.hypot(*(points - points[end]).T) > STAYS
    kept[[0, -1]] = True
    return Way(points[kept], ends=way.ends)


def peaks_of(way: Way, least: float) -> np.ndarray:
    """The points of a way, by index, at which it turns most within REACH, and by an angle at least."""
    turns = way.turns()
    found = []
    for index in np.flatnonzero(turns >= least):
        near = np.hypot(*(way.points - way.points[index]).T) < REACH
        reach = _run_around(near, int(index), way.is_closed)
        most = turns[reach].max()
        if turns[index] == most and index == reach[turns[reach] == most].min():
            found.append(int(index))
    return np.array(found, np.int64)


def _run_around(chosen: np.ndarray, index: int, is_closed: bool) -> np.ndarray:
    """The indices of the chosen [M] that follow one another, with a given one among them."""
    count = len(chosen)
    found = [index]
    for step in (1, -1):
        at = index + step
        while (is_closed or 0 <= at < count) and chosen[at % count] and at % count != index:
            found.append(at % count)
            at += step
    return np.array(found)


def without(ways: Sequence[Way], taken: Way, near: float, least: float) -> list[Way]:
    """What is left of ways when that is taken away which goes along another within a distance; pieces that are shorter
    than `least` are left out."""
    directions = np.concatenate([taken.directions(), taken.directions()[:1]])
    starts, found = np.array([0, len(taken.line)]), []
    for way in ways:
        away, place = nearest_on(way.points, taken.line, starts)
        along = directions[np.rint(place).astype(np.int64)]
        is_left = ~((away < near) & (np.abs((along * way.directions()).sum(1)) > 0.7))
        found += [part for part in _runs(way, is_left) if part.length >= least]
    return found


def _runs(way: Way, chosen: np.ndarray) -> list[Way]:
    """The parts of a way whose points are chosen [M]."""
    if chosen.all():
        return [way]
    points, ends = way.points, way.ends
    if way.is_closed:
        first = int(np.flatnonzero(~chosen)[0])
        points, chosen = np.roll(points, -first, 0), np.roll(chosen, -first)
    marks = np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]]).astype(np.int8)))
    return [
        Way(points[first:end], ends=(ends[0] and first == 0, ends[1] and end == len(points)))
        for first, end in zip(marks[::2].tolist(), marks[1::2].tolist(), strict=True)
        if end > first + 1
    ]
