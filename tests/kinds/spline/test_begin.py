from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from vecstack.composite import over
from vecstack.document.file import dumps, load
from vecstack.drawing.points import cells
from vecstack.geometry import Affine, Rect
from vecstack.kinds.spline.begin import begin
from vecstack.kinds.spline.kind import KIND
from vecstack.kinds.spline.layer import SplineLayer
from vecstack.kinds.spline.shade import shader
from vecstack.stack import Canvas, Stack

CPU = torch.device("cpu")


def disc(rect: Rect, rows: int, columns: int, x: float, y: float, radius: float) -> Tensor:
    """Which cells of a rectangle are in a disc: [rows,columns], 0 or 1."""
    distance = (cells(rect, columns, rows, CPU) - torch.tensor([x, y])).square().sum(1).sqrt()
    return (distance < radius).float().view(rows, columns)


def painted(shape: Tensor, color: tuple[float, float, float], canvas: Tensor) -> Tensor:
    return over(canvas, torch.tensor(color)[:, None, None], shape[None])


def drawn_over(layer: SplineLayer, inside: Rect, canvas: Tensor) -> tuple[Tensor, Tensor]:
    """The canvas [3,H,W] with the layer on it, and the layer's mask [H,W]."""
    rows, columns = canvas.shape[1:]
    alphas, colors = shader([layer], CPU)(cells(inside, columns, rows, CPU), 1.0)
    return over(canvas.flatten(1), colors[0].T, alphas[0]).view_as(canvas), alphas[0].view(rows, columns)


WINDOWS = {
    "within": (Rect(10.0, 20.0, 24.0, 24.0), Rect(10.0, 20.0, 24.0, 24.0), (24, 24)),
    "over the corner": (Rect(-8.0, -8.0, 32.0, 32.0), Rect(0.0, 0.0, 24.0, 24.0), (24, 24)),
    "over the right edge": (Rect(21.0, 10.0, 32.0, 32.0), Rect(21.0, 10.0, 16.0, 32.0), (32, 16)),
    "in coarse cells": (Rect(0.0, 0.0, 37.0, 53.0), Rect(0.0, 0.0, 37.0, 53.0), (26, 18)),
}


@pytest.mark.parametrize(("window", "inside", "sides"), WINDOWS.values(), ids=WINDOWS)
def test_a_layer_begins_closer_to_the_picture(window: Rect, inside: Rect, sides: tuple[int, int]) -> None:
    canvas = torch.full((3, *sides), 0.3)
    middle = inside.x + inside.width / 2, inside.y + inside.height / 2
    shape = disc(inside, *sides, middle[0] + 1, middle[1] - 2, 0.3 * min(inside.width, inside.height))
    target = painted(shape, (0.9, 0.2, 0.1), canvas)
    layer = KIND.begin("new", window, inside, target, canvas)
    assert (layer.id, layer.transform, layer.window) == ("new", Affine.of_frame(window), 0.3)
    assert layer.color == pytest.approx((0.9, 0.2, 0.1), abs=0.02)
    drawn, mask = drawn_over(layer, inside, canvas)
    assert float((target - drawn).square().sum()) < 0.8 * float((target - canvas).square().sum())
    assert float(mask[shape == 1].mean()) > 2 * float(mask[shape == 0].mean())
    assert load(dumps(Stack(Canvas(37, 53), (layer,)))).layers == (layer,)


@pytest.mark.parametrize(("x", "y"), [(15.0, 26.0), (28.0, 26.0), (15.0, 38.0), (28.0, 38.0)])
def test_a_layer_begins_where_the_picture_wants_it(x: float, y: float) -> None:
    window = Rect(10.0, 20.0, 24.0, 24.0)
    canvas = torch.zeros(3, 24, 24)
    layer = KIND.begin("new", window, window, painted(disc(window, 24, 24, x, y, 3.0), (1.0, 1.0, 0.0), canvas), canvas)
    _, mask = drawn_over(layer, window, canvas)
    row, column = divmod(int(mask.argmax()), 24)
    assert (column + 10.5, row + 20.5) == pytest.approx((x, y), abs=3)


def test_a_layer_begins_in_the_colour_that_most_of_the_error_wants() -> None:
    window = Rect(0.0, 0.0, 32.0, 32.0)
    canvas = torch.full((3, 32, 32), 0.5)
    target = painted(disc(window, 32, 32, 13.0, 16.0, 7.0), (1.0, 0.0, 0.0), canvas)
    target = painted(disc(window, 32, 32, 26.0, 16.0, 2.0), (0.0, 0.0, 1.0), target)
    assert KIND.begin("new", window, window, target, canvas).color == pytest.approx((1.0, 0.0, 0.0), abs=0.05)


def test_a_layer_where_nothing_is_missing_begins_faint() -> None:
    window = Rect(0.0, 0.0, 20.0, 20.0)
    canvas = torch.rand(3, 20, 20, generator=torch.Generator().manual_seed(1)) * 0.5 + 0.5
    layer = KIND.begin("new", window, window, canvas, canvas)
    _, mask = drawn_over(layer, window, canvas)
    assert float(mask.max()) < 0.5
    dark = torch.zeros(3, 20, 20)
    assert KIND.begin("new", window, window, dark, dark).color == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("window", "inside", "sides", "expected"),
    [
        (Rect(0, 0, 16, 16), Rect(0, 0, 16, 16), (16, 16), (8, 8)),
        (Rect(0, 0, 64, 64), Rect(0, 0, 64, 64), (64, 64), (16, 16)),  # no more than 16
        (Rect(0, 0, 4, 4), Rect(0, 0, 4, 4), (4, 4), (4, 4)),  # no fewer than 4
        (Rect(-8, 0, 16, 16), Rect(0, 0, 8, 16), (16, 8), (8, 8)),  # of the whole window, not of its part
        (Rect(0, 0, 12, 24), Rect(0, 0, 12, 24), (24, 12), (12, 6)),
        (Rect(0, 0, 48, 48), Rect(0, 0, 48, 1), (1, 24), (16, 12)),  # a part of one row
    ],
)
def test_a_surface_has_a_control_value_for_every_other_cell(
    window: Rect, inside: Rect, sides: tuple[int, int], expected: tuple[int, int]
) -> None:
    target = torch.rand(3, *sides, generator=torch.Generator().manual_seed(2))
    surface, color = begin(window, inside, target, torch.zeros(3, *sides))
    assert np.array(surface).shape == expected
    assert np.isfinite(np.array(surface)).all()
    assert all(0 <= value <= 1 for value in color)


def test_the_same_window_begins_the_same_layer() -> None:
    window, inside, sides = WINDOWS["over the corner"]
    target = torch.rand(3, *sides, generator=torch.Generator().manual_seed(3))
    layers = [KIND.begin("new", window, inside, target, target * 0.5) for _ in range(2)]
    assert layers[0] == layers[1]
