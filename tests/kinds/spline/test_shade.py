from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from vecstack.geometry import Affine, Rect
from vecstack.kinds.frame import window_bump
from vecstack.kinds.spline.layer import SplineLayer
from vecstack.kinds.spline.shade import basis, grid_shader, shader

CPU = torch.device("cpu")
WHOLE = Affine.of_frame(Rect(0, 0, 37, 53))
UNIT = Affine(1.0, 0.0, 0.0, 0.0, 1.0, 0.0)  # canvas units are those of the frame
SHARP = 1e-6  # a window that is 1 all but at the very edge


def make_layer(surface: Any, **fields: Any) -> SplineLayer:
    rows = tuple(map(tuple, np.asarray(surface, dtype=float).tolist()))
    return SplineLayer(
        **{"id": "a", "transform": WHOLE, "color": (0.1, 0.2, 0.3), "surface": rows, "window": 0.4} | fields
    )


def random_layer(seed: int, rows: int, columns: int, **fields: Any) -> SplineLayer:
    return make_layer(4 * np.random.default_rng(seed).normal(size=(rows, columns)), **fields)


def centres(count: int) -> np.ndarray:
    """Where the control values are along a side, by the text of the format."""
    return -1 + (np.arange(count) - 1) * (2 / (count - 3))


def heights(surface: Any, points: torch.Tensor) -> torch.Tensor:
    """The surface's height at points of the frame [P,2]: what the mask's sigmoid is of."""
    (alpha,), _ = shader([make_layer(surface, transform=UNIT, window=SHARP)], CPU)(points, 1.0)
    return torch.logit(alpha)


@pytest.fixture
def local() -> torch.Tensor:
    """Points of the frame [300,2], float64."""
    return torch.tensor(np.random.default_rng(1).uniform(-0.999, 0.999, (300, 2)))


@pytest.fixture
def points() -> torch.Tensor:
    """Points on the canvas and around it [300,2], float64."""
    return torch.tensor(np.random.default_rng(2).uniform(-10, 60, (300, 2)))


@pytest.mark.parametrize("count", [4, 5, 9, 64])
def test_weights_sum_to_1_and_few_of_them_count(count: int) -> None:
    weights = basis(torch.linspace(-1, 1, 501, dtype=torch.float64), count)
    assert weights.shape == (501, count)
    torch.testing.assert_close(weights.sum(1), torch.ones(501, dtype=torch.float64))
    assert float(weights.min()) >= 0
    assert int((weights > 0).sum(1).max()) <= 4


def test_weights_are_those_of_a_cubic_spline_at_its_knots() -> None:
    weights = basis(torch.tensor([-1.0, 1.0]), 5)
    torch.testing.assert_close(weights[0], torch.tensor([1.0, 4.0, 1.0, 0.0, 0.0]) / 6)
    torch.testing.assert_close(weights[1], torch.tensor([0.0, 0.0, 1.0, 4.0, 1.0]) / 6)


def test_weights_are_smooth() -> None:
    """The second derivative has no jump: its steps are as small as the third derivative, at most 3, makes them."""
    step = 1e-3
    weights = basis(torch.arange(-1, 1, step, dtype=torch.float64), 7)
    third = weights.diff(dim=0, n=3) / step**3 * 0.5**3  # by the distance in control values, which are 0.5 apart
    assert float(third.abs().max()) < 3 * 1.01


@pytest.mark.parametrize("value", [-3.0, 0.0, 2.5])
def test_equal_control_values_give_an_even_mask(local: torch.Tensor, value: float) -> None:
    torch.testing.assert_close(heights(np.full((4, 9), value), local), torch.full((300,), value), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("rows", "columns"), [(4, 4), (5, 8), (12, 6)])
def test_a_slope_of_control_values_is_a_slope_of_the_surface(local: torch.Tensor, rows: int, columns: int) -> None:
    across, down = np.tile(centres(columns), (rows, 1)), np.tile(centres(rows)[:, None], (1, columns))
    expected = (3 * local[:, 0] - 2 * local[:, 1] + 0.5).float()
    torch.testing.assert_close(heights(3 * across - 2 * down + 0.5, local), expected, atol=1e-4, rtol=0)


