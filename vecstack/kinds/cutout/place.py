"""The similarities of cut-outs, as few numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from vecstack.geometry import Affine
from vecstack.kinds.cutout.layer import CutoutLayer

ALIKE = 1e-9  # share of its scale by which a transform may differ from a similarity, and count as one


def place_of(layer: CutoutLayer) -> tuple[float, ...]:
    """Where the middle of a cut-out is, x and y, and where its frame's lower edge, from there: the numbers of its
    similarity; none where its transform is no such."""
    place = layer.transform
    flip = 1.0 if place.determinant > 0 else -1.0
    off = max(abs(place.a - flip * place.e), abs(place.d + flip * place.b))
    if off > ALIKE * (abs(place.e) + abs(place.b)):
        return ()
    return place.c, place.f, place.b, place.e


def with_place(layer: CutoutLayer, numbers: Sequence[float]) -> CutoutLayer:
    """The layer with such numbers, mirrored as it was. Raises DocumentError where they are out of range."""
    if not numbers:
        return layer
    x, y, across, down = (float(number) for number in numbers)
    flip = 1.0 if layer.transform.determinant > 0 else -1.0
    return dataclasses.replace(layer, transform=Affine(flip * down, across, x, -flip * across, down, y))
