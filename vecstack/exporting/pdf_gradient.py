"""Gradients as the shading patterns of PDF."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from vecstack.exporting.xml import number
from vecstack.geometry import Affine
from vecstack.kinds.gradient import Gradient

AXIAL, RADIAL = 2, 3


def pattern(gradient: Gradient, place: Affine) -> str:
    """The object of a pattern that paints a gradient where `place` takes its frame to the page (points, y up)."""
    start, end, focus = gradient.start, gradient.end, gradient.focus or gradient.start
    coords = (*focus, 0.0, *start, math.dist(start, end)) if gradient.is_radial else (*start, *end)
    matrix = place.a, place.d, place.b, place.e, place.c, place.f
    shading = (
        f"<< /ShadingType {RADIAL if gradient.is_radial else AXIAL} /ColorSpace /DeviceRGB "
        f"/Coords [{_numbers(coords)}] "
        f"/Extend [true true] /Function {_function(gradient)} >>"
    )
    return f"<< /Type /Pattern /PatternType 2 /Matrix [{_numbers(matrix)}] /Shading {shading} >>"


def _function(gradient: Gradient) -> str:
    """The colours from offset 0 to 1: one piece between each stop and the next, and before the first and after the
    last."""
    first, last = gradient.stops[0], gradient.stops[-1]
    stops = [(0.0, *first[1:]), *gradient.stops, (1.0, *last[1:])]
    pieces = [(start, end) for start, end in pairwise(stops) if end[0] > start[0]]
    functions = [_between(start[1:], end[1:]) for start, end in pieces]
    if len(functions) == 1:
        return functions[0]
    bounds = _numbers([start[0] for start, _ in pieces[1:]])
    encode = " ".join(["0 1"] * len(pieces))
    return (
        f"<< /FunctionType 3 /Domain [0 1] /Functions [{' '.join(functions)}] /Bounds [{bounds}] /Encode [{encode}] >>"
    )


def _between(start: Sequence[float], end: Sequence[float]) -> str:
    return f"<< /FunctionType 2 /Domain [0 1] /N 1 /C0 [{_numbers(start)}] /C1 [{_numbers(end)}] >>"


def _numbers(values: Sequence[float]) -> str:
    return " ".join(map(number, values))
