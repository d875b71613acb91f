from __future__ import annotations

import torch

from vecstack.composite import best_colors, lay_over, over, over_premultiplied, unpremultiply


def test_over_is_the_papers_blend() -> None:
    below, color, alpha = torch.rand(3, 7), torch.rand(3, 7), torch.rand(7)
    torch.testing.assert_close(over(below, color, alpha), below * (1 - alpha) + color * alpha)


def test_over_is_its_own_negative() -> None:
    below, color, alpha = torch.rand(3, 7), torch.rand(3, 7), torch.rand(7)
    torch.testing.assert_close(1 - over(below, color, alpha), over(1 - below, 1 - color, alpha))


def test_a_transparent_canvas_over_a_background_is_the_opaque_one() -> None:
    background = torch.tensor([0.2, 0.5, 0.9])[:, None]
    opaque, clear = background.expand(3, 7), torch.zeros(4, 7)
    for _ in range(4):
        color, alpha = torch.rand(3, 1), torch.rand(7)
        opaque = over(opaque, color, alpha)
        clear = over(clear, torch.cat([color, torch.ones(1, 1)]), alpha)
    straight = unpremultiply(clear)
    torch.testing.assert_close(over(background, straight[:3], straight[3]), opaque)


def test_nothing_covered_is_transparent_black() -> None:
    assert torch.equal(unpremultiply(torch.zeros(4, 2)), torch.zeros(4, 2))


def test_lay_over_is_over_in_place() -> None:
    canvas, color, alpha = torch.rand(4, 5, 7), torch.rand(4, 1, 1), torch.rand(5, 7)
    alpha[0], alpha[1] = 0.0, 1.0
    before, same = canvas.clone(), canvas
    lay_over(canvas, color, alpha)
    assert canvas is same
    torch.testing.assert_close(canvas, over(before, color, alpha))
    assert torch.equal(canvas[:, 0], before[:, 0])
    assert torch.equal(canvas[:, 1], color[:, 0].expand(4, 7))


def test_lay_over_changes_the_part_of_a_canvas_that_it_is_given() -> None:
    canvas = torch.zeros(3, 5, 7)
    lay_over(canvas[:, 1:3, 4:], torch.ones(3, 1, 1), torch.full((2, 3), 0.5))
    expected = torch.zeros(3, 5, 7)
    expected[:, 1:3, 4:] = 0.5
    assert torch.equal(canvas, expected)


def test_layers_laid_together_first_give_what_they_give_one_by_one() -> None:
    """Over an opaque canvas and over one that is premultiplied: over is associative."""
    background = torch.cat([torch.rand(3, 5, 7), torch.ones(1, 5, 7)])
    below, above = torch.zeros(4, 5, 7), torch.zeros(4, 5, 7)
    opaque, one_by_one = background, torch.zeros(4, 5, 7)
    for canvas in (below, above):
        for _ in range(3):
            color, alpha = torch.cat([torch.rand(3, 1, 1), torch.ones(1, 1, 1)]), torch.rand(5, 7)
            lay_over(canvas, color, alpha)
            opaque, one_by_one = over(opaque, color, alpha), over(one_by_one, color, alpha)
    together = over_premultiplied(below, above)
    torch.testing.assert_close(together, one_by_one)
    on_opaque = over_premultiplied(background[:3], together)
    assert on_opaque.shape == (3, 5, 7)
    torch.testing.assert_close(on_opaque, opaque[:3])


def test_best_colors_are_those_a_picture_was_made_of() -> None:
    """Of several pictures at once, too. Shares are those of layers that hide one another."""
    for seed in range(20):
        source = torch.Generator().manual_seed(seed)
        shares = (4 * torch.randn(2, 4, 50, generator=source)).softmax(1)
        colors = torch.rand(2, 4, 3, generator=source)
        found = best_colors(shares, colors.mT @ shares, torch.full((2, 4, 3), 0.5))
        torch.testing.assert_close(found, colors, atol=0.02, rtol=0)
        alone = best_colors(shares[1], colors[1].T @ shares[1], torch.full((4, 3), 0.5))
        torch.testing.assert_close(alone, found[1])


def test_best_colors_stay_within_their_bounds_and_none_is_worse_than_those_given() -> None:
    for seed in range(20):
        source = torch.Generator().manual_seed(seed)
        shares, given = torch.rand(5, 30, generator=source), torch.rand(5, 3, generator=source)
        wanted = 3 * torch.rand(3, 30, generator=source)  # out of reach of what is at most 1
        found = best_colors(shares, wanted, given)
        assert 0 <= float(found.min()) <= float(found.max()) <= 1
        errors = [float((wanted - colors.T @ shares).square().mean()) for colors in (found, given)]
        assert errors[0] < errors[1]


def test_a_layer_that_hardly_shows_keeps_its_color() -> None:
    shares = torch.stack([torch.full((40,), 0.9), torch.full((40,), 1e-5)])
    given = torch.tensor([[0.5, 0.5, 0.5], [0.2, 0.4, 0.6]])
    found = best_colors(shares, torch.rand(3, 40), given)
    torch.testing.assert_close(found[1], given[1], atol=0.05, rtol=0)