def test_a_parabola_is_kept_but_for_what_smoothing_adds(local: torch.Tensor) -> None:
    """A cubic B-spline lifts the parabola of its control values by a third of their distance, squared."""
    surface = np.tile(centres(8) ** 2, (5, 1))
    expected = (local[:, 0] ** 2 + (2 / 5) ** 2 / 3).float()
    torch.testing.assert_close(heights(surface, local), expected, atol=1e-4, rtol=0)


def test_the_first_row_is_at_the_top_and_the_first_column_at_the_left() -> None:
    corners = torch.tensor([[2.0, 2.0], [35.0, 2.0], [2.0, 51.0], [35.0, 51.0]], dtype=torch.float64)
    for corner, (row, column) in enumerate([(0, 0), (0, 4), (3, 0), (3, 4)]):
        surface = np.full((4, 5), -5.0)
        surface[[row, 1 if row == 0 else 2], column] = surface[1 if row == 0 else 2, 1 if column == 0 else 3] = 9.0
        (alpha,), _ = shader([make_layer(surface, window=0.05)], CPU)(corners, 1.0)
        assert int(alpha.argmax()) == corner


def test_the_mask_is_the_surface_times_the_window(local: torch.Tensor) -> None:
    layer = random_layer(3, 6, 5, transform=UNIT, window=0.7)
    (alpha,), _ = shader([layer], CPU)(local, 1.0)
    bump = window_bump(local.float(), 0.7)
    torch.testing.assert_close(alpha, torch.sigmoid(heights(layer.surface, local)) * bump, atol=1e-5, rtol=0)


def test_nothing_is_covered_outside_the_frame_or_on_its_edge() -> None:
    outside = torch.tensor([[-1.0, 0.3], [1.0, 0.3], [0.3, -1.0], [0.3, 1.0], [1.01, 0.0], [0.0, -7.0], [1e5, 1e5]])
    for window in (SHARP, 0.3, 1.0):
        layer = make_layer(np.full((5, 5), 9.0), transform=UNIT, window=window)
        alphas, _ = shader([layer], CPU)(outside.double(), 1.0)
        assert alphas.tolist() == [[0.0] * len(outside)]


def test_no_point_sees_another(points: torch.Tensor) -> None:
    shade = shader([random_layer(4, 7, 6), random_layer(5, 4, 9, window=1.0)], CPU)
    together, _ = shade(points, 1.0)
    alone = torch.cat([shade(point[None], 3.0)[0] for point in points[:40]], 1)
    torch.testing.assert_close(alone, together[:, :40], atol=1e-6, rtol=0)
    torch.testing.assert_close(shade(points.flip(0), 1.0)[0].flip(1), together, atol=1e-6, rtol=0)


def test_layers_of_any_sizes_are_shaded_together_as_alone(points: torch.Tensor) -> None:
    turned = Affine(9.0, -4.0, 21.5, 6.0, 14.0, 25.25)
    layers = [
        random_layer(6, 4, 4),
        random_layer(7, 9, 16, color=(0.9, 0.5, 0.0), transform=turned),
        random_layer(8, 64, 64, window=1.0),
    ]
    alphas, colors = shader(layers, CPU)(points, 1.0)
    assert (alphas.shape, colors.shape) == ((3, 300), (3, 300, 3))
    assert (alphas.dtype, colors.dtype) == (torch.float32, torch.float32)
    for layer, alpha, color in zip(layers, alphas, colors, strict=True):
        assert shader([layer], CPU)(points, 1.0)[0][0].equal(alpha)
        assert color.equal(torch.tensor([layer.color]).expand(300, 3))
        assert float(alpha.std()) > 0.02  # there is something to see


def test_the_largest_control_values_give_masks_of_0_to_1(points: torch.Tensor) -> None:
    surface = np.random.default_rng(9).choice([-1e6, 1e6], (8, 8))
    alphas, _ = shader([make_layer(surface)], CPU)(points, 1.0)
    assert torch.isfinite(alphas).all()
    assert (float(alphas.min()), float(alphas.max())) == (0.0, 1.0)


