"""Lines of one width are written as such: SVG has a word for what a pen draws."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
import resvg_py
from PIL import Image

from vecstack import Stack, import_svg, to_svg

PEN = 'fill="none" stroke="#000" stroke-width="6"'
ROUND = 'stroke-linecap="round" stroke-linejoin="round"'


def drawing(*elements: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 160">{"".join(elements)}</svg>'


def layers(svg: str) -> Stack:
    """The drawing as layers: what a pen draws is its outline there."""
    return import_svg(io.BytesIO(svg.encode()))


def picture(svg: str) -> np.ndarray:
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=320))
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"), np.float64)[..., 3] / 255


LINES = {
    "a smile": (f'<path {PEN} {ROUND} d="M20 60c20 60 100 60 120 0"/>', 1),
    "with ends cut off": (f'<path {PEN} d="M20 60c20 60 100 60 120 0"/>', 1),
    "an arrow": (f'<path {PEN} {ROUND} d="M20 80c30-40 80-40 118 0M110 84l28-4-6-30"/>', 2),
    "a sharp corner": (f'<path {PEN} d="M20 20c10 40 30 80 60 110l60-100"/>', 1),
    "closed": (f'<path {PEN} d="M80 15c50 0 80 60 40 90s-110 40-100-10 10-80 60-80z"/>', 1),
    "a crossing": (f'<path {PEN} {ROUND} d="M20 30c60 10 80 40 120 100M30 130c20-50 60-90 110-100"/>', 2),
    "a twig": (f'<path {PEN} {ROUND} d="M20 140c40-20 80-60 100-120M78 96c20 10 40 14 60 12"/>', 2),
}


@pytest.mark.parametrize("name", LINES)
def test_what_a_pen_draws_is_written_along_its_middle(name: str) -> None:
    source = drawing(LINES[name][0])
    found = to_svg(layers(source), device="cpu")
    assert 'fill="none"' in found
    (width,) = re.findall(r'stroke-width="([\d.]+)"', found)
    assert float(width) == pytest.approx(6, abs=0.1)
    assert ("stroke-linecap" in found) == ("stroke-linecap" in source)
    (data,) = re.findall(r' d="([^"]+)"', found)
    assert data.lower().count("m") == LINES[name][1]
    off = np.abs(picture(found) - picture(source))
    assert off.mean() < 0.002
    assert (off > 0.3).mean() < 0.0005


SHAPES = {
    "a crescent": '<path d="M80 10a70 70 0 1 0 60 100a60 60 0 1 1-60-100z"/>',
    "a wedge": '<path d="M20 20c40 60 80 60 120 100c-50-20-100-40-120-100z"/>',
    "a leaf": '<path d="M20 80c40-50 80-50 120 0c-40 50-80 50-120 0z"/>',
    "a gear": '<path d="M70 10h20l4 20 20 8 16-12 14 14-12 16 8 20 20 4v20l-20 4-8 20 12 16-14 14-16-12-20 8z"/>',
}


@pytest.mark.parametrize("name", SHAPES)
def test_other_shapes_keep_their_outline(name: str) -> None:
    assert "stroke" not in to_svg(layers(drawing(SHAPES[name])), device="cpu")
