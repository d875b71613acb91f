from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from vecstack.geometry import Affine, Rect
from vecstack.kinds.mask.layer import MaskLayer
from vecstack.kinds.mask.net import MaskNet, NetSizes
from vecstack.kinds.mask.shade import net_to_asset
from vecstack.kinds.spline.layer import SplineLayer
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


def make_spline(name: str, seed: int, transform: Affine, **fields: Any) -> SplineLayer:
    """A spline layer of 7 x 5 random control values, whose mask has edges inside its window."""
    rng = np.random.default_rng(seed)
    surface = tuple(map(tuple, (8 * rng.normal(size=(7, 5))).tolist()))
    red, green, blue = rng.random(3).tolist()
    return SplineLayer(id=name, color=(red, green, blue), surface=surface, transform=transform, window=0.3, **fields)


@pytest.fixture(scope="session")
def mixed(stack: Stack) -> Stack:
    """The stack with spline layers between its mask layers: one upright and faded, one half off the canvas, one turned
    (which no grid draws)."""
    upright = make_spline("upright", 1, Affine.of_frame(Rect(2.0, 8.0, 30.0, 38.0)), opacity=0.7)
    overhanging = make_spline("overhanging", 2, Affine.of_frame(Rect(-9.0, 35.0, 24.0, 40.0)))
    turned = make_spline("spline turned", 3, Affine(8.0, 5.0, 24.0, -6.0, 11.0, 30.0))
    first, *others, last = stack.layers
    return Stack(stack.canvas, (first, upright, overhanging, *others, turned, last), stack.assets)


def random_stack(seed: int, sharpest: float) -> Stack:
    """One to five mask layers on 40 x 30 of a random net, the weights of whose first, last hidden and output layer are
    up to `sharpest` times those of a net that training begins with."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = MaskNet(NetSizes(CODE, 16, int(rng.integers(1, 4))))
    first, last, output = sharpest ** rng.uniform(0, 1, 3)
    with torch.no_grad():
        net.hidden[0].weight[:, :2] *= first
        net.hidden[-1].weight *= last
        net.output.weight *= output
    data = net_to_asset(net)
    name = hashlib.sha256(data).hexdigest()
    canvas = Canvas(40, 30, tuple(rng.random(3).tolist()))
    layers = tuple(
        MaskLayer(
            id=str(index),
            net=name,
            color=tuple(rng.random(3).tolist()),
            code=tuple(rng.normal(size=CODE).tolist()),
            transform=Affine.of_frame(canvas.rect),
            opacity=float(rng.choice([1.0, 1.0, 0.5])),
        )
        for index in range(int(rng.integers(1, 6)))
    )
    return Stack(canvas, layers, {name: data})


@pytest.fixture
def threads() -> Iterator[None]:
    """Lets a test set the count of threads."""
    count = torch.get_num_threads()
    yield
    torch.set_num_threads(count)
