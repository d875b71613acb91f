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
MOST_LINKS = 5  # numbers that a coordinate answers to: those of both ends of a line, and one along it


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
    retract(points, np.array(contour.pieces), np.array(contour.knots))
    return replace(contour, points=points)


def short_lines(contour: Contour) -> np.ndarray:
    """The points [3n,2] of a contour, the handles of lines on their knots, where rounding leaves them lines."""
    points: np.ndarray = contour.points.copy()
    for index, kind in enumerate(contour.pieces):
        if kind != CURVE:
            points[3 * index + 1] = points[3 * index]
            points[3 * index + 2] = points[(3 * index + 3) % len(points)]
    return points


def links_of(contour: Contour) -> tuple[np.ndarray, np.ndarray, int]:
    """How the 3n points answer to the numbers that are free: which numbers each coordinate (x, y, x, y, ...) answers to
    [6n,MOST_LINKS], -1 where there is none, and how much to each; and how many numbers there are."""
    numbers = np.empty((2 * len(contour.points), MOST_LINKS), np.int64)
    shares = np.empty(numbers.shape)
    count = link(contour.points, np.array(contour.pieces), np.array(contour.knots), numbers, shares, 0)
    return numbers, shares, count


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
def retract(points, pieces, knots):
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
                reach = sign * max(sign * _reach(points, 3 * index, at, x, y), LEAST_HANDLE)
                points[at, 0] = points[3 * index, 0] + reach * x
                points[at, 1] = points[3 * index, 1] + reach * y


@compiled
def link(points, pieces, knots, numbers, shares, first):
    """Write what `links_of` gives, for numbers from the `first` on; gives the one after the last."""
    numbers[:] = -1
    count = _link_knots(pieces, numbers, shares, first)
    _link_handles(pieces, numbers, shares)
    for index in range(len(pieces)):
        for sign in (-1, 1):
            if pieces[(index - (sign < 0)) % len(pieces)] != CURVE:
                continue
            at = 2 * ((3 * index + sign) % len(points))
            if knots[index] == CORNER:
                _add(numbers, shares, at, count, 1.0)
                _add(numbers, shares, at + 1, count + 1, 1.0)
                count += 2
            else:
                x, y = _tangent(points, pieces, knots, index)
                _add(numbers, shares, at, count, sign * x)
                _add(numbers, shares, at + 1, count, sign * y)
                count += 1
                if pieces[(index - (sign > 0)) % len(pieces)] != CURVE:
                    _turn_with_line(points, numbers, shares, index, sign, x, y)
        if knots[index] == SMOOTH and pieces[index] == CURVE and pieces[index - 1] == CURVE:
            x, y = _tangent(points, pieces, knots, index)
            for sign in (-1, 1):
                at = (3 * index + sign) % len(points)
                reach = _reach(points, 3 * index, at, x, y)
                _add(numbers, shares, 2 * at, count, -reach * y)
                _add(numbers, shares, 2 * at + 1, count, reach * x)
            count += 1
    return count


@compiled
def _add(numbers, shares, at, number, share):
    """Have a coordinate answer so much more to a number."""
    for k in range(MOST_LINKS):
        if numbers[at, k] == number:
            shares[at, k] += share
            return
        if numbers[at, k] < 0:
            numbers[at, k], shares[at, k] = number, share
            return


@compiled
def _link_knots(pieces, numbers, shares, first):
    """Number the coordinates of knots from the `first` on: the ends of a level or an upright line share one."""
    n = len(pieces)
    own = np.arange(2 * n).reshape(n, 2)
    for index in range(n):
        if pieces[index] == LEVEL or pieces[index] == UPRIGHT:
            axis = 1 if pieces[index] == LEVEL else 0
            one, other = own[index, axis], own[(index + 1) % n, axis]
            for k in range(n):
                if own[k, axis] == other:
                    own[k, axis] = one
    names = np.full(2 * n, -1)
    count = first
    for index in range(n):
        for axis in range(2):
            if names[own[index, axis]] < 0:
                names[own[index, axis]] = count
                count += 1
            _add(numbers, shares, 6 * index + axis, names[own[index, axis]], 1.0)
    return count


@compiled
def _link_handles(pieces, numbers, shares):
    """Have handles move with their knots, and those of lines with both ends."""
    n = len(pieces)
    for index in range(n):
        after = 6 * ((index + 1) % n)
        share = 0.0 if pieces[index] == CURVE else 1 / 3
        for axis in range(2):
            own, other = numbers[6 * index + axis, 0], numbers[after + axis, 0]
            for k in range(2):
                at = 6 * index + 2 + 2 * k + axis
                _add(numbers, shares, at, own if k == 0 else other, 1 - share)
                if share > 0:
                    _add(numbers, shares, at, other if k == 0 else own, share)


@compiled
def _turn_with_line(points, numbers, shares, index, sign, x, y):
    """Have the handle on one side of a knot turn with the line on the other, whose direction is (x, y)."""
    size = len(points)
    knot, at, end = 3 * index, (3 * index + sign) % size, (3 * index - 3 * sign) % size
    chord = (points[end, 0] - points[knot, 0]) * x + (points[end, 1] - points[knot, 1]) * y
    if abs(chord) < 1e-6:
        return
    turned = _reach(points, knot, at, x, y) / chord  # for what the line's end moves across it
    for k in range(2):
        across = -y if k == 0 else x
        for place, share in ((end, turned * across), (knot, -turned * across)):
            number = numbers[2 * place + k, 0]
            _add(numbers, shares, 2 * at, number, -y * share)
            _add(numbers, shares, 2 * at + 1, number, x * share)


@compiled
def _reach(points, knot, at, x, y):
    """How far a handle is from its knot along a direction."""
    return (points[at, 0] - points[knot, 0]) * x + (points[at, 1] - points[knot, 1]) * y
