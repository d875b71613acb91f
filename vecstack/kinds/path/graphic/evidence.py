"""Which parts lie over which, by what their edges do where three parts meet: an edge that goes straight on there is
that of the part above, whose edge hides the others' (a T-junction)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vecstack.kinds.path.graphic.edges import Edge, direction, runs_of, turn
from vecstack.winding import area_of

STRAIGHT, BENT = math.radians(18), math.radians(25)  # most that an edge turns that goes on; how much more others do
NEAR_PX = 4.0  # between what three parts have for their meeting point
MEETING, WITHIN, BULGING = 1.0, 20.0, 1.0  # weights: of a meeting, of lying within a part, and of bulging into one
SHORTEST, LEAST_BULGE = 8, 0.1  # points of an edge that bulges, and how far, at least


@dataclass(frozen=True)
class Meeting:
    """Where the edge of a part leaves one neighbour for another, how much it turns there, and whether the part lies
    around the two."""

    part: int
    place: np.ndarray
    turn: float
    is_around: bool


def over_of(edges: Sequence[Sequence[Edge]], ground: np.ndarray, group: np.ndarray) -> dict[tuple[int, int], float]:
    """How much tells that one part lies over another, (above, below) -> weight, of the edges of each part; the ground's
    [K] are below all. What a part surrounds lies over it, unless some of its `group` [K] is outside: that is seen
    through a hole."""
    found: dict[tuple[int, int], float] = defaultdict(float)
    meetings: dict[tuple[int, ...], list[Meeting]] = defaultdict(list)
    for number, own in enumerate(edges):
        outside = {int(group[other]) for edge in own if area_of(edge.points) > 0 for other in _beside(edge)}
        for edge in own:
            is_around = area_of(edge.points) < 0
            if is_around:
                for other in (other for other in _beside(edge) if int(group[other]) not in outside):
                    found[other, number] += WITHIN
            else:
                for other, bulge in _bulges(edge):
                    found[(number, other) if bulge > 0 else (other, number)] += BULGING * min(abs(bulge), 1.0)
            for others, meeting in _meetings(number, edge, is_around):
                meetings[tuple(sorted((number, *others)))].append(meeting)
    for every in meetings.values():
        for above, below in _decided(every):
            found[above, below] += MEETING
    return {pair: weight for pair, weight in found.items() if not ground[list(pair)].any()}


def _beside(edge: Edge) -> list[int]:
    """The parts outside an edge."""
    found: list[int] = np.unique(edge.outer[edge.outer >= 0]).tolist()
    return found


def _bulges(edge: Edge) -> list[tuple[int, float]]:
    """How far an edge bulges into each part along it, each time it lies there: the area between it and its chord, over
    the square of that; below 0 where the other bulges."""
    runs = runs_of(edge.outer)
    found = []
    for first, last in runs if len(runs) > 1 else ():
        own = edge.points[np.arange(first, last + 1) % len(edge.points)]
        chord = math.dist(own[0], own[-1])
        if edge.outer[first % len(edge.points)] >= 0 and len(own) >= SHORTEST:
            bulge = area_of(own) / max(chord, SHORTEST) ** 2
            found += [(int(edge.outer[first % len(edge.points)]), bulge)] if abs(bulge) > LEAST_BULGE else []
    return found


def _meetings(number: int, edge: Edge, is_around: bool) -> list[tuple[tuple[int, int], Meeting]]:
    """Where the edge of a part leaves one neighbour for another, and the two."""
    runs = runs_of(edge.outer)
    found = []
    for before, after in zip(runs, [*runs[1:], runs[0]], strict=True) if len(runs) > 1 else ():
        n = len(edge.points)
        into = direction(edge.points, before[1], -1, before[1] - before[0] + 1)
        out = direction(edge.points, after[0], 1, after[1] - after[0] + 1)
        if into is None or out is None:
            continue
        others = int(edge.outer[before[0] % n]), int(edge.outer[after[0] % n])
        found.append((others, Meeting(number, edge.points[after[0] % n], turn(into[1], out[1]), is_around)))
    return found


def _decided(meetings: Sequence[Meeting]) -> list[tuple[int, int]]:
    """What some meetings of the same three parts tell: the part above and each that is below it."""
    found = []
    left = list(meetings)
    while left:
        first = left[0]
        here = [one for one in left if math.dist(one.place, first.place) < NEAR_PX]
        left = [one for one in left if math.dist(one.place, first.place) >= NEAR_PX]
        here = sorted({one.part: one for one in here}.values(), key=lambda one: abs(one.turn))
        if len(here) == 3 and abs(here[0].turn) < STRAIGHT and abs(here[1].turn) > abs(here[0].turn) + BENT:
            above, *others = here
            if not above.is_around:
                found += [(above.part, other.part) for other in others if not other.is_around]
    return found
