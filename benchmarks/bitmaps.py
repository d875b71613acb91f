"""Enlarge small glyphs of five fonts and compare with the truth: bilinear, bicubic, Lanczos, and the model bitmap.

A glyph is white on black, drawn by its font at 40 times the size of the input and averaged down to it; with --whole,
each pixel of the input is then white or black. The truth is drawn by the font at the full size. Figures are means over
all glyphs of a font: the mean absolute error, its share of Lanczos's, PSNR, seconds of the processor (the first glyph,
which compiles, left out) and bytes of the SVG.

With --handwriting, pictures take the place of glyphs, of which only the pixels are known: PSNR at their own size,
layers, kinds, seconds and bytes of the file.
"""

from __future__ import annotations

import argparse
import string
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _common import print_table, write_json
from glyphs import FILTERS, OVERSAMPLING, draw_glyph, draw_sheet, errors, find_font
from PIL import Image

from vecstack.document.file import dumps
from vecstack.drawing.render import render
from vecstack.exporting.svg.write import to_svg
from vecstack.fitting.decompose import decompose
from vecstack.models import load_model
from vecstack.train.data import load_pictures

FONTS = (
    "DejaVuSerif.ttf",
    "DejaVuSans.ttf",
    "DejaVuSansMono.ttf",
    "LiberationSerif-Italic.ttf",
    "DejaVuSans-BoldOblique.ttf",
)
SIZES = (12, 16, 20, 28, 48)
HANDWRITING_PX = 28
GLYPHS = string.digits + string.ascii_uppercase + string.ascii_lowercase


@dataclass(frozen=True)
class Found:
    """The figures of one glyph: errors of each method (mean absolute, PSNR), seconds and bytes."""

    errors: dict[str, tuple[float, float]]
    seconds: float
    svg_bytes: int


def measure(font: str, glyph: str, side: int, size: int, whole: bool, rows: list[list[Image.Image]]) -> Found:
    """The figures of a glyph, whose pictures are added to the rows of a sheet."""
    truth = draw_glyph(font, glyph, size)
    small = draw_glyph(font, glyph, side * OVERSAMPLING).reduce(OVERSAMPLING)
    if whole:
        small = small.point(lambda value: 255 * (value > 127))
    began = time.process_time()
    stack = decompose(small, load_model("bitmap"))
    drawn = Image.fromarray(render(stack, size)).convert("L")
    seconds = time.process_time() - began
    pictures = {name: small.resize((size, size), kind) for name, kind in FILTERS.items()} | {"bitmap": drawn}
    rows.append([truth, small, *pictures.values()])
    return Found({name: errors(made, truth) for name, made in pictures.items()}, seconds, len(to_svg(stack)))


def summary(found: list[Found]) -> dict[str, float]:
    """Means over glyphs."""
    means = {name: np.mean([entry.errors[name] for entry in found], 0).tolist() for name in found[0].errors}
    return {
        **{f"{name} error": 255 * means[name][0] for name in means},
        "of Lanczos": means["bitmap"][0] / means["Lanczos"][0],
        "PSNR": means["bitmap"][1],
        "seconds": float(np.mean([entry.seconds for entry in found[1:] or found])),
        "SVG bytes": float(np.mean([entry.svg_bytes for entry in found])),
    }


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--font", nargs="+", default=list(FONTS), metavar="PATH", help="fonts (default: five)")
    parser.add_argument("--sides", nargs="+", type=int, default=list(SIZES), metavar="PX", help="sizes of the input")
    parser.add_argument("--glyphs", default=GLYPHS, help="the glyphs to take (default: all 62)")
    parser.add_argument("--size", type=int, default=1024, metavar="PX", help="the full size (default: 1024)")
    parser.add_argument("--whole", action="store_true", help="give pixels that are white or black")
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="draw truth, input and results of each glyph there")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there, too")
    parser.add_argument("--handwriting", type=Path, metavar="PATH", help="a folder or zip of digits of 28 px")
    parser.add_argument("--limit", type=int, default=200, metavar="N", help="about how many of its held-out pictures")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    if arguments.handwriting:
        measure_handwriting(arguments)
        return
    rows: list[list[Image.Image]] = []
    figures: list[dict[str, Any]] = []
    for side in arguments.sides:
        for name in arguments.font:
            font = find_font(name)
            found = [measure(font, glyph, side, arguments.size, arguments.whole, rows) for glyph in arguments.glyphs]
            figures.append({"px": side, "font": Path(font).stem, **summary(found)})
    columns = list(figures[0])
    cells = [[f"{value:.3g}" if isinstance(value, float) else str(value) for value in row.values()] for row in figures]
    print_table(f"to {arguments.size} px, errors in 1/255", columns, cells)
    write_json(arguments.json, {"size": arguments.size, "whole": arguments.whole, "figures": figures})
    if arguments.sheet:
        draw_sheet(rows).save(arguments.sheet)


def measure_handwriting(arguments: argparse.Namespace) -> None:
    """Print how close held-out pictures of handwriting are drawn back, and what that takes."""
    _, held_out = load_pictures([arguments.handwriting], HANDWRITING_PX)
    model, rows, figures = load_model("bitmap"), [], []
    for picture in held_out[:: max(1, len(held_out) // arguments.limit)]:
        small = Image.fromarray(picture.permute(1, 2, 0).numpy())
        began = time.process_time()
        stack = decompose(small, model)
        drawn = Image.fromarray(render(stack, arguments.size))
        seconds = time.process_time() - began
        psnr = errors(Image.fromarray(render(stack)).convert("L"), small.convert("L"))[1]
        figures.append((psnr, len(stack.layers), seconds, len(dumps(stack)), {layer.kind for layer in stack.layers}))
        large = (arguments.size, arguments.size)
        rows.append([small.resize(large, Image.Resampling.BICUBIC).convert("L"), drawn.convert("L")])
    psnr, layers, seconds, size = (
        np.array([row[k] for row in figures[1:]], float) for k in range(4)
    )  # first: compiles
    kinds = {kind: sum(kind in row[4] for row in figures) for kind in sorted(set().union(*(row[4] for row in figures)))}
    columns = ["pictures", "PSNR", "least", "layers", "seconds", "bytes", "kinds"]
    means = [f"{psnr.mean():.2f}", f"{psnr.min():.2f}", f"{layers.mean():.2f}", f"{seconds.mean():.3f}"]
    counted = ", ".join(f"{kind} {count}" for kind, count in kinds.items())
    print_table("handwriting", columns, [[str(len(psnr)), *means, f"{size.mean():.0f}", counted]])
    if arguments.sheet:
        draw_sheet(rows).save(arguments.sheet)


if __name__ == "__main__":
    main()
