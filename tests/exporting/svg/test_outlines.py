"""Closed curves as short path data."""

from __future__ import annotations

from itertools import pairwise

from vecstack.exporting.svg.outlines import outline_data
from vecstack.kinds.base import Curve


def polygon(*knots: tuple[float, float]) -> Curve:
    """Straight pieces, with handles at thirds."""
    points = [knots[0]]
    for (x0, y0), (x1, y1) in pairwise((*knots, knots[0])):
        points += [((2 * x0 + x1) / 3, (2 * y0 + y1) / 3), ((x0 + 2 * x1) / 3, (y0 + 2 * y1) / 3), (x1, y1)]
    return tuple(points)


def test_straight_pieces_are_lines_and_the_last_one_is_left_to_the_end() -> None:
    assert outline_data([polygon((3, 3), (9, 3), (9, 6), (3, 6))], 1) == "M3 3h6v3h-6z"
    assert outline_data([polygon((0, 0), (3, 1.5), (0, 3))], 1) == "M0 0l3 1.5-3 1.5z"


def test_numbers_that_cannot_be_taken_for_one_are_not_set_apart() -> None:
    curve = ((0.5, -0.5), (1.0, 0.0), (1.5, 12.5), (2.0, 0.5), (0.7, -0.75), (-1.0, 1.0), (0.5, -0.5))
    assert outline_data([curve], 2) == "M.5-.5c.5.5 1 13 1.5 1-1.3-1.25-3 .5-1.5-1z"


def test_a_second_curve_begins_from_where_the_first_one_did() -> None:
    square = polygon((3, 3), (9, 3), (9, 6), (3, 6))
    moved = tuple((x + 10, y - 1) for x, y in square)
    assert outline_data([square, moved], 1) == "M3 3h6v3h-6zm10-1h6v3h-6z"


def test_rounding_does_not_add_up() -> None:
    knots = [(0.26 * step, 0.0) for step in range(101)]
    data = outline_data([polygon(*knots, (26.0, 5.0))], 0)
    steps = data.removeprefix("M0 0h").split("v")[0].split("l")[0].split()
    assert sum(map(int, steps)) == 26


def test_pieces_that_are_shorter_than_the_last_decimal_are_left_out() -> None:
    assert outline_data([polygon((0, 0), (0.01, 0), (5, 0), (5, 5.04), (5, 5.0))], 1) == "M0 0h5v5z"


def test_a_handle_beyond_the_end_is_no_line() -> None:
    curve = ((0.0, 0.0), (2.0, 0.0), (4.0, 0.0), (3.0, 0.0), (3.0, 1.0), (1.0, 1.0), (0.0, 0.0))
    assert outline_data([curve], 0) == "M0 0c2 0 4 0 3 0 0 1-2 1-3 0z"
