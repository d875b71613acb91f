"""Spline layers as data: one colour behind a mask whose edge is a level of a B-spline surface."""

from __future__ import annotations

from dataclasses import dataclass

from vecstack.color import Color, check_color, is_number, is_number_list
from vecstack.errors import DocumentError
from vecstack.kinds.base import Surface
from vecstack.stack import Layer

MIN_SIDE, MAX_SIDE = 4, 64  # control values on a side: a cubic piece needs 4
MAX_VALUE = 1e6  # far past where the mask is 0 or 1
STEP = 0.01  # of a control value in a document: changes a mask by 1/400 at most
GAIN = 4.0  # control value of a shape number of 1: so that a number of 1 matters as much as one of a code
SIGMOID = 4.0  # softness of an edge that is as steep as the sigmoid
WINDOW = 0.3  # of a layer that is made: less leaves a seam, more wastes what the window holds


@dataclass(frozen=True, kw_only=True)
class SplineLayer(Layer):
    """A colour behind the mask sigmoid(s), where s is the uniform cubic B-spline surface of the control values
    `surface` (rows from the top, equally long) over the local frame. With a `softness` (heights of the surface, 0 and
    up) the mask ends at an edge where s is 0: a hard one for 0, which covers pixels in part, else one that fades over
    so much of the height, as soft as with none at `SIGMOID`. With `window` (share of the half side over which it fades,
    above 0 to 1) the mask is 0 outside the local frame."""

    color: Color
    surface: Surface
    window: float = WINDOW
    softness: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        where = f"layer {self.id}: "
        check_color(self.color, f"{where}color")
        rows = self.surface
        if not isinstance(rows, list | tuple) or not all(map(is_number_list, rows)):
            raise DocumentError(f"{where}surface must be rows of numbers.")
        sides = (len(rows), *{len(row) for row in rows})
        if len(sides) != 2 or not all(MIN_SIDE <= side <= MAX_SIDE for side in sides):
            raise DocumentError(
                f"{where}surface must have {MIN_SIDE} to {MAX_SIDE} rows of {MIN_SIDE} to {MAX_SIDE} numbers, "
                "all rows alike."
            )
        if not all(abs(value) <= MAX_VALUE for row in rows for value in row):
            raise DocumentError(f"{where}surface must be finite numbers up to {MAX_VALUE:g}.")
        if not (is_number(self.window) and 0 < self.window <= 1):
            raise DocumentError(f"{where}window must be above 0 and at most 1, not {self.window!r:.40}.")
        if self.softness is not None and not (is_number(self.softness) and 0 <= self.softness <= MAX_VALUE):
            raise DocumentError(f"{where}softness must be 0 to {MAX_VALUE:g}, not {self.softness!r:.40}.")
