"""The largest place for an item amid others: a window of pixels, and a search at random.

An item's samples, the outermost first, are tried on the pixels: most places are given up after a few."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vecstack.compiled import compiled
from vecstack.packing.contacts import holds
from vecstack.packing.layout import Layout
from vecstack.packing.raster import lay
from vecstack.packing.terms import ANY, Terms

PIXELS = 64.0  # to the mean side of an item
RIM, GRID = 0.07, 0.16  # distances of samples along the outline and within it, in the item's sides
LARGER = 1.02  # by how much a fit is enlarged at once


class Samples:
    """The samples of each outline, the same for items of the same outline."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._kept: dict[bytes, np.ndarray] = {}
        self.kind = [b"".join(ring.tobytes() for ring in layout.rings_of(i)) for i in range(layout.count)]
        names = {key: k for k, key in enumerate(dict.fromkeys(self.kind))}
        self.shape = np.array([names[key] for key in self.kind])  # [N] which outline each item has

    def of(self, item: int) -> np.ndarray:
        """The samples [S,2] of an item at area 1, mirrored as it is at first."""
        key = self.kind[item]
        if key not in self._kept:
            self._kept[key] = _samples(self.layout, item)
        return self._kept[key]


@dataclass
class Window:
    """A square part of the container: what of its pixels is taken [H,W]."""

    taken: np.ndarray
    left: float  # what is added to places in pixels
    top: float
    scale: float  # pixels to a unit

    def lay(self, layout: Layout, items: np.ndarray) -> None:
        """Take what items cover."""
        lay(layout.at, layout.ring, layout.item, layout.box, items, self.scale, self.left, self.top, 1.0, self.taken)


def window(layout: Layout, terms: Terms, center: np.ndarray, half: float, left_out: np.ndarray) -> Window:
    """The window about a center that reaches `half` to each side, taken by all but some items."""
    scale = PIXELS / terms.side
    count = max(int(2 * half * scale), 4)
    left, top = count / 2 - center[0] * scale, count / 2 - center[1] * scale
    result = Window(np.zeros((count, count), np.float32), left, top, scale)
    if layout.has_walls:
        walls = np.array([layout.count])
        lay(layout.at, layout.ring, layout.item, layout.box, walls, scale, left, top, -1.0, result.taken)
        np.subtract(1, result.taken, out=result.taken)
    box = layout.box[:-1]
    near = layout.placed & (box[:, :2] < center + half).all(1) & (box[:, 2:] > center - half).all(1)
    near[left_out] = False
    result.lay(layout, np.flatnonzero(near))
    return result


@dataclass(frozen=True)
class Fit:
    """A pose [4] and whether it is of the mirrored outline."""

    pose: np.ndarray
    mirrored: bool


def largest(
    view: Window, samples: np.ndarray, terms: Terms, item: int, least: float, most: float, tries: int, seed: int
) -> Fit | None:
    """The pose at which an item is largest, from a scale `least` to `most`, amid what is taken in a window, of so many tries; None
    where none is found."""
    free = np.argwhere(view.taken < 0.5)
    if len(free) < 4 or most < least:
        return None
    found = best_fit(
        samples, view.taken, free, least * view.scale, most * view.scale, terms.padding * view.scale, tries, seed,
        terms.angles, min(terms.tilt, ANY), terms.mirror,
    )  # fmt: skip
    x, y, angle, scale, flip = found
    if scale == 0:
        return None
    pose = np.array([(x - view.left) / view.scale, (y - view.top) / view.scale, angle, math.log(scale / view.scale)])
    return Fit(pose, flip < 0)


@compiled
def fits(samples, taken, x, y, along, across, flip):
    """Whether all samples fall on pixels that are free."""
    height, width = taken.shape
    for k in range(len(samples)):
        u = x + flip * along * samples[k, 0] - across * samples[k, 1]
        v = y + flip * across * samples[k, 0] + along * samples[k, 1]
        if u < 0 or v < 0 or u >= width or v >= height or taken[int(v), int(u)] >= 0.5:
            return False
    return True


@compiled
def best_fit(samples, taken, free, least, most, padding, tries, seed, angles, tilt, mirror):
    """x, y, angle, scale (in pixels; 0: none) and flip (-1: mirrored) of the largest place that is found, of a scale from `least` to
    `most`: places at random on free pixels [F,2], then near the best one."""
    np.random.seed(seed)
    best, best_x, best_y, best_angle, best_flip = 0.0, 0.0, 0.0, 0.0, 1.0
    middle = 0.0
    found = False
    for t in range(tries):
        if found and t % 3 != 0:
            wide = t % 3 == 1
            x = best_x + (best + padding) * (0.15 if wide else 0.04) * np.random.randn()
            y = best_y + (best + padding) * (0.15 if wide else 0.04) * np.random.randn()
            turn = min(0.5 if wide else 0.08, tilt) * np.random.randn()
            angle, flip = best_angle + turn, best_flip
            if tilt < 3.0:
                angle = min(max(angle, middle - tilt), middle + tilt)
            trial_middle = middle
        else:
            k = np.random.randint(len(free))
            x, y = free[k, 1] + np.random.rand(), free[k, 0] + np.random.rand()
            trial_middle = angles[np.random.randint(len(angles))]
            angle = trial_middle + tilt * (2 * np.random.rand() - 1)
            flip = -1.0 if mirror and np.random.rand() < 0.5 else 1.0
        scale = max(best * 1.01, least)
        if scale > most and found:
            break
        while scale <= most:
            grown = scale + padding
            if not fits(samples, taken, x, y, grown * math.cos(angle), grown * math.sin(angle), flip):
                break
            best, best_x, best_y, best_angle, best_flip, middle = scale, x, y, angle, flip, trial_middle
            found = True
            if scale == most:
                break
            scale = min(scale * LARGER, most)
    return best_x, best_y, best_angle, best, best_flip


def _samples(layout: Layout, item: int) -> np.ndarray:
    rim = []
    for ring in layout.rings_of(item):
        for start, end in zip(ring, np.roll(ring, -1, 0), strict=True):
            count = max(1, math.ceil(np.hypot(*(end - start)) / RIM))
            rim.append(start + (end - start) * np.arange(count)[:, None] / count)
    places = np.concatenate(rim)
    low, high = places.min(0), places.max(0)
    x, y = np.meshgrid(np.arange(low[0], high[0], GRID), np.arange(low[1], high[1], GRID))
    return outermost_first(layout.points, layout.ring, layout.item, item, places, np.stack([x.ravel(), y.ravel()], 1))


@compiled
def outermost_first(points, ring, item, i, rim, grid):
    """Points on the rim of item i, and those of a grid within it, each the farthest from those before: [S,2]."""
    inner = np.zeros(len(grid), np.bool_)
    for k in range(len(grid)):
        inner[k] = holds(points, ring, item, i, grid[k])
    places = np.concatenate((rim, grid[inner]))
    far = places[:, 0] ** 2 + places[:, 1] ** 2
    order = np.empty(len(places), np.int64)
    for n in range(len(places)):
        k = np.argmax(far)
        order[n] = k
        if n == 0:
            far[:] = np.inf
        for m in range(len(places)):
            far[m] = min(far[m], (places[m, 0] - places[k, 0]) ** 2 + (places[m, 1] - places[k, 1]) ** 2)
        for m in range(n + 1):
            far[order[m]] = -1.0
    return places[order]
