"""Layers of every case: upright, faded, half off the canvas, turned, hidden."""

from __future__ import annotations

from collections.abc import Mapping

from vecstack.geometry import Affine
from vecstack.kinds import find_kind
from vecstack.stack import Layer


def examples() -> tuple[tuple[Layer, ...], Mapping[str, bytes]]:
    """The layers, for a canvas of 37 x 53, and their assets."""
    disc = find_kind("disc").layer  # type: ignore[union-attr]
    return (
        disc(id="upright", transform=Affine(14.0, 0.0, 15.5, 0.0, 14.0, 20.25), color=(0.9, 0.2, 0.1)),
        disc(id="faded", transform=Affine(9.5, 0.0, 25.0, 0.0, 17.0, 30.0), color=(0.1, 0.4, 0.8), opacity=0.6),
        disc(id="overhanging", transform=Affine(11.0, 0.0, -2.0, 0.0, 11.0, 50.0), color=(0.2, 0.8, 0.3)),
        disc(id="turned", transform=Affine(8.0, 5.0, 24.0, -6.0, 9.0, 12.0), color=(1.0, 0.9, 0.2), opacity=0.9),
        disc(id="hidden", transform=Affine(30.0, 0.0, 18.0, 0.0, 30.0, 26.0), color=(0.0, 0.0, 0.0), visible=False),
    ), {}
