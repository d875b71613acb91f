"""Layers of every case: upright, faded, half off the canvas, turned, hidden."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vecstack.geometry import Affine
from vecstack.kinds import find_kind
from vecstack.stack import Layer

WARM = {"inner": (1.0, 0.9, 0.3), "outer": (0.7, 0.1, 0.1)}
COLD = {"inner": (0.2, 0.9, 0.9), "outer": (0.1, 0.1, 0.5)}


def examples() -> tuple[tuple[Layer, ...], Mapping[str, bytes]]:
    """The layers, for a canvas of 37 x 53, and their assets."""
    radial: Any = find_kind("radial").layer  # type: ignore[union-attr]
    return (
        radial(id="upright", transform=Affine(14.0, 0.0, 15.5, 0.0, 14.0, 20.25), **WARM),
        radial(id="faded", transform=Affine(13.0, 0.0, 25.0, 0.0, 13.0, 30.0), opacity=0.6, radius=1.0, **COLD),
        radial(id="overhanging", transform=Affine(11.0, 0.0, -2.0, 0.0, 11.0, 50.0), radius=0.9, **COLD),
        radial(id="turned", transform=Affine(6.0, -8.0, 24.0, 8.0, 6.0, 12.0), opacity=0.9, **WARM),
        radial(id="hidden", transform=Affine(30.0, 0.0, 18.0, 0.0, 30.0, 26.0), visible=False, **WARM),
    ), {}
