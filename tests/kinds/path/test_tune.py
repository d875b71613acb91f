"""Path layers as numbers: their slopes are those of differences and of automatic differentiation."""

from __future__ import annotations

import pytest
import torch

from tests.kinds.path.examples import examples
from vecstack.errors import DocumentError
from vecstack.kinds.base import Steps
from vecstack.kinds.path.kind import KIND
from vecstack.kinds.path.layer import PathLayer

CPU = torch.device("cpu")
LAYERS = examples()[0]
each_layer = pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.id)


def points_of(count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(5)
    return torch.rand(count, 2, generator=generator, dtype=torch.float64) * torch.tensor([37.0, 53.0])


@each_layer
def test_slopes_are_differences(layer: PathLayer) -> None:
    tunable, points, step = KIND.tunable([layer], {}, CPU), points_of(300), 1e-5
    shapes = tunable.shapes.double()
    slopes = tunable.slopes(shapes, points, 1.5)
    found, wanted = [], []
    for number in range(shapes.shape[1]):
        change = torch.zeros_like(shapes)
        change[:, number] = step
        after, before = (tunable.shade(shapes + sign * change, points, 1.5)[0] for sign in (1, -1))
        found.append(slopes.by_alpha[0, number])
        wanted.append((after[0] - before[0]) / (2 * step))
    difference = torch.stack(found) - torch.stack(wanted)
    assert difference.norm() < 3e-3 * torch.stack(wanted).norm()


@each_layer
def test_slopes_are_those_of_automatic_differentiation(layer: PathLayer) -> None:
    tunable, points = KIND.tunable([layer], {}, CPU), points_of(300)
    weights = torch.rand(300, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    shapes = tunable.shapes.double().requires_grad_()
    alpha, rgb = tunable.shade(shapes, points, 0.7)
    total = (alpha[0] * weights).sum() + (0 if rgb is None else (rgb[0] * weights).sum())
    (wanted,) = torch.autograd.grad(total, shapes)
    slopes = tunable.slopes(shapes.detach(), points, 0.7)
    found = slopes.by_alpha[0] @ weights
    if slopes.by_rgb is not None:
        found += (slopes.by_rgb[0] * weights).sum((1, 2))
    torch.testing.assert_close(found, wanted[0], rtol=1e-6, atol=1e-6)


def test_layers_come_back_with_other_numbers_and_colours() -> None:
    ring = LAYERS[0]
    tunable = KIND.tunable([ring], {}, CPU)
    (moved,), assets = tunable.layers(tunable.shapes + 0.25, torch.tensor([[0.5, 0.25, 1.0]]))
    assert isinstance(moved, PathLayer)
    assert moved.contours[0][0] == pytest.approx(ring.contours[0][0] + 0.25)
    assert (moved.color, moved.id, assets) == ((0.5, 0.25, 1.0), "upright", {})
    (glow,), _ = KIND.tunable([LAYERS[3]], {}, CPU).layers(10 + torch.zeros(1, 48), torch.zeros(1, 0))
    assert {stop[1:] for stop in glow.gradient.stops} == {(1.0, 1.0, 1.0)}


def test_rounded_numbers_are_multiples_of_the_steps() -> None:
    rounded = KIND.rounded(LAYERS[1], Steps(0.5, 0.1))
    assert all(value * 2 == round(value * 2) for contour in rounded.contours for value in contour)
    assert rounded.gradient.start == (-9.0, -8.0)
    coarse = KIND.rounded(LAYERS[3], Steps(50.0, 0.1))
    assert coarse.gradient.end == LAYERS[3].gradient.end


def test_a_gradient_has_no_one_colour_to_change() -> None:
    assert KIND.color(LAYERS[1]) is None
    with pytest.raises(DocumentError, match="layer faded: has a gradient"):
        KIND.with_color(LAYERS[1], (1.0, 1.0, 1.0))


def test_a_shape_of_other_length_is_refused() -> None:
    with pytest.raises(DocumentError, match="18 numbers, not 2"):
        KIND.with_shape(LAYERS[4], (0.0, 1.0))
