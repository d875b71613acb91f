"""Layers of every case: upright, faded, half off the canvas, turned, hidden."""

from __future__ import annotations

from collections.abc import Mapping

from tests.drawing.conftest import make_spline
from vecstack.geometry import Affine, Rect
from vecstack.stack import Layer


def examples() -> tuple[tuple[Layer, ...], Mapping[str, bytes]]:
    """The layers, for a canvas of 37 x 53, and their assets."""
    whole = Affine.of_frame(Rect(0, 0, 37, 53))
    return (
        make_spline("upright", 1, Affine.of_frame(Rect(2, 8, 30, 38))),
        make_spline("faded", 2, Affine.of_frame(Rect(10, 2, 25, 25)), opacity=0.6),
        make_spline("overhanging", 3, Affine.of_frame(Rect(-9, 35, 24, 40))),
        make_spline("turned", 4, Affine(8.0, 5.0, 24.0, -6.0, 11.0, 30.0)),
        make_spline("hidden", 5, whole, visible=False),
    ), {}
