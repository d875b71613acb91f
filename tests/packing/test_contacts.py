from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import linprog

from tests.packing.shapes import HOOK, box, disc, star
from tests.packing.test_image import laid_out
from vecstack.packing.options import Packing
from vecstack.packing.patch import Patcher
from vecstack.packing.programme import maximised


def test_a_programme_is_solved_as_scipy_solves_it() -> None:
    random = np.random.default_rng(0)
    slots = np.stack([random.integers(0, 5, 40), random.integers(-1, 5, 40)], 1)
    slots[slots[:, 0] == slots[:, 1], 1] = -1
    slope = random.normal(size=(40, 8))
    slope[slots[:, 1] < 0, 4:] = 0
    room, worth, high = random.uniform(0, 0.3, 40), random.uniform(0, 1, 20), np.full(20, 0.3)
    rows = np.zeros((40, 20))
    for row, (first, second), values in zip(rows, slots, slope, strict=True):
        row[4 * first : 4 * first + 4] += values[:4]
        if second >= 0:
            row[4 * second : 4 * second + 4] += values[4:]
    best = linprog(-worth, -rows, room, bounds=(-0.3, 0.3))
    found = maximised(worth, slots, slope, room, -high, high)
    assert worth @ found == pytest.approx(-best.fun, rel=1e-3)
    assert (rows @ found + room).min() > -1e-5


def test_distances_change_as_their_rows_say() -> None:
    layout, terms = laid_out([(box(1, 1),), HOOK], Packing())
    layout.placed[:] = True
    poses = np.array([[-0.21, 0.03, 0.2, math.log(0.3)], [0.21, 0, 0.1, math.log(0.3)]])
    layout.put(np.arange(2), poses)
    patcher, both = Patcher(layout, terms), np.arange(2)
    size = np.exp(layout.pose[:, 3]) * layout.radius

    def rows() -> tuple[np.ndarray, ...]:
        return tuple(part.copy() for part in patcher._contacts(both, size, np.ones((2, 4)), 0.4))

    slots, slope, room = rows()
    change = np.array([[1e-6, -2e-6, 3e-6, 1e-6], [2e-6, 1e-6, -1e-6, 2e-6]])
    pose = poses + change / np.column_stack([np.ones((2, 2)), size, size])
    layout.put(both, pose)
    moved = rows()[2]
    between = (slots >= 0).all(1)
    told = [float(values[:4] @ change[i] + values[4:] @ change[j]) for values, (i, j) in zip(slope, slots, strict=True)]
    assert between.sum() >= 4
    assert np.allclose((moved - room)[between], np.array(told)[between], atol=1e-9)


@pytest.mark.parametrize(
    ("x", "scale", "padding", "touched"),
    [
        (0.0, 0.05, 0.0, None),  # in the hole of the ring
        (0.0, 0.05, 0.2, 0),  # too near to its edge
        (0.13, 0.05, 0.0, 0),  # across its edge
        (0.11, 0.001, 0.0, 0),  # wholly in its band
        (0.4, 0.1, 0.0, None),  # beside it
        (0.56, 0.1, 0.0, 2),  # across the wall
        (5.0, 0.1, 0.0, 2),  # outside
    ],
)
def test_what_touches_is_told(x: float, scale: float, padding: float, touched: int | None) -> None:
    layout, terms = laid_out([(box(4, 4), box(3, 3, 0.5, 0.5)), (disc(),)], Packing(padding=padding * 34.64))
    layout.placed[:] = True
    layout.put(np.arange(2), np.array([[0, 0, 0, math.log(0.17)], [x, 0, 0, math.log(scale)]]))
    assert Patcher(layout, terms).touched(1) == touched


def test_a_step_lets_items_grow_until_they_meet() -> None:
    layout, terms = laid_out([(star(),), (disc(),)], Packing(scales=(0.1, 2.0)))
    layout.placed[:] = True
    layout.put(np.arange(2), np.array([[-0.25, 0.02, 0.1, math.log(0.3)], [0.25, 0, 0.3, math.log(0.3)]]))
    patcher = Patcher(layout, terms)
    patcher.steps(np.arange(2), [0.05] * 6 + [0.01] * 3 + [0.003] * 3)
    assert patcher.is_free(np.arange(2))
    assert layout.areas().sum() > 0.4


@pytest.mark.parametrize("overlap", [0.0, 0.01, 0.03])
def test_equal_boxes_whose_corners_line_up_part(overlap: float) -> None:
    layout, terms = laid_out([(box(2, 1),)] * 2, Packing(scales=(0.1, 2.0)))
    layout.placed[:] = True
    width = 0.2 * math.sqrt(2)
    poses = np.array([[(overlap - width) / 2, 0, 0, math.log(0.2)], [(width - overlap) / 2, 0, 0, math.log(0.2)]])
    layout.put(np.arange(2), poses)
    Patcher(layout, terms).steps(np.arange(2), [0.02] * 8 + [0.005] * 3)
    assert Patcher(layout, terms).is_free(np.arange(2))
    assert layout.areas().sum() > 0.2
