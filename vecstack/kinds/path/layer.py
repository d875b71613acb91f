"""Path layers as data: closed contours of cubic Beziers, filled with a colour or a gradient."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass

from vecstack.color import Color, check_color, is_number_list
from vecstack.errors import DocumentError
from vecstack.kinds.gradient import MAX_VALUE, Gradient
from vecstack.stack import Layer

MAX_POINTS = 300_000  # of all contours of a layer

Contour = tuple[
    float, ...
]  # x, y of a knot, a handle, a handle, the next knot, ...; closed: the last piece ends at the first knot


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
