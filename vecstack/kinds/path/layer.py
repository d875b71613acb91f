"""Path layers as data: closed contours of cubic Beziers, filled with a colour or a gradient."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from vecstack.color import Color, check_color, is_number_list
from vecstack.errors import DocumentError
from vecstack.stack import Layer

MAX_VALUE = 1e6  # of a coordinate in the local frame: as far as the widest canvas
MAX_POINTS = 300_000  # of all contours of a layer
MAX_STOPS = 256
LINEAR, RADIAL = "linear", "radial"
MIN_AXIS = 1e-9  # distance of a gradient's ends in the local frame

Contour = tuple[
    float, ...
]  # x, y of a knot, a handle, a handle, the next knot, ...; closed: the last piece ends at the first knot
Point = tuple[float, float]
Stop = tuple[float, float, float, float]  # offset, red, green, blue


@dataclass(frozen=True)
class Gradient:
    """Colours that change along a line (`shape` "linear": offset 0 at `start`, 1 at `end`) or with the distance from a
    point ("radial": 0 at `start`, 1 on the circle around it through `end`), both points of the layer's local frame.
    `stops` are two or more of (offset, red, green, blue), offsets rising within 0..1; between two stops colours change
    evenly (sRGB), outside them they stay."""

    shape: str
    start: Point
    end: Point
    stops: tuple[Stop, ...]

    def check(self, where: str) -> None:
        """Raise DocumentError unless all is in range; the message begins with `where`."""
        if self.shape not in (LINEAR, RADIAL):
            raise DocumentError(f"{where}shape must be linear or radial, not {reprlib.repr(self.shape)}.")
        for name, point in (("start", self.start), ("end", self.end)):
            if not is_number_list(point) or len(point) != 2 or not all(abs(value) <= MAX_VALUE for value in point):
                raise DocumentError(f"{where}{name} must be two numbers of size up to {MAX_VALUE:g}.")
        if math.dist(self.start, self.end) < MIN_AXIS:
            raise DocumentError(f"{where}end must be apart from start.")
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


@dataclass(frozen=True, kw_only=True)
class PathLayer(Layer):
    """Closed contours of cubic Beziers in the local frame (nonzero rule, so that a contour of the other direction cuts
    a hole), filled with either a `color` or a `gradient`."""

    contours: tuple[Contour, ...]
    color: Color | None = None
    gradient: Gradient | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        where = f"layer {self.id}: "
        _check_contours(self.contours, where)
        if (self.color is None) == (self.gradient is None):
            raise DocumentError(f"{where}needs either a color or a gradient.")
        if self.color is not None:
            check_color(self.color, f"{where}color")
        elif not isinstance(self.gradient, Gradient):
            raise DocumentError(f"{where}gradient must be a Gradient, not {reprlib.repr(self.gradient)}.")
        else:
            self.gradient.check(f"{where}gradient.")


def _check_contours(contours: Sequence[Contour], where: str) -> None:
    """Raise DocumentError unless contours are closed and their numbers in range."""
    if not isinstance(contours, list | tuple) or not contours or not all(map(is_number_list, contours)):
        raise DocumentError(f"{where}contours must be one or more lists of numbers.")
    if any(len(contour) % 6 or not contour for contour in contours):
        raise DocumentError(
            f"{where}a contour must have six numbers for each of its pieces: x and y of a knot and of two handles; the "
            "last piece ends at the first knot."
        )
    if sum(map(len, contours)) > 2 * MAX_POINTS:
        raise DocumentError(f"{where}contours must have at most {MAX_POINTS:,} points.")
    if not all(abs(value) <= MAX_VALUE for contour in contours for value in contour):  # NaN is not, either
        raise DocumentError(f"{where}contours must be finite numbers of size up to {MAX_VALUE:g}.")
