"""Cut-outs in files of other programs: like our own drawing, and each item once."""

from __future__ import annotations

import io
import re

import numpy as np
import pypdfium2
import pytest
import resvg_py
from PIL import Image

from tests.kinds.cutout.examples import ASSETS, cutout, examples
from vecstack import Canvas, Stack, render, to_svg
from vecstack.errors import ExportError
from vecstack.exporting.cutting.prepare import prepared
from vecstack.exporting.dxf import to_dxf
from vecstack.exporting.parts import in_parts
from vecstack.exporting.pdf import to_pdf
from vecstack.geometry import Affine

CANVAS = Canvas(37, 53, (0.9, 0.8, 0.7))


@pytest.fixture(scope="module")
def stack() -> Stack:
    """Layers of every case, and one more of an item that is there."""
    layers, assets = examples()
    again = cutout("again", "fish", Affine.similarity(30, 30, 5, 90), color=(0.2, 0.6, 0.9))
    return Stack(CANVAS, (*layers, again), assets)


@pytest.fixture(scope="module")
def shapes() -> Stack:
    """Two items of shapes, one in its own colours and one in another."""
    fish = cutout("fish", "fish", Affine.similarity(17, 20, 13, 30))
    return Stack(CANVAS, (fish, cutout("wheel", "wheel", Affine.similarity(20, 40, 9), color=(0.2, 0.6, 0.9))), ASSETS)


def as_resvg_draws(text: str, width: int) -> np.ndarray:
    """The picture that another program makes of an SVG."""
    png = bytes(resvg_py.svg_to_bytes(svg_string=text, width=width))
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


@pytest.mark.parametrize("minify", [False, True])
def test_svg_is_drawn_like_our_own_and_has_each_item_once(stack: Stack, minify: bool) -> None:
    text = to_svg(stack, size=530, minify=minify, device="cpu")
    difference = np.abs(as_resvg_draws(text, 370) - render(stack, 530, device="cpu").astype(int))
    assert difference.mean() < 1
    assert text.count("<use ") == len(stack.layers) - minify  # a hidden layer is left out
    assert len(re.findall(r'<g id="[^"]*"><(path|circle|radial)', text)) == 3  # fish, plain fish, wheel
    assert text.count("<image ") == 3  # in its own colours, and in two others
    assert "<mask" not in text


def test_pdf_is_drawn_like_our_own_and_has_each_item_once(stack: Stack) -> None:
    data = to_pdf(stack, device="cpu")
    page = pypdfium2.PdfDocument(data)[0].render(scale=10).to_pil().convert("RGB")
    difference = np.abs(np.asarray(page).astype(int) - render(stack, 530, device="cpu").astype(int))
    assert difference.mean() < 1.5
    assert data.count(b"/Subtype /Form") == 4  # fish in its own colours and in two others, wheel


def test_parts_are_layers_of_a_group_where_they_are_on_the_canvas(shapes: Stack) -> None:
    faded = shapes.edit("wheel", opacity=0.5)
    made = in_parts(faded)
    assert [layer.id for layer in made.layers] == ["fish-1", "fish-1-2", "fish-1-3", "fish-1-4", "wheel-1"]
    assert [group.id for group in made.groups] == ["fish", "wheel"]
    assert made.layers[-1].opacity == 0.5
    difference = np.abs(render(made, 200, device="cpu").astype(int) - render(faded, 200, device="cpu"))
    assert difference.max() <= 1


def test_dxf_has_the_curves_of_all_shapes(shapes: Stack) -> None:
    ezdxf = pytest.importorskip("ezdxf")
    document = ezdxf.read(io.StringIO(to_dxf(shapes, device="cpu").decode()))
    assert len(document.modelspace()) == 6  # a tail, three discs, and a wheel with a hole


def test_cut_apart_they_look_the_same(shapes: Stack) -> None:
    opaque = prepared(shapes, opaque=True, cutout=True, device="cpu")
    drawn = render(opaque, 200, transparent=False, device="cpu").astype(int)
    assert np.abs(drawn - render(shapes, 200, device="cpu")).mean() < 1


def test_a_picture_cannot_be_cut(stack: Stack) -> None:
    with pytest.raises(ExportError, match="is a picture without an outline"):
        prepared(stack, opaque=True, cutout=True, device="cpu")
