"""The enhancer's net: untrained it adds nothing, and tiles of a picture are the whole."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.enhancing.conftest import enhancer_net
from vecstack.enhancing import tiles
from vecstack.enhancing.net import Enhancer, EnhancerSizes
from vecstack.errors import ShapeError


@pytest.mark.parametrize("size", [(16, 16), (13, 21)])
def test_untrained_it_gives_what_it_is_given(size: tuple[int, int]) -> None:
    drawn = torch.rand(2, 3, *size)
    assert torch.equal(Enhancer(EnhancerSizes(4, 2))(drawn), drawn)


def test_pictures_of_another_shape_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"an enhancer needs \[B,3,H,W\]"):
        Enhancer(EnhancerSizes(4, 2))(torch.rand(3, 8, 8))


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_a_pixel_depends_on_nothing_beyond_the_reach(levels: int) -> None:
    net, reach = enhancer_net(EnhancerSizes(4, levels)), EnhancerSizes(4, levels).reach
    drawn = torch.rand(1, 3, 8, 2 * reach + 24, requires_grad=True)
    middle = reach + 8
    net.requires_grad_(True)(drawn)[0, :, :, middle].sum().backward()
    assert drawn.grad is not None
    seen = drawn.grad[0].abs().sum((0, 1)).nonzero()[:, 0]
    assert seen.min() >= middle - reach
    assert seen.max() <= middle + reach
    assert seen.max() - seen.min() > reach  # a reach far too large would cost time


@pytest.mark.parametrize("size", [(150, 203), (64, 64), (65, 33), (1, 1)])
@pytest.mark.parametrize("levels", [2, 3])
def test_tiles_are_the_whole(size: tuple[int, int], levels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "TILE_PX", 64)
    net = enhancer_net(EnhancerSizes(4, levels))
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    whole = net(torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255)[0].clamp(0, 1).permute(1, 2, 0)
    strips = iter(np.array_split(picture, max(1, size[0] // 10)))
    found = np.concatenate(list(tiles.enhanced_strips(net, strips, size[1], size[0])))
    assert found.shape == picture.shape
    assert np.abs(found / 255 - whole.numpy()).max() <= 0.5 / 255 + 1e-4
    assert np.abs(found / 255 - picture / 255).max() > 0.1  # it does something
