from __future__ import annotations

import math

import numpy as np

from vecstack.kinds.path.graphic.boxes import box_map, box_of
from vecstack.kinds.path.graphic.curves import BOX, CURVE, LEVEL, LINE, ROUND, UPRIGHT, Outline, ellipse_of, outline_of
from vecstack.kinds.path.graphic.forms import Form
from vecstack.kinds.path.graphic.hidden import _cubic


def along(corners: list[tuple[float, float]], step: float = 0.7) -> np.ndarray:
    """Points along a polygon, not on its corners."""
    found = []
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        count = max(2, round(math.hypot(x1 - x0, y1 - y0) / step))
        for index in range(count):
            t = (index + 0.5) / count
            found.append((x0 + t * (x1 - x0), y0 + t * (y1 - y0)))
    return np.array(found)


def around(x: float, y: float, across: float, down: float) -> np.ndarray:
    """Points along an ellipse."""
    angle = np.linspace(0, 2 * math.pi, 200, endpoint=False)
    return np.stack([x + across * np.cos(angle), y + down * np.sin(angle)], 1)


def test_a_polygon_has_its_corners_and_lines_which_are_level_and_upright_where_they_are() -> None:
    corners = [(10.0, 10.0), (60.0, 10.0), (60.0, 50.0), (35.0, 70.0), (10.0, 50.0)]
    outline = outline_of(along(corners), 0.2)
    assert outline is not None
    assert sorted(outline.kinds.tolist()) == [LINE, LINE, LEVEL, UPRIGHT, UPRIGHT]
    knots = outline.points[::3]
    assert all(np.hypot(*(knots - corner).T).min() < 0.05 for corner in corners)


def test_a_circle_is_four_pieces_of_one_radius() -> None:
    outline = outline_of(around(30, 40, 12, 12), 0.2)
    assert outline is not None
    assert outline.kinds.tolist() == [ROUND] * 4
    assert np.allclose(np.hypot(*(outline.points[::3] - (30, 40)).T), 12, atol=0.01)


def test_an_ellipse_is_four_pieces() -> None:
    outline = outline_of(around(30, 40, 20, 9), 0.2)
    assert outline is not None
    assert outline.kinds.tolist() == [ROUND] * 4


def test_rounded_corners_are_curves_between_exact_lines() -> None:
    arc = np.linspace(0, math.pi / 2, 20)
    points = []
    for turn, (x, y) in enumerate([(80, 60), (20, 60), (20, 20), (80, 20)]):
        angle = arc + turn * math.pi / 2
        points.append(np.stack([x + 10 * np.cos(angle), y + 13 * np.sin(angle)], 1))  # no circles, nor a form
    dense = []
    for own, after in zip(points, points[1:] + points[:1], strict=True):
        dense += [own, np.linspace(own[-1], after[0], 60)[1:-1]]
    outline = outline_of(np.concatenate(dense), 0.15)
    assert outline is not None
    kinds = outline.kinds.tolist()
    assert kinds.count(LEVEL) == 2
    assert kinds.count(UPRIGHT) == 2
    assert kinds.count(CURVE) <= 5
    assert kinds.count(ROUND) == 0


def test_pieces_stay_within_the_error_and_get_fewer_with_a_larger_one() -> None:
    angle = np.linspace(0, 2 * math.pi, 600, endpoint=False)
    radius = 60 + 6 * np.sin(5 * angle)
    points = np.stack([100 + radius * np.cos(angle), 100 + radius * np.sin(angle)], 1)
    counts = []
    for error in (0.05, 0.3, 2.0):
        outline = outline_of(points, error)
        assert outline is not None
        counts.append(outline.pieces)
        assert off(points, outline) < 1.5 * error + 0.05
    assert counts[0] > counts[1] > counts[2]


def off(points: np.ndarray, outline: Outline) -> float:
    """The largest distance of points from an outline."""
    n = len(outline.points)
    t = np.linspace(0, 1, 400)[:, None]
    curve = np.concatenate([
        (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t * t * c + t**3 * d
        for a, b, c, d in (outline.points[np.arange(3 * k, 3 * k + 4) % n] for k in range(outline.pieces))
    ])  # fmt: skip
    return float(max(np.hypot(*(curve - point).T).min() for point in points))


def test_what_has_no_area_is_no_outline() -> None:
    assert outline_of(np.array([[1.0, 1.0], [1.5, 1.0], [1.5, 1.2]]), 0.2) is None


def test_a_rectangle_with_round_corners_is_five_numbers() -> None:
    wanted = np.array([10.3, 50.7, 20.2, 44.9, 6.5])
    for is_turned in (False, True):
        to = box_map(is_turned)
        contour = (to @ wanted).reshape(-1, 2)
        closed = np.concatenate([contour, contour[:1]])
        points = np.concatenate([_cubic(*closed[at : at + 4])[:-1] for at in range(0, 24, 3)])
        noise = np.random.default_rng(0).normal(0, 0.02, points.shape)
        outline = outline_of(points + noise, 0.1)
        assert outline is not None
        assert outline.kinds.tolist() == [BOX] * 8
        assert np.abs(outline.points - contour).max() < 0.03
        assert Form.of([outline]).count == 5
    assert box_of(points * (1, 1.6), 0.1) is None  # its corners are no quarters of circles


def test_points_on_a_parabola_are_no_ellipse() -> None:
    steps = "71 73.5, 70.5 73, 70 72.5, 69.5 72, 68.5 72, 68 71.5, 68 70.5, 67.5 70, 67 69.5"  # with no centre at all
    points = np.array([[float(value) for value in pair.split()] for pair in steps.split(", ")])
    assert ellipse_of(points, 0.3) is None
