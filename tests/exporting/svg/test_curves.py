from __future__ import annotations

import re

import numpy as np
import pytest

from tests.exporting.svg.conftest import enclosed, spline_points
from vecstack.exporting.svg.contours import Contour
from vecstack.exporting.svg.curves import (
    LARGEST_MISS,
    MAX_CONTROLS,
    MIN_CONTROLS,
    POINTS_PER_CONTROL,
    fit,
    numbers,
    path_data,
)

ANGLES = np.arange(600) * (2 * np.pi / 600)


def outline(radii: np.ndarray, x: float = 40.0, y: float = 30.0, squeeze: float = 1.0) -> Contour:
    """A closed contour at a radius for each of 600 angles, of 600 points at even distances."""
    points = np.column_stack([x + radii * np.cos(ANGLES), y + squeeze * radii * np.sin(ANGLES)])
    closed = np.vstack([points, points[:1]])
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    places = np.arange(600) / 600 * along[-1]
    even = np.column_stack([np.interp(places, along, closed[:, axis]) for axis in (0, 1)])
    return Contour(even, np.ones(600, bool))


SHAPES = {
    "circle": outline(np.full(600, 20.0)),
    "ellipse": outline(np.full(600, 25.0), squeeze=0.3),
    "wave": outline(20 + 3 * np.sin(7 * ANGLES)),
    "drop": outline(12 + 8 * np.cos(ANGLES) ** 9),
    "rounded square": outline(20 / (np.abs(np.cos(ANGLES)) ** 8 + np.abs(np.sin(ANGLES)) ** 8) ** 0.125),
}


def misses(contour: Contour, controls: np.ndarray) -> np.ndarray:
    """How far the points of a contour that are seen are from a spline."""
    curve, points = spline_points(controls), contour.points[contour.is_near][:, None]
    sides = np.roll(curve, -1, 0) - curve
    share = ((points - curve) * sides).sum(2) / (sides**2).sum(1)
    return np.hypot(*(points - curve - share.clip(0, 1)[:, :, None] * sides).transpose(2, 0, 1)).min(1)


@pytest.mark.parametrize("tolerance", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("name", SHAPES)
def test_a_curve_is_within_its_tolerance_of_the_contour(name: str, tolerance: float) -> None:
    found = misses(SHAPES[name], fit(SHAPES[name], tolerance))
    # Distances are measured along normals while fitting, and to chords of the curve here.
    assert np.sqrt((found**2).mean()) <= 1.02 * tolerance
    assert found.max() <= 1.1 * LARGEST_MISS * tolerance


@pytest.mark.parametrize("name", SHAPES)
def test_a_looser_curve_has_fewer_points(name: str) -> None:
    counts = [len(fit(SHAPES[name], tolerance)) for tolerance in (0.03, 0.2, 1.0)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]
    assert MIN_CONTROLS <= counts[-1] <= counts[0] <= MAX_CONTROLS


def test_a_circle_takes_few_points_and_keeps_its_area() -> None:
    controls = fit(SHAPES["circle"], 0.1)
    assert len(controls) <= 10
    assert enclosed(spline_points(controls)) == pytest.approx(np.pi * 20**2, rel=0.01)


def test_a_contour_keeps_its_direction() -> None:
    hole = Contour(SHAPES["wave"].points[::-1], SHAPES["wave"].is_near)
    assert enclosed(spline_points(fit(hole, 0.1))) == pytest.approx(-enclosed(SHAPES["wave"].points), rel=0.01)


def test_a_curve_cannot_be_closer_than_its_points_allow() -> None:
    points = np.random.default_rng(0).uniform(10, 20, (200, 2))
    assert len(fit(Contour(points, np.ones(200, bool)), 1e-9)) == 200 // POINTS_PER_CONTROL


def test_points_that_are_not_seen_take_few_control_points() -> None:
    wavy = outline(20 + np.where(np.cos(ANGLES) < 0, np.cos(ANGLES) * np.sin(9 * ANGLES), 0))
    seen = Contour(wavy.points, wavy.points[:, 0] > 42)
    whole, half = fit(wavy, 0.1), fit(seen, 0.1)
    assert len(half) < 0.7 * len(whole)
    assert np.sqrt((misses(seen, half) ** 2).mean()) <= 1.02 * 0.1


def test_a_rectangle_around_everything_keeps_its_sides() -> None:
    corners = np.array([[0.0, 0.0], [30.0, 0.0], [30.0, 20.0], [0.0, 20.0]])
    controls = fit(Contour(corners, np.zeros(4, bool)), 0.1)
    curve = spline_points(controls)
    assert {tuple(point) for point in controls.tolist()} == {tuple(point) for point in corners.tolist()}
    assert curve.min(0) == pytest.approx([0, 0])
    assert curve.max(0) == pytest.approx([30, 20])
    on_a_side = (np.abs(np.abs(curve - [15, 10]) - [15, 10]) < 1e-9).any(1)
    assert on_a_side.mean() > 0.4  # all but the rounded corners


def controls_of(data: str) -> list[np.ndarray]:
    """The control points of the curves of path data, in its units, as an SVG reader finds them: relative moves, a
    quadratic piece, and pieces whose control point is the reflection of the one before."""
    curves, at = [], np.zeros(2)
    for move, piece, rest in re.findall(r"m([^a-z]+)q([^a-z]+)t([^a-z]+)", data):
        values = [
            np.array([int(found) for found in re.findall(r"-?\d+", text)]).reshape(-1, 2)
            for text in (move, piece, rest)
        ]
        at = start = at + values[0][0]
        control = at + values[1][0]
        controls, at = [control], at + values[1][1]
        for step in values[2]:
            control = 2 * at - control
            controls.append(control)
            at = at + step
        assert (at == start).all(), "the curve is closed"
        curves.append(np.array(controls))
    return curves


def test_path_data_has_the_control_points() -> None:
    rng = np.random.default_rng(3)
    splines = [rng.uniform(-500, 500, (count, 2)) for count in (4, 5, 31)]
    for unit in (1.0, 0.25, 0.1):
        found = controls_of(path_data(splines, unit))
        for spline, controls in zip(splines, found, strict=True):
            rounded = 2 * np.rint(spline / unit)  # in halves of the unit
            assert (controls == np.roll(rounded, -1, 0)).all()


def test_path_data_is_nothing_for_no_curves() -> None:
    assert path_data([], 1.0) == ""


def test_path_data_is_relative_and_short() -> None:
    controls = fit(SHAPES["ellipse"], 0.05)
    data = path_data([controls], 0.1)
    assert set(re.findall("[a-zA-Z]", data)) == {"m", "q", "t"}
    assert len(data) < 9 * len(controls)


@pytest.mark.parametrize(
    ("values", "text"), [([], ""), ([1], "1"), ([-1, 2, -3], "-1 2-3"), ([0, 0, -10, 5], "0 0-10 5")]
)
def test_a_minus_sign_separates_numbers(values: list[int], text: str) -> None:
    assert numbers(values) == text
