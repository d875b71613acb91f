"""Enlarge small glyphs of five fonts and compare with the truth: bilinear, bicubic, Lanczos, and the model bitmap.

A glyph is white on black, drawn by its font at 40 times the size of the input and averaged down to it; with --whole,
each pixel of the input is then white or black. The truth is drawn by the font at the full size. Figures are means over
all glyphs of a font: the mean absolute error, its share of Lanczos's, PSNR, seconds of the processor (the first glyph,
which compiles, left out) and bytes of the SVG.

With --icons, SVG files are drawn so by resvg instead, in colour on a transparent ground, and the errors are over white.
"""

from __future__ import annotations

import argparse
import io
import string
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import resvg_py
from _common import print_table, write_json
from glyphs import FILTERS, OVERSAMPLING, draw_glyph, draw_sheet, errors, find_font
from PIL import Image

from vecstack.drawing.render import render
from vecstack.exporting.svg.write import to_svg
from vecstack.fitting.decompose import decompose
from vecstack.models import load_model

FONTS = (
    "DejaVuSerif.ttf",
    "DejaVuSans.ttf",
    "DejaVuSansMono.ttf",
    "LiberationSerif-Italic.ttf",
    "DejaVuSans-BoldOblique.ttf",
)
SIZES = (12, 16, 20, 28, 48)
ICON_OVERSAMPLING = 24  # drawn so many times as large, and averaged
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
    parser.add_argument("--icons", nargs="+", type=Path, metavar="FOLDER", help="enlarge the SVG files there instead")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there, too")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    if arguments.icons:
        measure_icons(arguments)
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


def measure_icons(arguments: argparse.Namespace) -> None:
    """Print the figures of the icons of some folders, and draw a sheet of those at the first size."""
    rows: list[list[Image.Image]] = []
    figures = []
    for side in arguments.sides:
        for folder in arguments.icons:
            found = [enlarged_icon(path, side, arguments.size) for path in sorted(folder.glob("*.svg"))]
            rows += [pictures for _, pictures in found] if side == arguments.sides[0] else []
            figures.append({"px": side, "set": folder.name, **icon_summary([entry for entry, _ in found])})
    cells = [[f"{value:.3g}" if isinstance(value, float) else str(value) for value in row.values()] for row in figures]
    print_table(f"icons to {arguments.size} px, errors in 1/255 over white", list(figures[0]), cells)
    write_json(arguments.json, {"size": arguments.size, "figures": figures})
    if arguments.sheet:
        tile = 256
        sheet = Image.new("RGB", (tile * len(rows[0]), tile * len(rows)))
        for row, pictures in enumerate(rows):
            for column, picture in enumerate(pictures):
                sheet.paste(picture.resize((tile, tile), Image.Resampling.BOX), (tile * column, tile * row))
        sheet.save(arguments.sheet)


def enlarged_icon(path: Path, side: int, size: int) -> tuple[dict[str, float], list[Image.Image]]:
    """The figures of an icon at a side, and its pictures at the full size: the truth, Lanczos's and ours."""
    truth = draw_icon(path, size)
    small = draw_icon(path, side * ICON_OVERSAMPLING).reduce(ICON_OVERSAMPLING)
    began = time.process_time()
    stack = decompose(small)
    drawn = Image.fromarray(render(stack, size))
    seconds = time.process_time() - began
    lanczos = small.resize((size, size), Image.Resampling.LANCZOS)
    pictures = [over_white(picture) for picture in (truth, lanczos, drawn)]
    (of_lanczos, _), (ours, _) = (errors(picture, pictures[0]) for picture in pictures[1:])
    return {
        "Lanczos": 255 * of_lanczos, "error": 255 * ours, "of Lanczos": ours / of_lanczos, "seconds": seconds,
        "layers": len(stack.layers), "SVG bytes": len(to_svg(stack)),
    }, pictures  # fmt: skip


def icon_summary(found: list[dict[str, float]]) -> dict[str, Any]:
    """Means over icons, and how many are worse than Lanczos."""
    means = {name: float(np.mean([entry[name] for entry in found])) for name in found[0]}
    shares = [entry["of Lanczos"] for entry in found]
    seconds = float(np.median([entry["seconds"] for entry in found]))
    worse = sum(share > 1 for share in shares)
    return {"icons": len(found), **means, "median": float(np.median(shares)), "worse": worse, "seconds": seconds}


def draw_icon(path: Path, size: int) -> Image.Image:
    """An SVG file on a transparent ground, in the middle of size x size pixels."""
    png = bytes(resvg_py.svg_to_bytes(svg_string=path.read_text("utf-8"), width=size, height=size))
    drawn = Image.open(io.BytesIO(png)).convert("RGBA")
    whole = Image.new("RGBA", (size, size))
    whole.paste(drawn, ((size - drawn.width) // 2, (size - drawn.height) // 2))
    return whole


def over_white(picture: Image.Image) -> Image.Image:
    """A picture over white, in RGB."""
    white = Image.new("RGBA", picture.size, "white")
    white.alpha_composite(picture.convert("RGBA"))
    return white.convert("RGB")


if __name__ == "__main__":
    main()