def test_points_beside_every_layer_are_not_covered() -> None:
    shade = shader([random_layer(10, 5, 5), random_layer(11, 4, 8)], CPU)
    alphas, colors = shade(torch.full((9, 2), 500.0, dtype=torch.float64), 1.0)
    assert alphas.equal(torch.zeros(2, 9))
    assert colors.shape == (2, 9, 3)


def test_neighbours_differ_far_from_the_origin() -> None:
    """A canvas a million units wide still tells points a thousandth of a unit apart."""
    surface = np.tile(centres(6), (4, 1))
    shade = shader([make_layer(surface, transform=Affine.of_frame(Rect(999_990, 0, 10, 10)))], CPU)
    x = 999_995 + torch.arange(4, dtype=torch.float64) / 1000
    (alpha,), _ = shade(torch.stack([x, torch.full_like(x, 5.0)], 1), 0.001)
    assert bool((alpha.diff() > 0).all())


# On a grid


def by_points(layer: SplineLayer, xs: torch.Tensor, ys: torch.Tensor) -> torch.Tensor:
    """The mask at the points of a grid, point by point: [H,W]."""
    points = torch.stack([xs.repeat(len(ys)), ys.repeat_interleave(len(xs))], 1)
    (alpha,), _ = shader([layer], CPU)(points, 1.0)
    return alpha.view(len(ys), len(xs))


@pytest.mark.parametrize(
    "transform",
    [
        WHOLE,
        Affine(-18.5, 0.0, 18.5, 0.0, 26.5, 26.5),  # mirrored left to right
        Affine(18.5, 0.0, 18.5, 0.0, -26.5, 26.5),  # upside down
        Affine(-12.0, 0.0, 10.0, 0.0, -7.0, 40.0),  # turned by half, partly off the canvas
    ],
)
@pytest.mark.parametrize(("rows", "columns"), [(4, 4), (5, 9), (12, 6), (64, 64)])
def test_a_grid_gives_what_its_points_give(transform: Affine, rows: int, columns: int) -> None:
    layer = random_layer(rows, rows, columns, transform=transform, window=0.6)
    xs, ys = torch.linspace(-4, 41, 71, dtype=torch.float64), torch.linspace(-6, 60, 43, dtype=torch.float64)
    shade = grid_shader(layer, CPU)
    assert shade is not None
    alpha, color = shade(xs, ys, 1.0)
    assert (alpha.shape, alpha.dtype, color.tolist()) == ((43, 71), torch.float32, pytest.approx([0.1, 0.2, 0.3]))
    torch.testing.assert_close(alpha, by_points(layer, xs, ys), atol=1e-5, rtol=0)
    assert float(alpha.std()) > 0.05  # there is something to see


@pytest.mark.parametrize("window", [SHARP, 0.3, 1.0])
def test_a_grid_outside_the_frame_or_on_its_edge_is_not_covered(window: float) -> None:
    shade = grid_shader(make_layer(np.full((5, 6), 9.0), transform=UNIT, window=window), CPU)
    assert shade is not None
    places = torch.tensor([-1e5, -7.0, -1.01, -1.0, 0.0, 1.0, 1.01, 7.0, 1e5], dtype=torch.float64)
    alpha, _ = shade(places, places, 1.0)
    assert alpha.count_nonzero() == 1
    assert float(alpha[4, 4]) > 0.99


def test_a_grid_of_one_row_or_column_is_a_part_of_a_larger_one() -> None:
    shade = grid_shader(random_layer(3, 6, 9), CPU)
    assert shade is not None
    xs, ys = torch.linspace(1, 36, 20, dtype=torch.float64), torch.linspace(1, 52, 30, dtype=torch.float64)
    alpha, _ = shade(xs, ys, 1.0)
    torch.testing.assert_close(shade(xs, ys[7:8], 1.0)[0], alpha[7:8], atol=1e-6, rtol=0)
    torch.testing.assert_close(shade(xs[5:6], ys, 3.0)[0], alpha[:, 5:6], atol=1e-6, rtol=0)


