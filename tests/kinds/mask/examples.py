"""Layers of every case: whole canvas, faded, in a window, turned, half off the canvas, hidden."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from tests.drawing.conftest import CODE, make_net
from vecstack.geometry import Affine, Rect
from vecstack.kinds.mask.layer import MaskLayer
from vecstack.stack import Layer

WHOLE, WINDOW = Affine.of_frame(Rect(0, 0, 37, 53)), Affine.of_frame(Rect(5, 3, 20, 31))
TURNED, OUTSIDE = Affine(9.0, -4.0, 21.0, 6.0, 14.0, 25.0), Affine(12.0, 0.0, 0.0, 0.0, 12.0, 50.0)


def examples() -> tuple[tuple[Layer, ...], Mapping[str, bytes]]:
    """The layers, for a canvas of 37 x 53, and their assets."""
    data = make_net(1)
    net = hashlib.sha256(data).hexdigest()
    codes = [tuple(0.1 * (7 * row + 3 * column % 5) - 1 for column in range(CODE)) for row in range(6)]
    return (
        MaskLayer(id="whole", net=net, code=codes[0], color=(0.9, 0.3, 0.2), transform=WHOLE),
        MaskLayer(id="faded", net=net, code=codes[1], color=(0.2, 0.6, 0.9), transform=WHOLE, opacity=0.6),
        MaskLayer(id="window", net=net, code=codes[2], color=(0.9, 0.9, 0.3), transform=WINDOW, window=0.4),
        MaskLayer(
            id="turned",
            net=net,
            code=codes[3],
            color=(0.2, 0.8, 0.3),
            transform=TURNED,
            window=1.0,
        ),
        MaskLayer(
            id="overhanging",
            net=net,
            code=codes[4],
            color=(0.6, 0.1, 0.7),
            transform=OUTSIDE,
            window=0.3,
        ),
        MaskLayer(id="hidden", net=net, code=codes[5], color=(0.0, 0.0, 0.0), transform=WHOLE, visible=False),
    ), {net: data}
