"""Items placed one by one, the largest first, each where there is room."""

from __future__ import annotations

import math

import numpy as np

from vecstack.compiled import compiled
from vecstack.packing.fitting import Samples, Window, fits, whole
from vecstack.packing.layout import Layout
from vecstack.packing.terms import ANY, Terms

TRIES = 750  # places at which an item is tried for each of those of which the snuggest is taken
NEAR = 1.25  # by how much an item is enlarged to see what it is snug to
FACTORS = (-2.5, 0.4)  # logarithms of the least and the greatest common factor that is tried
HALVINGS = 9  # of what lies between them


def place_all(layout: Layout, terms: Terms, samples: Samples, choice: int, random: np.random.Generator) -> float:
    """Place the items that are not held, each at the snuggest of some places (`choice` at most), at the middles of
    their bounds times a common factor, the largest at which all find room; the logarithm of that factor. Where the
    least finds no room for some, they are not placed."""
    empty = whole(layout, terms)
    low, high = FACTORS
    best = None
    for _ in range(HALVINGS):
        factor = (low + high) / 2
        if not place_at(layout, terms, samples, choice, factor, empty, random):
            best, low = (layout.pose.copy(), layout.mirrored.copy()), factor
        else:
            high = factor
    if best is None:
        place_at(layout, terms, samples, choice, low, empty, random, skips=True)
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
    choice: int,
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
        found = snuggest(
            samples.of(item), view.taken, scale * view.scale, terms.padding * view.scale, TRIES * choice, choice, seed,
            terms.angles, min(terms.tilt, ANY), terms.mirror,
        )  # fmt: skip
        x, y, angle, flip, touched = found
        if touched >= 0:
            if (flip < 0) != layout.mirrored[item]:
                layout.mirror(int(item))
            pose = [(x - view.left) / view.scale, (y - view.top) / view.scale, angle, math.log(scale)]
            layout.put(np.array([item]), np.array([pose]))
            layout.placed[item] = True
            view.lay(layout, np.array([item]))
        elif not skips:
            break
    return int((~layout.placed).sum())


@compiled
def snuggest(samples, taken, scale, padding, tries, choice, seed, angles, tilt, mirror):
    """x, y, angle, flip (-1: mirrored) and snugness of the snuggest of some places (`choice` at most) where an item of
    a scale in pixels has room in a window [H,W], of so many tries; a snugness of -1 where it finds none."""
    np.random.seed(seed)
    best_x, best_y, best_angle, best_flip, most = 0.0, 0.0, 0.0, 1.0, -1
    found = 0
    for _ in range(tries):
        x, y = np.random.rand() * taken.shape[1], np.random.rand() * taken.shape[0]
        angle = angles[np.random.randint(len(angles))] + tilt * (2 * np.random.rand() - 1)
        flip = -1.0 if mirror and np.random.rand() < 0.5 else 1.0
        along, across = (scale + padding) * math.cos(angle), (scale + padding) * math.sin(angle)
        if not fits(samples, taken, x, y, along, across, flip):
            continue
        touched = blocked(samples, taken, x, y, NEAR * along, NEAR * across, flip)
        if touched > most:
            best_x, best_y, best_angle, best_flip, most = x, y, angle, flip, touched
        found += 1
        if found == choice:
            break
    return best_x, best_y, best_angle, best_flip, most


@compiled
def blocked(samples, taken, x, y, along, across, flip):
    """How many samples fall on pixels that are not free."""
    height, width = taken.shape
    count = 0
    for k in range(len(samples)):
        u = x + flip * along * samples[k, 0] - across * samples[k, 1]
        v = y + flip * across * samples[k, 0] + along * samples[k, 1]
        if u < 0 or v < 0 or u >= width or v >= height or taken[int(v), int(u)] >= 0.5:
            count += 1
    return count
