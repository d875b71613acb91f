from __future__ import annotations

import torch

from vecstack.composite import lay_over, over, over_premultiplied, unpremultiply


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
