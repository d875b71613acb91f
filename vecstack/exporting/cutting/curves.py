"""Curves as polygons, and back: the edges of areas as parts of the curves that they came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from vecstack.exporting.cutting.areas import GRID, Area, covered, need_shapely
from vecstack.geometry import Affine
from vecstack.kinds.base import Curve

TOLERANCE = 0.02  # units: how far edges may be off their curves
MAX_EDGES = 64  # of a piece
NEAR = 3 * GRID  # of an edge, where it was cut and moved to the grid
SAME_SHARE = 0.1  # of an edge: parameters that are less apart are one

Point = tuple[float, float]
Corner = tuple[int, int]  # in units of the grid
Edge = tuple[Corner, Corner]
Part = tuple[int, float, float]  # a piece, and the parameters at which an edge begins and ends
NO_PART: Part = (-1, 0.0, 1.0)


@dataclass(frozen=True)
class Run:
    """Edges of an area from one corner [2] to another that are one part of a piece."""

    part: Part
    start: np.ndarray
    end: np.ndarray


class Curves:
    """Makes areas of closed curves, and remembers what their edges stand for."""

    def __init__(self) -> None:
        self._pieces: list[np.ndarray] = []
        self._straight: list[bool] = []
        self._edges: list[Edge] = []
        self._parts: list[Part] = []  # what each edge is
        self._known: dict[Edge, int] = {}
        self._tree: Any = None  # of the edges

    def area(self, outline: Sequence[Curve], place: Affine) -> Area:
        """What closed curves cover (nonzero rule) where a map takes them."""
        self._tree = None
        return covered([self._ring(curve, place) for curve in outline])

    def _ring(self, curve: Curve, place: Affine) -> np.ndarray:
        """The corners [N,2] of the polygon that stands for a closed curve."""
        points = np.array([place.apply(*point) for point in curve])
        found: list[Corner] = []
        for at in range(0, len(points) - 1, 3):
            piece = points[at : at + 4]
            straight = is_straight(*map(tuple, piece.tolist()))
            shares = np.linspace(0, 1, 1 + (1 if straight else _count(piece)))
            for edge, (one, two) in enumerate(pairwise(_corners(_on(piece, shares)))):
                if one != two:
                    self._known.setdefault((one, two), len(self._parts))
                    self._parts.append((len(self._pieces), float(shares[edge]), float(shares[edge + 1])))
                    self._edges.append((one, two))
                    found.append(one)
            self._pieces.append(piece)
            self._straight.append(straight)
        return np.array(found, float).reshape(-1, 2) * GRID

    def outline(self, area: Area, place: Affine) -> tuple[Curve, ...]:
        """The edge of an area as closed curves where a map takes it; holes run the other way."""
        shapely = need_shapely()
        rings = [
            shapely.get_coordinates(ring)[:-1]
            for polygon in shapely.get_parts(shapely.orient_polygons(area))
            for ring in (polygon.exterior, *polygon.interiors)
        ]
        return tuple(self._curve(list(self._runs(ring)), place) for ring in rings)

    def _curve(self, runs: Sequence[Run], place: Affine) -> Curve:
        """Runs, one after another and back to the first, as a closed curve."""
        points = [run.start for run in runs[:1]]
        for run in runs:
            points += [*self._handles(run), run.end]
        return tuple(place.apply(*point) for point in np.array(points).tolist())

    def _handles(self, run: Run) -> tuple[np.ndarray, np.ndarray]:
        """The handles of a run: those of its part of the piece, moved with its ends."""
        piece, first, last = run.part
        if piece < 0 or self._straight[piece]:
            return run.start + (run.end - run.start) / 3, run.start + (run.end - run.start) * 2 / 3
        points = _cut(self._pieces[piece], first, last)
        return points[1] + run.start - points[0], points[2] + run.end - points[3]

    def _runs(self, ring: np.ndarray) -> Iterator[Run]:
        """The edges of a ring [N,2], those that are parts of one piece together."""
        parts = self._matched(ring)
        breaks = [at for at in range(len(parts)) if not _goes_on(parts[at - 1], parts[at])] or [0]
        for begin, end in pairwise((*breaks, breaks[0] + len(parts))):
            piece, first, _ = parts[begin]
            yield Run((piece, first, parts[(end - 1) % len(parts)][2]), ring[begin], ring[end % len(ring)])

    def _matched(self, ring: np.ndarray) -> list[Part]:
        """For each edge of a ring, from a corner to the next, the part of a piece that it is; NO_PART for none."""
        corners = _corners(ring)
        edges = list(zip(corners, corners[1:] + corners[:1], strict=True))
        found = [self._known_part(edge) for edge in edges]
        new = [at for at, part in enumerate(found) if part is None]
        near = dict(zip(new, self._near([edges[at] for at in new]), strict=True))
        parts: list[Part] = []
        for at, part in enumerate(found):
            before = parts[-1][0] if parts else -1
            parts.append(self._cut_part(edges[at], near[at], before) if part is None else part)
        return parts

    def _known_part(self, edge: Edge) -> Part | None:
        """What an edge is that has not been cut, in either direction."""
        if (forward := self._known.get(edge)) is not None:
            return self._parts[forward]
        if (backward := self._known.get(edge[::-1])) is not None:
            piece, first, last = self._parts[backward]
            return piece, last, first
        return None

    def _near(self, edges: Sequence[Edge]) -> list[list[int]]:
        """For each edge, the known ones near its middle."""
        shapely = need_shapely()
        found: list[list[int]] = [[] for _ in edges]
        if not edges:
            return found
        if self._tree is None:
            self._tree = shapely.STRtree(shapely.linestrings(np.array(self._edges) * GRID))
        middles = shapely.points(np.array(edges).mean(1) * GRID)
        for at, known in self._tree.query(middles, "dwithin", NEAR).T.tolist():
            found[at].append(known)
        return found

    def _cut_part(self, edge: Edge, near: Sequence[int], wanted: int) -> Part:
        """The part of a piece, a wanted one where that may be, that an edge is which has been cut."""
        best = NO_PART
        for known in near:
            start, end = np.array(self._edges[known], float)
            along = end - start
            off = np.array(edge) - start
            length = float(along @ along)
            if abs(along[0] * off[:, 1] - along[1] * off[:, 0]).max() > NEAR / GRID * length**0.5:
                continue
            piece, first, last = self._parts[known]
            shares = first + (last - first) * (off @ along / length).clip(0, 1)
            best = piece, float(shares[0]), float(shares[1])
            if piece == wanted:
                break
        return best


def _goes_on(part: Part, after: Part) -> bool:
    """Whether an edge goes on along the piece of the one before, in its direction."""
    step, other = part[2] - part[1], after[2] - after[1]
    apart = abs(after[1] - part[2])
    return part[0] == after[0] >= 0 and step * other > 0 and apart <= SAME_SHARE * max(abs(step), abs(other))


def _corners(points: np.ndarray) -> list[Corner]:
    """The corners of the grid that are nearest to points [N,2]."""
    return list(map(tuple, np.round(points / GRID).astype(np.int64).tolist()))


def _count(piece: np.ndarray) -> int:
    """How many edges stand for a piece [4,2]: the distance of a chord over 1/n of the parameter is at most the largest
    second derivative over 8 n^2."""
    bend = np.hypot(*(piece[:-2] - 2 * piece[1:-1] + piece[2:]).T).max()
    return min(MAX_EDGES, max(1, int((6 * bend / (8 * TOLERANCE)) ** 0.5) + 1))


def _on(piece: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """The points [N,2] of a cubic piece [4,2] at parameters [N]."""
    t = shares[:, None]
    weights = np.concatenate([(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3], 1)
    found: np.ndarray = weights @ piece
    return found


def _cut(piece: np.ndarray, first: float, last: float) -> list[np.ndarray]:
    """A cubic piece [4,2] between two parameters, as four points: the values of its polar form."""
    return [_polar(piece, ends) for ends in ((first,) * 3, (first, first, last), (first, last, last), (last,) * 3)]


def _polar(points: np.ndarray, shares: Sequence[float]) -> np.ndarray:
    for share in shares:
        points = points[:-1] + share * (points[1:] - points[:-1])
    found: np.ndarray = points[0]
    return found


def on_piece(piece: Sequence[Point], share: float) -> Point:
    """The point of a cubic piece (four points) at a parameter 0..1."""
    weights = (1 - share) ** 3, 3 * (1 - share) ** 2 * share, 3 * (1 - share) * share**2, share**3
    x, y = (sum(weight * point[axis] for weight, point in zip(weights, piece, strict=True)) for axis in (0, 1))
    return x, y


def is_straight(start: Point, first: Point, second: Point, end: Point) -> bool:
    """Whether a cubic piece is a straight line: both handles lie on the way from its start to its end."""
    x, y = end[0] - start[0], end[1] - start[1]
    length = x * x + y * y
    if length == 0:
        return first == start and second == end
    for handle in (first, second):
        dx, dy = handle[0] - start[0], handle[1] - start[1]
        if abs(dx * y - dy * x) > 1e-7 * length or not -1e-7 * length <= dx * x + dy * y <= (1 + 1e-7) * length:
            return False
    return True
