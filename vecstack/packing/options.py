"""What is asked of a packing, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from vecstack.errors import UsageError

EFFORTS = ("sketch", "fast", "good", "best")
STARTS = ("image", "greedy")
DEFAULT_SCALES = (0.25, 1.6)


@dataclass(frozen=True)
class Pose:
    """Where an outline is placed: its own origin at (x, y), in units of the container; turned by `angle` radians from
    the x axis towards the y axis, after it was enlarged by `scale`, after its x were negated where it is mirrored."""

    x: float
    y: float
    angle: float = 0.0
    scale: float = 1.0
    mirrored: bool = False


@dataclass(frozen=True)
class Packing:
    """What is asked of a packing.

    `scales`, the least and the greatest size of an item: without `sizes`, the square root of its area as a share of
    the square root of an even part of the container's area (None: .25 to 1.6); with `sizes`, a factor of the size that
    the data asks for (None: 1 to 1). `sizes`: how large each outline is to be beside the others, times its own size, by
    data (equal areas: 1 over the square root of each outline's area). `padding`: least distance of items from one
    another and from the container's edge, in its units. `angles`, radians, within `tilt` of one of which an item may
    be turned; None: any. `mirror`: whether items may be mirrored. `gravity`: how much more a place further along
    `down` is worth, 0 to 1. `axis`: the direction in which items lie in the order of their size when the packing
    begins, the largest first; None: at random. `fixed`: items that keep a pose. `effort`: sketch, fast, good or best.
    `start`: image (items grow in a picture of the container), greedy (the largest first, each where there is room);
    None: greedy with sizes and where there is no container, else image.

    Raises UsageError for what is out of range."""

    scales: tuple[float, float] | None = None
    sizes: tuple[float, ...] | None = None
    padding: float = 0.0
    angles: tuple[float, ...] | None = None
    tilt: float = 0.0
    mirror: bool = False
    gravity: float = 0.0
    down: tuple[float, float] = (0.0, 1.0)
    axis: tuple[float, float] | None = None
    fixed: Mapping[int, Pose] = field(default_factory=dict)
    effort: str = "good"
    start: str | None = None

    def __post_init__(self) -> None:
        self._check_sizes()
        self._check_places()
        if self.effort not in EFFORTS:
            raise _refused("effort", f"must be one of {', '.join(EFFORTS)}, not {self.effort!r:.40}")
        if self.start is not None and self.start not in STARTS:
            raise _refused("start", f"must be one of {', '.join(STARTS)}, not {self.start!r:.40}")

    @property
    def range(self) -> tuple[float, float]:
        """The least and the greatest size, as asked for or by default."""
        return self.scales or (DEFAULT_SCALES if self.sizes is None else (1.0, 1.0))

    def _check_sizes(self) -> None:
        least, greatest = self.range
        if not (_is_finite(least, greatest) and 0 < least <= greatest):
            raise _refused("scales", f"must be two numbers above 0, the least first, not {least:g} and {greatest:g}")
        if self.sizes is None and not least <= 1 <= greatest:
            raise _refused("scales", f"must have 1, the mean size, between them, not {least:g} and {greatest:g}")
        if self.sizes is not None and not (_is_finite(*self.sizes) and all(size > 0 for size in self.sizes)):
            raise _refused("sizes", "must be numbers above 0; leave out items without a size")
        if not (_is_finite(self.padding) and self.padding >= 0):
            raise _refused("padding", f"must be 0 or more, not {self.padding:g}")

    def _check_places(self) -> None:
        if self.angles is not None and not (self.angles and _is_finite(*self.angles)):
            raise _refused("angles", "must be one angle or more, or None for any")
        if not (_is_finite(self.tilt) and self.tilt >= 0):
            raise _refused("tilt", f"must be 0 or more, not {self.tilt:g}")
        if not 0 <= self.gravity <= 1:
            raise _refused("gravity", f"must be from 0 to 1, not {self.gravity:g}")
        for name, way in (("down", self.down), ("axis", self.axis)):
            if way is not None and not (_is_finite(*way) and any(way)):
                raise _refused(name, "must be a direction, two numbers of which one is not 0")
        for index, pose in self.fixed.items():
            if not (_is_finite(pose.x, pose.y, pose.angle, pose.scale) and pose.scale > 0):
                raise _refused("fixed", f"has a pose for item {index} that is not finite, or of a scale not above 0")


def _is_finite(*numbers: float) -> bool:
    return all(math.isfinite(number) for number in numbers)


def _refused(name: str, rest: str) -> UsageError:
    return UsageError(f"{name} {rest}.", parameter=name)
