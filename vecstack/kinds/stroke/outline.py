"""The edge of a stroke as closed curves: sides that run along the spine, and round ends; where the spine bends more
sharply than its discs are wide, the hulls of discs that follow one another."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from vecstack.kinds.base import Curve
from vecstack.kinds.stroke.layer import Ends, Spine, sharpest_turn

Point = tuple[float, float]
SIDE_TURN = math.pi / 5  # most by which a cubic piece of a side turns: off by less than a thousandth of the radius
OFF = 0.02  # of the greater radius: how far the lines between discs whose hulls are taken may be off the spine
MOST_PIECES = 64
ROOM = 0.9  # of the radius of the sharpest turn: up to so wide discs have a smooth edge
SLOPE = 0.9  # of how fast the spine runs: up to so fast growing discs have an edge on both sides all along


def contours_of(spine: Spine, radii: Ends) -> tuple[Curve, ...]:
    """The closed curves (nonzero rule), in the frame of the spine."""
    slowest = min(math.hypot(*_speed(spine, t)) for t in (0.0, _slowest(spine), 1.0))
    growth = abs(radii[1] - radii[0])
    if slowest > 0 and growth <= SLOPE * slowest and sharpest_turn(spine) * max(radii) <= ROOM:
        return (_along(spine, radii),)
    pieces = _pieces(spine, OFF * max(radii))
    discs = [(*_point(spine, t / pieces), _radius(radii, t / pieces)) for t in range(pieces + 1)]
    return tuple(_hull(*one, *other) for one, other in pairwise(discs))


def _point(spine: Spine, t: float) -> Point:
    first, middle, last = (1 - t) ** 2, 2 * t * (1 - t), t * t
    return (
        first * spine[0] + middle * spine[2] + last * spine[4],
        first * spine[1] + middle * spine[3] + last * spine[5],
    )


def _speed(spine: Spine, t: float) -> Point:
    """The derivative of the spine."""
    return (
        2 * (1 - t) * (spine[2] - spine[0]) + 2 * t * (spine[4] - spine[2]),
        2 * (1 - t) * (spine[3] - spine[1]) + 2 * t * (spine[5] - spine[3]),
    )


def _radius(radii: Ends, t: float) -> float:
    return radii[0] + t * (radii[1] - radii[0])


def _slowest(spine: Spine) -> float:
    """Where the spine runs slowest."""
    (x0, y0), (x1, y1) = _speed(spine, 0.0), _speed(spine, 1.0)
    dx, dy = x1 - x0, y1 - y0
    square = dx * dx + dy * dy
    return min(max(-(x0 * dx + y0 * dy) / square, 0.0), 1.0) if square else 0.0


def _pieces(spine: Spine, off: float) -> int:
    """In how many pieces of equal steps a spine is off its chords by no more than a distance, which all are alike."""
    bend = math.hypot(spine[0] - 2 * spine[2] + spine[4], spine[1] - 2 * spine[3] + spine[5])
    return min(max(math.ceil(math.sqrt(bend / (4 * off))), 1), MOST_PIECES) if off > 0 else 1


def _places(spine: Spine) -> list[float]:
    """Places along a spine, from its start to its end, between which it turns by no more than SIDE_TURN."""
    (x0, y0), (x1, y1) = _speed(spine, 0.0), _speed(spine, 1.0)
    whole = math.atan2(x0 * y1 - y0 * x1, x0 * x1 + y0 * y1)
    count = math.ceil(abs(whole) / SIDE_TURN)
    places = {0.0, 1.0}
    for part in range(1, count):
        angle = math.atan2(y0, x0) + whole * part / count
        before, after = (x * math.sin(angle) - y * math.cos(angle) for x, y in ((x0, y0), (x1, y1)))
        if before != after:
            places.add(min(max(before / (before - after), 0.0), 1.0))
    return sorted(places)


def _normals(spine: Spine, radii: Ends, t: float) -> tuple[float, float]:
    """The angles of the directions from the spine to both sides: the left one (towards more of the angle) first."""
    x, y = _speed(spine, t)
    lean = math.acos(max(-1.0, min(1.0, (radii[0] - radii[1]) / math.hypot(x, y))))
    along = math.atan2(y, x)
    return along + lean, along - lean


def _along(spine: Spine, radii: Ends) -> Curve:
    """The edge of a smooth stroke: a side, the end, the other side, the start."""
    places = _places(spine)
    left, right = _side(spine, radii, places, 0), _side(spine, radii, places, 1)[::-1]
    ends = [
        _arc(_point(spine, t), _radius(radii, t), *angles)
        for t, angles in ((1.0, _normals(spine, radii, 1.0)), (0.0, _normals(spine, radii, 0.0)[::-1]))
    ]
    return (*left, *ends[0][1:], *right[1:], *ends[1][1:-1], left[0])


def _side(spine: Spine, radii: Ends, places: Sequence[float], side: int) -> list[Point]:
    """One side as cubic pieces between places of the spine."""
    points = [_on_side(spine, radii, places[0], side)]
    for start, end in pairwise(places):
        step = (end - start) / 3
        (x0, y0), (x1, y1) = _on_side(spine, radii, start, side), _on_side(spine, radii, end, side)
        (u0, v0), (u1, v1) = (_side_speed(spine, radii, t, side) for t in (start, end))
        points += [(x0 + step * u0, y0 + step * v0), (x1 - step * u1, y1 - step * v1), (x1, y1)]
    return points


def _on_side(spine: Spine, radii: Ends, t: float, side: int) -> Point:
    (x, y), radius, angle = _point(spine, t), _radius(radii, t), _normals(spine, radii, t)[side]
    return x + radius * math.cos(angle), y + radius * math.sin(angle)


def _side_speed(spine: Spine, radii: Ends, t: float, side: int) -> Point:
    """The derivative of a side, by a small step."""
    step = 1e-5
    (x0, y0), (x1, y1) = (_on_side(spine, radii, t + shift, side) for shift in (-step, step))
    return (x1 - x0) / (2 * step), (y1 - y0) / (2 * step)


def _arc(middle: Point, radius: float, start: float, end: float) -> list[Point]:
    """An arc with falling angle as cubic pieces."""
    turn = (start - end) % math.tau or math.tau
    count = math.ceil(turn / (math.pi / 2) - 1e-9)
    reach = radius * 4 / 3 * math.tan(turn / count / 4)
    points: list[Point] = []
    for part in range(count + 1):
        angle = start - turn * part / count
        x, y = middle[0] + radius * math.cos(angle), middle[1] + radius * math.sin(angle)
        across = reach * math.sin(angle), -reach * math.cos(angle)
        before, after = (x - across[0], y - across[1]), (x + across[0], y + across[1])
        points += [*([before] if part else []), (x, y), *([after] if part < count else [])]
    return points


def _hull(x0: float, y0: float, r0: float, x1: float, y1: float, r1: float) -> Curve:
    """The edge of all that lies between two discs."""
    apart = math.hypot(x1 - x0, y1 - y0)
    if apart <= abs(r1 - r0):
        x, y, radius = (x0, y0, r0) if r0 > r1 else (x1, y1, r1)
        circle = _arc((x, y), radius, 0.0, 0.0)
        return (*circle[:-1], circle[0])
    along, lean = math.atan2(y1 - y0, x1 - x0), math.acos((r0 - r1) / apart)
    end, start = _arc((x1, y1), r1, along + lean, along - lean), _arc((x0, y0), r0, along - lean, along + lean)
    return (*start, *_line(start[-1], end[0]), *end[1:], *_line(end[-1], start[0]))


def _line(start: Point, end: Point) -> Iterator[Point]:
    """The handles and the end of a straight piece."""
    for share in (1 / 3, 2 / 3, 1.0):
        yield start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
