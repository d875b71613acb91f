from __future__ import annotations

import numpy as np

from vecstack.kinds.path.graphic.banded import added, folded, solved


def test_neighbours_around_a_closed_outline_are_near_each_other() -> None:
    for count in (1, 2, 7, 8):
        place = folded(count)
        assert sorted(place.tolist()) == list(range(count))
        assert np.abs(place - np.roll(place, 1)).max() <= 2


def test_a_banded_system_is_solved_as_a_full_one_is() -> None:
    generator = np.random.default_rng(0)
    count, band = 9, 3
    rows, columns = np.indices((count, count))
    factor = np.where(np.abs(rows - columns) <= 1, generator.normal(size=(count, count)), 0)
    whole = factor @ factor.T + 0.1 * np.eye(count)
    right = generator.normal(size=count)
    is_near = np.abs(rows - columns) <= band
    halves = [added(rows[is_near], columns[is_near], whole[is_near] / 2, count, band) for _ in range(2)]
    assert np.allclose(solved(sum(halves), right.copy()), np.linalg.solve(whole, right))
