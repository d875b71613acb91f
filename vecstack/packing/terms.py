"""What a packing keeps to, in the packer's own units."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vecstack.packing.options import Packing

MARGIN = 2e-4  # least distance beyond the padding that items are moved to, in mean sides of an item: what linear steps err by
ANY = math.pi  # a tilt by which every angle is allowed


@dataclass
class Terms:
    """Bounds of N items: the logarithms of the least and the greatest scale `low` and `high` [N]; the middle angles `angles` [A] and the `tilt`
    from one of them; the padding and the least distance that items are moved to; the mean side of an item; whether items may be
    mirrored; which are `held` [N] where they are; the worth [2] of a place further along x and y."""

    low: np.ndarray
    high: np.ndarray
    angles: np.ndarray
    tilt: float
    padding: float
    side: float
    mirror: bool
    held: np.ndarray
    pull: np.ndarray

    @property
    def gap(self) -> float:
        """The distance that items are moved to."""
        return self.padding + MARGIN * self.side

    def angle_bounds(self, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The least and the greatest angle that items at angles [N] may turn to: about the nearest one that is allowed."""
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


def terms_of(options: Packing, sides: np.ndarray, container_side: float) -> Terms:
    """The terms of items whose outlines have sides [N] (square roots of their areas), in a container of a side. With sizes by data, they
    are at the factor at which the areas of items and container are the same."""
    count = len(sides)
    mean = 1 / math.sqrt(count)
    if options.sizes is None:
        middle = np.full(count, mean)
    else:
        wanted = np.array(options.sizes) * sides
        middle = wanted / math.sqrt((wanted**2).sum())
    least, greatest = options.range
    held = np.zeros(count, bool)
    held[list(options.fixed)] = True
    down = np.array(options.down) / math.hypot(*options.down)
    angles, tilt = (np.zeros(1), ANY) if options.angles is None else (np.array(options.angles), options.tilt)
    return Terms(
        np.log(middle * least), np.log(middle * greatest), angles, tilt, options.padding / container_side, mean,
        options.mirror, held, options.gravity * down,
    )  # fmt: skip
