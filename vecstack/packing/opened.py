"""Items packed where there is no container: closely about the origin."""

from __future__ import annotations

import math

import numpy as np

from vecstack.compiled import compiled
from vecstack.packing.fitting import Samples, fits, window
from vecstack.packing.layout import Layout
from vecstack.packing.patch import Patcher, falling
from vecstack.packing.settling import sweep, untangle
from vecstack.packing.terms import ANY, Terms

HALF = 1.2  # half side of the window in which items are placed; they have area 1 together
TRIES = 20000  # places at which an item is tried
MIXED = 0.3  # by how much the order of sizes (their logarithms) is mixed: like items would lie in rings
FIRST, LAST = 0.2, 0.005  # steps inward, in mean sides of an item


def place_inward(layout: Layout, terms: Terms, samples: Samples, random: np.random.Generator) -> None:
    """Place the items that are not held, the largest first, each as near to the origin as there is room."""
    half = HALF + float(np.exp(terms.low).max() * layout.radius.max())
    view = window(layout, terms, np.zeros(2), half, np.zeros(0, int))
    reach = terms.high + np.log(layout.radius) + MIXED * random.uniform(size=layout.count)
    for item in np.argsort(-reach, kind="stable"):
        if terms.held[item]:
            continue
        scale = math.exp((terms.low[item] + terms.high[item]) / 2)
        x, y, angle = nearest(
            samples.of(item), view.taken, (scale + terms.padding) * view.scale, TRIES, int(random.integers(1 << 31)),
            terms.angles, min(terms.tilt, ANY),
        )  # fmt: skip
        pose = [(x - view.left) / view.scale, (y - view.top) / view.scale, angle, math.log(scale)]
        layout.put(np.array([item]), np.array([pose]))
        layout.placed[item] = True
        view.lay(layout, np.array([item]))


def draw_in(patcher: Patcher, steps: int) -> None:
    """Let all items move inward together in so many steps, then untangle them."""
    for k, length in enumerate(falling(FIRST * patcher.terms.side, LAST * patcher.terms.side, steps)):
        sweep(patcher, length, k)
    untangle(patcher)


@compiled
def nearest(samples, taken, scale, tries, seed, angles, tilt):
    """x, y and angle, of so many at random, at which an item of a scale in pixels is free and nearest to the middle of
    a window [H,W]; the window's corner where it finds no place."""
    np.random.seed(seed)
    height, width = taken.shape
    reach = 0.5 * min(height, width)
    best_x, best_y, best_angle = 0.0, 0.0, angles[0]
    for _ in range(tries):
        far, way = reach * math.sqrt(np.random.rand()), 2 * math.pi * np.random.rand()
        x, y = width / 2 + far * math.cos(way), height / 2 + far * math.sin(way)
        angle = angles[np.random.randint(len(angles))] + tilt * (2 * np.random.rand() - 1)
        if fits(samples, taken, x, y, scale * math.cos(angle), scale * math.sin(angle), 1.0):
            reach, best_x, best_y, best_angle = far, x, y, angle
    return best_x, best_y, best_angle
