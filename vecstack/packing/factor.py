"""The common factor of sizes by data raised, as far as all items find room."""

from __future__ import annotations

import numpy as np

from vecstack.packing.moves import Mover
from vecstack.packing.patch import falling
from vecstack.packing.settling import sweep, untangle

FIRST, LEAST = 0.04, 0.002  # by how much the logarithm of the factor is raised at first, and at last
LESS = 0.7  # of the rise, after one for which there was no room
MISSING = 0.05  # greatest share of items that are taken out and placed anew after a rise
PLACINGS = 6  # tries for each of them
STEPS = 10  # in which items make room
WIDE, NARROW = 0.1, 0.01  # lengths of those steps, in mean sides of an item


def enlarge(mover: Mover, tries: int) -> None:
    """Raise the factor, first by much, then by less where not all items find room, so many times at most."""
    terms, rise = mover.terms, FIRST
    for _ in range(tries):
        if rise < LEAST:
            return
        before = mover.state()
        terms.low += rise
        terms.high += rise
        if _makes_room(mover):
            continue
        terms.low -= rise
        terms.high -= rise
        mover.restore(*before)
        rise *= LESS


def _makes_room(mover: Mover) -> bool:
    """Bring all items within their bounds and let them move until none touches; whether all are placed then."""
    layout, terms, patcher = mover.layout, mover.terms, mover.patcher
    free = np.flatnonzero(layout.placed & ~terms.held)
    layout.put(free, terms.kept(free, layout.pose[free]))
    for k, length in enumerate(falling(WIDE * terms.side, NARROW * terms.side, STEPS)):
        sweep(patcher, length, k)
    untangle(patcher)
    if (~layout.placed).sum() > MISSING * layout.count:
        return False
    mover.place_missing(PLACINGS)
    return bool(layout.placed.all())
