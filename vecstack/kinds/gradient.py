"""Gradients: colours that change along a line or from a point on, as kinds of layers share them."""

from __future__ import annotations

import math
import reprlib
from dataclasses import dataclass
from itertools import pairwise

from vecstack.color import is_number_list
from vecstack.errors import DocumentError

MAX_VALUE = 1e6  # of a coordinate in the local frame: as far as the widest canvas
MAX_STOPS = 256
LINEAR, RADIAL = "linear", "radial"
MIN_AXIS = 1e-9  # distance of a gradient's ends in the local frame
MAX_OFF = 0.9999  # of the radius: how far a focus may be from the start

Point = tuple[float, float]
Stop = tuple[float, float, float, float]  # offset, red, green, blue


@dataclass(frozen=True)
class Gradient:
    """Colours that change along a line (`shape` "linear": offset 0 at `start`, 1 at `end`) or with the distance from a
    point ("radial": 0 at `start`, 1 on the circle around it through `end`), all points of a layer's local frame. A
    radial one may have a `focus` within its circle, where offset 0 is instead: then the colours are those of circles
    that grow from there to that of offset 1, their centres and radii evenly. `stops` are two or more of (offset, red,
    green, blue), offsets rising within 0..1; between two stops colours change evenly (sRGB), outside them they stay."""

    shape: str
    start: Point
    end: Point
    stops: tuple[Stop, ...]
    focus: Point | None = None

    @property
    def is_radial(self) -> bool:
        """Whether offsets are those of circles."""
        return self.shape == RADIAL

    def check(self, where: str) -> None:
        """Raise DocumentError unless all is in range; the message begins with `where`."""
        if self.shape not in (LINEAR, RADIAL):
            raise DocumentError(f"{where}shape must be linear or radial, not {reprlib.repr(self.shape)}.")
        for name, point in (("start", self.start), ("end", self.end), ("focus", self.focus or self.start)):
            if not is_number_list(point) or len(point) != 2 or not all(abs(value) <= MAX_VALUE for value in point):
                raise DocumentError(f"{where}{name} must be two numbers of size up to {MAX_VALUE:g}.")
        if math.dist(self.start, self.end) < MIN_AXIS:
            raise DocumentError(f"{where}end must be apart from start.")
        if self.focus is not None and not self.is_radial:
            raise DocumentError(f"{where}focus is for radial gradients; leave it out.")
        if self.focus is not None and math.dist(self.start, self.focus) > MAX_OFF * math.dist(self.start, self.end):
            raise DocumentError(f"{where}focus must be nearer to start than {MAX_OFF} of the way to end.")
        stops = self.stops
        if not isinstance(stops, list | tuple) or not 2 <= len(stops) <= MAX_STOPS:
            raise DocumentError(f"{where}stops must be 2 to {MAX_STOPS}.")
        for stop in stops:
            if not is_number_list(stop) or len(stop) != 4 or not all(0 <= value <= 1 for value in stop):
                raise DocumentError(
                    f"{where}stops must be four numbers in 0..1 each (offset, red, green, blue), not {stop!r:.60}."
                )
        if any(stop[0] > after[0] for stop, after in pairwise(stops)):
            raise DocumentError(f"{where}stops must have offsets that do not fall.")


def focused(start: Point, end: Point, focus: Point | None) -> Point | None:
    """A focus, moved towards the start where it is too far from it."""
    if focus is None:
        return None
    off, most = math.dist(start, focus), MAX_OFF * math.dist(start, end)
    if off <= most:
        return focus
    share = most * (1 - 1e-9) / off
    return start[0] + share * (focus[0] - start[0]), start[1] + share * (focus[1] - start[1])
