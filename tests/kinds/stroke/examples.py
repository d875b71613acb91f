"""Strokes of every case: upright, faded, half off the canvas, turned, hidden; straight, bent, as thin as a pixel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vecstack.geometry import Affine
from vecstack.kinds.stroke.layer import StrokeLayer
from vecstack.stack import Layer


def examples() -> tuple[tuple[Layer, ...], Mapping[str, bytes]]:
    """The layers, for a canvas of 37 x 53, and their assets."""
    return (
        stroke("upright", at(17, 28), (-9.2, -14.1, -4.3, 5.2, 8.4, 12.3), (4.1, 2.6), color=(0.2, 0.4, 0.9)),
        stroke("faded", at(22, 15), (-12.0, 3.5, 0.0, -4.0, 11.5, 2.0), (3.2, 5.4), opacity=0.6),
        stroke("overhanging", at(3, 47), (-6.0, 2.0, -1.5, 0.5, 8.0, -5.0), (5.5, 5.5), color=(0.1, 0.7, 0.3)),
        stroke("turned", Affine(0.8, 0.5, 24.0, -0.6, 1.1, 30.0), (-10.0, -6.0, 3.0, -9.0, 9.0, 8.0), (2.4, 3.0)),
        stroke("thin", at(25, 40), (-8.0, 6.0, 0.0, -7.0, 9.0, 3.0), (0.4, 0.8), color=(0.9, 0.1, 0.4)),
        stroke("hook", at(12, 12), (-7.0, -3.0, 9.0, 0.5, -6.0, 3.0), (3.0, 2.0), color=(0.8, 0.8, 0.1)),
        stroke("hidden", at(18, 26), (-15.0, 0.0, 0.0, 0.0, 15.0, 0.0), (9.0, 9.0), visible=False),
    ), {}


def stroke(name: str, place: Affine, spine: Any, radii: Any, **fields: Any) -> StrokeLayer:
    """A stroke, orange unless said otherwise."""
    color: Any = fields.pop("color", (0.9, 0.5, 0.2))
    return StrokeLayer(id=name, transform=place, spine=spine, radii=radii, color=color, **fields)


def at(x: float, y: float) -> Affine:
    """The transform of a layer whose local frame is in canvas units about a point."""
    return Affine(1.0, 0.0, x, 0.0, 1.0, y)
