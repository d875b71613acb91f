"""Draws docs/result.png, the picture at the top of the README: python docs/make_result.py

Top: examples/scene.png, its layers one by one, and the stack drawn. Below: the same for examples/digit.png."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from PIL import Image

from vecstack import Stack, decompose, load_model, render

DOCS = Path(__file__).parent
EXAMPLES = DOCS.parent / "examples"
PAPER = (255, 255, 255)
GAP_PX = 8
MOST_IN_TWO_LINES = 10


def main() -> None:
    """Draw the picture."""
    rows = [row("scene.png", "photos", (384, 256)), row("digit.png", "digits", (256, 256))]
    size = (max(picture.width for picture in rows), sum(picture.height for picture in rows) + GAP_PX)
    sheet = Image.new("RGB", size, PAPER)
    top = 0
    for picture in rows:
        sheet.paste(picture, (0, top))
        top += picture.height + GAP_PX
    sheet.save(DOCS / "result.png", optimize=True)


def row(name: str, model: str, size: tuple[int, int]) -> Image.Image:
    """A picture, its layers in two lines, or four of smaller ones, and the stack drawn."""
    source = Image.open(EXAMPLES / name).convert("RGB")
    stack = decompose(EXAMPLES / name, load_model(model), effort="sketch")
    lines = 2 if len(stack.layers) <= MOST_IN_TWO_LINES else 4
    across = -(-len(stack.layers) // lines)
    tile = ((size[0] - GAP_PX * (lines - 1)) // lines, (size[1] - GAP_PX * (lines - 1)) // lines)
    width = 2 * size[0] + across * (tile[0] + GAP_PX) + GAP_PX
    sheet = Image.new("RGB", (width, size[1]), PAPER)
    bitmap = source.width < 64
    sheet.paste(source.resize(size, Image.Resampling.NEAREST if bitmap else Image.Resampling.LANCZOS), (0, 0))
    for index in range(len(stack.layers)):
        place = (size[0] + GAP_PX + index % across * (tile[0] + GAP_PX), index // across * (tile[1] + GAP_PX))
        sheet.paste(one_layer(stack, index, tile), place)
    sheet.paste(Image.fromarray(render(stack, max(size))).resize(size), (width - size[0], 0))
    return sheet


def one_layer(stack: Stack, index: int, size: tuple[int, int]) -> Image.Image:
    """One layer alone, over a chequered ground that shows where it is transparent."""
    alone = dataclasses.replace(stack, layers=stack.layers[index : index + 1])
    drawn = Image.fromarray(render(alone, max(size), transparent=True)).resize(size)
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    squares = np.where((x // 8 + y // 8) % 2 == 0, 255, 225).astype(np.uint8)
    ground = Image.fromarray(squares).convert("RGBA")
    return Image.alpha_composite(ground, drawn).convert("RGB")


if __name__ == "__main__":
    main()
