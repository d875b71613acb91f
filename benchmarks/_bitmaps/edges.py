"""Silhouettes and glyphs, made small by several filters: whether each is given the sharp edges that it has."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from _common import print_markdown
from PIL import Image

from _bitmaps.glyphs import draw_glyph
from _bitmaps.icons import draw_icon, icon_files
from vecstack.fitting.decompose import decompose
from vecstack.models import load_model

LARGE = 24  # times the side that is asked for, at least, is what filters make small
FILTERS = {
    "area": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "Lanczos": Image.Resampling.LANCZOS,
}


def measure_edges(
    folders: list[Path], fonts: list[str], glyphs: str, sides: Sequence[int], limit: int | None = None
) -> list[dict[str, Any]]:
    """How many shapes are paths, by side and filter, printed as a table: SVG files of folders (so many of each) as
    silhouettes, white on black, and glyphs of fonts."""
    model, found = load_model("bitmap"), []
    for side in sides:
        large = side * LARGE
        files = [path for folder in folders for path in icon_files(folder, limit)]
        shapes = [draw_icon(path, large).getchannel("A") for path in files]
        shapes += [draw_glyph(font, glyph, large) for font in fonts for glyph in glyphs]
        for name, kind in FILTERS.items():
            began = time.process_time()
            stacks = [decompose(shape.resize((side, side), kind), model) for shape in shapes]
            seconds = round((time.process_time() - began) / len(shapes), 2)
            sharp = sum(all(layer.kind == "path" for layer in stack.layers) for stack in stacks)
            found.append({"px": side, "filter": name, "shapes": len(shapes), "sharp": sharp, "seconds": seconds})
    print_markdown("edges", list(found[0]), [[str(value) for value in row.values()] for row in found])
    return found
