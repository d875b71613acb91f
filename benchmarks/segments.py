"""What it costs to tell a subject from its background, and what focus gains: PSNR of photos of scikit-image within the
subject that U2-Net-p finds, around it, and of all, with as many layers each way.

    python benchmarks/segments.py --layers 64

Needs the extras `segments` and `benchmarks`, and u2netp.onnx where docs/segments.md says."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from _common import print_markdown
from skimage import data

import vecstack
from vecstack.fitting.segmenters.saliency import saliency
from vecstack.fitting.target import psnr_of
from vecstack.pictures.read import as_picture

PHOTOS = ("astronaut", "coffee", "chelsea")
WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "`--segments u2netp`": {"segments": "u2netp"},
    "`--focus subject`": {"focus": "subject"},
}


def row(name: str, way: str, layers: int, effort: str) -> list[str]:
    """A photo decomposed in one of the ways."""
    pixels = getattr(data, name)()
    subject = saliency(as_picture(pixels)) >= 0.5
    stack = vecstack.decompose(pixels, "paths", layers, effort=effort, **WAYS[way])
    drawn = vecstack.render(stack, max(pixels.shape[:2]))[..., :3]
    squares = np.square((drawn.astype(float) - pixels) / 255)
    parts = squares[subject], squares[~subject], squares
    return [name, way, *(f"{psnr_of(float(part.mean())):.2f}" for part in parts)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=64, metavar="N")
    parser.add_argument("--effort", default="good")
    arguments = parser.parse_args()
    rows = [row(name, way, arguments.layers, arguments.effort) for name in PHOTOS for way in WAYS]
    print_markdown(f"{arguments.layers} layers, dB", ("photo", "", "subject", "around it", "all"), rows)


if __name__ == "__main__":
    main()
