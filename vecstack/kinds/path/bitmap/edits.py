"""Changes of a contour that may bring it closer to what it was drawn from, or make it simpler."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from vecstack.kinds.path.bitmap.shape import (
    CORNER,
    CURVE,
    FLAT,
    LEVEL,
    LINE,
    SMOOTH,
    STEEP,
    UPRIGHT,
    Contour,
    retracted,
)
from vecstack.kinds.path.contours import split
from vecstack.kinds.path.graphic.lines import cubic_fit

CUT = 0.7  # px from a corner where it may be cut off
MERGED_OFF = 0.3  # px that one piece in the place of two may be off these, to be tried
STRAIGHT_OFF = 0.25  # px that a curve may be off its chord, to be tried as a line
AXIS_OFF, AXIS_SLOPE = 0.12, 0.06  # px, and slope, of a line that is tried as level or upright
TANGENT = np.cos(np.radians(75))  # of the turn of a corner that is tried as a smooth joint
AXIS_TANGENT = np.sin(np.radians(12))  # of a tangent that is tried as level or upright
SAMPLES = np.linspace(0, 1, 9)[:, None]
WEIGHTS = np.concatenate(
    [(1 - SAMPLES) ** 3, 3 * SAMPLES * (1 - SAMPLES) ** 2, 3 * SAMPLES**2 * (1 - SAMPLES), SAMPLES**3], 1
)


def assembled(pieces: Sequence[tuple[np.ndarray, int, int]]) -> Contour | None:
    """A contour of control points [4,2], each with the kind of its piece and of the knot where it begins; None of one
    that is none."""
    if len(pieces) < 2 or (len(pieces) == 2 and all(kind != CURVE for _, kind, _ in pieces)):
        return None
    points = np.concatenate([piece[:3] for piece, _, _ in pieces])
    return retracted(Contour(points, tuple(kind for _, kind, _ in pieces), tuple(knot for _, _, knot in pieces)))


def taken_apart(contour: Contour) -> list[tuple[np.ndarray, int, int]]:
    """What `assembled` makes a contour of."""
    return [(contour.piece(i), contour.pieces[i], contour.knots[i]) for i in range(contour.count)]


def line(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The control points [4,2] of a straight piece."""
    return np.stack([start, (2 * start + end) / 3, (start + 2 * end) / 3, end])


def length_of(piece: np.ndarray) -> float:
    """About how long a cubic is."""
    return float(np.hypot(*np.diff(WEIGHTS @ piece, axis=0).T).sum())


def repairs(contour: Contour, index: int) -> Iterator[Contour | None]:
    """Contours that are freer at a knot and in the piece after it, or have corners there."""
    pieces = taken_apart(contour)
    n = len(pieces)
    pieces = pieces[index:] + pieces[:index]  # so that it is the first
    (piece, kind, knot), kind_before = pieces[0], pieces[-1][1]
    if knot == CORNER:
        yield _cut_off(pieces)
        if CURVE in (kind, kind_before):
            yield assembled([(piece, kind, SMOOTH), *pieces[1:]])
    else:
        yield assembled([(piece, kind, CORNER), *pieces[1:]])
        if kind == kind_before == CURVE and n > 2:
            yield _cap(pieces)
    if kind == CURVE:
        first, second = split(piece, 0.5)
        yield assembled([(first, CURVE, knot), (second, CURVE, SMOOTH), *pieces[1:]])
        if length_of(piece) > 1:
            yield _angle(pieces)
    else:
        yield assembled([(piece, CURVE, knot), *pieces[1:]])
        middle = piece.mean(0)
        if length_of(piece) > 1.5:
            yield assembled([(line(piece[0], middle), LINE, knot), (line(middle, piece[3]), LINE, CORNER), *pieces[1:]])


def _cut_off(pieces: list[tuple[np.ndarray, int, int]]) -> Contour | None:
    """The corner of the first piece cut off by a short line."""
    (piece, kind, _), (before, kind_before, knot_before) = pieces[0], pieces[-1]
    _, rest = split(piece, min(0.4, CUT / max(length_of(piece), 1e-6)))
    left, _ = split(before, 1 - min(0.4, CUT / max(length_of(before), 1e-6)))
    return assembled([
        (line(left[3], rest[0]), LINE, CORNER), (rest, kind, CORNER), *pieces[1:-1], (left, kind_before, knot_before)
    ])  # fmt: skip


def _cap(pieces: list[tuple[np.ndarray, int, int]]) -> Contour | None:
    """Two curves, around the first knot, as a line between two corners."""
    (piece, _, _), (before, _, knot_before) = pieces[0], pieces[-1]
    way = piece[1] - before[2]
    ends = [
        _meeting(before[0], before[1] - before[0], piece[0], way),
        _meeting(piece[3], piece[2] - piece[3], piece[0], way),
    ]
    if ends[0] is None or ends[1] is None:
        return None
    after = pieces[1]
    return assembled([
        (line(ends[0], ends[1]), LINE, CORNER), (line(ends[1], piece[3]), LINE, CORNER), (after[0], after[1], CORNER),
        *pieces[2:-1], (line(before[0], ends[0]), LINE, CORNER if knot_before != CORNER else knot_before),
    ])  # fmt: skip


