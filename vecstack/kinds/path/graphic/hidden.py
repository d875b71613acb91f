"""Outlines that go on where other parts hide them: along the simplest way that stays hidden."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vecstack.kinds.path.graphic.curves import cubics_along, ellipse_of
from vecstack.kinds.path.graphic.edges import LEAST_POINTS, direction, turn

BEND = math.radians(80)  # most that a hidden edge may turn from the way to where it comes out again
SLACK_PX = 1.5  # from its ends, where a hidden edge may leave what hides it
DEEP_PX = 5.0  # from its ends, where it keeps a pixel away from what does not hide it
STRAIGHT = math.radians(4)  # of both ends: a hidden edge that turns less is a line
FLUSH = math.radians(18)  # most that an edge turns where it goes on as that of a part above
ROUND_ERROR, ROUND_SEEN = 0.3, 0.35  # px that what is seen of an ellipse may be off; least share of its length
UNDER_PX, UNDER_SLOPE = 1.5, 0.3  # how far an edge goes under the part beside it, and how steeply that begins
INSET_PX = 1.5  # by which an edge that is that of a part above stays within it
SOFT_ERROR = 2.0  # px that an edge may be off where nobody sees it


@dataclass(frozen=True)
class Hidden:
    """A closed edge [N,2], which of its points are to be seen [N], which lie where nobody sees how exactly [N], and the
    parts [N] that the points are on."""

    points: np.ndarray
    seen: np.ndarray
    soft: np.ndarray
    inner: np.ndarray


def completed(edge: Hidden, allowed: np.ndarray) -> tuple[np.ndarray, set[int]]:
    """The points [N,2] of an edge, those that are not seen replaced by shorter ways over pixels that are `allowed`
    [H,W]; and the parts that hide it where there is no such way, and the edge does not go on as theirs."""
    if edge.seen.all() or not edge.seen.any():
        return _softened(edge.points, edge.soft), set()
    whole = _whole_ellipse(edge, allowed)
    if whole is not None:
        return whole, set()
    known = _with_flush(edge)
    inset, _ = _shifted(edge.points, known & ~edge.seen, allowed, -INSET_PX)
    if known.all():
        return _softened(inset, edge.soft), set()
    first = int(np.flatnonzero(known & ~np.roll(known, 1))[0])
    points, seen, soft, inner = (np.roll(own, -first, 0) for own in (inset, known, edge.soft, edge.inner))
    ends = np.flatnonzero(np.diff(np.concatenate([[False], ~seen, [False]]).astype(np.int8)))
    found: list[tuple[np.ndarray, np.ndarray]] = []
    blockers: set[int] = set()
    at = 0
    for start, end in zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True):
        way, is_known = _way(points, seen, start, end, allowed)
        found.append((points[at:start], soft[at:start]))
        found.append((points[start:end], soft[start:end]) if way is None else (way, np.zeros(len(way), bool)))
        if not is_known:
            blockers |= {int(inner[start]), int(inner[end - 1])}
        at = end
    found.append((points[at:], soft[at:]))
    return _softened(*(np.concatenate(own) for own in zip(*found, strict=True))), blockers


def _with_flush(edge: Hidden) -> np.ndarray:
    """Which points [N] of an edge are its own: those that are seen, and those of a part above where the edge goes on as
    that part's without a turn."""
    own: np.ndarray = edge.seen.copy()
    n = len(own)
    for step in (1, -1):
        waiting = np.flatnonzero(own & ~np.roll(own, -step)).tolist()
        while waiting:
            at = waiting.pop()
            ahead = edge.inner[(at + step * np.arange(1, n)) % n]
            count = int(np.argmax(np.append(ahead != ahead[0], True)))
            stretch = (at + step * np.arange(1, count + 1)) % n
            into = direction(edge.points, at, -step, _same(own, at, -step))
            out = direction(edge.points, at + step, step, count)
            is_free = not own[stretch].any()
            if into is not None and out is not None and is_free and abs(turn(into[1], out[1])) < FLUSH:
                own[stretch] = True
                waiting.append((at + step * count) % n)
    return own


def _way(
    points: np.ndarray, seen: np.ndarray, start: int, end: int, allowed: np.ndarray
) -> tuple[np.ndarray | None, bool]:
    """Points of a way from the point before `start` to the one at `end`, or None for the edge itself; and whether that
    is known."""
    if end - start < LEAST_POINTS:
        return None, True
    n = len(points)
    before = direction(points, start - 1, -1, _same(seen, start - 1, -1))
    after = direction(points, end % n, 1, _same(seen, end, 1))
    if before is None or after is None:
        return None, True
    ways = _ways(*before, *after)
    way = next((way for way in ways if _is_hidden(way, before[0], after[0], allowed)), None)
    return way, way is not None


def _same(seen: np.ndarray, at: int, step: int) -> int:
    """How many points that are seen follow one another from one on."""
    around = seen[(at + step * np.arange(len(seen))) % len(seen)]
    return int(np.argmin(np.append(around, False)))


def _ways(p: np.ndarray, u: np.ndarray, q: np.ndarray, v: np.ndarray) -> list[np.ndarray]:
    """Ways from a point with a direction to another, those that are more likely first."""
    chord = q - p
    length = math.hypot(*chord)
    if length < 1:
        return []
    turn_in, turn_out = turn(chord, u), turn(chord, v)
    ways = []
    if max(abs(turn_in), abs(turn_out)) < STRAIGHT:
        ways.append(_cubic(p, p + chord / 3, q - chord / 3, q))
    elif max(abs(turn_in), abs(turn_out)) < BEND:
        half = abs(turn_in - turn_out) / 2
        reach = length * (2 / 3) * math.tan(half / 2) / max(math.sin(half), 1e-3) if half > 0.05 else length / 3
        ways.append(_cubic(p, p + reach * u, q - reach * v, q))
    cross = u[0] * v[1] - u[1] * v[0]
    if abs(cross) > 0.3:
        t = (chord[0] * v[1] - chord[1] * v[0]) / cross
        s = (chord[0] * u[1] - chord[1] * u[0]) / cross
        if 0 < t < 3 * length and -3 * length < s < 0:
            ways.append(np.concatenate([_line(p, p + t * u), _line(p + t * u, q)]))
    ways.append(_line(p, q))
    return ways


