"""The least place at which a falling quantity is small enough, for quantities that take long to compute."""

from __future__ import annotations

import math
from collections.abc import Callable

ROUNDS = 9
CLOSE, NEAR = 0.95, 0.03  # of what is allowed, or an interval: near enough
STEEPNESS = 2.0  # places that a quantity needs, to begin with, to fall by a factor of e
INNER = 0.1  # of an interval, by which the next place keeps from its ends
TINY = 1e-9  # of a quantity, whose logarithm is taken


def least_place(value: Callable[[float], float], most: float, low: float, high: float, start: float) -> float:
    """About the least place in low..high at which a positive quantity, falling roughly as an exponential, is at most
    `most`; `high` where it never is, or where that is not known."""
    too_much, enough, place, reach = None, None, start, 1.0
    for _ in range(ROUNDS):
        found = max(value(place), TINY)
        off = math.log(found / most)
        if off <= 0:
            high, enough = place, off
            if found >= CLOSE * most or place <= low:
                break
        else:
            low, too_much = place, off
            if place >= high:
                break
        if high - low < NEAR:
            break
        if too_much is None or enough is None:
            place = min(max(place + reach * (STEEPNESS * off + math.copysign(0.1, off)), low), high)
            reach *= 2  # a quantity that hardly falls may never be small enough
        else:
            share = too_much / (too_much - enough)
            place = low + (high - low) * min(max(share, INNER), 1 - INNER)
    return high
