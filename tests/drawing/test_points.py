from __future__ import annotations

import pytest
import torch

from tests.helpers import HEIGHT, WIDTH
from vecstack.drawing.points import Grid, cell_counts, cells, centres, grid
from vecstack.geometry import Rect
from vecstack.stack import Canvas

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


CANVAS = Canvas(WIDTH, HEIGHT, (0.9, 0.4, 0.1))


def test_boxes_are_parts_of_what_lies_over_the_grid() -> None:
    points = Grid.over(CANVAS.rect, 37, 53, CPU)
    every = points.box(None)
    box, other = points.box(Rect(2.5, 3.0, 4.0, 1.0)), points.box(Rect(8.0, 40.0, 3.0, 99.0))
    values = torch.arange(37 * 53).view(53, 37)
    assert (every.count, box.count, other.count) == (37 * 53, 5, 3 * 13)
    assert every.of(values).equal(values)
    assert box.of(values).tolist() == [[3 * 37 + x for x in range(2, 7)]]  # points on its edges are in it
    assert points.part(box).points.equal(points.points[box.of(values).flatten()])
    assert box.hull(other) == other.hull(box) == points.box(Rect(2.5, 3.5, 8.0, 49.0))
    assert points.box(Rect(-9.0, -9.0, 3.0, 3.0)).count == points.box(Rect(50.0, 1.0, 3.0, 3.0)).count == 0


@pytest.mark.parametrize(
    ("width", "height", "count", "expected"),
    [
        (37, 53, 37 * 53, (37, 53)),
        (37, 53, 10**6, (37, 53)),  # each a pixel at the least
        (37, 53, 1, (1, 1)),
        (4000, 1000, 4096, (128, 32)),
        (1, 10**6, 4096, (1, 4096)),
        (10**6, 1, 4096, (4096, 1)),
    ],
)
def test_cells_are_counted_to_be_nearly_square(width: int, height: int, count: int, expected: tuple[int, int]) -> None:
    assert cell_counts(width, height, count) == expected
