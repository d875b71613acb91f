"""Icons in colour: SVG files drawn small by resvg on a transparent ground, enlarged, and compared over white."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import resvg_py
from _common import print_markdown
from PIL import Image

from _bitmaps.glyphs import errors
from vecstack.drawing.render import render
from vecstack.exporting.svg.write import to_svg
from vecstack.fitting.choose import AUTO
from vecstack.fitting.decompose import decompose

OVERSAMPLING = 24  # drawn so many times as large, and averaged
TILE = 256  # px of a picture on the sheet


def measure_icons(
    folders: list[Path],
    sides: list[int],
    size: int,
    qualities: Sequence[int] = (),
    limit: int | None = None,
    model: str = AUTO,
) -> tuple[list[dict[str, Any]], list[list[Image.Image]]]:
    """The figures of the icons of some folders (so many of each), by a model, printed as a table, and rows for a sheet
    of those in the first way: the truth, Lanczos's and ours; of JPEGs of some qualities over white where any are asked
    for."""
    rows: list[list[Image.Image]] = []
    found = []
    for side, quality in product(sides, qualities or (None,)):
        of_sets = []
        for folder in folders:
            own = [enlarged_icon(path, side, size, quality, model) for path in icon_files(folder, limit)]
            rows += [pictures for _, pictures in own] if not found else []
            of_sets.append({"px": side, "JPEG": quality, "set": folder.name, **summary([entry for entry, _ in own])})
        found += of_sets
    cells = [[f"{value:.3g}" if isinstance(value, float) else str(value) for value in row.values()] for row in found]
    print_markdown(f"icons to {size} px, errors in 1/255 over white", list(found[0]), cells)
    return found, rows


def icon_files(folder: Path, limit: int | None = None) -> list[Path]:
    """The SVG files of a folder, or so many of them, evenly apart in the order of their names."""
    every = sorted(folder.glob("*.svg"))
    count = len(every) if limit is None else min(limit, len(every))
    return [every[index * len(every) // count] for index in range(count)]


def enlarged_icon(
    path: Path, side: int, size: int, quality: int | None = None, model: str = AUTO
) -> tuple[dict[str, float], list[Image.Image]]:
    """The figures of an icon at a side, and its pictures at the full size: the truth, Lanczos's and ours."""
    truth = draw_icon(path, size)
    small = draw_icon(path, side * OVERSAMPLING).reduce(OVERSAMPLING)
    small = small if quality is None else as_jpeg(over_white(small), quality)
    began = time.process_time()
    stack = decompose(small, model)
    drawn = Image.fromarray(render(stack, size))
    seconds = time.process_time() - began
    lanczos = small.resize((size, size), Image.Resampling.LANCZOS)
    pictures = [over_white(picture) for picture in (truth, lanczos, drawn)]
    (of_lanczos, _), (ours, _) = (errors(picture, pictures[0]) for picture in pictures[1:])
    return {
        "Lanczos": 255 * of_lanczos, "error": 255 * ours, "of Lanczos": ours / of_lanczos, "seconds": seconds,
        "layers": len(stack.layers), "SVG bytes": len(to_svg(stack)),
    }, pictures  # fmt: skip


def summary(found: list[dict[str, float]]) -> dict[str, Any]:
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


def as_jpeg(picture: Image.Image, quality: int) -> Image.Image:
    """A picture as it comes out of a JPEG."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def over_white(picture: Image.Image) -> Image.Image:
    """A picture over white, in RGB."""
    white = Image.new("RGBA", picture.size, "white")
    white.alpha_composite(picture.convert("RGBA"))
    return white.convert("RGB")


def sheet_of(rows: list[list[Image.Image]]) -> Image.Image:
    """A contact sheet in colour: a row for each icon."""
    sheet = Image.new("RGB", (TILE * len(rows[0]), TILE * len(rows)))
    for row, pictures in enumerate(rows):
        for column, picture in enumerate(pictures):
            sheet.paste(picture.resize((TILE, TILE), Image.Resampling.BOX), (TILE * column, TILE * row))
    return sheet
