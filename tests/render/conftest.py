from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from vecstack.geometry import Affine, Rect
from vecstack.kinds.mask.layer import MaskLayer
from vecstack.kinds.mask.net import MaskNet, NetSizes
from vecstack.kinds.mask.shade import net_to_asset
from vecstack.stack import Canvas, Stack

WIDTH, HEIGHT, CODE = 37, 53, 3


def make_net(seed: int, width: int = 16) -> bytes:
    """A random net whose masks have edges inside the canvas."""
    torch.manual_seed(seed)
    net = MaskNet(NetSizes(CODE, width, 2))
    with torch.no_grad():
        net.hidden[0].weight[:, :2] *= 3
        net.output.weight *= 6
    return net_to_asset(net)


@pytest.fixture(scope="session")
def stack() -> Stack:
    """Six mask layers on 37 x 53: two nets, one layer hidden, one with opacity 0, two faded, one in a window."""
    canvas = Canvas(WIDTH, HEIGHT, (0.9, 0.4, 0.1))
    assets = {hashlib.sha256(data).hexdigest(): data for data in (make_net(1), make_net(2))}
    first, second = assets
    whole, turned = Affine.of_frame(canvas.rect), Affine(9.0, -4.0, 21.5, 6.0, 14.0, 25.25)
    corner = Affine.of_frame(Rect(5.0, 3.0, 20.0, 31.0))
    rng = np.random.default_rng(3)

    def mask(name: str, net: str, **fields: object) -> MaskLayer:
        color, code = tuple(rng.random(3).tolist()), tuple(rng.normal(size=CODE).tolist())
        return MaskLayer(**{"id": name, "net": net, "color": color, "code": code, "transform": whole} | fields)  # type: ignore[arg-type]

    layers = (
        mask("whole", first),
        mask("faded", second, opacity=0.6),
        mask("hidden", first, visible=False),
        mask("window", first, transform=corner, window=0.4),
        mask("nothing", second, opacity=0.0),
        mask("turned", second, transform=turned, window=1.0, opacity=0.8),
    )
    return Stack(canvas, layers, assets)


@pytest.fixture
def threads() -> Iterator[None]:
    """Lets a test set the count of threads."""
    count = torch.get_num_threads()
    yield
    torch.set_num_threads(count)
