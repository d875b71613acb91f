"""The closed edges of parts, and which parts lie on both sides of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vecstack.kinds.path.graphic.seeds import Parts
from vecstack.kinds.path.graphic.trace import cover_of, loops_of

JUNCTION_PX, SEEN_PX = 1.5, 7.0  # around a point where three parts meet: edges are blurred; tell their direction
LEAST_POINTS = 3  # that a direction is known from


@dataclass(frozen=True)
class Edge:
    """A closed edge [N,2] in pixels, clockwise on the screen around what it holds, and the parts on both sides of each
    point, [N] within and [N] outside (FREE beyond the picture)."""

    points: np.ndarray
    inner: np.ndarray
    outer: np.ndarray


def edges_of(parts: Parts, inside: np.ndarray, boxes: np.ndarray) -> list[Edge]:
    """The closed edges of the parts that are `inside` [K], which `boxes` [K,4] hold, taken together."""
    own = boxes[inside]
    top, left = np.maximum(own[:, :2].min(0) - 1, 0)
    bottom, right = np.minimum(own[:, 2:].max(0) + 1, parts.part.shape)
    field = cover_of(parts.part, parts.other, parts.share, inside, top, left, bottom, right)
    points, starts, sides = loops_of(field, top, left, parts.part)
    return [Edge(points[a:b], sides[a:b, 0], sides[a:b, 1]) for a, b in pairwise(starts)]


def boxes_of(part: np.ndarray, count: int) -> np.ndarray:
    """Top, left, bottom and right of each part: [K,4]."""
    rows, columns = np.indices(part.shape)
    found = np.zeros((count, 4), np.int64)
    found[:, :2] = 1 << 30
    flat = part.ravel()
    np.minimum.at(found[:, 0], flat, rows.ravel())
    np.minimum.at(found[:, 1], flat, columns.ravel())
    np.maximum.at(found[:, 2], flat, rows.ravel() + 1)
    np.maximum.at(found[:, 3], flat, columns.ravel() + 1)
    return found


def grown(chosen: np.ndarray, steps: int) -> np.ndarray:
    """What is chosen, and all within some steps up, down or aside."""
    for _ in range(steps):
        padded = np.pad(chosen, 1)
        chosen = chosen | padded[2:, 1:-1] | padded[:-2, 1:-1] | padded[1:-1, 2:] | padded[1:-1, :-2]
    return chosen


def runs_of(labels: np.ndarray) -> list[tuple[int, int]]:
    """First and last point of each run of one label [N] around a closed edge; the last may be N or more."""
    n = len(labels)
    starts = np.flatnonzero(labels != np.roll(labels, 1)).tolist()
    if not starts:
        return [(0, n - 1)]
    return [(a, b - 1) for a, b in pairwise([*starts, starts[0] + n])]


def direction(points: np.ndarray, at: int, step: int, count: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Where a closed edge [N,2] is at a point (without what pixels blur there) and its direction along the edge, as the
    next `count` points tell in one way (`step` 1) or the other (-1); None where they are too few."""
    around = points[(at + step * np.arange(min(count, len(points), 24))) % len(points)]
    away = np.hypot(*(around - points[at % len(points)]).T)
    own = around[(away > JUNCTION_PX) & (away < SEEN_PX)]
    if len(own) < LEAST_POINTS:
        return None
    middle = own.mean(0)
    way = np.linalg.svd(own - middle)[2][0]
    way = way if way @ (own[-1] - own[0]) * step > 0 else -way
    return middle + ((points[at % len(points)] - middle) @ way) * way, way


def turn(before: Sequence[float] | np.ndarray, after: Sequence[float] | np.ndarray) -> float:
    """The angle from one direction to another, -pi..pi."""
    angle = math.atan2(after[1], after[0]) - math.atan2(before[1], before[0])
    return (angle + math.pi) % (2 * math.pi) - math.pi
