from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from vecstack.errors import ShapeError
from vecstack.kinds.mask.model import Predictor, grid_points
from vecstack.pictures.fit import fit_to_side


def test_grid_points_are_pixel_centres_row_by_row() -> None:
    points = grid_points(4)
    assert points[0].tolist() == [-0.75, -0.75]
    assert points[1].tolist() == [-0.25, -0.75]  # x runs first
    assert points[-1].tolist() == [0.75, 0.75]


def test_grid_offset_moves_by_cells() -> None:
    torch.testing.assert_close(grid_points(4, (0.25, -0.25)), grid_points(4) + torch.tensor([0.125, -0.125]))


@pytest.mark.parametrize("layers_per_pass", [1, 2])
def test_unroll_is_the_recurrence_of_equations_1_to_3(predictor: Predictor, layers_per_pass: int) -> None:
    predictor = Predictor(replace(predictor.sizes, layers_per_pass=layers_per_pass)).requires_grad_(False)
    target, points = torch.rand(2, 3, 16, 16), grid_points(4)
    codes, colors, canvases = predictor.unroll(target, points, 3)
    assert canvases.shape == (2, 3, 3, 16)
    canvas = torch.zeros(2, 3, 4, 4)
    for layer in range(3):
        if layer % layers_per_pass == 0:
            pass_codes, pass_colors = predictor.step(target, canvas)
        code, color = pass_codes[:, layer % layers_per_pass], pass_colors[:, layer % layers_per_pass]
        mask = predictor.net(points[None], code).view(2, 1, 4, 4)
        canvas = canvas * (1 - mask) + color[:, :, None, None] * mask
        torch.testing.assert_close(codes[:, layer], code)
        torch.testing.assert_close(colors[:, layer], color)
        torch.testing.assert_close(canvases[:, layer], canvas.flatten(2))


def test_fewer_layers_are_the_first_of_more(predictor: Predictor) -> None:
    target = torch.rand(2, 3, 16, 16)
    codes, colors = predictor.predict(target)
    fewer_codes, fewer_colors = predictor.predict(target, 2)
    assert codes.shape == (2, 3, 3)
    torch.testing.assert_close(fewer_codes, codes[:, :2])
    torch.testing.assert_close(fewer_colors, colors[:, :2])


def test_draw_gives_the_canvases_of_unroll(predictor: Predictor) -> None:
    target, points = torch.rand(2, 3, 16, 16), grid_points(4)
    codes, colors, canvases = predictor.unroll(target, points, 3)
    torch.testing.assert_close(predictor.draw(points, codes, colors), canvases)


def test_every_parameter_learns(predictor: Predictor) -> None:
    predictor.requires_grad_(True)
    canvases = predictor.unroll(torch.rand(2, 3, 16, 16), grid_points(4), 3)[2]
    canvases.square().mean().backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in predictor.parameters())


def test_a_picture_of_another_side_is_refused(predictor: Predictor) -> None:
    with pytest.raises(ShapeError, match=r"needs \[B,3,16,16\]"):
        predictor.predict(torch.rand(1, 3, 32, 32))


@pytest.mark.parametrize("shape", [(16, 16), (40, 25), (9, 9)])
def test_best_colors_come_closer_than_the_predicted_ones(predictor: Predictor, shape: tuple[int, int]) -> None:
    """At the model's side, or at the picture's where it has fewer pixels."""
    pictures = torch.rand(2, 3, *shape, generator=torch.Generator().manual_seed(0))
    codes, colors = predictor.predict(fit_to_side(pictures, 16))
    best, errors = predictor.best_colors(pictures, codes, colors)
    side = min(16, *shape)
    seen = fit_to_side(pictures, side).flatten(2)
    predicted, drawn = (predictor.draw(grid_points(side), codes, each)[:, -1] for each in (colors, best))
    torch.testing.assert_close((drawn - seen).square().mean((1, 2)), errors)
    assert bool(((predicted - seen).square().mean((1, 2)) > errors).all())
