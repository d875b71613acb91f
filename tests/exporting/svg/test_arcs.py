"""Round pieces of curves as arcs."""

from __future__ import annotations

import cmath
import math
from itertools import pairwise

import pytest

from vecstack.exporting.svg.outlines import outline_data
from vecstack.importing.path_data import outline_of_data
from vecstack.kinds.base import Curve

MIDDLE, RADIUS, START = complex(20, 30), 7.3, 0.4


def round_curve(turn: float, count: int) -> Curve:
    """So many cubic pieces of a circle."""
    step = turn / count
    reach = 4j / 3 * math.tan(step / 4)
    points = [MIDDLE + RADIUS * cmath.exp(1j * START)]
    for piece in range(count):
        one, other = (RADIUS * cmath.exp(1j * (START + step * at)) for at in (piece, piece + 1))
        points += [MIDDLE + one * (1 + reach), MIDDLE + other * (1 - reach), MIDDLE + other]
    return tuple((point.real, point.imag) for point in points)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("turn", [0.6, 1.5, 3.0, math.pi - 1e-4, math.pi, math.pi + 1e-4, 3.4, 4.1, 5.0, 6.2])
@pytest.mark.parametrize("decimals", [1, 2, 3])
def test_arcs_are_where_the_pieces_are(turn: float, sign: int, decimals: int) -> None:
    curve = round_curve(sign * turn, math.ceil(turn / 1.6))
    data = outline_data([curve], decimals)
    (drawn,) = outline_of_data(data)
    places = [complex(*point) for point in drawn.points[::3]]
    assert abs(places[-1] - complex(*curve[-1])) < 10**-decimals
    assert all(abs(abs(place - MIDDLE) - RADIUS) < 2 * 10**-decimals + 3e-4 * RADIUS for place in places)
    turned = [cmath.phase((after - MIDDLE) / (place - MIDDLE)) for place, after in pairwise(places)]
    assert sum(turned) == pytest.approx(sign * turn, abs=0.1)
    assert "a" in data or turn < 2


def test_a_circle_is_two_arcs() -> None:
    circle = round_curve(math.tau, 4)
    data = outline_data([(*circle[:-1], circle[0])], 2)
    assert data.count("7.29 7.29") == 2
    assert "c" not in data


def test_pieces_that_turn_the_other_way_are_no_part_of_an_arc() -> None:
    there = round_curve(3.0, 2)
    back = tuple((2 * there[-1][0] - x, 2 * there[-1][1] - y) for x, y in there[-2::-1])
    data = outline_data([there + back], 2)
    assert " 0 0 1-" in data
    assert " 0 0 0-" in data
