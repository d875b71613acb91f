"""Outlines made of lines and cubics, with corners and smooth joints, as numbers that are free to change.

A contour is a closed list of points [3n,2] (knot, handle, handle, ...), the kind of each of its n pieces (a CURVE, or a
LINE, which may be exactly LEVEL or UPRIGHT) and of each of its n knots: a CORNER; SMOOTH, where both sides have one
tangent; or FLAT or STEEP, where that tangent is exactly level or upright, as it is where a curve is highest or farthest
out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

CURVE, LINE, LEVEL, UPRIGHT = 0, 1, 2, 3
CORNER, SMOOTH, FLAT, STEEP = 0, 1, 2, 3
AXIS = {FLAT: 0, STEEP: 1}


@dataclass(frozen=True)
class Contour:
    """A closed contour, as the module says: points [3n,2], pieces [n], knots [n]."""

    points: np.ndarray
    pieces: tuple[int, ...]
    knots: tuple[int, ...]

    @property
    def count(self) -> int:
        """n."""
        return len(self.pieces)

    def piece(self, index: int) -> np.ndarray:
        """The control points [4,2] of a piece."""
        own: np.ndarray = self.points[(3 * (index % self.count) + np.arange(4)) % len(self.points)]
        return own

    def knot(self, index: int) -> np.ndarray:
        """A knot [2]."""
        own: np.ndarray = self.points[3 * (index % self.count)]
        return own


def retracted(contour: Contour) -> Contour:
    """The contour with its points where its kinds say: handles of lines at the thirds, smooth ones on their tangent,
    level lines level."""
    points = contour.points.copy()
    n, size = contour.count, len(contour.points)
    for index, kind in enumerate(contour.pieces):
        if kind in (LEVEL, UPRIGHT):
            axis = 1 if kind == LEVEL else 0
            ends = [3 * index, (3 * index + 3) % size]
            points[ends, axis] = points[ends, axis].mean()
    for index, kind in enumerate(contour.pieces):
        if kind != CURVE:
            a, b = points[3 * index], points[(3 * index + 3) % size]
            points[3 * index + 1], points[3 * index + 2] = (2 * a + b) / 3, (a + 2 * b) / 3
    for index, kind in enumerate(contour.knots):
        if kind == CORNER:
            continue
        way = _tangent(contour, points, index)
        for place, sign, piece in ((3 * index - 1, -1, index - 1), (3 * index + 1, 1, index)):
            if contour.pieces[piece % n] == CURVE:
                length = sign * float((points[place] - points[3 * index]) @ way)
                points[place] = points[3 * index] + sign * max(length, 0.02) * way
    return replace(contour, points=points)


def _tangent(contour: Contour, points: np.ndarray, index: int) -> np.ndarray:
    """The unit tangent [2] of a knot that is no corner, forwards."""
    n, size = contour.count, len(points)
    ahead, behind = contour.pieces[index], contour.pieces[index - 1]
    knot = points[3 * index]
    if ahead != CURVE:
        way = points[(3 * index + 3) % size] - knot
    elif behind != CURVE:
        way = knot - points[(3 * index - 3) % size]
    else:
        way = points[3 * index + 1] - points[3 * index - 1]
        if contour.knots[index] in AXIS:
            axis = AXIS[contour.knots[index]]
            way = np.eye(2)[axis] * (1 if way[axis] >= 0 else -1)
    length = float(np.hypot(*way))
    found: np.ndarray = way / length if length > 1e-9 else np.array([1.0, 0.0])
    assert n
    return found


def basis_of(contour: Contour) -> np.ndarray:
    """How the 3n points answer to the numbers that are free: [6n,N] for N numbers (x, y, x, y, ... down)."""
    n, size = contour.count, len(contour.points)
    points = contour.points
    own = np.arange(2 * n).reshape(n, 2)  # the numbers of the knots
    for index, kind in enumerate(contour.pieces):
        if kind in (LEVEL, UPRIGHT):
            axis = 1 if kind == LEVEL else 0
            one, other = own[index, axis], own[(index + 1) % n, axis]
            own[own == other] = one
    extra: list[np.ndarray] = []
    base = np.zeros((size, 2, 2 * n))
    for index in range(n):
        base[3 * index, (0, 1), own[index]] = 1
    for index, kind in enumerate(contour.pieces):
        after = (3 * index + 3) % size
        a, b = base[3 * index], base[after]
        share = (1 / 3, 2 / 3) if kind != CURVE else (0.0, 1.0)
        base[3 * index + 1] = a + share[0] * (b - a)
        base[3 * index + 2] = a + share[1] * (b - a)
    for index, kind in enumerate(contour.knots):
        sides = [
            (place % size, sign)
            for place, sign, piece in ((3 * index - 1, -1, index - 1), (3 * index + 1, 1, index))
            if contour.pieces[piece % n] == CURVE
        ]
        if kind == CORNER:
            for place, _ in sides:
                extra += [_column(size, {place: np.eye(2)[axis]}) for axis in (0, 1)]
            continue
        way = _tangent(contour, points, index)
        across = np.array([-way[1], way[0]])
        for place, sign in sides:
            extra.append(_column(size, {place: sign * way}))
        reach = {place: float((points[place] - points[3 * index]) @ way) for place, _ in sides}
        if len(sides) == 2:
            if kind == SMOOTH:
                extra.append(_column(size, {place: reach[place] * across for place in reach}))
        elif sides:  # the tangent is that of a line, and turns with it
            other = (3 * index + 3) % size if contour.pieces[index] != CURVE else (3 * index - 3) % size
            chord = points[other] - points[3 * index]
            turn = np.einsum("i,ij->j", across, base[other] - base[3 * index]) / float(chord @ way)
            place = sides[0][0]
            base[place] += reach[place] * across[:, None] * turn
    used = np.unique(own)
    columns = [base.reshape(2 * size, -1)[:, used]]
    if extra:
        columns.append(np.stack(extra, 1))
    found: np.ndarray = np.concatenate(columns, 1)
    return found


def _column(size: int, moves: dict[int, np.ndarray]) -> np.ndarray:
    column = np.zeros((size, 2))
    for place, move in moves.items():
        column[place] = move
    return column.ravel()
