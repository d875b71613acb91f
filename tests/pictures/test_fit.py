from __future__ import annotations

import torch

from vecstack.pictures.fit import fit_to_side


def test_fit_to_side_keeps_a_flat_colour_whatever_the_aspect() -> None:
    flat = torch.full((1, 3, 53, 37), 0.25)
    torch.testing.assert_close(fit_to_side(flat, 16), torch.full((1, 3, 16, 16), 0.25))


def test_fit_to_side_averages_when_it_shrinks() -> None:
    stripes = (torch.arange(64) % 2).float().expand(1, 3, 64, 64)
    assert float((fit_to_side(stripes, 16) - 0.5).abs().max()) < 0.05
