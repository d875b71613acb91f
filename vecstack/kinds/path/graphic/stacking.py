"""Parts of a picture laid over one another, large ones below: each goes on under those that lie on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vecstack.kinds.path.graphic.curves import Outline, area_of, fitted
from vecstack.kinds.path.graphic.seeds import Parts
from vecstack.kinds.path.graphic.trace import cover_of, loops_of

MIN_AREA = 1.5  # px, of a loop


@dataclass(frozen=True)
class Shape:
    """A part's number and what it is drawn as."""

    part: int
    loops: tuple[np.ndarray, ...]

    def outlines(self, error: float) -> tuple[Outline, ...]:
        """Its loops as few pieces within an error, px."""
        found = (fitted(loop, error) for loop in self.loops)
        return tuple(outline for outline in found if outline is not None)


def shapes_of(parts: Parts, ground: np.ndarray) -> list[Shape]:
    """The shapes of all parts but the ground's [K], lowest first."""
    boxes = _boxes(parts.part, parts.count)
    beside = neighbours(parts.part, parts.count)
    order = sorted(np.flatnonzero(~ground).tolist(), key=lambda number: -_filled(parts, number, boxes[number]))
    rank = np.full(parts.count, -1)
    rank[order] = np.arange(len(order))
    found = []
    for number in order:
        inside = _above(number, rank, beside)
        loops = _loops(parts, inside, boxes)
        if loops:
            found.append(Shape(number, loops))
    return found


def _loops(parts: Parts, inside: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, ...]:
    """The closed edges of some parts together, in pixels of the picture."""
    own = boxes[inside]
    top, left = np.maximum(own[:, :2].min(0) - 1, 0)
    bottom, right = np.minimum(own[:, 2:].max(0) + 1, parts.part.shape)
    field = cover_of(parts.part, parts.other, parts.share, inside, top, left, bottom, right)
    points, starts, _ = loops_of(field, top, left, parts.part, inside)
    loops = [points[a:b] for a, b in zip(starts[:-1], starts[1:], strict=True)]
    return tuple(loop for loop in loops if abs(area_of(loop)) >= MIN_AREA)


def _above(number: int, rank: np.ndarray, beside: list[set[int]]) -> np.ndarray:
    """Which parts [K] are a part or lie over it, connected to it by others that do."""
    inside = np.zeros(len(rank), bool)
    inside[number] = True
    waiting = [number]
    while waiting:
        for other in beside[waiting.pop()]:
            if not inside[other] and rank[other] > rank[number]:
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
    return max((area_of(points[a:b]) for a, b in zip(starts[:-1], starts[1:], strict=True)), default=0.0)


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
