from __future__ import annotations

import pytest
import torch

from vecstack.drawing.points import cells, centres, grid
from vecstack.geometry import Rect

CPU = torch.device("cpu")


def test_centres_are_the_middles_of_equal_cells() -> None:
    assert centres(-3.0, 6.0, 4, CPU).tolist() == [-2.25, -0.75, 0.75, 2.25]


def test_the_centre_of_one_cell_is_the_middle() -> None:
    assert centres(8.25, 41.0, 1, CPU).tolist() == [28.75]


@pytest.mark.parametrize("count", [2, 7, 1000])
def test_centres_are_half_a_cell_from_both_ends_and_a_cell_apart(count: int) -> None:
    places = centres(0.1, 5.3, count, CPU)
    assert places.shape == (count,)
    torch.testing.assert_close(places.diff(), torch.full((count - 1,), 5.3 / count, dtype=torch.float64))
    torch.testing.assert_close(
        places[[0, -1]] - 0.1, torch.tensor([0.5, count - 0.5], dtype=torch.float64) * 5.3 / count
    )


def test_centres_of_a_deep_zoom_are_told_apart() -> None:
    """A billionth of a unit apart near a million, where float32 tells 0.06 apart."""
    places = centres(1e6, 1e-6, 1000, CPU)
    assert places.dtype == torch.float64
    assert bool((places.diff() > 0).all())


def test_a_grid_goes_row_by_row() -> None:
    points = grid(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([10.0, 20.0]))
    assert points.tolist() == [[1, 10], [2, 10], [3, 10], [1, 20], [2, 20], [3, 20]]


def test_a_grid_keeps_its_sides_apart() -> None:
    points = grid(centres(0, 37, 37, CPU), centres(0, 53, 53, CPU)).view(53, 37, 2)
    assert points[50, 30].tolist() == [30.5, 50.5]
    assert points.dtype == torch.float64


def test_cells_of_a_rectangle_have_their_centres_row_by_row() -> None:
    points = cells(Rect(-1.0, 2.0, 6.0, 4.0), 3, 2, CPU)
    assert points.tolist() == [[0, 3], [2, 3], [4, 3], [0, 5], [2, 5], [4, 5]]
    assert points.dtype == torch.float64
