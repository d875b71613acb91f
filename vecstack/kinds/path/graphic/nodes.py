"""The least tolerance at which outlines have no more than so many nodes."""

from __future__ import annotations

from collections.abc import Sequence

from vecstack.errors import UsageError
from vecstack.kinds.base import MAX_SMOOTH_PX
from vecstack.kinds.path.graphic.stacking import Shape

GROWTH = 1.6  # of the tolerance, from one that gives too many nodes to the next
ROUNDS = 4  # of bisection between the last two


def tolerance_of(shapes: Sequence[Shape], nodes: int, least: float) -> float:
    """How far outlines of shapes are to be off to have at most so many nodes in all: px, `least` or more. Raises
    UsageError where none does."""
    low, high = least, least
    while nodes_of(shapes, high) > nodes:
        if high == MAX_SMOOTH_PX:
            raise UsageError(
                f"the simplest outlines of this picture have {nodes_of(shapes, high)} nodes, more than {nodes}; allow "
                "more nodes, or fewer --colors.",
                parameter="nodes",
            )
        low, high = high, min(GROWTH * high, MAX_SMOOTH_PX)
    for _ in range(ROUNDS if high > low else 0):
        middle = (low * high) ** 0.5
        if nodes_of(shapes, middle) > nodes:
            low = middle
        else:
            high = middle
    return high


def nodes_of(shapes: Sequence[Shape], error: float) -> int:
    """How many nodes the outlines of shapes have that may be off by so much, px."""
    return sum(outline.pieces for shape in shapes for outline in shape.outlines(error))
