"""Outlines made of lines and cubics, with corners and smooth joints, as numbers that are free to change.

A contour is a closed list of points [3n,2] (knot, handle, handle, ...), the kind of each of its n pieces (a CURVE, or a
LINE, which may be exactly LEVEL or UPRIGHT) and of each of its n knots: a CORNER; SMOOTH, where both sides have one
tangent; or FLAT or STEEP, where that tangent is exactly level or upright, as it is where a curve is highest or farthest
out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from vecstack.compiled import compiled

CURVE, LINE, LEVEL, UPRIGHT = 0, 1, 2, 3
CORNER, SMOOTH, FLAT, STEEP = 0, 1, 2, 3
LEAST_HANDLE = 0.02  # px, on a tangent


@dataclass(frozen=True)
class Contour:
    """A closed contour, as the module says: points [3n,2], pieces [n], knots [n]."""

    points: np.ndarray
    pieces: tuple[int, ...]
    knots: tuple[int, ...]

    @property
    def count(self) -> int:
        """The number n of pieces."""
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
    _retract(points, np.array(contour.pieces), np.array(contour.knots))
    return replace(contour, points=points)


def short_lines(contour: Contour) -> np.ndarray:
    """The points [3n,2] of a contour, the handles of lines on their knots, where rounding leaves them lines."""
    points: np.ndarray = contour.points.copy()
    for index, kind in enumerate(contour.pieces):
        if kind != CURVE:
            points[3 * index + 1] = points[3 * index]
            points[3 * index + 2] = points[(3 * index + 3) % len(points)]
    return points


def basis_of(contour: Contour) -> np.ndarray:
    """How the 3n points answer to the numbers that are free: [6n,N] for N numbers (x, y, x, y, ... down)."""
    base, count = _basis(contour.points, np.array(contour.pieces), np.array(contour.knots))
    found: np.ndarray = base[:, :count]
    return found


@compiled
def _tangent(points, pieces, knots, index):
    """The unit tangent of a knot that is no corner, forwards: x and y."""
    n, size = len(pieces), len(points)
    at, after, before = 3 * index, (3 * index + 3) % size, (3 * index - 3) % size
    if pieces[index] != CURVE:
        x, y = points[after, 0] - points[at, 0], points[after, 1] - points[at, 1]
    elif pieces[(index - 1) % n] != CURVE:
        x, y = points[at, 0] - points[before, 0], points[at, 1] - points[before, 1]
    else:
        behind = (at - 1) % size
        x, y = points[at + 1, 0] - points[behind, 0], points[at + 1, 1] - points[behind, 1]
        if knots[index] == FLAT:
            x, y = (1.0 if x >= 0 else -1.0), 0.0
        elif knots[index] == STEEP:
            x, y = 0.0, (1.0 if y >= 0 else -1.0)
    length = math.sqrt(x * x + y * y)
    if length < 1e-9:
        return 1.0, 0.0
    return x / length, y / length


@compiled
def _retract(points, pieces, knots):
    """What `retracted` does, in place."""
    n, size = len(pieces), len(points)
    for index in range(n):
        if pieces[index] == LEVEL or pieces[index] == UPRIGHT:
            axis = 1 if pieces[index] == LEVEL else 0
            after = (3 * index + 3) % size
            mean = (points[3 * index, axis] + points[after, axis]) / 2
            points[3 * index, axis] = mean
            points[after, axis] = mean
    for index in range(n):
        if pieces[index] != CURVE:
            after = (3 * index + 3) % size
            for axis in range(2):
                a, b = points[3 * index, axis], points[after, axis]
                points[3 * index + 1, axis] = (2 * a + b) / 3
                points[3 * index + 2, axis] = (a + 2 * b) / 3
    for index in range(n):
        if knots[index] == CORNER:
            continue
        x, y = _tangent(points, pieces, knots, index)
        for sign in (-1, 1):
            if pieces[(index - (sign < 0)) % n] == CURVE:
                at = (3 * index + sign) % size
                reach = sign * ((points[at, 0] - points[3 * index, 0]) * x + (points[at, 1] - points[3 * index, 1]) * y)
                reach = sign * max(reach, LEAST_HANDLE)
                points[at, 0] = points[3 * index, 0] + reach * x
                points[at, 1] = points[3 * index, 1] + reach * y


@compiled
def _basis(points, pieces, knots):
    """What `basis_of` gives, with room for more numbers, and how many there are."""
    n, size = len(pieces), len(points)
    base = np.zeros((2 * size, 7 * n))
    own = np.arange(2 * n).reshape(n, 2)  # the numbers of the knots
    for index in range(n):
        if pieces[index] == LEVEL or pieces[index] == UPRIGHT:
            axis = 1 if pieces[index] == LEVEL else 0
            one, other = own[index, axis], own[(index + 1) % n, axis]
            for k in range(n):
                if own[k, axis] == other:
                    own[k, axis] = one
    names = np.full(2 * n, -1)
    count = 0
    for index in range(n):
        for axis in range(2):
            if names[own[index, axis]] < 0:
                names[own[index, axis]] = count
                count += 1
            base[6 * index + axis, names[own[index, axis]]] = 1
    moved = count
    for index in range(n):
        after = 6 * ((index + 1) % n)
        share = 0.0 if pieces[index] == CURVE else 1 / 3
        for axis in range(2):
            for k in range(moved):
                a, b = base[6 * index + axis, k], base[after + axis, k]
                base[6 * index + 2 + axis, k] = a + share * (b - a)
                base[6 * index + 4 + axis, k] = b + share * (a - b)
    for index in range(n):
        if knots[index] == CORNER:
            for sign in (-1, 1):
                if pieces[(index - (sign < 0)) % n] == CURVE:
                    at = (3 * index + sign) % size
                    base[2 * at, count] = 1
                    base[2 * at + 1, count + 1] = 1
                    count += 2
            continue
        x, y = _tangent(points, pieces, knots, index)
        sides = 0
        for sign in (-1, 1):
            if pieces[(index - (sign < 0)) % n] != CURVE:
                continue
            sides += 1
            at = (3 * index + sign) % size
            base[2 * at, count], base[2 * at + 1, count] = sign * x, sign * y
            count += 1
            reach = (points[at, 0] - points[3 * index, 0]) * x + (points[at, 1] - points[3 * index, 1]) * y
            other = (3 * index - 3 * sign) % size
            if pieces[(index - (sign > 0)) % n] != CURVE:  # the tangent is that of a line, and turns with it
                chord = (points[other, 0] - points[3 * index, 0]) * x + (points[other, 1] - points[3 * index, 1]) * y
                for k in range(moved):
                    dx = base[2 * other, k] - base[6 * index, k]
                    dy = base[2 * other + 1, k] - base[6 * index + 1, k]
                    turn = (dy * x - dx * y) / chord if abs(chord) > 1e-6 else 0.0
                    base[2 * at, k] -= reach * y * turn
                    base[2 * at + 1, k] += reach * x * turn
            elif knots[index] == SMOOTH:  # both handles turn
                place = count + (1 if sign < 0 else 0)
                base[2 * at, place], base[2 * at + 1, place] = -reach * y, reach * x
        if sides == 2 and knots[index] == SMOOTH:
            count += 1
    return base, count