def _whole_ellipse(edge: Hidden, allowed: np.ndarray) -> np.ndarray | None:
    """The points of the ellipse that all of an edge that is seen lies on, where the rest of it is hidden."""
    own = edge.points[edge.seen]
    contour = ellipse_of(own, ROUND_ERROR) if len(own) > 8 else None
    if contour is None:
        return None
    closed = np.concatenate([contour, contour[:1]])
    points = np.concatenate([_cubic(*closed[at : at + 4])[:-1] for at in range(0, len(contour), 3)])
    hidden = points[_far_from(own, points)]
    if len(hidden) > (1 - ROUND_SEEN) * len(points) or not _are_allowed(hidden, allowed):
        return None
    return points


def _far_from(own: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Which points [M,2] of an ellipse are more than 2 px from those of its edge that are seen [N,2]: from the next
    ones on both sides, as seen from its middle."""
    middle = points.mean(0)
    seen = np.arctan2(*(own - middle).T)
    order = np.argsort(seen)
    after = np.searchsorted(seen[order], np.arctan2(*(points - middle).T))
    near = (own[order[(after + side) % len(own)]] for side in (-1, 0))
    found: np.ndarray = np.min([np.hypot(*(points - one).T) for one in near], axis=0) > 2
    return found


def _line(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    return _cubic(p, p + (q - p) / 3, q - (q - p) / 3, q)


def _cubic(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Points about a pixel apart along a cubic."""
    count = max(3, round(float(sum(np.hypot(*step) for step in (b - a, c - b, d - c)))))
    t = np.linspace(0, 1, count)[:, None]
    u = 1 - t
    found: np.ndarray = u**3 * a + 3 * u * u * t * b + 3 * u * t * t * c + t**3 * d
    return found


def _is_hidden(way: np.ndarray, p: np.ndarray, q: np.ndarray, allowed: np.ndarray) -> bool:
    """Whether all points of a way but those near its ends are on allowed pixels, and farther on also all beside them:
    what hides an edge is drawn with an edge of its own."""
    away = np.minimum(np.hypot(*(way - p).T), np.hypot(*(way - q).T))
    return _are_allowed(way[away > SLACK_PX], allowed) and all(
        _are_allowed(way[away > DEEP_PX] + step, allowed) for step in np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    )


def _are_allowed(points: np.ndarray, allowed: np.ndarray) -> bool:
    columns, rows = np.floor(points).astype(np.int64).T
    height, width = allowed.shape
    within = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    return bool(within.all() and allowed[rows, columns].all())


def pushed_under(points: np.ndarray, beside: np.ndarray, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A closed edge [N,2] that goes a little under the parts that it is `beside` [N], which have the pixels that are
    allowed, and where it does so [N]."""
    return _shifted(points, beside, allowed, UNDER_PX)


def _shifted(points: np.ndarray, chosen: np.ndarray, allowed: np.ndarray, most: float) -> tuple[np.ndarray, np.ndarray]:
    """A closed edge [N,2] that is `most` px farther out where it is chosen [N], below 0 farther in, as far as pixels
    are allowed; and where it is so [N]."""
    if not chosen.any() or chosen.all():
        return points, np.zeros_like(chosen)
    length = np.cumsum(np.hypot(*(points - np.roll(points, 1, 0)).T))
    marks = length[~chosen]
    marks = np.concatenate([[-np.inf], marks - length[-1], marks, marks + length[-1], [np.inf]])
    after = np.searchsorted(marks, length)
    away = np.where(chosen, np.minimum(length - marks[after - 1], marks[after] - length), 0)
    tangent = np.roll(points, -2, 0) - np.roll(points, 2, 0)
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], 1) / np.maximum(np.hypot(*tangent.T), 1e-6)[:, None]
    far = np.minimum(abs(most), UNDER_SLOPE * away)
    moved = points + math.copysign(1, most) * far[:, None] * normal
    columns, rows = np.floor(moved).astype(np.int64).T
    height, width = allowed.shape
    is_free = allowed[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)] & (far > 0)
    return np.where(is_free[:, None], moved, points), is_free


def _softened(points: np.ndarray, soft: np.ndarray) -> np.ndarray:
    """A closed edge [N,2] with few curves where it is soft [N]."""
    if not soft.any():
        return points
    n = len(points)
    start = int(np.flatnonzero(~soft)[0]) if not soft.all() else int(points[:, 1].argmin())
    points, soft = np.roll(points, -start, 0), np.roll(soft, -start)
    if soft.all():
        closed = np.concatenate([points, points[:1]])
        return np.concatenate([_cubic(*piece)[:-1] for piece in cubics_along(closed, SOFT_ERROR)])
    marks = np.flatnonzero(np.diff(np.concatenate([[0], soft.astype(np.int8), [0]])))
    found, at = [], 0
    for first, end in pairwise(marks.tolist()):
        if not soft[first] or end - first < LEAST_POINTS:
            continue
        section = points[np.arange(first - 1, end + 1) % n]
        way = np.concatenate([_cubic(*piece)[:-1] for piece in cubics_along(section, SOFT_ERROR)])
        found += [points[at:first], way[1:]]
        at = end
    return np.concatenate([*found, points[at:]])
