from __future__ import annotations

import dataclasses

import pytest

from tests.helpers import make_spline, png_of
from vecstack.color import Color
from vecstack.drawing.render import render
from vecstack.geometry import Affine, Rect
from vecstack.stack import Group, Stack, UnknownLayer


@pytest.fixture
def sundry(stack: Stack) -> Stack:
    """Six mask layers, two spline layers below and above one of an unknown kind, with a thumbnail and a PSNR."""
    corner = Affine.of_frame(Rect(4.0, 6.0, 20.0, 30.0))
    unknown = UnknownLayer(id="strange", transform=corner, unknown_kind="sparkle", fields={"color": "loud", "n": 3})
    leaf, twig = (dataclasses.replace(make_spline(name, 1, corner), name="Leaf") for name in ("leaf", "twig"))
    more = leaf, unknown, dataclasses.replace(twig, surface=make_spline("x", 2, corner).surface)
    metrics, source = {"psnr": 20.5, "seconds": 3}, {"sha256": "0" * 64}
    picture = render(stack, 32, device="cpu")
    return dataclasses.replace(
        stack, layers=(*stack.layers, *more), metrics=metrics, source=source, thumbnail=png_of(picture)
    )


@pytest.fixture
def grouped(sundry: Stack) -> Stack:
    """The layers in groups: `faded` and `window` in `part`, which lies in `thing` as do `turned` and `strange`; another
    group has none."""
    groups = (Group("thing", "A thing"), Group("part", "A part, small", "thing", {"n": 1}), Group("empty"))
    places = {"faded": "part", "window": "part", "turned": "thing", "strange": "thing"}
    layers = (dataclasses.replace(layer, group=places.get(layer.id)) for layer in sundry.layers)
    return dataclasses.replace(sundry, layers=tuple(layers), groups=groups)


def color(stack: Stack, layer_id: str) -> Color:
    """The colour of a layer that has one."""
    found: Color = stack.layer(layer_id).color  # type: ignore[attr-defined]
    return found
