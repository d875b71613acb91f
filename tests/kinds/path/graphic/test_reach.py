from __future__ import annotations

import numpy as np
import pytest

from vecstack.kinds.path.graphic.reach import Reach, without_fringes, without_strokes
from vecstack.kinds.path.graphic.seeds import Parts, parts_of
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


@pytest.mark.parametrize("is_fringed", [True, False])
def test_a_fringe_takes_all_of_a_stroke_with_the_ground_behind_it_and_no_more(is_fringed: bool) -> None:
    fill, stroke, ground, other = range(4)
    part = np.full((64, 40), ground)
    part[:32, :20] = fill
    part[12:24, 24:] = other
    part[:, 20:24] = stroke
    parts = Parts(part, part, np.zeros(part.shape, np.float32), np.eye(4, dtype=np.float32), np.ones(part.shape, bool))
    numbers = np.arange(parts.count)
    reach = Reach(np.zeros(4, bool), (numbers == fill) & is_fringed)
    found, veil = without_strokes(parts, [stroke], numbers == ground, reach)
    half = [fill, fill, ground, ground]
    assert found.part[5, 19:26].tolist() == [fill, *([fill] * 4 if is_fringed else half), ground, ground]
    assert found.part[18, 20:24].tolist() == [fill, fill, other, other]  # which hides what is below
    assert (found.part[50, 20:24] == ground).all()  # far from the fill
    assert (found.part[:12, :20] == fill).all()
    assert veil[5, 20:24].tolist() == [not is_fringed, True, True, not is_fringed]  # a fringe has a rim that is seen
