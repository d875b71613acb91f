"""Layers whose kind gives curves or an element are written as they are."""

from __future__ import annotations

import dataclasses
import importlib
import io
import re
from typing import Any

import numpy as np
import pytest
import resvg_py
from PIL import Image

from tests.helpers import make_spline
from vecstack import Canvas, Stack, render, to_svg
from vecstack.color import Color
from vecstack.exporting.pdf import to_pdf
from vecstack.exporting.svg.exact import exact_shape, is_exact
from vecstack.exporting.svg.options import SvgOptions
from vecstack.geometry import Affine, Rect
from vecstack.kinds import kind_of
from vecstack.kinds.base import SvgElement
from vecstack.stack import Layer

pytestmark = pytest.mark.usefixtures("_with_example_kinds")
CANVAS = Canvas(37, 53, (0.9, 0.8, 0.7))


def stack_of(name: str) -> Stack:
    layers, assets = importlib.import_module(f"tests.example_kinds.{name}.examples").examples()
    return Stack(CANVAS, layers, assets)


def drawn(svg: str, width: int) -> np.ndarray:
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=width))
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


@pytest.mark.slow
@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("name", ["disc", "radial"])
def test_another_program_draws_what_we_draw(name: str, flat: bool) -> None:
    stack = stack_of(name)
    picture = drawn(to_svg(stack, flat=flat, device="cpu"), 370)
    assert np.abs(picture - render(stack, 530, device="cpu")).mean() < 1.0


@pytest.mark.slow
def test_discs_among_traced_layers_are_drawn_in_their_places() -> None:
    discs = stack_of("disc").layers
    spline = make_spline("soft", 1, Affine.of_frame(Rect(2, 8, 30, 38)))
    stack = Stack(CANVAS, (discs[0], spline, discs[1]))
    for flat, most in ((False, 1.5), (True, 6.0)):
        text = to_svg(stack, flat=flat, device="cpu")
        assert text.index('id="upright"') < text.index('id="soft"') < text.index('id="faded"')
        assert np.abs(drawn(text, 370) - render(stack, 530, device="cpu")).mean() < most


def test_an_outline_becomes_a_path_in_canvas_units(monkeypatch: pytest.MonkeyPatch) -> None:
    layer: Layer = stack_of("disc").layers[0]
    square = ((-1.0, -1.0), (0.0, -1.0), (0.5, -1.0), (1.0, -1.0), *((1.0, 0.0), (1.0, 0.5), (1.0, 1.0)))
    square += ((0.0, 1.0), (-0.5, 1.0), (-1.0, 1.0), (-1.0, 0.0), (-1.0, -0.5), (-1.0, -1.0))
    monkeypatch.setattr(type(kind_of(layer)), "outline", lambda self, layer: (square,))
    element, definitions = exact_shape(stack_of("disc"), layer, "name", SvgOptions(), "cpu")
    assert definitions == ""
    assert 'd="M1.5 6.25h28v28h-28z"' in element
    assert "transform" not in element


def test_a_kind_may_have_an_element_of_its_own_with_what_it_refers_to(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = stack_of("radial")
    layer: Any = stack.layers[0]

    def svg(self: Any, layer: Any, name: str) -> SvgElement:
        stops = f'<radialGradient id="{name}-fill"/>'
        return SvgElement("circle", {"r": "1", "fill": f"url(#{name}-fill)"}, stops)

    monkeypatch.setattr(type(kind_of(layer)), "svg", svg)
    text = to_svg(stack, device="cpu")
    assert '<radialGradient id="upright-fill"/>' in text
    assert 'fill="url(#upright-fill)"' in text
    assert "<image" not in text


def test_a_path_without_data_is_given_the_outline_in_the_local_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    layer: Layer = stack_of("disc").layers[0]
    line = ((0.0, 0.0), (0.0, 0.0), (1.0, 0.0), (1.0, 0.0), (0.5, 0.5001), (0.25, 0.25004), (0.0, 0.0))
    monkeypatch.setattr(type(kind_of(layer)), "outline", lambda self, layer: (line,))
    monkeypatch.setattr(type(kind_of(layer)), "svg", lambda self, layer, name: SvgElement("path", {"fill": "red"}))
    for transform, place, data in (
        (Affine(1, 0, 7, 0, 1, 8), "translate(7 8)", "M0 0h1c-.5.5-.75.25-1 0z"),
        (Affine(10, 0, 7, 0, 10, 8), "matrix(10 0 0 10 7 8)", "M0 0h1c-.5.5001-.75.25-1 0z"),
    ):
        moved = dataclasses.replace(layer, transform=transform)
        element, _ = exact_shape(stack_of("disc"), moved, "name", SvgOptions(), "cpu")
        assert f'transform="{place}" d="{data}"' in element


def test_names_are_labels_and_hidden_layers_are_hidden() -> None:
    stack = stack_of("disc").edit("upright", name='The "red" one')
    text = to_svg(stack, device="cpu")
    assert 'inkscape:label="The &quot;red&quot; one"' in text
    assert re.search(r'id="hidden"[^>]*display:none', text)


def test_mask_layers_are_not_exact(stack: Stack) -> None:
    assert not any(is_exact(layer, stack.assets) for layer in stack.layers)


def test_a_pdf_has_the_curves_and_no_picture() -> None:
    data = to_pdf(stack_of("disc"), size=200, device="cpu")
    assert b"/Subtype /Image" not in data
    assert b"/Subtype /Image" in to_pdf(stack_of("radial"), size=200, device="cpu")


def test_svg_of_exact_layers_needs_no_contourpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "contourpy", None)
    assert to_svg(stack_of("disc"), device="cpu").count("<circle") == 5


def test_no_colour_is_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    color: Color = (0.2, 0.4, 0.6)
    stack = stack_of("disc")
    painted = stack.edit("upright", color=color)
    assert 'fill="#369"' in to_svg(painted, device="cpu")
