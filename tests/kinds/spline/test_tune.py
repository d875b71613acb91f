from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from vecstack.composite import over
from vecstack.document.file import dumps, load
from vecstack.geometry import Affine, Rect
from vecstack.kinds.base import Slopes
from vecstack.kinds.spline.begin import begin
from vecstack.kinds.spline.kind import KIND
from vecstack.kinds.spline.layer import GAIN, SplineLayer
from vecstack.kinds.spline.shade import shader
from vecstack.kinds.spline.tune import SplineTunable
from vecstack.stack import Canvas, Stack

CPU = torch.device("cpu")
WHOLE = Affine.of_frame(Rect(0, 0, 37, 53))
TURNED = Affine(9.0, -4.0, 21.5, 6.0, 14.0, 25.25)


def both(slopes: Slopes) -> tuple[torch.Tensor, torch.Tensor]:
    return slopes.alpha, slopes.by_alpha


def make_layers(rows: int = 5, columns: int = 7) -> tuple[SplineLayer, ...]:
    """Three layers of one family: on the whole canvas, turned, and in a corner with a wide window."""
    rng = np.random.default_rng(rows)

    def layer(name: str, **fields: Any) -> SplineLayer:
        color = tuple(rng.random(3).round(4).tolist())
        surface = tuple(map(tuple, (3 * rng.normal(size=(rows, columns))).round(2).tolist()))
        return SplineLayer(
            **{"id": name, "transform": WHOLE, "color": color, "surface": surface, "window": 0.3} | fields
        )

    corner = Affine.of_frame(Rect(5.0, 3.0, 20.0, 31.0))
    return (
        layer("whole", extra={"note": 1}),
        layer("turned", transform=TURNED, opacity=0.5),
        layer("corner", transform=corner, window=1.0),
    )


@pytest.fixture
def points() -> Tensor:
    """Points on the canvas and around it [120,2], float64."""
    return torch.tensor(np.random.default_rng(2).uniform(-5, 58, (120, 2)))


@pytest.fixture
def tunable() -> SplineTunable:
    return SplineTunable(make_layers(), CPU)


def test_numbers_are_those_of_the_layers(tunable: SplineTunable) -> None:
    assert tunable.shapes.shape == (3, 35)
    for layer, shape, color in zip(make_layers(), tunable.shapes, tunable.colors, strict=True):
        torch.testing.assert_close((shape * GAIN).view(5, 7), torch.tensor(layer.surface))
        assert color.tolist() == pytest.approx(layer.color)
    assert tunable.shared == ()


@pytest.mark.parametrize(("rows", "columns"), [(5, 7), (4, 4), (16, 5)])
def test_masks_are_what_the_layers_draw(points: Tensor, rows: int, columns: int) -> None:
    layers = make_layers(rows, columns)
    tuned = SplineTunable(layers, CPU)
    masks = tuned.shade(tuned.shapes, points, 1.0)[0]
    torch.testing.assert_close(masks, shader(layers, CPU)(points, 1.0)[0], atol=2e-6, rtol=0)
    assert bool((masks.std(1) > 0.02).all())


def test_slopes_are_the_gradients_of_the_masks(tunable: SplineTunable, points: Tensor) -> None:
    masks, slopes = both(tunable.slopes(tunable.shapes, points, 1.0))
    assert slopes.shape == (3, 35, 120)
    assert masks.equal(tunable.shade(tunable.shapes, points, 1.0)[0])
    by_autograd = torch.autograd.functional.jacobian(
        lambda shapes: tunable.shade(shapes, points, 1.0)[0], tunable.shapes
    )
    for index in range(3):
        torch.testing.assert_close(slopes[index].T, by_autograd[index, :, index], atol=1e-6, rtol=1e-5)


def test_slopes_are_what_small_changes_make(tunable: SplineTunable, points: Tensor) -> None:
    _, slopes = both(tunable.slopes(tunable.shapes, points, 1.0))
    step = 0.01
    for number in range(0, 35, 4):
        change = torch.zeros(35)
        change[number] = step
        after, before = (tunable.shade(tunable.shapes + sign * change, points, 1.0)[0] for sign in (1, -1))
        # Off by float32's rounding over twice the step, and by a sixth of the third derivative times step squared.
        torch.testing.assert_close(slopes[:, number], (after - before) / (2 * step), atol=2e-4, rtol=0)


