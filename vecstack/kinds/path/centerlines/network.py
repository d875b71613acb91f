"""The lines of which a shape is made, as ways along their middles: each goes straight on where others meet it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vecstack.kinds.path.centerlines.loops import nearest_on
from vecstack.kinds.path.centerlines.rim import HALF
from vecstack.kinds.path.centerlines.ways import Way, without

NEAR = 0.35 * HALF  # between the ways of a disc along both sides of a line, at most
SEAM = 0.15 * HALF  # around the end of a way, from where the other one goes on
LEAST = 0.6 * HALF  # length of a way that is a line of its own
GAP = 5.0 * HALF  # that a line goes straight on where others cross it, at most
ASIDE, SLOPE = 0.3 * HALF, 0.1  # that its other side may then be aside, and how much more for each unit of the gap
AHEAD, ALONG = 0.93, 0.9  # cosines: of a way that goes on after a gap, and beside the other
JOINS = 3.0 * HALF  # from the end of a way to the line that it leads to, at most
SHORTEST_LOOP = 6.0 * HALF  # of a line that closes
MOST_LINES = 60  # of a shape


def lines_of(ways: Sequence[Way]) -> list[Way]:
    """The lines that a disc went along on its ways around a shape, each once, longest first, and to where they meet."""
    left, found = list(ways), list[Way]()
    while left and len(found) <= MOST_LINES:
        line = max(left, key=lambda way: way.length)
        if line.length < LEAST:
            break
        left = [way for way in left if way is not line]
        if not line.is_closed:
            line = _extended(_extended(line, left).turned, left)
        found.append(line)
        left = without(left, line, NEAR, LEAST)
    return [_reaching(line, [other for other in found if other is not line]) for line in found]


def _extended(line: Way, ways: Sequence[Way]) -> Way:
    """A line with what goes on at its last point, of other ways; closed where that is its beginning."""
    for _ in range(len(ways) + 1):
        if line.is_closed or line.ends[1]:
            break
        closed = _closed(line)
        if closed is not None:
            return closed
        rests = [rest for way in ways for side in (way, way.turned) for rest in _rests(line, side)]
        if not rests:
            break
        rest = max(rests, key=lambda way: way.length)
        line = Way(np.concatenate([line.points, rest.points]), ends=(line.ends[0], rest.ends[1]))
    return line


def _rests(line: Way, way: Way) -> list[Way]:
    """What a way adds to a line at its last point, if it does: where it goes beside that, or begins ahead of it."""
    end, ahead = line.points[-1], line.directions()[-1]
    away, place = nearest_on(end[None], way.line, np.array([0, len(way.line)]))
    at = int(place[0]) + 1
    rest = np.roll(way.points, -at, 0) if way.is_closed else way.points[at:]
    directions = way.directions()
    if away[0] < NEAR and len(rest) > 1 and directions[min(at - 1, len(directions) - 1)] @ ahead > ALONG:
        further = Way(_after(rest, end), ends=(False, way.ends[1]))
        return [further] if further.length > LEAST else []
    if not way.is_closed and _is_ahead(end, ahead, way.points[0]) and directions[0] @ ahead > AHEAD:
        return [way]
    return []


def _after(points: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The points [M,2] that go on from an end, without the first that are as near as the two sides of a line differ."""
    far = np.flatnonzero(np.hypot(*(points - end).T) > SEAM)
    found: np.ndarray = points[far[0] :] if len(far) else points[-1:]
    return found


def _is_ahead(end: np.ndarray, ahead: np.ndarray, start: np.ndarray) -> bool:
    """Whether a line that ends in a place and a direction goes straight on to another place, where others cross it."""
    gap = start - end
    far, aside = float(gap @ ahead), abs(float(gap[0] * ahead[1] - gap[1] * ahead[0]))
    return -ASIDE < far < GAP and aside < ASIDE + SLOPE * abs(far)


def _closed(line: Way) -> Way | None:
    """A line that leads to its own beginning as a closed one."""
    if line.ends[0] or line.length < SHORTEST_LOOP:
        return None
    directions = line.directions()
    end, ahead = line.points[-1], directions[-1]
    lengths = np.cumsum(np.hypot(*np.diff(line.points, axis=0, prepend=line.points[:1]).T))
    first = line.points[lengths < lengths[-1] / 2]
    away, place = nearest_on(end[None], first, np.array([0, len(first)]))
    at = int(place[0])
    if away[0] < NEAR and directions[at] @ ahead > ALONG:
        return Way(np.concatenate([_after(line.points[at + 1 : -1], end), end[None]]), is_closed=True)
    if _is_ahead(end, ahead, line.points[0]) and directions[0] @ ahead > AHEAD:
        return Way(line.points, is_closed=True)
    return None


def _reaching(line: Way, others: Sequence[Way]) -> Way:
    """A line whose open ends go on to the lines that they lead to."""
    for _ in range(2):
        line = line.turned
        if line.is_closed or line.ends[1]:
            continue
        met = _meeting(line, others)
        if met is not None:
            line = Way(np.concatenate([line.points, met[None]]), ends=line.ends)
    return line


def _meeting(line: Way, others: Sequence[Way]) -> np.ndarray | None:
    """Where a line that goes straight on meets the next of some others, which may go straight on, too, or itself."""
    end, ahead = line.points[-1], line.directions()[-1]
    every = [line.points[:-1], *(_straight_on(other) for other in others)]
    a, b = (np.concatenate([points[part] for points in every]) for part in (np.s_[:-1], np.s_[1:]))
    side, to = b - a, a - end
    cross = ahead[0] * side[:, 1] - ahead[1] * side[:, 0]
    is_met = np.abs(cross) > 1e-9
    safe = np.where(is_met, cross, 1)
    far = (to[:, 0] * side[:, 1] - to[:, 1] * side[:, 0]) / safe
    share = (to[:, 0] * ahead[1] - to[:, 1] * ahead[0]) / safe
    hits = far[is_met & (share >= 0) & (share <= 1) & (far > -HALF) & (far < JOINS)]
    least = float(hits[np.argmin(np.abs(hits))]) if len(hits) else -1.0
    return end + least * ahead if least > 0 else None


def _straight_on(line: Way) -> np.ndarray:
    """The points of a line, and of what it may lead to where the shape does not end."""
    if line.is_closed:
        return line.line
    directions = line.directions()
    before = line.points[:1] - (0 if line.ends[0] else JOINS) * directions[:1]
    after = line.points[-1:] + (0 if line.ends[1] else JOINS) * directions[-1:]
    return np.concatenate([before, line.points, after])
