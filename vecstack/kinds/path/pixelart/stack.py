"""Colours laid over one another, so that no seam shows: each goes on for half a pixel below those that lie on it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from vecstack.kinds.path.graphic.pixels import joined
from vecstack.kinds.path.pixelart.grid import Grid
from vecstack.kinds.path.pixelart.mesh import OUTSIDE, Fan, Mesh

NO_EDGE, NOWHERE = -1, -1
GROUND = -1  # rank of what is not drawn


@dataclass(frozen=True)
class Step:
    """A step of an outline: along an edge, in its own direction or against it; or hidden, straight to the middle of a
    cell or to a node (the other is NOWHERE)."""

    edge: int = NO_EDGE
    is_forward: bool = True
    cell: int = NOWHERE
    node: int = NOWHERE


@dataclass
class _Outline:
    """What is known of the outline of a colour while nodes are looked at. It passes places: 0 and up are those around
    nodes, each a run of cells that the colour covers, below are those in the middles of cells."""

    leaving: dict[int, Step] = field(default_factory=dict)  # from a place around a node
    arriving: dict[tuple[int, bool], int] = field(default_factory=dict)  # the place that an edge leads to
    hidden: dict[int, list[tuple[int, Step]]] = field(default_factory=lambda: defaultdict(list))  # from a middle
    halves: dict[int, tuple[int, int]] = field(default_factory=dict)  # from cell to cell, across an edge

    def add_half(self, edge: int, start: int, end: int) -> None:
        """A way between the middles of two cells has the colour on the right hand; there and back is nothing."""
        if edge in self.halves:
            del self.halves[edge]
        else:
            self.halves[edge] = start, end

    def take(self, place: int) -> tuple[int, Step]:
        """The next place after one, and the step that leads there, which is then gone."""
        if place < 0:
            return self.hidden[place].pop()
        step = self.leaving.pop(place)
        return _middle(step.cell) if step.edge == NO_EDGE else self.arriving[step.edge, step.is_forward], step


def _middle(cell: int) -> int:
    """The place in the middle of a cell."""
    return -1 - cell


def ranks_of(grid: Grid, ground: int | None) -> np.ndarray:
    """The order [C] of colours, those of many pixels below; of what covers nothing, and of the ground, GROUND."""
    counts = np.bincount(grid.number.ravel(), minlength=len(grid.colors))
    order = np.lexsort((-counts, grid.is_opaque))  # what is seen through lies lowest
    ranks = np.empty(len(counts), np.int64)
    ranks[order] = np.arange(len(counts))
    ranks[grid.is_clear] = GROUND
    if ground is not None:
        ranks[ground] = GROUND
    return ranks


def outlines_of(mesh: Mesh, grid: Grid, ranks: np.ndarray) -> dict[int, list[list[Step]]]:
    """The closed outlines of each colour that has a rank, clockwise on the screen around what it covers."""
    number = np.append(grid.number.ravel(), OUTSIDE)
    covers = grid.is_opaque
    found: dict[int, _Outline] = defaultdict(_Outline)
    places = 0
    several = np.zeros(len(mesh.nodes), bool)
    differs = number[mesh.sides[:, 0]] != number[mesh.sides[:, 1]]
    several[mesh.ends[differs].ravel()] = True
    for node, fan in mesh.fans(several).items():
        colors = [int(number[cell]) for cell, _, _ in fan]
        for color in {color for color in colors if color >= 0 and ranks[color] != GROUND}:
            is_over = [other >= 0 and covers[other] and ranks[other] > ranks[color] for other in colors]
            is_own = [other == color for other in colors]
            for run in _runs(is_own, is_over):
                _look(found[color], mesh, node, fan, run, is_own, places)
                places += 1
    return {color: _whole(_traced(outline), color, mesh, grid, ranks) for color, outline in found.items()}


def _runs(is_own: list[bool], is_over: list[bool]) -> list[list[int]]:
    """The places of a fan that a colour and what lies on it take without a gap, where the colour is among them; all
    around, the first is named again."""
    count = len(is_own)
    inside = [own or over for own, over in zip(is_own, is_over, strict=True)]
    if all(inside):
        return [[*range(count), 0]]
    start = next(index for index in range(count) if not inside[index])
    runs: list[list[int]] = [[]]
    for index in range(start + 1, start + count + 1):
        if inside[index % count]:
            runs[-1].append(index % count)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if any(is_own[index] for index in run)]


def _look(outline: _Outline, mesh: Mesh, node: int, fan: Fan, run: list[int], is_own: list[bool], place: int) -> None:
    """Take what a run of cells around a node says of the outline: how it arrives there and leaves, and what is
    hidden."""
    for one, other in pairwise(run):
        if not is_own[one] and not is_own[other]:
            outline.add_half(fan[one][1], fan[other][0], fan[one][0])
    if len(run) > 1 and run[0] == run[-1]:
        return
    cell, edge, _ = fan[run[-1]]
    is_forward = bool(mesh.ends[edge, 0] == node)
    outline.leaving[place] = Step(edge, is_forward) if is_own[run[-1]] else Step(cell=cell)
    cell, edge = fan[run[0]][0], fan[run[0] - 1][1]
    if is_own[run[0]]:
        outline.arriving[edge, bool(mesh.ends[edge, 1] == node)] = place
    else:
        outline.hidden[_middle(cell)].append((place, Step(node=node)))


def _traced(outline: _Outline) -> list[list[Step]]:
    """The steps of an outline in closed loops."""
    for start, end in outline.halves.values():
        outline.hidden[_middle(start)].append((_middle(end), Step(cell=end)))
    loops = [_loop(outline, place) for place in list(outline.leaving) if place in outline.leaving]
    for place in list(outline.hidden):
        while outline.hidden[place]:
            loops.append(_loop(outline, place))
    return loops


def _loop(outline: _Outline, start: int) -> list[Step]:
    place, step = outline.take(start)
    steps = [step]
    while place != start:
        place, step = outline.take(place)
        steps.append(step)
    return steps


def _whole(loops: list[list[Step]], color: int, mesh: Mesh, grid: Grid, ranks: np.ndarray) -> list[list[Step]]:
    """The loops without holes that are hidden below what lies on the colour."""
    hidden = [all(step.cell != NOWHERE for step in loop) for loop in loops]
    if not any(hidden):
        return loops
    others = joined(grid.number != color)
    is_below = ~grid.is_opaque | (ranks < ranks[color])
    shows = np.zeros(int(others.max()) + 2, bool)
    shows[others[is_below[grid.number] & (grid.number != color)]] = True
    kept = []
    for loop, is_hidden in zip(loops, hidden, strict=True):
        if is_hidden and not shows[others.flat[loop[0].cell]] and _turn(loop, mesh) <= 0:
            continue
        kept.append(loop)
    return kept


def _turn(loop: list[Step], mesh: Mesh) -> float:
    """Twice the area within a hidden loop, below 0 where it is a hole."""
    points = np.array([mesh.middle(step.cell) for step in loop])
    after = np.roll(points, -1, 0)
    return float((points[:, 0] * after[:, 1] - points[:, 1] * after[:, 0]).sum())
