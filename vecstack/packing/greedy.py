"""Items placed one by one, the largest first, each where there is room."""

from __future__ import annotations

import math

import numpy as np

from vecstack.packing.fitting import Samples, Window, largest, whole
from vecstack.packing.layout import Layout
from vecstack.packing.terms import Terms

TRIES = 20000  # places at which an item is tried
FACTORS = (-2.5, 0.4)  # logarithms of the least and the greatest common factor that is tried
HALVINGS = 9  # of what lies between them


def place_all(layout: Layout, terms: Terms, samples: Samples, random: np.random.Generator) -> float:
    """Place the items that are not held, at the middles of their bounds times a common factor, the largest at which all
    find room; the logarithm of that factor. Where the least finds no room for some, they are not placed."""
    empty = whole(layout, terms)
    low, high = FACTORS
    best = None
    for _ in range(HALVINGS):
        factor = (low + high) / 2
        if not place_at(layout, terms, samples, factor, empty, random):
            best, low = (layout.pose.copy(), layout.mirrored.copy()), factor
        else:
            high = factor
    if best is None:
        place_at(layout, terms, samples, low, empty, random, skips=True)
        return low
    for item in np.flatnonzero(layout.mirrored != best[1]):
        layout.mirror(int(item))
    layout.placed[:] = True
    layout.put(np.arange(layout.count), best[0])
    return low


def place_at(
    layout: Layout,
    terms: Terms,
    samples: Samples,
    factor: float,
    empty: Window,
    random: np.random.Generator,
    skips: bool = False,
) -> int:
    """Place the items that are not held at a common factor (its logarithm), in a window in which they are not; how many
    found no room. With the first that finds none it is given up, unless it `skips` such items."""
    view = Window(empty.taken.copy(), empty.left, empty.top, empty.scale)
    free = np.flatnonzero(~terms.held)
    layout.placed[free] = False
    middle = (terms.low + terms.high) / 2
    reach = middle + np.log(layout.radius)
    for item in free[np.argsort(-reach[free], kind="stable")]:
        scale = math.exp(middle[item] + factor)
        seed = int(random.integers(1 << 31))
        found = largest(view, samples.of(item), terms, item, scale, scale, TRIES, seed)
        if found is not None:
            if found.mirrored != layout.mirrored[item]:
                layout.mirror(int(item))
            layout.put(np.array([item]), found.pose[None])
            layout.placed[item] = True
            view.lay(layout, np.array([item]))
        elif not skips:
            break
    return int((~layout.placed).sum())
