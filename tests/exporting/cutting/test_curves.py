"""Curves survive that areas are worked out of the polygons that stand for them."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from vecstack.exporting.cutting.areas import common, less, rectangle
from vecstack.exporting.cutting.curves import TOLERANCE, Curves, on_piece
from vecstack.geometry import UNIT_CIRCLE, Affine, Rect
from vecstack.kinds.base import Curve

HERE = Affine(1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def disc(x: float, y: float, radius: float) -> Affine:
    return Affine(radius, 0.0, x, 0.0, radius, y)


def points_of(curves: tuple[Curve, ...]) -> np.ndarray:
    """Points [N,2] along curves."""
    pieces = [curve[at : at + 4] for curve in curves for at in range(0, len(curve) - 1, 3)]
    return np.array([on_piece(piece, share) for piece in pieces for share in (0.0, 0.25, 0.5, 0.75)])


def test_an_outline_comes_back_as_it_went_in() -> None:
    curves = Curves()
    (curve,) = curves.outline(curves.area([UNIT_CIRCLE], disc(3.0, 4.0, 10.0)), HERE)
    assert curve[0] == curve[-1]
    assert len(curve) == len(UNIT_CIRCLE)
    wanted = [disc(3.0, 4.0, 10.0).apply(*point) for point in UNIT_CIRCLE[:-1]]
    assert all(min(math.dist(point, other) for other in curve) < 1e-3 for point in wanted)


def test_what_is_left_follows_both_curves_exactly() -> None:
    curves = Curves()
    large, small = (curves.area([UNIT_CIRCLE], disc(x, 0.0, radius)) for x, radius in ((0.0, 50.0), (45.0, 20.0)))
    (moon,) = curves.outline(less(large, small), HERE)
    assert len(moon) < 3 * 11
    found = points_of((moon,))
    off = np.minimum(np.abs(np.hypot(*found.T) - 50), np.abs(np.hypot(*(found - (45, 0)).T) - 20))
    assert off.max() < TOLERANCE + 50 * 3e-4  # and what the pieces of the circles are off themselves
    (lens,) = curves.outline(common(large, small), HERE)
    shared = [point for point in moon for other in lens if math.dist(point, other) < 1e-9]
    assert len(shared) >= 4  # knots, at least, of the edge that both have


def test_a_piece_is_cut_at_the_canvas() -> None:
    curves = Curves()
    area = common(curves.area([UNIT_CIRCLE], disc(0.0, 0.0, 40.0)), rectangle(Rect(0.0, 0.0, 100.0, 100.0)))
    (quarter,) = curves.outline(area, HERE)
    assert len(quarter) == 1 + 3 * 3
    assert points_of((quarter,)).min() > -1e-6


def test_holes_run_the_other_way() -> None:
    curves = Curves()
    outline = curves.outline(less(*(curves.area([UNIT_CIRCLE], disc(0, 0, radius)) for radius in (20.0, 9.0))), HERE)
    areas = [sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(c)) for c in outline]
    assert len(areas) == 2
    assert areas[0] * areas[1] < 0


@pytest.mark.parametrize("angle", [0.0, 0.3, 1.1])
def test_lines_that_are_cut_remain_lines(angle: float) -> None:
    curves, turn = Curves(), Affine(math.cos(angle), -math.sin(angle), 50, math.sin(angle), math.cos(angle), 50)
    square = tuple(
        point
        for one, two in (((-9, -9), (9, -9)), ((9, -9), (9, 9)), ((9, 9), (-9, 9)), ((-9, 9), (-9, -9)))
        for point in ((float(one[0]), float(one[1])), (float(one[0]), float(one[1])), (float(two[0]), float(two[1])))
    )
    area = less(curves.area([(*square, square[0])], turn), curves.area([UNIT_CIRCLE], disc(50, 40, 3)))
    (curve,) = curves.outline(area, turn.inverse())
    corners = [point for point in curve if max(abs(abs(value) - 9) for value in point) < 1e-3]
    assert len(set(corners)) >= 4