def test_neighbours_in_a_grid_differ_far_from_the_origin() -> None:
    shade = grid_shader(
        make_layer(np.tile(centres(6), (4, 1)), transform=Affine.of_frame(Rect(999_990, 0, 10, 10))), CPU
    )
    assert shade is not None
    xs = 999_995 + torch.arange(4, dtype=torch.float64) / 1000
    alpha, _ = shade(xs, torch.tensor([5.0], dtype=torch.float64), 0.001)
    assert bool((alpha.diff() > 0).all())


@pytest.mark.parametrize(
    "transform",
    [
        Affine(9.0, -4.0, 21.5, 6.0, 14.0, 25.25),
        Affine(9.0, 4.0, 21.5, 0.0, 14.0, 25.25),  # skewed along the rows
        Affine(9.0, 0.0, 21.5, 3.0, 14.0, 25.25),  # and along the columns
        Affine(0.0, 9.0, 21.5, -14.0, 0.0, 25.25),  # turned by a quarter
    ],
)
def test_turned_and_skewed_layers_have_no_grid_of_their_own(transform: Affine) -> None:
    assert grid_shader(random_layer(4, 5, 6, transform=transform), CPU) is None


def plane(softness: float) -> SplineLayer:
    """A surface that rises by 1 for a canvas unit along (0.6, 0.8), and is 0 at the middle of the canvas."""
    across, down = centres(7) * 18.5, centres(9)[:, None] * 26.5
    return make_layer(0.6 * across + 0.8 * down, window=SHARP, softness=softness)


def away(points: torch.Tensor) -> torch.Tensor:
    """How far points of the canvas are behind the edge of that plane."""
    return ((points - torch.tensor([18.5, 26.5])) @ torch.tensor([0.6, 0.8], dtype=torch.float64)).float()


def inner(points: torch.Tensor) -> torch.Tensor:
    return points[((points > 1) & (points < torch.tensor([36.0, 52.0]))).all(1)]


@pytest.mark.parametrize("footprint", [0.1, 1.0, 8.0])
def test_a_hard_edge_covers_the_share_of_a_pixel_that_lies_behind_it(points: torch.Tensor, footprint: float) -> None:
    points = inner(points)
    (alpha,), _ = shader([plane(0.0)], CPU)(points, footprint)
    torch.testing.assert_close(alpha, (0.5 + away(points) / footprint).clamp(0, 1), atol=1e-4, rtol=0)


@pytest.mark.parametrize(("softness", "footprint"), [(4.0, 0.01), (4.0, 3.0), (0.5, 1.0)])
def test_a_soft_edge_fades_over_its_softness_and_the_pixel(
    points: torch.Tensor, softness: float, footprint: float
) -> None:
    points = inner(points)
    (alpha,), _ = shader([plane(softness)], CPU)(points, footprint)
    t = (0.5 + away(points) / (1.5 * (softness**2 + footprint**2) ** 0.5)).clamp(0, 1)
    torch.testing.assert_close(alpha, t**2 * (3 - 2 * t), atol=1e-4, rtol=0)


def test_a_softness_of_4_is_within_a_sixteenth_of_the_sigmoid(local: torch.Tensor) -> None:
    surface = 4 * np.random.default_rng(4).normal(size=(6, 6))
    drawn = [
        shader([make_layer(surface, transform=UNIT, softness=softness)], CPU)(local, 1e-3)[0]
        for softness in (None, 4.0)
    ]
    assert float((drawn[0] - drawn[1]).abs().max()) < 1 / 16


def test_a_level_surface_without_softness_is_half_covered_at_its_edge(local: torch.Tensor) -> None:
    for value, expected in ((0.0, 0.5), (1.0, 1.0), (-1.0, 0.0)):
        (alpha,), _ = shader([make_layer(np.full((4, 4), value), window=SHARP, softness=0.0, transform=UNIT)], CPU)(
            local, 1.0
        )
        assert torch.equal(alpha, torch.full_like(alpha, expected))
