from __future__ import annotations

import torch

from vecstack.composite import over, unpremultiply


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
