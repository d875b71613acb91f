"""Strokes as SVG: another program draws what we draw."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import resvg_py
from PIL import Image

from tests.kinds.stroke.examples import at, examples, stroke
from vecstack import Canvas, Stack, render, to_svg
from vecstack.exporting.pdf import to_pdf

STRAIGHT = (-12.0, -9.0, 0.0, 0.0, 12.0, 9.0)


def difference(stack: Stack, **options: Any) -> np.ndarray:
    """By how much each channel of each pixel differs from our own drawing, in 1/255."""
    png = bytes(resvg_py.svg_to_bytes(svg_string=to_svg(stack, device="cpu", **options), width=148))
    theirs = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    found: np.ndarray = np.abs(theirs - render(stack, 212, device="cpu").astype(int))
    return found


@pytest.mark.parametrize("flat", [False, True])
def test_another_program_draws_each_layer_as_we_do(flat: bool) -> None:
    for layer in examples()[0][:6]:
        off = difference(Stack(Canvas(37, 53, (0.9, 0.8, 0.7)), (layer,)), flat=flat)
        assert off.mean() < 0.2, layer.id
        assert (off > 14).mean() < 0.002, layer.id


def test_opacities_along_a_stroke_are_a_gradient() -> None:
    fading = stroke("fading", at(18, 26), STRAIGHT, (5.0, 3.0), opacities=(1.0, 0.2))
    stack = Stack(Canvas(37, 53), (fading,))
    assert "linearGradient" in to_svg(stack, device="cpu")
    assert difference(stack).mean() < 1
    assert to_pdf(stack, size=64, device="cpu").startswith(b"%PDF")


def test_a_stroke_that_fades_nowhere_has_no_gradient() -> None:
    faint = stroke("faint", at(18, 26), STRAIGHT, (5.0, 3.0), opacities=(0.4, 0.4))
    stack = Stack(Canvas(37, 53), (faint,))
    assert "Gradient" not in to_svg(stack, device="cpu")
    assert difference(stack).mean() < 0.2
