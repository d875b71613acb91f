"""The edge of a stroke as closed curves: sides that run along the spine, in as few cubic pieces as follow them closely,
and round ends."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from vecstack.kinds.base import Curve
from vecstack.kinds.stroke.handles import fit_handles
from vecstack.kinds.stroke.layer import Ends, Spine
from vecstack.kinds.stroke.sides import Side, Swept

Point = tuple[float, float]
OFF = 0.006  # of the greater radius: how far a piece may be off its side
FULL = 0.995  # of the speed of the spine: discs that grow faster hold the ones before
STILL = 0.02  # of the greatest speed of the spine: below it, the spine is about to turn back on itself
LOOSE = 15.0  # times as far it may be off where discs hide it
TURNS_ROUNDS = 3  # of looking for the places where sides turn round


def contours_of(spine: Spine, radii: Ends) -> tuple[Curve, ...]:
    """The closed curves (nonzero rule), in the frame of the spine."""
    swept = Swept.of(spine, radii)
    fastest = max(math.hypot(*swept.start_speed), math.hypot(*(swept.start_speed + swept.bend)))
    hidden = swept.slower_than(max(abs(swept.shrink) / FULL, STILL * fastest)) if fastest else (0.0, 1.0)
    if hidden is None:
        return (_edge(swept, 0.0, 1.0),)
    parts = [part for part in ((0.0, hidden[0]), (hidden[1], 1.0)) if part[0] < part[1]]
    edges = [_edge(swept, *part) for part in parts]
    largest = 0.0 if swept.shrink > 0 else 1.0
    if hidden[0] <= largest <= hidden[1]:
        edges.append(_circle(swept, largest))
    return tuple(edges)


def _edge(swept: Swept, start: float, end: float) -> Curve:
    """The edge of the discs between two places: the left side, the end, the right side, the start."""
    left, right = _sides(swept, start, end)
    off = OFF * float(swept.radii.max())
    there, back = _along(left, off), _along(right, off)[::-1]
    last = _arc(swept, end, float(left.angles[-1]), float(right.angles[-1]))
    first = _arc(swept, start, float(right.angles[0]), float(left.angles[0]))
    return (*there, *last[1:], *back[1:], *first[1:-1], there[0])


def _sides(swept: Swept, start: float, end: float) -> tuple[Side, Side]:
    """Both sides between two places, with the places where they turn round among those that they are known at."""
    places, depth = swept.places(start, end), OFF * float(swept.radii.max())
    for _ in range(TURNS_ROUNDS):
        left, right = swept.side(1, places, depth), swept.side(-1, places, depth)
        turns = np.concatenate([_turns(places, side.speeds) for side in (left, right)])
        if not len(turns):
            break
        places = np.unique(np.concatenate([places, turns]))
    return left, right


def _turns(places: np.ndarray, speeds: np.ndarray) -> np.ndarray:
    """About where speeds [N] at places [N] change their signs, between these."""
    before = np.flatnonzero(speeds[1:] * speeds[:-1] < 0)
    shares = speeds[before] / (speeds[before] - speeds[before + 1])
    found: np.ndarray = places[before] + shares * (places[before + 1] - places[before])
    return found


def _along(side: Side, off: float) -> list[Point]:
    """A side as cubic pieces that are off it by no more than that."""
    is_back = side.speeds < 0
    cuts = [0, *(np.flatnonzero(is_back[1:] != is_back[:-1]) + 1).tolist(), len(is_back) - 1]
    points = [_point(side.points[0])]
    for first, last in pairwise(cuts):
        points += _pieces(side, first, last, off)
    return points


def _pieces(side: Side, first: int, last: int, off: float) -> Iterator[Point]:
    """The handles and the ends of pieces between two places, between which the side does not turn round."""
    start, end = side.points[first], side.points[last]
    if last - first < 2:
        yield from map(_point, (start + (end - start) / 3, end - (end - start) / 3, end))
        return
    part, middle = slice(first, last + 1), (first + last) // 2
    ways = (-1 if side.speeds[middle] < 0 else 1) * side.forward[[first, last]]
    one, other = fit_handles(side.points[part], ways, np.where(side.is_hidden[part], LOOSE * off, off))
    if one > 0:
        yield from map(_point, (start + one * ways[0], end - other * ways[1], end))
    else:
        yield from _pieces(side, first, middle, off)
        yield from _pieces(side, middle, last, off)


def _arc(swept: Swept, place: float, start: float, end: float) -> list[Point]:
    """An arc of a disc with falling angle as cubic pieces."""
    (x, y), radius = swept.middles(np.array([place]))[0].tolist(), float(swept.radii_at(np.array([place]))[0])
    turn = (start - end) % math.tau or math.tau
    count = math.ceil(turn / (math.pi / 2) - 1e-9)
    reach = 4 / 3 * math.tan(turn / count / 4)
    points: list[Point] = []
    for part in range(count + 1):
        angle = start - turn * part / count
        u, v = radius * math.cos(angle), radius * math.sin(angle)
        before, after = (x + u - reach * v, y + v + reach * u), (x + u + reach * v, y + v - reach * u)
        points += [*([before] if part else []), (x + u, y + v), *([after] if part < count else [])]
    return points


def _circle(swept: Swept, place: float) -> Curve:
    points = _arc(swept, place, 0.0, 0.0)
    return (*points[:-1], points[0])


def _point(values: np.ndarray) -> Point:
    return float(values[0]), float(values[1])