def _angle(pieces: list[tuple[np.ndarray, int, int]]) -> Contour | None:
    """The first piece as two lines with a corner where its tangents meet."""
    piece, _, knot = pieces[0]
    met = _meeting(piece[0], piece[1] - piece[0], piece[3], piece[2] - piece[3])
    if met is None:
        return None
    return assembled([(line(piece[0], met), LINE, knot), (line(met, piece[3]), LINE, CORNER), *pieces[1:]])


def _meeting(p: np.ndarray, u: np.ndarray, q: np.ndarray, v: np.ndarray) -> np.ndarray | None:
    """Where two lines meet, each a point and a direction; None where that is far."""
    cross = u[0] * v[1] - u[1] * v[0]
    if abs(cross) < 0.2 * np.hypot(*u) * np.hypot(*v):
        return None
    away = q - p
    met: np.ndarray = p + (away[0] * v[1] - away[1] * v[0]) / cross * u
    return met if np.hypot(*(met - p)) < 4 and np.hypot(*(met - q)) < 4 else None


def without_knots(contour: Contour, first: int) -> list[tuple[float, int]]:
    """How far a piece is off the two that it would replace, and the knot between them, for every second knot from the
    `first` on that may be tried; the least first."""
    found = []
    for index in range(first, contour.count - (contour.count % 2 and not first), 2):
        off = _merged(contour.piece(index - 1), contour.piece(index), *_both(contour, index))[1]
        if off < MERGED_OFF:
            found.append((off, index))
    return sorted(found)


def without(contour: Contour, knots: Sequence[int]) -> Contour | None:
    """The contour without some knots, no two of which are neighbours."""
    pieces = taken_apart(contour)
    gone = set(knots)
    kept = []
    for index in range(contour.count):
        if index in gone:
            continue
        piece, kind, knot = pieces[index]
        after = (index + 1) % contour.count
        if after in gone:
            kinds = _both(contour, after)
            piece = _merged(piece, pieces[after][0], *kinds)[0]
            kind = LINE if CURVE not in kinds else CURVE
        kept.append((piece, kind, knot))
    return assembled(kept)


def _both(contour: Contour, index: int) -> tuple[int, int]:
    return contour.pieces[index - 1], contour.pieces[index]


def _merged(before: np.ndarray, after: np.ndarray, kind_before: int, kind: int) -> tuple[np.ndarray, float]:
    """One piece [4,2] in the place of two, and how far it is off them."""
    points = np.concatenate([WEIGHTS[:-1] @ before, WEIGHTS @ after])
    if CURVE not in (kind_before, kind):
        chord = points[-1] - points[0]
        away = points - points[0]
        off = np.abs(chord[0] * away[:, 1] - chord[1] * away[:, 0]).max() / max(np.hypot(*chord), 1e-9)
        return line(points[0], points[-1]), float(off)
    handles = np.zeros((2, 2))
    off = cubic_fit(points, 0, len(points) - 1, handles)
    return np.stack([points[0], *handles, points[-1]]), float(off)


def stiffer(contour: Contour) -> list[tuple[float, int, int, bool]]:
    """Kinds with fewer numbers that may be tried: how far off what is there, an index, the kind, and whether it is that
    of a piece (else of a knot); the least first."""
    found: list[tuple[float, int, int, bool]] = []
    for index in range(contour.count):
        piece = contour.piece(index)
        chord = piece[3] - piece[0]
        length = max(float(np.hypot(*chord)), 1e-6)
        if contour.pieces[index] == CURVE:
            away = piece[1:3] - piece[0]
            off = float(np.abs(chord[0] * away[:, 1] - chord[1] * away[:, 0]).max()) / length
            if off < STRAIGHT_OFF and length > 0.3:
                found.append((off, index, LINE, True))
        elif contour.pieces[index] == LINE:
            for kind, axis in ((LEVEL, 1), (UPRIGHT, 0)):
                off = abs(float(chord[axis]))
                if off < AXIS_OFF and off < AXIS_SLOPE * length + 0.02:
                    found.append((off, index, kind, True))
        found += _stiffer_knot(contour, index)
    return sorted(found)


def _stiffer_knot(contour: Contour, index: int) -> Iterator[tuple[float, int, int, bool]]:
    before, after = contour.piece(index - 1), contour.piece(index)
    kinds = _both(contour, index)
    if CURVE not in kinds:
        return
    u, v = before[3] - before[2], after[1] - after[0]
    u, v = u / max(np.hypot(*u), 1e-9), v / max(np.hypot(*v), 1e-9)
    if contour.knots[index] == CORNER:
        if float(u @ v) > TANGENT:
            yield 1 - float(u @ v), index, SMOOTH, False
    elif contour.knots[index] == SMOOTH and kinds == (CURVE, CURVE):
        for kind, axis in ((FLAT, 1), (STEEP, 0)):
            if abs(u[axis]) < AXIS_TANGENT:
                yield abs(float(u[axis])), index, kind, False


def with_kinds(contour: Contour, changes: Sequence[tuple[float, int, int, bool]]) -> Contour:
    """The contour with other kinds, as `stiffer` gives them."""
    pieces, knots = list(contour.pieces), list(contour.knots)
    for _, index, kind, is_piece in changes:
        (pieces if is_piece else knots)[index] = kind
    return retracted(replace(contour, pieces=tuple(pieces), knots=tuple(knots)))
