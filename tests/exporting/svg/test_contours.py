from __future__ import annotations

import sys

import numpy as np
import pytest

from tests.exporting.svg.conftest import disc, enclosed
from vecstack.errors import ExportError
from vecstack.exporting.svg.contours import Contour, Contours
from vecstack.geometry import Rect

RECT = Rect(0.0, 0.0, 90.0, 70.0)
MARGIN = 3.0


def contours(mask: np.ndarray, threshold: float = 0.5, rect: Rect = RECT, least_area: float = 1.0) -> list[Contour]:
    return Contours(mask, rect, MARGIN).at(threshold, 1.0, least_area)


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8])
def test_the_contour_of_a_disc_has_its_area_and_its_radius(threshold: float) -> None:
    radius = 20 - 10 * (threshold - 0.5)
    (found,) = contours(disc(70, 90, 40.0, 33.0, 20.0), threshold)
    assert found.area == pytest.approx(np.pi * radius**2, rel=0.01)
    assert found.area == pytest.approx(enclosed(found.points))
    assert np.hypot(*(found.points - [40.0, 33.0]).T) == pytest.approx(np.full(len(found.points), radius), abs=0.1)
    assert found.is_near.all()


def test_cells_of_any_sides_are_told_apart() -> None:
    (found,) = contours(disc(70, 90, 40.0, 33.0, 20.0), rect=Rect(100.0, -50.0, 180.0, 35.0))
    middle, across, down = [100 + 80.0, -50 + 16.5], 40.0, 10.0
    assert np.hypot(*((found.points - middle) / [across, down]).T) == pytest.approx(1, abs=0.02)
    assert found.area == pytest.approx(np.pi * across * down, rel=0.01)


def test_a_hole_counts_against_what_is_around_it() -> None:
    ring = disc(70, 90, 45.0, 35.0, 30.0) - disc(70, 90, 45.0, 35.0, 15.0)
    found = contours(ring)
    assert sorted(np.sign(contour.area) for contour in found) == [-1, 1]
    assert sum(contour.area for contour in found) == pytest.approx(np.pi * (30**2 - 15**2), rel=0.02)


def test_points_are_at_even_distances_of_about_the_spacing() -> None:
    traced = Contours(disc(70, 90, 45.0, 35.0, 25.0), RECT, MARGIN)
    for spacing in (0.5, 2.0, 7.0):
        (found,) = traced.at(0.5, spacing, 1.0)
        distances = np.hypot(*np.diff(found.points, axis=0, append=found.points[:1]).T)
        assert found.spacing == pytest.approx(spacing, rel=0.15)
        assert distances == pytest.approx(np.full(len(distances), distances.mean()), rel=0.05)


def test_a_mask_that_runs_over_the_edge_has_a_contour_that_closes_out_of_sight() -> None:
    half = np.broadcast_to(np.linspace(1, 0, 90, dtype=np.float32), (70, 90))
    (found,) = contours(half)
    inside = found.points[(np.abs(found.points - [45.0, 35.0]) < [45.0, 35.0]).all(1)]
    assert inside[:, 0] == pytest.approx(np.full(len(inside), 45.0), abs=0.1)
    assert np.ptp(inside[:, 1]) > 68
    corners = found.points[(found.points[:, 1] < 0) | (found.points[:, 1] > 70) | (found.points[:, 0] < 0)]
    gone = (corners < -MARGIN) | (corners > [90 + MARGIN, 70 + MARGIN])
    assert found.area > 45 * 70
    assert gone.any()
    assert not found.is_near.all()


def test_specks_are_left_out() -> None:
    mask = np.maximum(disc(70, 90, 25.0, 35.0, 15.0), disc(70, 90, 70.0, 35.0, 2.0))
    assert len(contours(mask, least_area=5.0)) == 2
    (found,) = contours(mask, least_area=15.0)
    assert found.points[:, 0].max() < 50


def test_a_mask_that_is_above_everywhere_is_a_rectangle_around_what_is_seen() -> None:
    (found,) = contours(np.full((70, 90), 0.7, np.float32))
    assert len(found.points) == 4
    assert (found.points.min(0) < -MARGIN).all()
    assert (found.points.max(0) > [90 + MARGIN, 70 + MARGIN]).all()
    assert not found.is_near.any()
    assert found.area > 0


def test_a_mask_that_is_above_nowhere_has_no_contour() -> None:
    assert contours(np.full((70, 90), 0.3, np.float32)) == []


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "contourpy", None)  # which no import finds then
    with pytest.raises(ExportError, match="contourpy"):
        Contours(disc(70, 90, 45.0, 35.0, 9.0), RECT, MARGIN)


def test_a_long_strip_needs_no_more_memory_than_a_square() -> None:
    mask = np.repeat(np.linspace(1, 0, 512, dtype=np.float32)[None], 8, 0)
    (found,) = Contours(mask, Rect(0.0, 0.0, 20_000.0, 1.0), 2880.0).at(0.5, 40.0, 1.0)
    near = found.points[found.is_near]
    assert near[:, 0].max() == pytest.approx(10_000, abs=25)
    assert near[:, 1].min() < -1000 < 1000 < near[:, 1].max()
