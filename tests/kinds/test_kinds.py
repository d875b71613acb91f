from __future__ import annotations

import pytest

from vecstack.geometry import Affine, Rect
from vecstack.kinds import find_kind, kind_of, without_unused
from vecstack.kinds.mask.layer import MaskLayer
from vecstack.kinds.spline.layer import SplineLayer
from vecstack.stack import Canvas, Layer, Stack, UnknownLayer

PLACE = Affine.of_frame(Rect(3.0, 4.0, 20.0, 30.0))
SPLINE = SplineLayer(id="spline", transform=PLACE, color=(0.1, 0.2, 0.3), surface=((0.0,) * 4,) * 4, window=0.3)
STRANGE = UnknownLayer(id="strange", transform=PLACE, unknown_kind="sparkle")


def mask(layer_id: str, net: str) -> MaskLayer:
    return MaskLayer(id=layer_id, transform=PLACE, color=(0.1, 0.2, 0.3), code=(0.5,), net=net)


def stack_of(*layers: Layer) -> Stack:
    assets = {name: name.encode() for name in ("first", "second", "stray")}
    return Stack(Canvas(37, 53), layers, assets, thumbnail=b"old")


@pytest.mark.parametrize("layer", [SPLINE, mask("mask", "first")], ids=["spline", "mask"])
def test_the_kind_of_a_layer_is_the_one_of_its_name(layer: Layer) -> None:
    assert kind_of(layer) is find_kind(layer.kind)


def test_assets_that_only_old_layers_used_go_and_no_others() -> None:
    old = [mask("old", "first"), mask("shared", "second"), SPLINE]
    stack = stack_of(mask("new", "second"), SPLINE)
    without = without_unused(stack, old)
    assert set(without.assets) == {"second", "stray"}
    assert (without.layers, without.thumbnail) == (stack.layers, stack.thumbnail)


def test_all_assets_stay_that_a_layer_of_an_unknown_kind_may_use() -> None:
    stack = stack_of(SPLINE, STRANGE)
    assert without_unused(stack, [mask("old", "first")]) is stack