def test_a_mask_depends_on_its_own_row_alone(tunable: SplineTunable, points: Tensor) -> None:
    before = tunable.shade(tunable.shapes, points, 1.0)[0]
    shapes = tunable.shapes.clone()
    shapes[1] += 1
    after = tunable.shade(shapes, points, 1.0)[0]
    assert after[[0, 2]].equal(before[[0, 2]])
    assert not after[1].equal(before[1])


def test_slopes_carry_no_gradient(tunable: SplineTunable, points: Tensor) -> None:
    shapes = tunable.shapes.clone().requires_grad_()
    assert tunable.shade(shapes, points, 1.0)[0].requires_grad
    assert not any(result.requires_grad for result in both(tunable.slopes(shapes, points, 1.0)))


def test_other_points_give_other_masks(tunable: SplineTunable, points: Tensor) -> None:
    """What is kept of the points last asked for serves them alone."""
    first = tunable.shade(tunable.shapes, points, 1.0)[0]
    moved = tunable.shade(tunable.shapes, points + 0.5, 1.0)[0]
    assert moved.equal(SplineTunable(make_layers(), CPU).shade(tunable.shapes, points + 0.5, 1.0)[0])
    assert not moved.equal(first)
    assert tunable.slopes(tunable.shapes, points, 1.0).alpha.equal(first)
    torch.testing.assert_close(tunable.shade(tunable.shapes, points.clone()[:7], 1.0)[0], first[:, :7])


def test_layers_come_back_as_they_were(tunable: SplineTunable) -> None:
    layers, assets = tunable.layers(tunable.shapes, tunable.colors)
    assert layers == make_layers()
    assert assets == {}


def test_layers_have_the_numbers_that_were_tuned(points: Tensor, tunable: SplineTunable) -> None:
    generator = torch.Generator().manual_seed(4)
    shapes = tunable.shapes + torch.randn(tunable.shapes.shape, generator=generator)
    colors = torch.rand(3, 3, generator=generator)
    layers, _ = tunable.layers(shapes, colors)
    alphas, drawn = shader(layers, CPU)(points, 1.0)
    # A control value is kept to 0.005, the sigmoid's steepest slope is a quarter; a colour is kept to four digits.
    torch.testing.assert_close(alphas, tunable.shade(shapes, points, 1.0)[0], atol=0.005 / 4 + 1e-6, rtol=0)
    torch.testing.assert_close(drawn[:, 0], colors, atol=5.1e-5, rtol=0)
    for old, new in zip(make_layers(), layers, strict=True):
        assert dataclasses.replace(new, surface=old.surface, color=old.color) == old
    stack = Stack(Canvas(37, 53), layers)
    assert load(dumps(stack)) == stack


def test_numbers_that_ran_away_still_give_layers(tunable: SplineTunable) -> None:
    layers, _ = tunable.layers(tunable.shapes * 1e9, tunable.colors)
    assert {abs(value) for layer in layers for row in layer.surface for value in row} <= {0.0, 1e6}


# How a layer begins


def centres(rect: Rect, rows: int, columns: int) -> Tensor:
    """Centres of the cells that fill a rectangle, row by row: [P,2], float64."""
    x = rect.x + (torch.arange(columns, dtype=torch.float64) + 0.5) * rect.width / columns
    y = rect.y + (torch.arange(rows, dtype=torch.float64) + 0.5) * rect.height / rows
    return torch.stack([x.repeat(rows), y.repeat_interleave(columns)], 1)


def disc(rect: Rect, rows: int, columns: int, x: float, y: float, radius: float) -> Tensor:
    """Which cells of a rectangle are in a disc: [rows,columns], 0 or 1."""
    distance = (centres(rect, rows, columns) - torch.tensor([x, y])).square().sum(1).sqrt()
    return (distance < radius).float().view(rows, columns)


def painted(shape: Tensor, color: tuple[float, float, float], canvas: Tensor) -> Tensor:
    return over(canvas, torch.tensor(color)[:, None, None], shape[None])


def drawn_over(layer: SplineLayer, inside: Rect, canvas: Tensor) -> tuple[Tensor, Tensor]:
    """The canvas [3,H,W] with the layer on it, and the layer's mask [H,W]."""
    rows, columns = canvas.shape[1:]
    alphas, colors = shader([layer], CPU)(centres(inside, rows, columns), 1.0)
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
