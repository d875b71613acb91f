"""Path layers as functions of a point: against counting samples, and against themselves at other zooms."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from tests.kinds.path.examples import at, blob, examples, line
from vecstack.geometry import Affine
from vecstack.kinds.gradient import Gradient
from vecstack.kinds.path.kind import KIND
from vecstack.kinds.path.layer import Contour, PathLayer

CPU = torch.device("cpu")
RED = (1.0, 0.0, 0.0)


def alpha(layer: PathLayer, points: torch.Tensor, footprint: float = 1.0) -> torch.Tensor:
    """What the layer covers at points: [P]."""
    return KIND.shader([layer], {}, CPU)(points, footprint)[0][0]


def polygon(*knots: tuple[float, float]) -> Contour:
    """A closed contour with straight sides."""
    return tuple(value for start, end in pairwise((*knots, knots[0])) for value in line(start, end))


def pixels(width: int, height: int, side: float = 1.0, x: float = 0.0, y: float = 0.0) -> torch.Tensor:
    """The centres of pixels from a corner on: [width*height,2]."""
    xs, ys = (side * (torch.arange(count, dtype=torch.float64) + 0.5) for count in (width, height))
    return torch.stack([(x + xs).repeat(height), (y + ys).repeat_interleave(width)], 1)


def is_inside(layer: PathLayer, points: np.ndarray) -> np.ndarray:
    """The nonzero rule at points [P,2], by the winding number of polygons of 64 sides for each piece: [P]."""
    places = np.linspace(0, 1, 65)[:-1, None]
    winding = np.zeros(len(points), int)
    for contour in layer.contours:
        controls = np.array([layer.transform.apply(*point) for point in np.reshape(contour, (-1, 2))])
        closed = np.concatenate([controls, controls[:1]])
        knots = [closed[first : first + 4] for first in range(0, len(controls), 3)]
        weights = [(1 - places) ** 3, 3 * (1 - places) ** 2 * places, 3 * (1 - places) * places**2, places**3]
        outline = np.concatenate([sum(w * c for w, c in zip(weights, piece, strict=True)) for piece in knots])
        for (x0, y0), (x1, y1) in pairwise(np.concatenate([outline, outline[:1]])):
            crosses = (y0 <= points[:, 1]) != (y1 <= points[:, 1])
            if y0 == y1:
                continue
            left = x0 + (points[:, 1] - y0) / (y1 - y0) * (x1 - x0) < points[:, 0]
            winding += np.where(crosses & left, 1 if y1 > y0 else -1, 0)
    return winding != 0


@pytest.mark.parametrize("layer", examples()[0], ids=lambda layer: layer.id)
def test_coverage_is_that_of_256_samples_of_a_pixel(layer: PathLayer) -> None:
    found = alpha(layer, pixels(37, 53)).numpy().reshape(53, 37)
    inside = is_inside(layer, pixels(37 * 16, 53 * 16, 1 / 16).numpy())
    expected = inside.reshape(53, 16, 37, 16).mean((1, 3))
    assert 0.02 < expected.mean() < 0.98
    assert -10 * math.log10(np.square(found - expected).mean()) >= 54


def test_edges_of_rectangles_cover_their_exact_share() -> None:
    layer = PathLayer(
        id="a", transform=at(0, 0), contours=(polygon((1.25, 0.5), (3.5, 0.5), (3.5, 2), (1.25, 2)),), color=RED
    )
    expected = [[0, 0.375, 0.5, 0.25], [0, 0.75, 1, 0.5], [0, 0, 0, 0]]
    torch.testing.assert_close(alpha(layer, pixels(4, 3)).view(3, 4), torch.tensor(expected))


def test_a_hole_is_a_contour_of_the_other_direction_and_twice_the_same_is_once() -> None:
    outer, inner = polygon((0, 0), (9, 0), (9, 9), (0, 9)), polygon((3, 3), (6, 3), (6, 6), (3, 6))
    back = polygon((3, 6), (6, 6), (6, 3), (3, 3))
    middle = torch.tensor([[4.5, 4.5]], dtype=torch.float64)
    for hole, wanted in ((inner, 1.0), (back, 0.0)):
        assert alpha(PathLayer(id="a", transform=at(0, 0), contours=(outer, hole), color=RED), middle) == wanted


def test_a_deep_zoom_of_a_huge_curve_is_as_right_as_the_whole() -> None:
    radius, side = 40_000.0, 1e-3
    layer = PathLayer(id="a", transform=at(123_456, 654_321), contours=(blob(radius, radius),), color=RED)
    weights = torch.tensor([1, 3, 3, 1], dtype=torch.float64) / 8
    x, y = (weights @ torch.tensor(layer.contours[0][:8], dtype=torch.float64).view(4, 2)).tolist()  # of a piece
    near = pixels(9, 9, side, 123_456 + x - 4.5 * side, 654_321 + y - 4.5 * side)
    found = alpha(layer, near, side).view(9, 9)
    assert found[0, 0] == 1
    assert found[-1, -1] == pytest.approx(0, abs=1e-12)
    assert found[4, 4] == pytest.approx(0.5, abs=0.1)
    assert found[0, 8] == pytest.approx(0.5, abs=0.1)


def test_a_point_far_from_the_shape_is_not_covered_and_one_within_is_at_every_footprint() -> None:
    layer = PathLayer(id="a", transform=at(10, 10), contours=(blob(4, 4),), color=RED)
    points = torch.tensor([[10, 10], [50, 10], [-3, 10]], dtype=torch.float64)
    for footprint in (1e-6, 0.1, 2.0):
        assert alpha(layer, points, footprint).tolist() == [1, 0, 0]
    assert alpha(layer, points[:1], 100.0).item() == pytest.approx(math.pi * 16 / 100**2, abs=1e-3)


def test_a_flat_contour_covers_nothing() -> None:
    for contour in ((3.0, 3.0) * 3, polygon((0, 0), (9, 9))):
        layer = PathLayer(id="a", transform=at(0, 0), contours=(contour,), color=RED)
        assert alpha(layer, pixels(9, 9)).max() < 1e-12


@pytest.mark.parametrize(("shape", "places"), [("linear", [-5, 0, 5, 7.5, 10, 20]), ("radial", [5, 0, 5, 7.5, 10, 20])])
def test_gradients_change_evenly_between_stops_and_stay_beyond(shape: str, places: list[float]) -> None:
    stops = ((0.0, 0.0, 0.0, 0.0), (0.5, 1.0, 0.0, 0.0), (0.5, 0.0, 1.0, 0.0), (1.0, 0.0, 0.0, 1.0))
    gradient = Gradient(shape, (0.0, 0.0), (10.0, 0.0), stops)
    layer = PathLayer(id="a", transform=at(30, 40), contours=(blob(9, 9),), gradient=gradient)
    points = torch.tensor([[30 + place, 40.0] for place in places], dtype=torch.float64)
    _, (colors,) = KIND.shader([layer], {}, CPU)(points, 1.0)
    first = [0.0, 0.0, 0.0] if shape == "linear" else [0.0, 1.0, 0.0]
    expected = [first, [0, 0, 0], [0, 1, 0], [0, 0.5, 0.5], [0, 0, 1], [0, 0, 1]]
    torch.testing.assert_close(colors, torch.tensor(expected, dtype=torch.float32))


def test_circles_grow_from_a_focus() -> None:
    stops = ((0.0, 0.0, 0.0, 0.0), (1.0, 1.0, 1.0, 1.0))
    gradient = Gradient("radial", (0.0, 0.0), (10.0, 0.0), stops, (6.0, -3.0))
    layer = PathLayer(id="a", transform=at(30, 40), contours=(blob(9, 9),), gradient=gradient)
    offsets, angles = np.meshgrid([0.0, 0.3, 0.6, 1.0], np.linspace(0, 6, 9))
    x, y = (
        middle + (1 - offsets) * focus + 10 * offsets * way(angles)
        for middle, focus, way in ((30, 6, np.cos), (40, -3, np.sin))
    )
    points = torch.tensor(np.stack([x, y], -1).reshape(-1, 2))
    _, (colors,) = KIND.shader([layer], {}, CPU)(points, 1.0)
    assert colors[:, 1].numpy() == pytest.approx(offsets.ravel(), abs=1e-5)


def test_a_gradient_goes_with_the_transform() -> None:
    gradient = Gradient("linear", (0.0, 0.0), (1.0, 0.0), ((0.0, 0.0, 0.0, 0.0), (1.0, 1.0, 1.0, 1.0)))
    turned = Affine(0.0, -8.0, 20.0, 8.0, 0.0, 20.0)
    layer = PathLayer(id="a", transform=turned, contours=(blob(1, 1),), gradient=gradient)
    _, (colors,) = KIND.shader([layer], {}, CPU)(torch.tensor([[3.0, 22.0], [20.0, 26.0]], dtype=torch.float64), 1.0)
    assert colors[:, 0].tolist() == pytest.approx([0.25, 0.75])
