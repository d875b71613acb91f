"""The pen that draws a shape along its centre lines: how it ends, how it turns, and how far what it draws is off."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vecstack.kinds.path.centerlines.rim import HALF, Rim, on_cubics, slopes_of
from vecstack.kinds.path.centerlines.spine import Chords, Spine, brought_to

TURN = np.radians(8)  # of a line from piece to piece that is a corner, at least
MITER = 4.0  # times half the width, from a corner to its tip, at most (that of SVG, where nothing is said)
SEEN = 0.3 * HALF  # of the edge at the end of a line, at least
SHORTER = HALF / 2  # that lines are cut by to see how far they go
WITHIN = 0.1 * HALF  # of the edge of a line within another, at least
ANGLES = np.radians(np.arange(-80, 81, 20))  # of a round end at which it is looked at


@dataclass(frozen=True)
class Pen:
    """Centre lines, half the width of what is drawn along them, and whether it ends and turns round: else its ends are
    cut off, and its corners sharp."""

    spines: tuple[Spine, ...]
    half: float
    ends_round: bool = True
    turns_round: bool = True

    @classmethod
    def of(cls, rim: Rim, spines: Sequence[Spine]) -> Pen:
        """The pen that draws a shape with a rim along lines that are about its middle."""
        moved, half = brought_to(rim, spines, HALF)
        round_pen = cls(tuple(moved), half)
        flat_pen = round_pen._with_flat_ends(rim)
        pens = [
            dataclasses.replace(pen, turns_round=turns_round)
            for pen in (flat_pen, round_pen)
            for turns_round in (False, True)
        ]
        return min(pens, key=lambda pen: float((rim.length * pen.off(rim.points)).sum()))

    def off(self, points: np.ndarray) -> np.ndarray:
        """How far points [N,2] are from the edge of what it draws: [N]."""
        chords = Chords.of(self.spines)
        away, piece, t = chords.nearest(points)
        found = away - self.half
        for end in () if self.ends_round else self._ends:
            is_there, beyond, aside = end.of(points, piece, t)
            is_near = (piece == end.piece) & (np.hypot(beyond, aside) < 2 * self.half)
            within = np.where(is_there, aside - self.half, found)
            found = np.where(is_near, np.maximum(within, beyond), found)
        for corner in () if self.turns_round else self._corners:
            is_there, sharp = corner.of(points, piece, t, self.half)
            found = np.where(is_there, sharp, found)
        return np.abs(found)

    def edge(self) -> np.ndarray:
        """Points [N,2] along the edge of what it draws, but where that is within another of its lines."""
        chords = Chords.of(self.spines)
        own = chords.pieces[chords.piece]
        middle, along = on_cubics(own, chords.t), slopes_of(own, chords.t)
        across = np.stack([-along[:, 1], along[:, 0]], 1) / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
        points = [middle + self.half * across, middle - self.half * across]
        for end in self._ends if self.ends_round else ():
            side = np.array([-end.way[1], end.way[0]])
            points.append(end.point + self.half * (np.outer(np.cos(ANGLES), end.way) + np.outer(np.sin(ANGLES), side)))
        every = np.concatenate(points)
        away, _, _ = chords.nearest(every)
        found: np.ndarray = every[away > self.half - WITHIN]
        return found

    @property
    def _ends(self) -> list[_End]:
        """The ends of its open lines."""
        found, first = [], 0
        for spine in self.spines:
            count = len(spine.pieces)
            if not spine.is_closed:
                start, stop = spine.pieces[0], spine.pieces[-1]
                found.append(_End(start[0], -_unit(slopes_of(start[None], np.zeros(1))[0], start), first, 0.0))
                found.append(_End(stop[3], _unit(slopes_of(stop[None], np.ones(1))[0], stop), first + count - 1, 1.0))
            first += count
        return found

    @property
    def _corners(self) -> list[_Corner]:
        """Where its lines turn from one piece to the next."""
        found, first = [], 0
        for spine in self.spines:
            pieces = spine.pieces
            for index in range(0 if spine.is_closed else 1, len(pieces)):
                before, after = pieces[index - 1], pieces[index]
                into = _unit(slopes_of(before[None], np.ones(1))[0], before)
                out = _unit(slopes_of(after[None], np.zeros(1))[0], after)
                if into @ out < np.cos(TURN):
                    found.append(_Corner(after[0], into, out, first + (index - 1) % len(pieces), first + index))
            first += len(pieces)
        return found

    def _with_flat_ends(self, rim: Rim) -> Pen:
        """The same lines, drawn by a pen whose ends are cut off, to where the rim ends."""
        shorter = dataclasses.replace(self, ends_round=False)
        if not self._ends:
            return shorter
        for is_last in (False, True):
            shorter = shorter._lengthened(len(shorter._ends) * [-SHORTER])
            chords = Chords.of(shorter.spines)
            _, piece, t = chords.nearest(rim.points)
            more = []
            for end in shorter._ends:
                is_there, beyond, aside = end.of(rim.points, piece, t)
                own = is_there & (aside < 0.6 * shorter.half)
                weight = rim.length[own]
                more.append(float((weight * beyond[own]).sum() / weight.sum()) if weight.sum() > SEEN else SHORTER)
            shorter = shorter._lengthened(more)
            if not is_last:
                moved, half = brought_to(rim, shorter.spines, shorter.half, has_flat_ends=True)
                shorter = dataclasses.replace(shorter, spines=tuple(moved), half=half)
        return shorter

    def _lengthened(self, more: Sequence[float]) -> Pen:
        """The same with lines whose ends go on by so much, or end so much before."""
        return dataclasses.replace(self, spines=tuple(_lengthened(self.spines, more)))


@dataclass(frozen=True)
class _End:
    """The end of a line: where it is, which way [2] it goes on there, and the number and the parameter of its piece."""

    point: np.ndarray
    way: np.ndarray
    piece: int
    t: float

    def of(self, points: np.ndarray, piece: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Which points [N,2], nearest to pieces at parameters, are at it, how far they are beyond, and aside: [N]."""
        to = points - self.point
        beyond, aside = to @ self.way, np.abs(to @ np.array([-self.way[1], self.way[0]]))
        return (piece == self.piece) & (np.abs(t - self.t) < 1e-6), beyond, aside


