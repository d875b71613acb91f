from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from vecstack.exporting.svg.search import CLOSE, NEAR, ROUNDS, least_place

LOW, HIGH = -8.0, 4.0


class Counted:
    """A quantity that keeps the places that it was computed at."""

    def __init__(self, value: Callable[[float], float]) -> None:
        self._value = value
        self.places: list[float] = []

    def __call__(self, place: float) -> float:
        self.places.append(place)
        return self._value(place)


@pytest.mark.parametrize("start", [LOW, -3.0, HIGH])
@pytest.mark.parametrize("most", [2.0, 30.0, 400.0])
@pytest.mark.parametrize("length", [0.7, 2.0, 5.0])  # over which the quantity falls by a factor of e
def test_the_place_where_an_exponential_is_small_enough_is_found(length: float, most: float, start: float) -> None:
    quantity = Counted(lambda place: 100 * math.exp(-place / length))
    found = least_place(quantity, most, LOW, HIGH, start)
    known = min(max(length * math.log(100 / most), LOW), HIGH)
    assert len(quantity.places) <= ROUNDS
    assert all(LOW <= place <= HIGH for place in quantity.places)
    if known < HIGH:
        assert found in quantity.places
        assert 100 * math.exp(-found / length) <= most
    assert found <= known + max(NEAR, length * -math.log(CLOSE)) + 1e-9


def test_a_quantity_that_falls_in_steps_is_found_small_enough() -> None:
    quantity = Counted(lambda place: float(math.ceil(100 * math.exp(-place))))
    found = least_place(quantity, 7.0, LOW, HIGH, 0.0)
    assert len(quantity.places) <= ROUNDS
    assert quantity(found) <= 7
    assert quantity(found - 4 * NEAR) > 7


def test_a_quantity_that_is_never_small_enough_ends_at_the_high_end() -> None:
    quantity = Counted(lambda _: 100.0)
    assert least_place(quantity, 1.0, LOW, HIGH, 0.0) == HIGH
    assert len(quantity.places) <= ROUNDS


def test_a_quantity_that_is_always_small_enough_ends_at_the_low_end() -> None:
    assert least_place(lambda _: 0.0, 1.0, LOW, HIGH, 0.0) == LOW


def test_a_start_that_is_just_small_enough_takes_one_look() -> None:
    quantity = Counted(lambda place: 10 * math.exp(-place))
    assert least_place(quantity, 10.0, LOW, HIGH, 0.01) == 0.01
    assert quantity.places == [0.01]
