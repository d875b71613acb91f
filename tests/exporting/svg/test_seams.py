"""Opaque shapes that lie one over the other show nothing of what is behind both, at any size."""

from __future__ import annotations

import numpy as np
import pytest

from tests.exporting.conftest import draw
from tests.kinds.path.examples import at, blob, corner
from vecstack import Canvas, Stack, to_svg
from vecstack.exporting.cutting.partition import cutout
from vecstack.kinds.path.layer import PathLayer

DARK, DIM = (0.2, 0.3, 0.5), (0.5, 0.2, 0.3)
WHITE = Canvas(60, 60, (1.0, 1.0, 1.0))
NEIGHBOURS = Stack(
    WHITE,
    (
        PathLayer(id="below", transform=at(30, 30), contours=(blob(40.0, 45.0),), color=DARK),
        PathLayer(id="above", transform=at(36, 30), contours=(corner(17.3),), color=DIM),
    ),
)
INSIDE = slice(0.15, 0.85)  # of the picture, where nothing but the two is


def lightest(stack: Stack, side: int) -> int:
    """By how much a pixel is lighter than both shapes, in 1/255."""
    inside = slice(int(INSIDE.start * side) + 1, int(INSIDE.stop * side))
    drawn = draw(to_svg(stack, device="cpu"), side)[inside, inside]
    return int((drawn - np.rint(255 * np.maximum(DARK, DIM))).max())


@pytest.mark.parametrize("side", [16, 23, 32, 47, 64, 91, 128, 200, 333, 512])
def test_no_light_seam_is_between_them(side: int) -> None:
    assert lightest(NEIGHBOURS, side) <= 1


def test_a_seam_would_be_found() -> None:
    """Pieces that are cut out meet without lying under one another."""
    behind = Stack(WHITE, cutout(NEIGHBOURS, device="cpu").layers)
    assert max(lightest(behind, side) for side in (47, 64, 91)) > 10


@pytest.mark.parametrize("side", [16, 47, 91, 333])
def test_no_light_seam_is_between_pieces_that_bleed(side: int) -> None:
    behind = Stack(WHITE, cutout(NEIGHBOURS, bleed=2.0, device="cpu").layers)
    assert lightest(behind, side) <= 1
