"""Path layers as SVG: another program draws what we draw, in few bytes."""

from __future__ import annotations

import io

import numpy as np
import pytest
import resvg_py
from PIL import Image

from tests.kinds.path.examples import at, blob, examples
from vecstack import Canvas, Stack, render, to_svg
from vecstack.geometry import UNIT_CIRCLE
from vecstack.kinds.path.graphic.boxes import box_map
from vecstack.kinds.path.layer import PathLayer


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("index", range(4))
def test_another_program_draws_each_layer_as_we_do(index: int, flat: bool) -> None:
    stack = Stack(Canvas(37, 53, (0.9, 0.8, 0.7)), (examples()[0][index],))
    png = bytes(resvg_py.svg_to_bytes(svg_string=to_svg(stack, flat=flat, device="cpu"), width=148))
    theirs = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    difference = np.abs(theirs - render(stack, 212, device="cpu").astype(int))
    assert difference.mean() < 0.2
    assert (difference > 12).mean() < 0.002


def test_a_layer_of_eight_pieces_takes_few_bytes() -> None:
    layers = [
        PathLayer(
            id=f"p{index}", transform=at(50 + index, 60), contours=(blob(9.3, 7.8), blob(4.1, 3.2)), color=(0, 0, 0)
        )
        for index in range(256)
    ]
    assert len(to_svg(Stack(Canvas(400, 300), tuple(layers)), device="cpu")) < 256 * 235


def contour(*numbers: float) -> tuple[float, ...]:
    """A rectangle with round corners (left, right, top, bottom, radius), rounded as layers are."""
    return tuple(np.round(box_map(False) @ numbers, 1).tolist())


def test_forms_that_svg_has_a_word_for_are_written_with_it() -> None:
    circle = tuple(np.round([value for point in UNIT_CIRCLE[:-1] for value in point], 9) * 8)
    ellipse = tuple(np.round(np.array(circle).reshape(-1, 2) * (1.3, 0.7) + 3.2, 1).ravel().tolist())
    turned = tuple(np.roll(np.array(ellipse).reshape(-1, 2)[::-1], 1, 0).ravel().tolist())
    blunt = (*contour(-9, 9.4, -5, 5, 2)[:-1], 0.0)
    found = [
        to_svg(Stack(Canvas(40, 40), (PathLayer(id="p", transform=at(20, 20), contours=(each,), color=(0, 0, 0)),)))
        for each in (circle, ellipse, turned, contour(-9, 9.4, -5, 5, 2), contour(-3, 3, -9, 9, 3), blunt)
    ]
    words = ("circle", "ellipse", "ellipse", "rect", "rect", "path")
    for text, word in zip(found, words, strict=True):
        assert f"<{word} " in text
    assert 'rx="2"' in found[3]
    assert 'width="18.4"' in found[3]
    for text in (*found[:2], *found[3:5]):
        png = bytes(resvg_py.svg_to_bytes(svg_string=text, width=160))
        assert np.asarray(Image.open(io.BytesIO(png)).convert("L")).min() == 0


def reversed_box(*numbers: float) -> tuple[float, ...]:
    """The same the other way round, which cuts a hole."""
    return tuple(np.round(box_map(True) @ numbers, 1).tolist())


def ring(radius: float) -> tuple[float, ...]:
    """A circle."""
    return tuple(np.round(radius * np.array(UNIT_CIRCLE[:-1]), 1).ravel().tolist())


def sharp(*sides: float) -> tuple[float, ...]:
    """A rectangle (left, right, top, bottom) that cuts a hole, its handles on its knots."""
    left, right, top, bottom = sides
    knots = np.array([[left, top], [left, bottom], [right, bottom], [right, top]])
    return tuple(np.stack([knots, knots, np.roll(knots, -1, 0)], 1).ravel().tolist())


STROKES = {
    "circle": ((ring(9.2), tuple(np.array(ring(7)).reshape(-1, 2)[[0, *range(11, 0, -1)]].ravel().tolist())), ""),
    "rect": ((contour(-9, 9.4, -8, 8, 5), reversed_box(-7, 7.4, -6, 6, 3)), 'rx="4"'),
    "rect of round joins": ((contour(-9, 9.4, -8, 8, 1), sharp(-7, 7.4, -6, 6)), 'stroke-linejoin="round"'),
    "line": ((contour(-9, 9, -1, 1, 1),), 'x2="28"'),
    "line upright": ((contour(-1, 1, -9, 9, 1),), 'stroke-linecap="round"'),
    "path": ((contour(-9, 9.4, -8, 8, 5), reversed_box(-6, 7.4, -6, 6, 3)), ' d="'),  # of two widths
}


@pytest.mark.parametrize("name", STROKES)
def test_lines_of_one_width_are_strokes(name: str) -> None:
    contours, said = STROKES[name]
    stack = Stack(Canvas(40, 40), (PathLayer(id="p", transform=at(20, 20), contours=contours, color=(0, 0, 0)),))
    text = to_svg(stack, device="cpu")
    assert f"<{name.split()[0]} " in text
    assert said in text
    assert ("stroke-width" in text) == (name != "path")
    png = bytes(resvg_py.svg_to_bytes(svg_string=text, width=160))
    theirs = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    difference = np.abs(theirs - render(stack, 160, device="cpu").astype(int))
    assert difference.mean() < 0.5
