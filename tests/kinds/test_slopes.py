from __future__ import annotations

import torch
from torch import Tensor

from vecstack.kinds.slopes import slopes_of


def shade(shapes: Tensor, points: Tensor, footprint: float) -> tuple[Tensor, Tensor]:
    """Alpha and rgb that are simple functions of three numbers."""
    x, y = points.T.to(shapes.dtype)
    alpha = torch.sigmoid(shapes[:, :1] * x + shapes[:, 1:2] * y / footprint)
    return alpha, torch.stack([alpha * 0, shapes[:, 2:3] * x, shapes[:, 2:3] ** 2 + 0 * x], 1)


def test_slopes_are_those_of_reverse_differentiation() -> None:
    generator = torch.Generator().manual_seed(0)
    shapes, points = torch.randn(2, 3, generator=generator), torch.rand(7, 2, generator=generator).double()
    slopes = slopes_of(shade, shapes, points, 2.0)
    by_alpha, by_rgb = torch.autograd.functional.jacobian(lambda values: shade(values, points, 2.0), shapes)
    assert slopes.by_rgb is not None
    for layer in range(2):
        torch.testing.assert_close(slopes.by_alpha[layer].T, by_alpha[layer, :, layer])
        torch.testing.assert_close(slopes.by_rgb[layer].permute(1, 2, 0), by_rgb[layer, :, :, layer])
    assert not slopes.by_alpha.requires_grad


def test_layers_of_one_colour_have_no_slopes_of_their_colours() -> None:
    slopes = slopes_of(lambda *all_: (shade(*all_)[0], None), torch.ones(1, 3), torch.zeros(4, 2), 1.0)
    assert (slopes.rgb, slopes.by_rgb) == (None, None)
    assert slopes.by_alpha.shape == (1, 3, 4)
