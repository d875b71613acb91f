"""Outlines along the border of a picture run outside of it."""

from __future__ import annotations

import numpy as np

from tests.kinds.path.test_mend import polygon
from vecstack.kinds.path.arrays import Paths
from vecstack.kinds.path.border import kept_outside, reaching_out

WIDTH, HEIGHT = 60, 40


def reached(paths: Paths, is_free: bool = True) -> np.ndarray:
    return reaching_out(paths, np.full(paths.count, is_free), WIDTH, HEIGHT).points


def test_knots_near_the_border_and_the_handles_between_them_are_put_outside() -> None:
    paths = polygon([(0.5, 0.2), (59.7, -0.4), (59.9, 30), (20, 39.2), (-4, 20)])
    points = reached(paths)
    corners = points[::3]
    assert corners.tolist() == [[-1, -1], [61, -1], [61, 30], [20, 41], [-4, 20]]
    top, right = points[1:3, 1], points[4:6, 0]
    assert (top == -1).all()
    assert (right == 61).all()
    assert np.array_equal(points[13:15, 0][1:], paths.points[13:15, 0][1:])  # farther out than it has to be


def test_what_is_inside_or_not_free_stays() -> None:
    paths = polygon([(5, 5), (50, 5), (50, 35), (5, 35)])
    assert np.array_equal(reached(paths), paths.points)
    near = polygon([(0.5, 0.5), (50, 5), (50, 35), (5, 35)])
    assert np.array_equal(reached(near, is_free=False), near.points)


def test_only_what_is_outside_is_kept_there() -> None:
    points = np.array([[-2.0, 20], [30, 40.7], [59.9, -0.3]])
    least, most = kept_outside(points, WIDTH, HEIGHT)
    moved = np.clip(points + np.array([[9, 0], [0, -9], [-9, 9]]), least, most)
    assert moved.tolist() == [[-0.5, 20], [30, 40.5], [50.9, 8.7]]
