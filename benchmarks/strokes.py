"""Measure what lines of one width gain as such: pictures of folders of SVG files, made into paths by the model graphic,
written as SVG with strokes and with outlines alone.

For each folder, in the mean of its pictures: strokes along curves, and shapes; bytes of the original, with outlines and
with strokes, gzipped; dB against the original, both drawn by resvg at the size of the picture and, four times as large
and averaged, where resvg's own errors along strokes are smaller; seconds of the processor to export.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from _common import print_markdown, timed, write_json
from graphics import MODEL, decibels, gzipped, on_white, rastered
from PIL import Image

import vecstack
from vecstack.kinds.path import svg as path_svg

FINER = 4


def averaged(svg: str, side: int) -> np.ndarray[Any, Any]:
    """An SVG drawn on white larger, and averaged: [H,W,3]."""
    return on_white(rastered(svg, FINER * side)).reshape(side, FINER, side, FINER, 3).mean((1, 3))


def measured(path: Path, side: int) -> dict[str, float]:
    """All of one picture."""
    original = path.read_text(encoding="utf-8")
    pixels = rastered(original, side)
    stack = vecstack.decompose(Image.fromarray(np.rint(pixels * 255).astype(np.uint8)), MODEL)
    with mock.patch.object(path_svg, "center_line", return_value=None):
        outlines = vecstack.to_svg(stack, precision=1)
    strokes, cost = timed(lambda: vecstack.to_svg(stack, precision=1))
    truth, large = on_white(pixels), averaged(original, side)
    return {
        "strokes": strokes.count("stroke-width") - outlines.count("stroke-width"),
        "shapes": len(stack.layers),
        "original bytes": gzipped(original),
        "outlines": gzipped(outlines),
        "with strokes": gzipped(strokes),
        "outlines dB": decibels(on_white(rastered(outlines, side)), truth),
        "with strokes dB": decibels(on_white(rastered(strokes, side)), truth),
        "outlines dB, averaged": decibels(averaged(outlines, side), large),
        "with strokes dB, averaged": decibels(averaged(strokes, side), large),
        "export s": cost.cpu,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, help="folders of SVG files")
    parser.add_argument("--count", type=int, default=10, help="pictures of each folder (default %(default)s)")
    parser.add_argument("--side", type=int, default=512, help="pixels (default %(default)s)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows, every = [], {}
    for folder in options.folders:
        every[folder.name] = {
            path.name: measured(path, options.side) for path in sorted(folder.glob("*.svg"))[: options.count]
        }
        found = list(every[folder.name].values())
        means = [float(np.mean([row[name] for row in found])) for name in found[0]]
        rows.append([folder.name, *(f"{mean:,.2f}" if mean < 100 else f"{mean:,.0f}" for mean in means)])
    print_markdown("Means", ["set", *found[0]], rows)
    write_json(options.json, every)


if __name__ == "__main__":
    main()
