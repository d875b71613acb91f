from __future__ import annotations

import pytest
import torch

from vecstack.composite import over
from vecstack.kinds.mask.colors import layer_weights, solve_colors


def drawn(alphas: torch.Tensor, colors: torch.Tensor) -> torch.Tensor:
    canvas = torch.zeros(3, alphas.shape[1])
    for alpha, color in zip(alphas, colors, strict=True):
        canvas = over(canvas, color[:, None], alpha[None])
    return canvas


@pytest.fixture
def alphas() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.rand(6, 37 * 53)


def test_weights_are_those_of_the_over_operator(alphas: torch.Tensor) -> None:
    colors = torch.rand(6, 3)
    torch.testing.assert_close(colors.T @ layer_weights(alphas), drawn(alphas, colors))


def test_the_colours_that_drew_a_picture_are_found(alphas: torch.Tensor) -> None:
    colors = torch.rand(6, 3)
    solved = solve_colors(alphas, drawn(alphas, colors), torch.full((6, 3), 0.5))
    seen = layer_weights(alphas).square().mean(1) > 0.01  # the lowest are covered by the others
    assert int(seen.sum()) >= 3
    torch.testing.assert_close(solved[seen], colors[seen], atol=0.02, rtol=0)


@pytest.mark.parametrize("seed", range(20))
def test_solved_colours_are_colours_and_never_worse(seed: int) -> None:
    torch.manual_seed(seed)
    alphas, truth, colors = torch.rand(5, 200) ** 3, torch.rand(3, 200), torch.rand(5, 3)
    solved = solve_colors(alphas, truth, colors)
    assert bool(((solved >= 0) & (solved <= 1)).all())
    before = float((drawn(alphas, colors) - truth).square().mean())
    assert float((drawn(alphas, solved) - truth).square().mean()) <= before


def test_no_colours_within_bounds_are_better() -> None:
    """Against many random colours near the solution, in a picture that no colours can draw."""
    torch.manual_seed(1)
    alphas, truth = torch.rand(3, 500), torch.rand(3, 500) * 1.6 - 0.3
    solved = solve_colors(alphas, truth, torch.rand(3, 3))
    best = float((drawn(alphas, solved) - truth).square().mean())
    for _ in range(300):
        other = (solved + 0.1 * torch.randn(3, 3)).clamp(0, 1)
        assert float((drawn(alphas, other) - truth).square().mean()) >= best - 1e-5


def test_a_layer_that_is_not_seen_keeps_its_colour() -> None:
    alphas = torch.stack([torch.rand(100), torch.ones(100)])
    solved = solve_colors(alphas, torch.rand(3, 100), torch.tensor([[0.2, 0.4, 0.6], [0.1, 0.1, 0.1]]))
    torch.testing.assert_close(solved[0], torch.tensor([0.2, 0.4, 0.6]))
