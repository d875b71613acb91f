"""What a packing keeps to, in the packer's own units."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vecstack.packing.options import Packing

MARGIN = 2e-4  # by which items keep away beyond the padding, in mean sides of an item: what linear steps err by
ANY = math.pi  # a tilt by which every angle is allowed


@dataclass
class Terms:
    """Bounds of N items: the logarithms of the least and the greatest scale `low` and `high` [N]; the middle angles
    `angles` [A] and the `tilt` from one of them; the padding and the least distance that items are moved to; the mean
    side of an item; whether items may be mirrored; which are `held` [N] where they are; and how an item gains, as a
    share of its area, by each mean side that it lies further along `pull` [2] or, if `inward`, nearer to the origin."""

    low: np.ndarray
    high: np.ndarray
    angles: np.ndarray
    tilt: float
    padding: float
    side: float
    mirror: bool
    held: np.ndarray
    pull: np.ndarray
    inward: bool = False

    @property
    def gap(self) -> float:
        """The distance that items are moved to."""
        return self.padding + MARGIN * self.side

    @property
    def is_strict(self) -> bool:
        """Whether no item may have another size than one."""
        return bool((self.low == self.high).all())

    def height(self, places: np.ndarray) -> np.ndarray:
        """What items gain by where they are [M], as shares of their areas, at places [M,2]."""
        gain = places @ self.pull - (np.hypot(*places.T) if self.inward else 0.0)
        return np.asarray(gain / self.side)

    def slope(self, places: np.ndarray) -> np.ndarray:
        """How that changes along x and y [M,2]."""
        away = places / np.maximum(np.hypot(*places.T), 1e-9)[:, None] if self.inward else 0.0
        return np.asarray((self.pull - away) / self.side)

    def angle_bounds(self, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The least and the greatest angle that items at angles [N] may turn to: about the nearest one that is
        allowed."""
        if self.tilt >= ANY:
            return angle - ANY, angle + ANY
        turns = np.remainder(angle[:, None] - self.angles[None] + math.pi, 2 * math.pi) - math.pi
        nearest = np.abs(turns).argmin(1)
        middle = angle - turns[np.arange(len(angle)), nearest]
        return middle - self.tilt, middle + self.tilt

    def kept(self, items: np.ndarray, poses: np.ndarray) -> np.ndarray:
        """Poses [M,4] of items [M] with scales and angles brought within their bounds."""
        least, greatest = self.angle_bounds(poses[:, 2])
        angle = np.clip(poses[:, 2], least, greatest)
        scale = np.clip(poses[:, 3], self.low[items], self.high[items])
        return np.column_stack([poses[:, :2], angle, scale])


def terms_of(options: Packing, sides: np.ndarray, container_side: float, *, is_open: bool) -> Terms:
    """The terms of items whose outlines have sides [N] (square roots of their areas), in a container of a side, or in
    none. With sizes by data, and without a container, they are at the factor at which their areas sum up to that of the
    container."""
    count = len(sides)
    mean = 1 / math.sqrt(count)
    if options.sizes is None and not is_open:
        middle = np.full(count, mean)
    else:
        wanted = sides * (1 if options.sizes is None else np.array(options.sizes))
        middle = wanted / math.sqrt((wanted**2).sum())
    least, greatest = (1.0, 1.0) if is_open and options.scales is None else options.range
    held = np.zeros(count, bool)
    held[list(options.fixed)] = True
    down = np.array(options.down) / math.hypot(*options.down)
    angles, tilt = (np.zeros(1), ANY) if options.angles is None else (np.array(options.angles), options.tilt)
    low, high, padding = np.log(middle * least), np.log(middle * greatest), options.padding / container_side
    return Terms(low, high, angles, tilt, padding, mean, options.mirror, held, options.gravity * down, is_open)
