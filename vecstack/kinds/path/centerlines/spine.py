"""Centre lines as few exact pieces, and brought to where the edge of their shape is as far as the line is wide."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vecstack.kinds.path.centerlines.loops import nearest_on
from vecstack.kinds.path.centerlines.rim import HALF, Rim, lengths_of, on_cubics, weights_of
from vecstack.kinds.path.centerlines.ways import Way
from vecstack.kinds.path.graphic.curves import (
    CORNER_REACH,
    CORNER_SPREAD,
    CORNER_TURN,
    CURVE,
    levelled,
    pieces_along,
    sections_between,
)
from vecstack.kinds.path.graphic.forms import Form
from vecstack.kinds.path.graphic.lines import corners_of

ERROR = 0.1  # units that pieces may be off a way before they are brought to the edge
CLOSE = 3  # points of a way at its end, of which none is a corner of its own
DENSE = 1.5  # units between the points of a way that pieces are fitted to, at most
CHORD = 1.0  # units of a piece that a straight line stands for
ROUNDS = 4  # of Gauss-Newton
FAR, NEAR = 0.3 * HALF, 0.1 * HALF  # units, of an edge that is none of a line: at first, and in the last rounds
LIMIT = 1.5  # units that a number may move in a round


@dataclass(frozen=True)
class Spine:
    """A centre line: n pieces [n,4,2], whether they close, the form whose numbers they are made of, and whether the
    shape ends where the line starts, and where it stops."""

    form: Form
    is_closed: bool
    ends: tuple[bool, bool]

    @classmethod
    def along(cls, way: Way) -> Spine:
        """As few pieces as go along a way. An open one has a straight piece back in its form, which is not seen."""
        pieces, kinds = _pieces(way)
        contour = np.concatenate([piece[:3] for piece in pieces])
        if not way.is_closed:
            end = pieces[-1][3]
            contour, kinds = np.concatenate([contour, [end, end, pieces[0][0]]]), [*kinds, CURVE]
        return cls(Form.of([levelled(contour, np.array(kinds))]), way.is_closed, way.ends)

    @property
    def pieces(self) -> np.ndarray:
        """Its pieces [n,4,2]."""
        points = self.form.points
        closed = np.concatenate([points, points[:1]])
        count = len(points) // 3 - (0 if self.is_closed else 1)
        found: np.ndarray = closed[3 * np.arange(count)[:, None] + np.arange(4)]
        return found

    @property
    def kinds(self) -> np.ndarray:
        """What its pieces are [n]."""
        kinds = self.form.outlines[0].kinds
        return kinds if self.is_closed else kinds[:-1]

    def moved(self, points: np.ndarray) -> Spine:
        """The same with other points of its form."""
        points = points.copy()
        if not self.is_closed:
            points[-2], points[-1] = points[-3], points[0]
        return dataclasses.replace(self, form=self.form.moved(points))


def _pieces(way: Way) -> tuple[list[np.ndarray], list[int]]:
    """The pieces [4,2] along a way from corner to corner, and what they are."""
    line = _dense(way.line)
    around = np.ascontiguousarray(line[:-1] if way.is_closed else np.concatenate([line, line[-2:0:-1]]))
    corners = np.flatnonzero(corners_of(around, CORNER_REACH, CORNER_TURN, CORNER_SPREAD))
    if not way.is_closed:  # there and back
        last = len(line) - 1
        inner = corners[(corners >= CLOSE) & (corners <= last - CLOSE)]
        corners = np.concatenate([[0], inner, [last], 2 * last - inner[::-1]])
    sections = sections_between(around, corners, CORNER_REACH)
    if not way.is_closed:
        sections = sections[: len(inner) + 1]
    found: list[tuple[np.ndarray, int]] = []
    for section in sections:
        found += pieces_along(np.ascontiguousarray(section), ERROR, len(corners) > 0)
    return [piece for piece, _ in found], [kind for _, kind in found]


def _dense(line: np.ndarray) -> np.ndarray:
    """The points of a polyline [M,2] with others between where they are far apart."""
    found = [line[:1]]
    for start, end in pairwise(line):
        count = max(int(np.ceil(np.hypot(*(end - start)) / DENSE)), 1)
        found.append(start + (np.arange(1, count + 1) / count)[:, None] * (end - start))
    return np.concatenate(found)


@dataclass(frozen=True)
class Chords:
    """Centre lines as polylines [M,2] that begin at `starts` [S+1]; the number of the piece of all [M] and the
    parameter there [M] of each point; and all pieces [P,4,2]."""

    points: np.ndarray
    starts: np.ndarray
    piece: np.ndarray
    t: np.ndarray
    pieces: np.ndarray

    @classmethod
    def of(cls, spines: Sequence[Spine]) -> Chords:
        """Those of some lines."""
        every = [spine.pieces for spine in spines]
        pieces = np.concatenate(every)
        counts = np.maximum(np.ceil(lengths_of(pieces) / CHORD), 1).astype(np.int64) + 1
        piece = np.repeat(np.arange(len(pieces)), counts)
        first = np.repeat(np.cumsum(counts) - counts, counts)
        t = (np.arange(len(piece)) - first) / (counts[piece] - 1)
        ends = np.cumsum([0, *map(len, every)])
        starts = np.concatenate([[0], np.cumsum(counts)])[ends]
        return cls(on_cubics(pieces[piece], t), starts, piece, t, pieces)

    def nearest(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """How far points [N,2] are from the lines, and the piece and the parameter there that is nearest: [N] each."""
        away, place = nearest_on(points, self.points, self.starts)
        at = np.floor(place).astype(np.int64)
        after = np.minimum(at + 1, len(self.t) - 1)
        is_one = self.piece[after] == self.piece[at]
        t = self.t[at] + np.where(is_one, (place - at) * (self.t[after] - self.t[at]), 0)
        return away, self.piece[at], t


def brought_to(
    rim: Rim, spines: Sequence[Spine], half: float, *, has_flat_ends: bool = False
) -> tuple[list[Spine], float]:
    """The centre lines, and half their width, after Gauss-Newton steps of both towards lines whose edge is the rim, but
    for ends that are cut off."""
    spines = list(spines)
    for turn in range(ROUNDS):
        chords = Chords.of(spines)
        _, piece, t = chords.nearest(rim.points)
        own = chords.pieces[piece]
        across = rim.points - on_cubics(own, t)
        away = np.hypot(*across.T)
        counts = np.abs(away - half) < (FAR if turn < ROUNDS // 2 else NEAR)
        if has_flat_ends:
            counts &= ~_at_ends(spines, piece, t)
        if not counts.any():
            break
        weight = np.where(counts, rim.length, 0)
        half = float((weight * away).sum() / weight.sum())
        outward = across / np.maximum(away, 1e-9)[:, None]
        slopes = -(weights_of(t)[:, :, None] * outward[:, None]).reshape(-1, 8)
        missing = away - half
        first = 0
        for index, spine in enumerate(spines):
            count = len(spine.pieces)
            inside = counts & (piece >= first) & (piece < first + count)
            place = piece[inside] - first
            spines[index] = _stepped(spine, place, slopes[inside], missing[inside], weight[inside])
            first += count
    return spines, half


def _stepped(spine: Spine, place: np.ndarray, slopes: np.ndarray, missing: np.ndarray, weight: np.ndarray) -> Spine:
    """A line after a step that makes what is `missing` [N] smallest, which has slopes [N,8] by the points of the pieces
    at `place` [N]."""
    points = spine.form.points
    count = len(points) // 3
    cubics = (3 * np.arange(count)[:, None] + np.arange(4)) % len(points)
    blocks, downhill = np.zeros((count, 8, 8)), np.zeros((len(points), 2))
    np.add.at(blocks, place, weight[:, None, None] * slopes[:, :, None] * slopes[:, None])
    np.add.at(downhill, cubics[place], (weight * missing)[:, None, None] * slopes.reshape(-1, 4, 2))
    step = spine.form.step(points, cubics, blocks, downhill)
    return spine.moved(points + np.clip(step, -LIMIT, LIMIT))


def _at_ends(spines: Sequence[Spine], piece: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Which pieces at parameters [N] are the ends of open lines."""
    found, first = np.zeros(len(piece), bool), 0
    for spine in spines:
        count = len(spine.pieces)
        if not spine.is_closed:
            found |= (piece == first) & (t < 1e-6)
            found |= (piece == first + count - 1) & (t > 1 - 1e-6)
        first += count
    return found
