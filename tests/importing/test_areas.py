"""Areas that are worked out, and what is made of those that come out wrong."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import pytest

from vecstack.geometry import Rect
from vecstack.importing import areas
from vecstack.importing.areas import Areas
from vecstack.importing.left_out import LeftOut
from vecstack.importing.outlines import area, bounds, polygon
from vecstack.importing.path_data import outline_of_data
from vecstack.importing.strokes import Stroke
from vecstack.importing.values import IDENTITY, scale
from vecstack.importing.winding import crossings, grid, windings

BOW_TIE = polygon([(0, 0), (100, 100), (100, 0), (0, 100)])
SQUARE = polygon([(0, 0), (100, 0), (100, 100), (0, 100)])
INNER = polygon([(50, 50), (150, 50), (150, 150), (50, 150)])


@pytest.fixture
def work() -> Areas:
    return Areas(LeftOut())


def test_a_path_that_crosses_itself_becomes_two_contours_of_one_direction(work: Areas) -> None:
    result = work.filled(BOW_TIE, "nonzero")
    assert len(result) == 2
    assert area(result) == pytest.approx(5000)
    assert work.left_out.lines() == ()


def test_a_rule_decides_what_is_covered_twice(work: Areas) -> None:
    twice = SQUARE + INNER
    assert area(work.filled(twice, "nonzero")) == pytest.approx(17_500)
    assert area(work.filled(twice, "evenodd")) == pytest.approx(15_000)


def test_common_cut_and_together(work: Areas) -> None:
    assert area(work.common(SQUARE, INNER)) == pytest.approx(2500)
    assert area(work.cut(SQUARE, INNER)) == pytest.approx(7500)
    assert area(work.together([SQUARE, INNER])) == pytest.approx(17_500)
    assert work.meet(SQUARE, INNER)
    assert not work.meet(SQUARE, polygon([(101, 0), (120, 0), (120, 50)]))


def test_what_is_not_changed_is_the_same_value(work: Areas) -> None:
    inside = polygon([(10, 10), (20, 10), (20, 20)])
    assert work.common(inside, SQUARE) is inside
    assert work.cut(inside, INNER) is inside


def test_a_stroke_is_as_wide_as_its_space_says(work: Areas) -> None:
    ring = work.stroked(outline_of_data("M50 20A30 30 0 0 1 50 80A30 30 0 0 1 50 20z"), Stroke(10), scale(20, 5))
    assert area(ring) == pytest.approx(100 * math.pi * (35**2 - 25**2), rel=1e-3)
    box = bounds(ring)
    assert (box.width, box.height) == pytest.approx((1400, 350), rel=1e-3)


def test_dashes_are_apart(work: Areas) -> None:
    line = outline_of_data("M0 0H100")
    assert len(work.stroked(line, Stroke(4, dashes=(10,)), IDENTITY)) == 5
    assert len(work.stroked(line, Stroke(4, dashes=(10, 10), dash_offset=10), IDENTITY)) == 5
    assert len(work.stroked(line, Stroke(4), IDENTITY)) == 1


def test_an_area_that_comes_out_wrong_is_tried_again_then_left_as_it_was(
    work: Areas, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, tries = areas._simplified, []

    def wrong(path: Any) -> Any:
        tries.append(path)
        return path.transform(1, 0, 0, 1, 30, 0)

    monkeypatch.setattr(areas, "_simplified", wrong)
    assert work.filled(BOW_TIE, "nonzero") == BOW_TIE
    assert len(tries) == len(areas.TURNS)
    assert work.left_out.lines() == ("left out: overlaps within paths that cannot be worked out (1)",)
    monkeypatch.setattr(
        areas, "_simplified", lambda path: right(path) if tries.append(path) or len(tries) > 4 else wrong(path)
    )
    assert area(work.filled(BOW_TIE, "nonzero")) == pytest.approx(5000, rel=1e-4)


def test_windings_count_how_often_a_contour_goes_around() -> None:
    points = np.array([(25.0, 25.0), (75.0, 75.0), (120.0, 120.0), (-5.0, 5.0)])
    assert windings(SQUARE + INNER, points).tolist() == [1, 2, 1, 0]
    assert windings(
        outline_of_data("M50 20A30 30 0 0 0 50 80A30 30 0 0 0 50 20z"), np.array([(50.0, 50.0)])
    ).tolist() == [-1]


def test_points_of_a_grid_lie_in_its_rectangle() -> None:
    points = grid(Rect(5, 6, 7, 8))
    assert len(np.unique(points, axis=0)) == 576
    assert (points >= (5, 6)).all()
    assert (points <= (12, 14)).all()


def test_many_outlines_are_put_together_by_halves(work: Areas) -> None:
    squares = [polygon([(x, y), (x + 15, y), (x + 15, y + 15), (x, y + 15)]) for x in range(0, 60, 10) for y in (0, 10)]
    whole = work.together(squares)
    assert len(whole) == 1
    assert area(whole) == pytest.approx(65 * 25)
    assert work.left_out.lines() == ()


def test_dots_of_a_halftone_are_as_they_are_however_many(work: Areas) -> None:
    points = [(10.0 * x, 10.0 * y) for x in range(40) for y in range(40)]
    dots = tuple(polygon([(x, y), (x + 6, y), (x + 6, y + 6), (x, y + 6)])[0] for x, y in points)
    assert work.filled(dots, "evenodd") == dots
    backward = tuple(polygon([(x, y), (x, y + 6), (x + 6, y + 6), (x + 6, y)])[0] for x, y in points[:50])
    assert area(work.filled((*backward, *dots[50:]), "nonzero")) == pytest.approx(36 * len(dots))
    assert work.left_out.lines() == ()


def test_contours_that_touch_are_worked_out_beside_those_that_do_not(work: Areas) -> None:
    far = polygon([(500, 0), (500, 10), (510, 10), (510, 0)])
    result = work.filled(SQUARE + INNER + far, "evenodd")
    assert area(result) == pytest.approx(15_100)
    assert work.left_out.lines() == ()


def test_what_crosses_far_too_often_is_left_as_it_is(work: Areas) -> None:
    bars = [polygon([(20 * n, -9), (20 * n + 9, -9), (20 * n + 9, 999), (20 * n, 999)]) for n in range(40)]
    bars += [polygon([(-9, 20 * n), (999, 20 * n), (999, 20 * n + 9), (-9, 20 * n + 9)]) for n in range(40)]
    outline = tuple(bar[0] for bar in bars)
    assert work.filled(outline, "nonzero") == outline
    assert work.left_out.lines() == ("left out: overlaps within paths that cannot be worked out (1)",)


def test_crossings_are_counted() -> None:
    assert crossings([SQUARE, INNER]) == 2
    assert crossings([BOW_TIE]) == 1
    assert crossings([SQUARE]) == 0


def test_windings_are_those_of_edges_one_by_one() -> None:
    rng = np.random.default_rng(0)
    for count in (3, 8, 40):
        corners = rng.integers(0, 15, (count, 2)).astype(float)
        starts, ends, points = corners, np.roll(corners, -1, 0), rng.integers(0, 15, (30, 2)) + 0.25
        outline = polygon([tuple(corner) for corner in corners.tolist()])
        for point, found in zip(points, windings(outline, points), strict=True):
            beyond = point + np.array([99.0, 1e-3])
            ways = [
                np.sign(_side(point, beyond, start)) * _crosses(point, beyond, start, end)
                for start, end in zip(starts, ends, strict=True)
            ]
            assert abs(found) == abs(sum(ways))


def test_a_large_outline_is_looked_at_in_a_moment() -> None:
    angles = np.linspace(0, 2 * np.pi, 6000, endpoint=False)
    radii = 400 + 9 * np.sin(50 * angles)
    ring = polygon(zip(500 + radii * np.cos(angles), 500 + radii * np.sin(angles), strict=True))
    start = time.process_time()
    assert crossings([ring]) == 0
    assert (windings(ring, grid(Rect(480, 480, 40, 40))) == 1).all()
    assert time.process_time() - start < 0.5  # 1.5 where each piece is compared with each, and with each point


def _side(start: np.ndarray, end: np.ndarray, point: np.ndarray) -> float:
    along, off = end - start, point - start
    return float(along[0] * off[1] - along[1] * off[0])


def _crosses(one: np.ndarray, two: np.ndarray, three: np.ndarray, four: np.ndarray) -> bool:
    is_apart = _side(one, two, three) * _side(one, two, four) < 0
    return is_apart and _side(three, four, one) * _side(three, four, two) < 0
