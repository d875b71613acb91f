"""Items grown in a picture of the container: losses over pixels, their exact slopes, and Adam.

After Z. Wang and M. Lu, Image-Space Collage and Packing with Differentiable Rendering, SIGGRAPH 2025 (arXiv
2406.04008): few pixels first, then more. The slopes here are integrals along the outlines, exact for losses that are
constant in each pixel."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from vecstack.compiled import compiled
from vecstack.packing.contacts import away
from vecstack.packing.layout import Layout
from vecstack.packing.raster import lay, slopes
from vecstack.packing.terms import Terms

MARGIN = 0.08  # width of what is drawn around the container, of its longer side
BLUR = 0.05  # deviation of the blur over which coverage is to be even, of the container's side (the root of its area)
BLUR_BOXES = 64  # boxes along the container in which the blur and the distances are computed
OVERLAP, OUTSIDE, UNEVEN = 4.0, 1.0, 1.0  # weights of the losses
FEW = 500  # items for which the pixels of a level are enough
FARTHER = 20.0  # how much dearer each side of the container makes it to lie outside, beside the 0.5 at its edge


@dataclass(frozen=True)
class Level:
    """How many pixels the container's longer side has, how many steps are taken with them, and how long the first are:
    in mean sides of an item, radians, and logarithms of the scale."""

    pixels: int
    steps: int
    rate: float

    def finer(self, count: int) -> Level:
        """The level for so many items, of more pixels where there are many: each item needs some."""
        return replace(self, pixels=math.ceil(self.pixels * max(1.0, math.sqrt(count / FEW))))


class Picture:
    """The losses of a layout in a picture of so many pixels along the container's longer side."""

    def __init__(self, layout: Layout, terms: Terms, pixels: int) -> None:
        self.layout = layout
        box = layout.box[layout.count]
        self.scale = pixels / max(box[2] - box[0], box[3] - box[1])
        edge = MARGIN * pixels
        self.left, self.top = edge - box[0] * self.scale, edge - box[1] * self.scale
        width, height = (math.ceil(length * self.scale + 2 * edge) for length in (box[2] - box[0], box[3] - box[1]))
        self.free = np.flatnonzero(layout.placed & ~terms.held)
        inside = np.zeros((height, width), np.float32)
        self._draw(np.array([layout.count]), inside, -1.0)
        self._base = np.zeros_like(inside)
        self._draw(np.flatnonzero(layout.placed & terms.held), self._base)
        self._boxes = max(1, pixels // BLUR_BOXES)
        self._blurs = [_blur_matrix(-(-n // self._boxes), BLUR * self.scale / self._boxes) for n in (height, width)]
        self._even = self._blurred(inside)
        self._outside = (OUTSIDE * (1 - inside) * (0.5 + FARTHER * self._distances(inside))).astype(np.float32)

    def _draw(self, items: np.ndarray, picture: np.ndarray, sign: float = 1.0) -> None:
        layout = self.layout
        lay(layout.at, layout.ring, layout.item, layout.box, items, self.scale, self.left, self.top, sign, picture)

    def _distances(self, inside: np.ndarray) -> np.ndarray:
        """How far pixels are from the container, in its sides, by boxes [H,W]."""
        layout, step = self.layout, self._boxes
        height, width = inside.shape
        places = np.stack(
            [
                ((np.arange(0, width, step) + step / 2 - self.left) / self.scale)[None].repeat(-(-height // step), 0),
                ((np.arange(0, height, step) + step / 2 - self.top) / self.scale)[:, None].repeat(-(-width // step), 1),
            ],
            -1,
        )
        far = distances(layout.at, layout.ring, layout.item[layout.count], layout.item[layout.count + 1], places)
        return far.repeat(step, 0).repeat(step, 1)[:height, :width]

    def _blurred(self, picture: np.ndarray) -> np.ndarray:
        """A picture blurred, in boxes."""
        step, (rows, columns) = self._boxes, self._blurs
        whole = np.zeros((len(rows) * step, len(columns) * step), np.float32)
        whole[: picture.shape[0], : picture.shape[1]] = picture
        boxes = whole.reshape(len(rows), step, len(columns), step).mean((1, 3))
        return rows @ boxes @ columns

    def losses(self) -> tuple[float, float, float, np.ndarray]:
        """Overlap, what is outside and unevenness, as shares of the container's area, weighted; and the slopes of their
        sum by the poses of the free items [M,4]."""
        pixel = 1 / self.scale**2
        drawn = self._base.copy()
        self._draw(self.free, drawn)
        over = np.maximum(drawn - 1, 0)
        uneven = self._blurred(drawn) - self._even
        rows, columns = self._blurs
        spread = (rows @ uneven @ columns).repeat(self._boxes, 0).repeat(self._boxes, 1)
        worth = OVERLAP * over + self._outside + UNEVEN * spread[: drawn.shape[0], : drawn.shape[1]]
        out = np.zeros((self.layout.count, 4))
        layout = self.layout
        slopes(
            layout.at, layout.ring, layout.item, self.free, layout.pose, self.scale, self.left, self.top,
            worth.astype(np.float32), out,
        )  # fmt: skip
        slope = out[self.free] * pixel * [self.scale, self.scale, 1.0, 1.0]
        return (
            float(OVERLAP / 2 * (over * over).sum() * pixel),
            float((self._outside * drawn).sum() * pixel),
            float(UNEVEN / 2 * (uneven * uneven).sum() * self._boxes**2 * pixel),
            slope,
        )


def grow(layout: Layout, terms: Terms, level: Level) -> None:
    """Bring the items that are not held nearer to where they cover the container evenly and do not overlap. Their
    centres keep within its bounds: what has left the picture does not come back."""
    picture = Picture(layout, terms, level.pixels)
    free = picture.free
    bounds = layout.box[layout.count]
    unit = np.array([terms.side, terms.side, 1.0 if terms.tilt > 0 else 0.0, 1.0])
    best, least = layout.pose[free].copy(), math.inf
    first, second = np.zeros_like(best), np.zeros_like(best)
    for k in range(1, level.steps + 1):
        *parts, slope = picture.losses()
        if sum(parts) < least:
            best, least = layout.pose[free].copy(), sum(parts)
        slope = slope * unit
        first = 0.9 * first + 0.1 * slope
        second = 0.999 * second + 0.001 * slope * slope
        rate = level.rate * min(1.0, 2 * (1 - k / (level.steps + 1)))
        move = (first / (1 - 0.9**k)) / (np.sqrt(second / (1 - 0.999**k)) + 1e-12)
        poses = layout.pose[free] - rate * unit * move
        poses[:, :2] = np.clip(poses[:, :2], bounds[:2], bounds[2:])
        layout.put(free, terms.kept(free, poses))
    layout.put(free, best)


def _blur_matrix(size: int, deviation: float) -> np.ndarray:
    """A matrix [size,size] that blurs; it is symmetric, so that it is its own transpose."""
    offset = np.arange(size)
    bell = np.exp(-0.5 * ((offset[:, None] - offset) / deviation) ** 2) / (deviation * math.sqrt(2 * math.pi))
    return bell.astype(np.float32)


@compiled
def distances(at, ring, first, last, places):
    """How far places [H,W,2] are from the edges of rings `first` to `last` (left out): [H,W]."""
    result = np.full(places.shape[:2], np.inf)
    point = np.concatenate((at, np.zeros((1, 2))))
    for y in range(places.shape[0]):
        for x in range(places.shape[1]):
            point[-1] = places[y, x]
            for r in range(first, last):
                for k in range(ring[r], ring[r + 1]):
                    after = k + 1 if k + 1 < ring[r + 1] else ring[r]
                    result[y, x] = min(result[y, x], away(point, len(at), k, after))
    return np.sqrt(result)
