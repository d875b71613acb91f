from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.exporting.cutting.test_partition import STACK
from vecstack import render
from vecstack.exporting.cutting.colors import mean_color, opaque
from vecstack.kinds import color_of


def test_each_layer_shows_on_average_what_it_showed() -> None:
    flat = [layer for layer in STACK.layers if color_of(layer)]  # a colour that is clipped shows less
    faded = STACK.with_layers([dataclasses.replace(layer, opacity=0.6) for layer in flat])
    made = opaque(faded, "cpu")
    assert all(layer.opacity == 1 for layer in made.layers if layer.visible)
    before, after = (render(stack, 512, transparent=False, device="cpu").astype(float) for stack in (faded, made))
    assert np.abs(before.mean((0, 1)) - after.mean((0, 1))).max() < 1
    assert color_of(made.layers[0]) != color_of(flat[0])


def test_an_opaque_stack_stays_as_it_is() -> None:
    assert opaque(STACK, "cpu") is STACK


def test_the_mean_colour_of_a_gradient_lies_within_it() -> None:
    assert mean_color(STACK, STACK.layers[1], "cpu") == pytest.approx((0.8, 0.6, 0.25), abs=0.2)
