from __future__ import annotations

import math

import numpy as np
import pytest

from tests.packing.shapes import HOOK, MIX, ROOM, box, disc, star
from vecstack.packing import exact
from vecstack.packing.image import Level, Picture, grow
from vecstack.packing.layout import Frame, Layout, Outlines, layout_of
from vecstack.packing.options import Packing
from vecstack.packing.raster import lay, slopes
from vecstack.packing.start import even_places, spread
from vecstack.packing.terms import Terms, terms_of


def laid_out(outlines: list[exact.Outline], options: Packing) -> tuple[Layout, Terms]:
    shapes = [exact.polygon(rings) for rings in outlines]
    sides = np.sqrt([shape.area for shape in shapes])
    centers = np.array([[shape.centroid.x, shape.centroid.y] for shape in shapes])
    container = exact.polygon(ROOM)
    frame = Frame(np.array([120.0, 65.0]), math.sqrt(1200))
    layout = layout_of(Outlines(shapes, centers, sides), container, frame)
    return layout, terms_of(options, sides, frame.side, is_open=False)


@pytest.fixture
def spread_out() -> tuple[Layout, Terms]:
    layout, terms = laid_out(MIX * 2, Packing())
    spread(layout, terms, None, np.random.default_rng(0))
    return layout, terms


def test_items_cover_pixels_by_their_areas_less_their_holes() -> None:
    ring: exact.Outline = (box(4, 4), box(2, 2, 1, 1)[::-1])
    layout, _ = laid_out([ring, HOOK], Packing())
    layout.put(np.arange(2), np.array([[-0.2, 0, 0.3, math.log(0.2)], [0.2, 0, 1.0, math.log(0.3)]]))
    picture = np.zeros((100, 100), np.float32)
    lay(layout.at, layout.ring, layout.item, layout.box, np.arange(2), 100.0, 50.0, 50.0, 1.0, picture)
    assert picture.sum() == pytest.approx(100**2 * (0.2**2 + 0.3**2), rel=1e-4)
    assert picture[50, 30] == 0  # the hole of the ring


def test_slopes_are_those_of_finite_differences(spread_out: tuple[Layout, Terms]) -> None:
    layout, _ = spread_out
    worth = np.random.default_rng(1).normal(size=(80, 80)).astype(np.float32)
    found = np.zeros((layout.count, 4))
    items = np.arange(layout.count)
    slopes(layout.at, layout.ring, layout.item, items, layout.pose, 60.0, 40.0, 40.0, worth, found)

    def total() -> float:
        picture = np.zeros((80, 80), np.float32)
        lay(layout.at, layout.ring, layout.item, layout.box, items, 60.0, 40.0, 40.0, 1.0, picture)
        return float((picture * worth).sum())

    step = 1e-3
    for item, number in ((0, 0), (3, 1), (4, 2), (6, 3)):
        scale = step / 60 if number < 2 else step
        before, sides = layout.pose[item].copy(), []
        for sign in (1, -1):
            moved = before.copy()
            moved[number] += sign * scale
            layout.put(np.array([item]), moved[None])
            sides.append(total())
        layout.put(np.array([item]), before[None])
        assert (sides[0] - sides[1]) / (2 * step) == pytest.approx(found[item, number], rel=0.05, abs=0.05)


def test_steps_in_a_picture_lower_its_losses(spread_out: tuple[Layout, Terms]) -> None:
    layout, terms = spread_out
    before = sum(Picture(layout, terms, 50).losses()[:3])
    grow(layout, terms, Level(50, 30, 0.3))
    assert sum(Picture(layout, terms, 50).losses()[:3]) < 0.5 * before


def test_few_items_do_not_leave_the_picture() -> None:
    layout, terms = laid_out([(disc(),)] * 2, Packing())
    spread(layout, terms, None, np.random.default_rng(0))
    grow(layout, terms, Level(50, 60, 0.4))  # long steps: without bounds they fly off
    assert np.all(np.abs(layout.pose[:, :2]) <= [20 / math.sqrt(1200), 15 / math.sqrt(1200)])


def test_items_start_evenly_in_order_along_an_axis() -> None:
    layout, terms = laid_out([(star(),)] * 30, Packing(sizes=tuple(range(1, 31))))
    spread(layout, terms, (1.0, 0.0), np.random.default_rng(0))
    assert np.all(np.diff(layout.pose[:, 0]) <= 0)  # the largest, the last, is the first along x
    places = even_places(layout, 30, np.random.default_rng(0))
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) + np.eye(30)
    assert apart.min() > 0.8 / math.sqrt(30)
