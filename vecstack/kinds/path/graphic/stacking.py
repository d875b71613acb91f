"""Parts of a picture laid over one another, large ones below: each goes on under those that lie on it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vecstack.kinds.path.graphic.curves import Outline, area_of, fitted
from vecstack.kinds.path.graphic.hidden import completed
from vecstack.kinds.path.graphic.seeds import Parts
from vecstack.kinds.path.graphic.trace import cover_of, loops_of

MIN_AREA = 0.7  # px, of a loop
SAME = 2.5 / 255  # difference of the colours of what may be one shape, hidden in between


@dataclass(frozen=True)
class Shape:
    """A shape of one fill: the part that its fill is of, all parts that are seen of it, and its closed edges [N,2]."""

    part: int
    members: tuple[int, ...]
    loops: tuple[np.ndarray, ...]

    def outlines(self, error: float) -> tuple[Outline, ...]:
        """Its edges as few pieces within an error, px."""
        found = (fitted(loop, error) for loop in self.loops)
        return tuple(outline for outline in found if outline is not None)


def shapes_of(parts: Parts, ground: np.ndarray) -> list[Shape]:
    """The shapes of all parts but the ground's [K], lowest first."""
    boxes = _boxes(parts.part, parts.count)
    beside = neighbours(parts.part, parts.count)
    area = np.array([0.0 if ground[number] else _filled(parts, number, boxes[number]) for number in range(len(boxes))])
    group = _groups(parts, ground, beside, area)
    sums = np.bincount(group, area, parts.count)
    order = sorted(np.unique(group[~ground]).tolist(), key=lambda number: -sums[number])
    rank = np.full(parts.count, -1)
    rank[order] = np.arange(len(order))
    rank = np.where(ground, -1, rank[group])
    found = []
    for number in order:
        members = np.flatnonzero((group == number) & ~ground)
        loops = _loops(parts, members, _above(members, rank, beside), boxes)
        if loops:
            found.append(Shape(int(members[np.argmax(area[members])]), tuple(members.tolist()), loops))
    return found


def _groups(parts: Parts, ground: np.ndarray, beside: list[set[int]], area: np.ndarray) -> np.ndarray:
    """A number [K] for each part, the same for those of one colour that a part between them may hide: one that is, with
    all that may be one shape with it, smaller than they together."""
    every = np.ones(parts.count, bool)
    loose = _united(parts, ground, beside, every[:, None] | every)
    sums = np.bincount(loose, area, parts.count)[loose]
    return _united(parts, ground, beside, sums[:, None] > sums)


def _united(parts: Parts, ground: np.ndarray, beside: list[set[int]], is_below: np.ndarray) -> np.ndarray:
    """Numbers [K] of parts of one colour that have a neighbour in common which may lie over them."""
    root = list(range(parts.count))

    def find(number: int) -> int:
        while root[number] != number:
            number = root[number]
        return number

    for between in np.flatnonzero(~ground).tolist():
        around = [number for number in beside[between] if not ground[number] and is_below[number, between]]
        for index, one in enumerate(around):
            for other in around[:index]:
                if np.abs(parts.colors[one] - parts.colors[other]).max() < SAME:
                    root[find(one)] = find(other)
    return np.array([find(number) for number in range(parts.count)])


def _loops(parts: Parts, members: np.ndarray, inside: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, ...]:
    """The closed edges of some parts with others that lie over them, in pixels; where only these have the edge, it is
    hidden below them if it can be."""
    own = boxes[inside]
    top, left = np.maximum(own[:, :2].min(0) - 1, 0)
    bottom, right = np.minimum(own[:, 2:].max(0) + 1, parts.part.shape)
    field = cover_of(parts.part, parts.other, parts.share, inside, top, left, bottom, right)
    is_member = np.zeros(parts.count, bool)
    is_member[members] = True
    points, starts, seen = loops_of(field, top, left, parts.part, is_member)
    over = (inside & ~is_member)[parts.part[top:bottom, left:right]]
    found, corner = [], np.array([left, top])
    for a, b in pairwise(starts):
        loop = completed(points[a:b] - corner, seen[a:b], over) + corner
        if abs(area_of(loop)) >= MIN_AREA:
            found.append(loop)
    return tuple(found)


def _above(members: np.ndarray, rank: np.ndarray, beside: list[set[int]]) -> np.ndarray:
    """Which parts [K] are members of a shape or lie over it, connected to it by others that do."""
    inside = np.zeros(len(rank), bool)
    inside[members] = True
    waiting = members.tolist()
    lowest = rank[members[0]]
    while waiting:
        for other in beside[waiting.pop()]:
            if not inside[other] and rank[other] > lowest:
                inside[other] = True
                waiting.append(other)
    return inside


def _filled(parts: Parts, number: int, box: np.ndarray) -> float:
    """The area within the outer edge of a part."""
    inside = np.zeros(parts.count, bool)
    inside[number] = True
    top, left = np.maximum(box[:2] - 1, 0)
    bottom, right = np.minimum(box[2:] + 1, parts.part.shape)
    field = cover_of(parts.part, parts.part, np.zeros_like(parts.share), inside, top, left, bottom, right)
    points, starts, _ = loops_of(field, top, left, parts.part, inside)
    return max((area_of(points[a:b]) for a, b in pairwise(starts)), default=0.0)


def neighbours(part: np.ndarray, count: int) -> list[set[int]]:
    """The parts that each part borders on, also by corners."""
    pairs = np.concatenate([
        np.stack([one.ravel(), other.ravel()], 1)
        for one, other in (
            (part[:, 1:], part[:, :-1]), (part[1:], part[:-1]), (part[1:, 1:], part[:-1, :-1]),
            (part[1:, :-1], part[:-1, 1:]),
        )
    ])  # fmt: skip
    pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
    found: list[set[int]] = [set() for _ in range(count)]
    for a, b in pairs.tolist():
        found[a].add(b)
        found[b].add(a)
    return found


def _boxes(part: np.ndarray, count: int) -> np.ndarray:
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
