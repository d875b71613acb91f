"""Handwriting, of which only the pixels are known: how close held-out pictures are drawn back at their own size."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from _common import print_markdown
from PIL import Image

from _bitmaps.glyphs import errors
from vecstack.document.file import dumps
from vecstack.drawing.render import render
from vecstack.fitting.decompose import decompose
from vecstack.models import load_model
from vecstack.train.data import load_pictures

SIDE = 28  # px


def measure_handwriting(
    path: Path, name: str, effort: str, limit: int, size: int
) -> tuple[dict[str, Any], list[list[Image.Image]]]:
    """The figures of a model at an effort for about so many held-out pictures in a folder or archive, printed as a
    table, and rows for a sheet: each enlarged by bicubic interpolation, and ours. The first one, which compiles, does
    not count."""
    _, held_out = load_pictures([path], SIDE)
    model, rows, found = load_model(name), [], []
    for picture in held_out[:: max(1, len(held_out) // limit)]:
        small = Image.fromarray(picture.permute(1, 2, 0).numpy())
        began = time.process_time()
        stack = decompose(small, model, effort=effort)
        drawn = Image.fromarray(render(stack, size))
        seconds = time.process_time() - began
        psnr = errors(Image.fromarray(render(stack)).convert("L"), small.convert("L"))[1]
        kinds = {layer.kind for layer in stack.layers}
        found.append(
            {"PSNR": psnr, "layers": len(stack.layers), "seconds": seconds, "bytes": len(dumps(stack)), "kinds": kinds}
        )
        rows.append([small.resize((size, size), Image.Resampling.BICUBIC).convert("L"), drawn.convert("L")])
    means = {name: float(np.mean([row[name] for row in found[1:]])) for name in ("PSNR", "layers", "seconds", "bytes")}
    every = sorted(set().union(*(row["kinds"] for row in found)))
    kinds_found = ", ".join(f"{kind} {sum(kind in row['kinds'] for row in found[1:])}" for kind in every)
    least = min(row["PSNR"] for row in found[1:])
    summary = {"pictures": len(found) - 1, **means, "least PSNR": least, "kinds": kinds_found}
    cells = [f"{value:.4g}" if isinstance(value, float) else str(value) for value in summary.values()]
    print_markdown("handwriting", list(summary), [cells])
    return summary, rows
