"""Where items are when a packing begins."""

from __future__ import annotations

import math

import numpy as np

from vecstack.packing.contacts import holds
from vecstack.packing.layout import Layout
from vecstack.packing.terms import ANY, Terms

SHARE = 0.5  # of the container's area that items cover at the start


def spread(layout: Layout, terms: Terms, axis: tuple[float, float] | None, random: np.random.Generator) -> None:
    """Place the items that are not held, evenly in the container, at random angles that are allowed; along an axis in the order
    of their greatest size, if one is given."""
    free = np.flatnonzero(~terms.held)
    places = even_places(layout, len(free), random)
    if axis is None:
        places = places[random.permutation(len(places))]
    else:
        free = free[np.argsort(-terms.high[free], kind="stable")]
        places = places[np.argsort(places @ np.array(axis), kind="stable")]
    scale = np.full(len(free), math.log(terms.side * math.sqrt(SHARE)))
    poses = np.column_stack([places, random_angles(terms, len(free), random), scale])
    layout.placed[free] = True
    layout.put(free, terms.kept(free, poses))


def random_angles(terms: Terms, count: int, random: np.random.Generator) -> np.ndarray:
    """Angles [count] that are allowed."""
    middle = terms.angles[random.integers(len(terms.angles), size=count)]
    return middle + min(terms.tilt, ANY) * random.uniform(-1, 1, count)


def even_places(layout: Layout, count: int, random: np.random.Generator) -> np.ndarray:
    """Points [count,2] within the container, on a hexagonal lattice that is turned and moved at random."""
    walls = layout.count
    box = layout.box[walls]
    angle, shift = random.uniform(0, math.pi / 3), random.uniform(0, 1, 2)
    spacing = math.sqrt(2 / math.sqrt(3) / max(count, 1))
    while True:
        reach = math.ceil(max(box[2] - box[0], box[3] - box[1]) / spacing) + 2
        row, column = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1)
        x, y = column + row / 2 + shift[0], (row + shift[1]) * math.sqrt(3) / 2
        cos, sin = math.cos(angle), math.sin(angle)
        places = spacing * np.stack([cos * x - sin * y, sin * x + cos * y], 1) + (box[:2] + box[2:]) / 2
        places = places[((places > box[:2]) & (places < box[2:])).all(1)]
        solid = [holds(layout.at, layout.ring, layout.item, walls, place) for place in places]
        places = places[~np.array(solid, bool)] if len(places) else places
        if len(places) >= count:
            return places[random.permutation(len(places))[:count]]
        spacing *= 0.99
