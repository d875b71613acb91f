"""Outlines of colours as closed contours of few lines and cubics, which meet in the tangents of the splines that they
stand for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vecstack.kinds.path.pixelart.chains import Chains
from vecstack.kinds.path.pixelart.loops import pieces_of
from vecstack.kinds.path.pixelart.mesh import OUTSIDE, Mesh
from vecstack.kinds.path.pixelart.stack import NO_EDGE, NOWHERE, Step

ERROR = 0.015  # px that a cubic may be off its spline
STRAIGHT = 0.004  # px that what becomes a line may be off it
LEAST_LINE = 1.2  # px, of a line that goes on smoothly


@dataclass(frozen=True)
class Tracer:
    """Makes contours of loops of steps along chains: `places` [P,2] are where curves pass their points, `middles` [K,2]
    where cells have their middles now."""

    chains: Chains
    places: np.ndarray
    middles: np.ndarray

    @classmethod
    def of(cls, mesh: Mesh, chains: Chains) -> Tracer:
        """The tracer of a mesh whose edges have become chains."""
        places = chains.places()
        nodes = np.where((chains.at == NOWHERE)[:, None], mesh.nodes, places[chains.at])
        cells = int(mesh.sides.max()) + 1
        sums, counts = np.zeros((cells, 2)), np.zeros(cells)
        both = nodes[mesh.ends].sum(1)
        for side in mesh.sides.T:
            inside = side != OUTSIDE
            np.add.at(sums, side[inside], both[inside])
            np.add.at(counts, side[inside], 2)
        return cls(chains, places, sums / counts[:, None])

    def contour(self, loop: list[Step]) -> np.ndarray:
        """The contour [3n,2] (knot, handle, handle, ...) of a closed loop, in pixels."""
        ends = [self._ends(step) for step in loop]
        is_smooth = [self._goes_on(ends[index - 1], ends[index]) for index in range(len(loop))]
        if all(is_smooth):
            return _joined(_fitted(*self._round(ends)))
        first = is_smooth.index(False)
        found: list[np.ndarray] = []
        run: list[tuple[int, int]] = []
        for index in [*range(first, len(loop)), *range(first), first]:
            if run and not is_smooth[index]:
                found.append(_fitted(*self._open(run)))
                run = []
            if len(found) and index == first:
                break
            own = ends[index]
            if own is None:
                found.append(_line(self._start(loop[index - 1], ends[index - 1]), self._at(loop[index])))
            else:
                run.append(own)
        return _joined(np.concatenate(found))

    def _ends(self, step: Step) -> tuple[int, int] | None:
        """The points of the chains between which a step goes, of one that is seen."""
        if step.edge == NO_EDGE:
            return None
        first, last = self.chains.of_edge[step.edge].tolist()
        return (first, last) if step.is_forward else (last, first)

    def _goes_on(self, before: tuple[int, int] | None, after: tuple[int, int] | None) -> bool:
        """Whether one step goes on smoothly from another."""
        return before is not None and after is not None and before[1] == after[0] and not self.chains.is_end[after[0]]

    def _start(self, before: Step, ends: tuple[int, int] | None) -> np.ndarray:
        """Where the step after another begins."""
        return self._at(before) if ends is None else self.places[ends[1]]

    def _at(self, step: Step) -> np.ndarray:
        """Where a hidden step ends."""
        if step.cell != NOWHERE:
            found: np.ndarray = self.middles[step.cell]
            return found
        place: np.ndarray = self.places[self.chains.at[step.node]]
        return place

    def _open(self, run: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Points [N,2] along steps, which of them may be knots, and the directions of the curve there."""
        first, last = np.array(run).T
        controls = self.chains.points
        middles = (controls[first] + controls[last]) / 2
        halves = (
            _half(self.places[first], self._handles(first, middles), middles),
            _half(middles, self._handles(last, middles), self.places[last]),
        )
        points = np.concatenate([self.places[first[:1]], np.concatenate(halves, 1).reshape(-1, 2)])
        knots = np.concatenate([[0], 4 + 8 * np.arange(len(run)), [len(points) - 1]])
        ways = np.concatenate(
            [[self._way(run[0], 0)], _units(controls[last] - controls[first]), [self._way(run[-1], 1)]]
        )
        return points, knots, ways

    def _round(self, run: list[tuple[int, int] | None]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The same of a closed curve, which begins and ends in the middle of its first step."""
        closed = [ends for ends in run if ends is not None]
        points, knots, ways = self._open([*closed, closed[0]])
        first, last = knots[1], knots[-2]
        return points[first : last + 1], knots[1:-1] - first, ways[1:-1]

    def _handles(self, points: np.ndarray, middles: np.ndarray) -> np.ndarray:
        """The handles [S,2] of the halves of quadratics between the middles of steps and the places of their points."""
        is_end = self.chains.is_end[points][:, None]
        found: np.ndarray = (np.where(is_end, self.places[points], self.chains.points[points]) + middles) / 2
        return found

    def _way(self, ends: tuple[int, int], which: int) -> np.ndarray:
        """The direction of the curve at an end of a step."""
        point, chains = ends[which], self.chains
        way = chains.points[ends[1]] - chains.points[ends[0]]
        if not chains.is_end[point]:
            across = chains.points[chains.after[point]] - chains.points[chains.before[point]]
            way = across if chains.after[ends[0]] == ends[1] else -across
        unit: np.ndarray = _units(way[None])[0]
        return unit


def _units(ways: np.ndarray) -> np.ndarray:
    found: np.ndarray = ways / np.maximum(np.hypot(*ways.T), 1e-9)[:, None]
    return found


def _half(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Points [S,4,2] along quadratics, their begins left out."""
    return np.stack([(9 * a + 6 * b + c) / 16, (a + 2 * b + c) / 4, (a + 6 * b + 9 * c) / 16, c], 1)


def _joined(contour: np.ndarray) -> np.ndarray:
    """The contour [3n,2] with lines that go straight on as one."""
    knots, after = contour[::3], np.roll(contour[::3], -1, 0)
    is_line = (contour[1::3] == knots).all(1) & (contour[2::3] == after).all(1)
    ways = after - knots
    before = np.roll(ways, 1, 0)
    turn = before[:, 0] * ways[:, 1] - before[:, 1] * ways[:, 0]
    on = (before * ways).sum(1)
    needless = is_line & np.roll(is_line, 1) & (np.abs(turn) < 1e-9) & (on > 0)
    kept = contour.reshape(-1, 3, 2)[~needless].copy()
    lines = is_line[~needless]
    kept[lines, 2] = np.roll(kept[:, 0], -1, 0)[lines]
    found: np.ndarray = kept.reshape(-1, 2)
    return found


def _line(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """A straight piece [3,2], its handles on its knots."""
    return np.stack([start, start, end])


def _fitted(points: np.ndarray, knots: np.ndarray, ways: np.ndarray) -> np.ndarray:
    """Pieces [3n,2] of lines and cubics along points, from knot to knot."""
    found: np.ndarray = pieces_of(points, knots, ways, ERROR, STRAIGHT, LEAST_LINE)
    return found
