"""Layers of every case: upright, faded, half off the canvas, turned, with a soft or a hard edge, hidden."""

from __future__ import annotations

from collections.abc import Mapping

from tests.helpers import make_spline
from vecstack.geometry import Affine, Rect
from vecstack.kinds.spline.layer import SplineLayer


def examples() -> tuple[tuple[SplineLayer, ...], Mapping[str, bytes]]:
    """The layers, for a canvas of 37 x 53, and their assets."""
    whole = Affine.of_frame(Rect(0, 0, 37, 53))
    return (
        make_spline("upright", 1, Affine.of_frame(Rect(2, 8, 30, 38))),
        make_spline("faded", 2, Affine.of_frame(Rect(10, 2, 25, 25)), opacity=0.6),
        make_spline("overhanging", 3, Affine.of_frame(Rect(-9, 35, 24, 40)), softness=0.7),
        make_spline("turned", 4, Affine(8.0, 5.0, 24.0, -6.0, 11.0, 30.0)),
        make_spline("hard", 8, Affine.of_frame(Rect(12, 15, 22, 30)), softness=0.0),
        make_spline("hard and turned", 9, Affine(8.0, 2.0, 23.0, -3.0, 9.0, 36.0), softness=0.0, opacity=0.7),
        make_spline("hidden", 5, whole, visible=False),
    ), {}
