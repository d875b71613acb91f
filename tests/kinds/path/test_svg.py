"""Path layers as SVG: another program draws what we draw, in few bytes."""

from __future__ import annotations

import io

import numpy as np
import pytest
import resvg_py
from PIL import Image

from tests.kinds.path.examples import at, blob, examples
from vecstack import Canvas, Stack, render, to_svg
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
