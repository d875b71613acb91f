"""Enlarge glyphs of fonts from 28 px and compare with the truth: bilinear, bicubic, Lanczos, and vecstack.

A glyph is white on black, placed as in MNIST: it fits 20 x 20 px, in the middle of 28 x 28. The font draws the truth
at the full size; the input is the same outline at 40 times 28 px, averaged down to 28. vecstack decomposes the input
and draws the layers at the full size.
"""

from __future__ import annotations

import argparse
import math
import string
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from _common import print_table, write_json
from PIL import Image, ImageDraw, ImageFont

from vecstack.drawing.render import render
from vecstack.fitting.decompose import decompose
from vecstack.models import Model, load_model

SIDE, BOX = 28, 20  # pixels of the input, and of the box in which its glyph lies
OVERSAMPLING = 40  # the box filter sees the outline at 1120 px
CLASSES = {"digits": string.digits, "upper case": string.ascii_uppercase, "lower case": string.ascii_lowercase}
FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "Lanczos": Image.Resampling.LANCZOS,
}
METHODS = (*FILTERS, "vecstack")
TILE = 128  # pixels of a picture on the contact sheet


def find_font(name: str) -> str:
    """The path, or the name of a font that the system has; or one of matplotlib's fonts."""
    try:
        ImageFont.truetype(name)
        return name
    except OSError:
        spec = find_spec("matplotlib")
        if spec is not None and spec.origin is not None:
            path = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / name
            if path.is_file():
                return str(path)
        raise SystemExit(f"{name}: no such font. Give --font PATH of a TrueType font.") from None


def draw_glyph(font_name: str, glyph: str, size: int) -> Image.Image:
    """A glyph on size x size pixels: its box fills 20/28 of the side along its longer axis, and is in the middle."""
    left, top, right, bottom = ImageFont.truetype(font_name, 1000).getbbox(glyph, anchor="ls")
    font = ImageFont.truetype(font_name, 1000 * size * BOX / SIDE / max(right - left, bottom - top))
    left, top, right, bottom = font.getbbox(glyph, anchor="ls")
    picture = Image.new("L", (size, size))
    place = ((size - left - right) / 2, (size - top - bottom) / 2)
    ImageDraw.Draw(picture).text(place, glyph, fill=255, font=font, anchor="ls")
    return picture


def enlarge(small: Image.Image, size: int, model: Model, effort: str) -> dict[str, Image.Image]:
    """The input at the full size, by each method, in grey levels."""
    pictures = {name: small.resize((size, size), kind) for name, kind in FILTERS.items()}
    drawn = render(decompose(small, model, effort=effort), size=size)
    return {**pictures, "vecstack": Image.fromarray(np.round(drawn.mean(2)).astype(np.uint8))}


def errors(picture: Image.Image, truth: Image.Image) -> tuple[float, float]:
    """Mean absolute error in 0..1, and PSNR in dB."""
    difference = (np.asarray(picture, float) - np.asarray(truth, float)) / 255
    return float(np.abs(difference).mean()), -10 * math.log10(max(float(np.square(difference).mean()), 1e-10))


def draw_sheet(rows: list[list[Image.Image]]) -> Image.Image:
    """A contact sheet: a row for each glyph."""
    sheet = Image.new("L", (TILE * len(rows[0]), TILE * len(rows)))
    for row, pictures in enumerate(rows):
        for column, picture in enumerate(pictures):
            method = Image.Resampling.NEAREST if picture.width < TILE else Image.Resampling.BOX
            sheet.paste(picture.resize((TILE, TILE), method), (TILE * column, TILE * row))
    return sheet


def chosen(wanted: str) -> Iterator[tuple[str, str]]:
    """Class and glyph of each glyph that is wanted."""
    for name, glyphs in CLASSES.items():
        yield from ((name, glyph) for glyph in glyphs if glyph in wanted)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="digits", help="name or path of a model (default: digits)")
    parser.add_argument("--effort", default="sketch", help="how much is fitted (default: sketch)")
    parser.add_argument(
        "--font", nargs="+", default=["DejaVuSans.ttf"], metavar="PATH", help="fonts (default: DejaVuSans.ttf)"
    )
    parser.add_argument("--glyphs", default="".join(CLASSES.values()), help="the glyphs to take (default: all 62)")
    parser.add_argument("--size", type=int, default=1024, metavar="PX", help="the full size (default: 1024)")
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="draw truth, input and results of each glyph there")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there, too")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    model = load_model(arguments.model)
    fonts = [find_font(name) for name in arguments.font]
    glyphs: list[dict[str, Any]] = []
    sheet: list[list[Image.Image]] = []
    for font in fonts:
        for kind, glyph in chosen(arguments.glyphs):
            truth = draw_glyph(font, glyph, arguments.size)
            small = draw_glyph(font, glyph, SIDE * OVERSAMPLING).reduce(OVERSAMPLING)
            pictures = enlarge(small, arguments.size, model, arguments.effort)
            found = {method: errors(picture, truth) for method, picture in pictures.items()}
            glyphs.append({"font": Path(font).name, "class": kind, "glyph": glyph, "errors": found})
            sheet.append([truth, small, *pictures.values()])

    rows: list[list[str]] = []
    classes: dict[str, dict[str, dict[str, float]]] = {}
    for kind in CLASSES:
        of_class = [entry["errors"] for entry in glyphs if entry["class"] == kind]
        if of_class:
            means = {m: np.mean([found[m] for found in of_class], axis=0).tolist() for m in METHODS}
            classes[kind] = {m: {"mean_absolute_error": mae, "psnr": psnr} for m, (mae, psnr) in means.items()}
            cells = [f"{255 * mae:.2f} / {psnr:.2f}" for mae, psnr in means.values()]
            rows.append([f"{kind} ({len(of_class)})", *cells])
    print_table(
        f"{arguments.model}: 28 px to {arguments.size} px, mean absolute error in 1/255 / mean PSNR in dB",
        ["glyphs", *METHODS],
        rows,
    )
    write_json(arguments.json, {"model": arguments.model, "size": arguments.size, "classes": classes, "glyphs": glyphs})
    if arguments.sheet:
        draw_sheet(sheet).save(arguments.sheet)


if __name__ == "__main__":
    main()
