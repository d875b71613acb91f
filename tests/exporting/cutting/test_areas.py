from __future__ import annotations

import math
import sys

import pytest

from vecstack.errors import ExportError
from vecstack.exporting.cutting.areas import Area, area_of, common, grown, joined, less, outline_of, rectangle, together
from vecstack.geometry import UNIT_CIRCLE, Affine, Rect

SQUARE = rectangle(Rect(0.0, 0.0, 100.0, 100.0))
HERE = Affine(1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def disc(x: float, y: float, radius: float) -> Area:
    return area_of([UNIT_CIRCLE], Affine(radius, 0.0, x, 0.0, radius, y))


def test_what_is_left_and_what_is_shared_add_up() -> None:
    round_part = disc(90.0, 50.0, 30.0)
    rest, shared, whole = less(SQUARE, round_part), common(SQUARE, round_part), together(SQUARE, round_part)
    assert rest.size + shared.size == pytest.approx(1e4, abs=0.01)
    assert whole.size == pytest.approx(rest.size + math.pi * 900, rel=1e-3)
    assert shared.size == pytest.approx(900 * (math.acos(-1 / 3) + math.sqrt(8) / 9), rel=1e-3)


def test_areas_apart_stay_as_they_are() -> None:
    assert less(SQUARE, disc(300.0, 0.0, 5.0)) is SQUARE


def test_an_outline_over_itself_covers_once() -> None:
    twice = area_of([UNIT_CIRCLE, UNIT_CIRCLE], Affine(10.0, 0.0, 0.0, 0.0, 10.0, 0.0))
    assert twice.size == pytest.approx(math.pi * 100, rel=1e-3)


def test_a_hole_belongs_to_the_part_around_it() -> None:
    ring = less(disc(0.0, 0.0, 20.0), disc(0.0, 0.0, 10.0))
    parts = joined([ring, disc(0.0, 0.0, 5.0), disc(60.0, 0.0, 8.0)]).parts()
    assert sorted(part.size for part in parts) == pytest.approx(
        [math.pi * size for size in (25.0, 64.0, 300.0)], rel=1e-3
    )


def test_an_outline_comes_back_as_it_went_in() -> None:
    area = area_of([UNIT_CIRCLE], Affine(10.0, 0.0, 3.0, 0.0, 10.0, 4.0))
    (curve,) = outline_of(area, HERE)
    assert curve[0] == curve[-1]
    assert all(9.9 < math.dist(point, (3.0, 4.0)) < 10.1 for point in curve[::3])


def test_a_grown_area_reaches_further() -> None:
    assert grown(disc(0.0, 0.0, 10.0), 2.0).size == pytest.approx(math.pi * 144, rel=1e-2)


def test_without_the_package_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pathops", None)
    with pytest.raises(ExportError, match=r"skia-pathops.*pip install '\.\[dxf\]'"):
        rectangle(Rect(0.0, 0.0, 1.0, 1.0))
