from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from vecstack.errors import ExportError
from vecstack.exporting.cutting.areas import covered, grown, less, parts, rectangle, together
from vecstack.geometry import Rect

SQUARE = rectangle(Rect(0.0, 0.0, 100.0, 100.0))


def ring(x: float, y: float, radius: float, count: int = 400) -> np.ndarray:
    angles = np.linspace(0, 2 * math.pi, count + 1)[:-1]
    found: np.ndarray = np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], 1)
    return found


def test_what_is_covered_twice_counts_once_and_holes_are_cut() -> None:
    outer, inner = ring(0, 0, 20), ring(5, 0, 10)
    whole = covered([outer]).area
    assert covered([outer, outer]).area == pytest.approx(whole, rel=1e-5)
    assert covered([outer, inner]).area == pytest.approx(whole, rel=1e-5)
    assert covered([outer, inner[::-1]]).area == pytest.approx(whole - math.pi * 100, rel=1e-3)
    assert covered([outer, ring(50, 0, 5)]).area == pytest.approx(whole + math.pi * 25, rel=1e-3)


def test_a_polygon_that_crosses_itself_is_covered_where_it_goes_around() -> None:
    star = ring(0, 0, 10, 5)[[0, 2, 4, 1, 3]]
    assert covered([star]).area == pytest.approx(112.257, rel=1e-4)  # the pentagon in its middle, too


def test_nothing_is_covered_by_what_has_no_area() -> None:
    assert covered([]).area == covered([np.zeros((2, 2))]).area == covered([np.zeros((4, 2))]).area == 0


def test_areas_that_only_touch_share_nothing() -> None:
    beside = rectangle(Rect(100.0, 0.0, 50.0, 100.0))
    assert less(SQUARE, beside).area == SQUARE.area
    assert parts(together([SQUARE, beside]))[0].area == 15_000


def test_a_grown_area_reaches_further() -> None:
    assert grown(covered([ring(0, 0, 10)]), 2.0).area == pytest.approx(math.pi * 144, rel=2e-2)


def test_without_the_package_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shapely", None)
    with pytest.raises(ExportError, match=r"shapely.*pip install '\.\[dxf\]'"):
        rectangle(Rect(0.0, 0.0, 1.0, 1.0))
