from __future__ import annotations

import numpy as np
import torch

from vecstack.geometry import Affine
from vecstack.kinds.frame import to_frame, window_bump
from vecstack.stack import Layer

TURNED = Affine(9.0, -4.0, 21.5, 6.0, 14.0, 25.25)


def test_points_come_back_from_the_canvas_to_where_they_are_in_the_frame() -> None:
    local = torch.tensor(np.random.default_rng(1).uniform(-2, 2, (40, 2)))
    u, v = local.unbind(1)
    canvas = torch.stack([9.0 * u - 4.0 * v + 21.5, 6.0 * u + 14.0 * v + 25.25], 1)
    back = to_frame(Layer(id="a", transform=TURNED), canvas)
    assert back.dtype == torch.float32
    torch.testing.assert_close(back, local.float())


def test_a_deep_zoom_still_tells_neighbours_apart() -> None:
    """A millionth of a unit apart near (1e6, 1e6), where float32 tells 0.06 apart."""
    layer = Layer(id="a", transform=Affine(1e-5, 0.0, 1e6, 0.0, 1e-5, 1e6))
    x = 1e6 + torch.arange(-3, 4, dtype=torch.float64) * 1e-6
    local = to_frame(layer, torch.stack([x, torch.full_like(x, 1e6)], 1))
    torch.testing.assert_close(local[:, 0], torch.linspace(-0.3, 0.3, 7), atol=1e-4, rtol=0)


def test_window_bump_is_1_inside_0_outside_and_smooth_between() -> None:
    x = torch.linspace(-1.5, 1.5, 3001)
    bump = window_bump(torch.stack([x, torch.zeros_like(x)], 1), 0.25)
    assert bool((bump[x.abs() > 1] == 0).all())
    assert bool((bump[x.abs() < 0.75] == 1).all())
    assert float(bump.diff().abs().max()) < 1.5 / 0.25 * 0.001 + 1e-6  # smoothstep's steepest slope is 1.5


def test_a_window_fades_across_and_down_alike() -> None:
    points = torch.tensor(np.random.default_rng(2).uniform(-1.2, 1.2, (50, 2)), dtype=torch.float32)
    bump = window_bump(points, 0.6)
    torch.testing.assert_close(window_bump(points.flip(1), 0.6), bump)
    alone = [window_bump(points * torch.tensor(axis), 0.6) for axis in ([1.0, 0.0], [0.0, 1.0])]
    torch.testing.assert_close(alone[0] * alone[1], bump)
