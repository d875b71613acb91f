from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
import torch

from tests.exporting.conftest import CANVAS, draw
from tests.helpers import block, psnr
from vecstack import Stack, render
from vecstack.errors import ExportError
from vecstack.exporting.svg.flat import BLURS, THRESHOLDS, Shape, flat_svg, flatten
from vecstack.exporting.svg.options import SvgOptions
from vecstack.exporting.svg.scene import Scene, scene_of
from vecstack.geometry import Rect
from vecstack.stack import Canvas

CPU = torch.device("cpu")
SHARP = {"window": 0.01}
GREEN = block("green", Rect(3.0, 4.0, 22.0, 34.0), (0.1, 0.8, 0.3), **SHARP)
VIOLET = block("violet", Rect(12.0, 20.0, 20.0, 25.0), (0.5, 0.1, 0.9), opacity=0.75, **SHARP)
STACK = Stack(CANVAS, (GREEN, VIOLET))


@pytest.fixture(scope="module")
def scene() -> Scene:
    return scene_of(STACK, CPU)


@pytest.fixture(scope="module")
def shapes(scene: Scene) -> list[Shape]:
    return flatten(scene, list(scene.masks), BLURS)


def test_two_sharp_layers_are_found_again(shapes: list[Shape]) -> None:
    for shape, layer in zip(shapes, (GREEN, VIOLET), strict=True):
        assert shape.mask.layer is layer
        assert shape.color == pytest.approx(layer.color, abs=0.02)
        assert shape.blur == 0
        assert 0.2 < shape.threshold < 0.8  # their masks run from 0 to 1 within a cell or two


def test_a_flat_picture_of_flat_layers_is_theirs(scene: Scene) -> None:
    found = draw(flat_svg(scene, SvgOptions(flat=True)), 185)
    wanted = render(STACK, 265, device="cpu")
    assert psnr(found, wanted) > 24  # the corners of rectangles are rounded
    for x, y in ((8, 8), (18, 30), (29, 42), (34, 50)):
        assert np.abs(found[5 * y, 5 * x].astype(int) - wanted[5 * y, 5 * x]).max() <= 4


def test_a_soft_layer_is_blurred_unless_that_is_forbidden() -> None:
    soft = scene_of(Stack(CANVAS, (block("soft", Rect(4.0, 6.0, 30.0, 40.0), (1.0, 0.0, 0.0), window=0.9),)), CPU)
    (blurred,), (hard,) = flatten(soft, list(soft.masks), BLURS), flatten(soft, list(soft.masks), (0.0,))
    assert blurred.blur > 0 == hard.blur
    text = flat_svg(soft, SvgOptions(flat=True))
    assert text.count("<filter") == text.count('filter="url(#b0)"') == 1
    assert "filter" not in flat_svg(soft, SvgOptions(flat=True, hard=True))


def test_colours_are_those_that_are_best_together() -> None:
    """A layer whose cut mask covers more than it did gets a colour nearer to what is below."""
    veil = block("veil", Rect(-200.0, -200.0, 437.0, 453.0), (0.0, 0.0, 1.0), opacity=0.5)
    half = scene_of(Stack(CANVAS, (veil, dataclasses.replace(GREEN, opacity=1.0))), CPU)
    found = {shape.mask.layer.id: shape.color for shape in flatten(half, list(half.masks), (0.0,))}
    assert found["veil"] == pytest.approx((0.0, 0.0, 1.0), abs=0.02)
    assert found["green"] == pytest.approx(GREEN.color, abs=0.02)


def test_a_hidden_layer_is_cut_in_the_middle_of_its_mask_and_changes_nothing_else(shapes: list[Shape]) -> None:
    hidden = block("hidden", Rect(2.0, 2.0, 30.0, 45.0), (1.0, 1.0, 0.0), visible=False)
    scene = scene_of(Stack(CANVAS, (GREEN, hidden, VIOLET)), CPU)
    first, middle, last = flatten(scene, list(scene.masks), BLURS)
    assert (middle.threshold, middle.blur, middle.color) == (pytest.approx(0.5, abs=0.01), 0, (1.0, 1.0, 0.0))
    for shape, before in ((first, shapes[0]), (last, shapes[1])):
        assert (shape.threshold, shape.blur, shape.color) == (before.threshold, before.blur, before.color)
    assert 'style="display:none"' in flat_svg(scene, SvgOptions(flat=True))


def test_thresholds_are_within_the_mask_s_range(scene: Scene, shapes: list[Shape]) -> None:
    assert THRESHOLDS > 1
    for shape in shapes:
        assert shape.mask.values.min() < shape.threshold < shape.mask.values.max()


def test_a_limit_of_paths_keeps_the_layers_that_show_most() -> None:
    speck = block("speck", Rect(30.0, 45.0, 3.0, 3.0), (1.0, 1.0, 1.0))
    scene = scene_of(Stack(CANVAS, (speck, GREEN, VIOLET)), CPU)
    text = flat_svg(scene, SvgOptions(flat=True, max_paths=2))
    assert re.findall(r'<path id="(\w+)"', text) == ["green", "violet"]


@pytest.mark.slow
def test_a_limit_of_bytes_is_kept_by_looser_curves(scene: Scene) -> None:
    whole = flat_svg(scene, SvgOptions(flat=True))
    most = len(whole) - 60
    assert len(flat_svg(scene, SvgOptions(flat=True, max_bytes=most))) <= most
    with pytest.raises(ExportError, match=r"takes at least [\d,]+ bytes, more than 200\."):
        flat_svg(scene, SvgOptions(flat=True, max_bytes=200))


def test_a_stack_without_layers_is_its_background() -> None:
    assert "<path" not in flat_svg(scene_of(Stack(CANVAS), CPU), SvgOptions(flat=True))


def test_a_strip_is_drawn_as_finely_as_it_is_wide() -> None:
    canvas = Canvas(4000, 2, (0.0, 0.0, 0.0))
    strip = Stack(canvas, (block("half", Rect(1000.0, -9.0, 1500.0, 20.0), (0.1, 0.8, 0.3), **SHARP),))
    text = flat_svg(scene_of(strip, CPU), SvgOptions(flat=True, hard=True))
    assert text.count("<path") == 1
    start, scale = re.search(r' d="m(-?[\d.]+)', text), re.search(r"scale\(([\d.]+)\)", text)
    assert 900 < float(start[1]) * float(scale[1]) < 2600
