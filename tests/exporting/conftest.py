from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
import resvg_py
from PIL import Image

from tests.drawing.conftest import mixed, stack
from vecstack import Stack, load_model
from vecstack.fitting.decompose import decompose

__all__ = ["mixed", "stack"]


def draw(svg: str, width: int) -> np.ndarray:
    """The picture that another program makes of an SVG."""
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=width, skip_system_fonts=True))
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """In dB, of 8-bit pictures; a row more or less, as programs round the shorter side, is left out."""
    rows = min(len(one), len(other))
    difference = one[:rows].astype(float) - other[:rows]
    return float(-10 * np.log10(max(np.square(difference / 255).mean(), 1e-10)))


@pytest.fixture(scope="session")
def digit() -> Stack:
    """A digit by the shipped model, refined."""
    from sklearn.datasets import load_digits

    small = Image.fromarray((load_digits().images[3] * 255 / 16).astype(np.uint8))
    pixels = np.asarray(small.resize((28, 28), Image.Resampling.BICUBIC).convert("RGB"))
    return decompose(pixels, load_model("digits", "cpu"), refine="good", device="cpu")


@pytest.fixture(scope="session")
def painted() -> Stack:
    """A smooth picture with edges by the shipped model of photos, refined a little."""
    y, x = np.mgrid[0:53, 0:37]
    pixels = np.stack([x * 6, y * 4, np.where(x > y, 200, 30)], -1).astype(np.uint8)
    return decompose(pixels, load_model("photos", "cpu"), 8, refine="fast", device="cpu")


@pytest.fixture
def stacks(stack: Stack, mixed: Stack, digit: Stack, painted: Stack) -> Callable[[str], Stack]:
    """The stacks by name."""
    return {"stack": stack, "mixed": mixed, "digit": digit, "painted": painted}.__getitem__
