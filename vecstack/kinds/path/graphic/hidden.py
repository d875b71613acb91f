"""Outlines that go on where other parts hide them: along the simplest way that stays hidden."""

from __future__ import annotations

import math

import numpy as np

JUNCTION_PX = 1.5  # around a point where three parts meet, over which edges are blurred
SEEN_PX = 6.0  # of an edge before it is hidden, from which its direction is known
LEAST_POINTS = 3  # of an edge that is hidden
BEND = math.radians(80)  # most that a hidden edge may turn from the way to where it comes out again
SLACK_PX = 1.5  # from its ends, where a hidden edge may leave what hides it
STRAIGHT = math.radians(4)  # of both ends: a hidden edge that turns less is a line


def completed(loop: np.ndarray, seen: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """A loop [N,2], its points that are not `seen` [N] replaced by shorter ways over pixels that are `allowed` [H,W],
    where there are such."""
    if seen.all() or not seen.any():
        return loop
    first = int(np.flatnonzero(seen & ~np.roll(seen, 1))[0])
    loop, seen = np.roll(loop, -first, 0), np.roll(seen, -first)
    ends = np.flatnonzero(np.diff(np.concatenate([[False], ~seen, [False]]).astype(np.int8)))
    parts: list[np.ndarray] = []
    at = 0
    for start, end in zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True):
        way = _way(loop, seen, start, end, allowed) if end - start >= LEAST_POINTS else None
        parts += [loop[at:start], loop[start:end] if way is None else way]
        at = end
    return np.concatenate([*parts, loop[at:]])


def _way(loop: np.ndarray, seen: np.ndarray, start: int, end: int, allowed: np.ndarray) -> np.ndarray | None:
    """Points of a way from the point before `start` to the one at `end`, or None."""
    before, after = _side(loop, seen, start - 1, -1), _side(loop, seen, end % len(loop), 1)
    if before is None or after is None:
        return None
    (p, u), (q, v) = before, after
    chord = q - p
    length = math.hypot(*chord)
    if length < 1:
        return None
    direction = math.atan2(chord[1], chord[0])
    turn_in, turn_out = (_turned(math.atan2(d[1], d[0]) - direction) for d in (u, v))
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
    return next((way for way in ways if _is_hidden(way, p, q, allowed)), None)


def _side(loop: np.ndarray, seen: np.ndarray, at: int, step: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Where an edge goes under, or comes out, and its direction there along the loop."""
    n = len(loop)
    around = (at + step * np.arange(min(n, 24))) % n
    around = around[: int(np.argmin(np.append(seen[around], False)))]
    away = np.hypot(*(loop[around] - loop[at]).T)
    own = loop[around[(away > JUNCTION_PX) & (away < SEEN_PX)]]
    if len(own) < 3:
        return None
    middle = own.mean(0)
    direction = np.linalg.svd(own - middle)[2][0]
    direction = direction if direction @ (own[-1] - own[0]) * step > 0 else -direction
    place = middle + ((loop[at] - middle) @ direction) * direction
    return place, direction


def _turned(angle: float) -> float:
    return (angle + math.pi) % (2 * math.pi) - math.pi


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
    """Whether all points of a way but those near its ends are on allowed pixels."""
    inner = way[(np.hypot(*(way - p).T) > SLACK_PX) & (np.hypot(*(way - q).T) > SLACK_PX)]
    columns, rows = np.floor(inner).astype(np.int64).T
    height, width = allowed.shape
    within = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    return bool(within.all() and allowed[rows, columns].all())
