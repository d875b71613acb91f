from __future__ import annotations

import numpy as np
import pytest

from vecstack.kinds.path.graphic.reach import Reach, without_fringes
from vecstack.kinds.path.graphic.seeds import parts_of
from vecstack.kinds.path.graphic.stacking import shapes_of
from vecstack.kinds.path.graphic.strokes import strokes_of
from vecstack.winding import area_of

SIZE, INNER, OUTER = 128, 46.0, 50.0  # px; radii of a ring


def cover(radius: float) -> np.ndarray:
    """How much of each pixel a disc covers: [H,W]."""
    fine = (np.arange(8 * SIZE) + 0.5) / 8 - SIZE / 2
    inside = np.hypot(fine[None], fine[:, None]) < radius
    found: np.ndarray = inside.reshape(SIZE, 8, SIZE, 8).mean((1, 3))
    return found


def ringed(fill_radius: float) -> np.ndarray:
    """A yellow disc with a black ring over it, drawn one after the other on a transparent canvas: [4,H,W]."""
    fill, ring = cover(fill_radius), cover(OUTER) - cover(INNER)
    yellow = np.array([1, 0.8, 0.3, 1])[:, None, None] * fill
    picture = yellow * (1 - ring) + np.array([0, 0, 0, 1])[:, None, None] * ring
    return np.ascontiguousarray(np.rint(picture * 255) / 255, np.float32)


@pytest.mark.parametrize("radius", [INNER, (INNER + OUTER) / 2, OUTER])
def test_a_fill_goes_on_below_a_stroke_as_far_as_it_shines_through(radius: float) -> None:
    picture = ringed(radius)
    parts = parts_of(picture)
    ground = parts.colors[:, 3] < 0.02
    strokes = strokes_of(parts, ground)
    reach = Reach.seen(parts, picture, strokes, ground, np.zeros(4))
    assert bool(reach.seamed.any()) == (radius == INNER)
    assert bool(reach.fringed.any()) == (radius == OUTER)
    parts = without_fringes(parts, picture, strokes, ground, np.zeros(4), reach)
    fill, ring = shapes_of(parts, ground, strokes, reach)
    assert abs(np.sqrt(area_of(fill.loops[0]) / np.pi) - radius) < 0.25
    assert sorted(round(np.sqrt(abs(area_of(loop)) / np.pi), 1) for loop in ring.loops) == [INNER, OUTER]


def test_strokes_without_fills_tell_of_no_rims() -> None:
    picture = ringed(OUTER)
    parts = parts_of(picture)
    every = np.arange(parts.count)
    ground = parts.colors[:, 3] < 0.02
    reach = Reach.seen(parts, picture, every[~ground].tolist(), ground, np.zeros(4))
    assert not reach.seamed.any()
    assert not reach.fringed.any()
