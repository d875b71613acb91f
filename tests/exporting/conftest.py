from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
import resvg_py
from PIL import Image

from tests.conftest import MakeOnce
from tests.helpers import block, slopes_and_edge
from vecstack import Canvas, Stack, load_model
from vecstack.fitting.decompose import decompose
from vecstack.geometry import Rect

CANVAS = Canvas(37, 53, (0.9, 0.4, 0.1))
RED = block("red", Rect(4.0, 6.0, 20.0, 30.0), (1.0, 0.0, 0.0))
BLUE = block("blue", Rect(12.0, 20.0, 20.0, 25.0), (0.0, 0.0, 1.0))
HOSTILE = [  # ids and names that a careless writer of XML or of files would trip over
    ('"/><script>alert(1)</script>', "<&>'\""),
    ("]]>", "\ufffe\uffff \ufffe"),
    ("m1", "x" * 1024),
    ("M1", "ünïcödé 🎈"),
    ("b0", "--><!--"),
    ("background", "&quot;&#x0;&lol;"),
    ("b0.", ""),
    ("a b", "javascript:alert(1)"),
    ("a_b", "url(http://example.com/x)"),
    ("9", "%s{0}"),
]


def draw(svg: str, width: int) -> np.ndarray:
    """The picture that another program makes of an SVG."""
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=width, skip_system_fonts=True))
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


@pytest.fixture(scope="session")
def digit(made_once: MakeOnce) -> Stack:
    """A digit by the shipped model, refined."""

    def make() -> Stack:
        from sklearn.datasets import load_digits

        small = Image.fromarray((load_digits().images[3] * 255 / 16).astype(np.uint8))
        pixels = np.asarray(small.resize((28, 28), Image.Resampling.BICUBIC).convert("RGB"))
        return decompose(pixels, load_model("digits", "cpu"), 5, effort="good", device="cpu")

    return made_once("digit", make)


@pytest.fixture(scope="session")
def painted(made_once: MakeOnce) -> Stack:
    """A smooth picture with edges by the shipped model of photos, refined a little."""

    def make() -> Stack:
        return decompose(slopes_and_edge(), load_model("photos", "cpu"), 8, effort="fast", device="cpu")

    return made_once("painted", make)


@pytest.fixture
def stacks(stack: Stack, mixed: Stack, digit: Stack, painted: Stack) -> Callable[[str], Stack]:
    """The stacks by name."""
    return {"stack": stack, "mixed": mixed, "digit": digit, "painted": painted}.__getitem__


def pixels_of(png: bytes) -> np.ndarray:
    """The pixels of a PNG with their alpha: [H,W,4]."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))