@dataclass(frozen=True)
class _Corner:
    """A corner of a line: where it is, the ways [2] into it and out of it, and the numbers of its pieces."""

    point: np.ndarray
    into: np.ndarray
    out: np.ndarray
    before: int
    after: int

    def of(self, points: np.ndarray, piece: np.ndarray, t: np.ndarray, half: float) -> tuple[np.ndarray, np.ndarray]:
        """Which points [N,2], nearest to pieces at parameters, are on its outer side, and how far they are outside of
        its sharp tip: [N]."""
        side = 1.0 if self.into[0] * self.out[1] - self.into[1] * self.out[0] < 0 else -1.0
        one, other = (side * np.array([-way[1], way[0]]) for way in (self.into, self.out))
        to = points - self.point
        near = ((piece == self.before) & (t > 1 - 1e-6)) | ((piece == self.after) & (t < 1e-6))
        sharp = np.maximum(to @ one, to @ other) - half
        middle = one + other
        if MITER * np.hypot(*middle) < 2:  # such a tip is cut off
            flat = middle / max(np.hypot(*middle), 1e-9)
            sharp = np.maximum(sharp, to @ flat - half * float(one @ flat))
        return near & (to @ middle > 0), sharp


def _unit(way: np.ndarray, piece: np.ndarray) -> np.ndarray:
    """A direction [2] of unit length; that of its piece where it is none."""
    way = way if np.hypot(*way) > 1e-9 else piece[3] - piece[0]
    found: np.ndarray = way / max(np.hypot(*way), 1e-9)
    return found


def _lengthened(spines: Sequence[Spine], more: Sequence[float]) -> list[Spine]:
    """Lines whose ends, those of the open ones in turn, go on by so much along their curves."""
    left, found = list(more), []
    for spine in spines:
        if spine.is_closed:
            found.append(spine)
            continue
        start, stop = left.pop(0), left.pop(0)
        points = spine.form.points
        count = len(spine.pieces)
        first = _cut(points[3::-1], start)[::-1]
        points[:4] = first
        points[3 * count - 3 : 3 * count + 1] = _cut(points[3 * count - 3 : 3 * count + 1], stop)
        found.append(spine.moved(points))
    return found


def _cut(piece: np.ndarray, more: float) -> np.ndarray:
    """A piece [4,2] that goes on along its curve by so much, or ends so much before."""
    speed = float(np.hypot(*slopes_of(piece[None], np.ones(1))[0]))
    t = 1 + more / max(speed, 1e-9)
    a, b, c, d = piece
    ab, bc, cd = a + t * (b - a), b + t * (c - b), c + t * (d - c)
    abc, bcd = ab + t * (bc - ab), bc + t * (cd - bc)
    return np.stack([a, ab, abc, abc + t * (bcd - abc)])
