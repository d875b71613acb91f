"""Handwriting, of which only the pixels are known: how close held-out pictures are drawn back at their own size."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import numpy as np
import resvg_py
from _common import print_markdown
from PIL import Image

from _bitmaps.glyphs import errors
from vecstack.document.file import dumps
from vecstack.drawing.render import render
from vecstack.exporting.svg.write import to_svg
from vecstack.fitting.decompose import decompose
from vecstack.models import load_model
from vecstack.stack import Stack
from vecstack.train.data import load_pictures

SIDE = 28  # px
LARGE = 16  # times as large an SVG is drawn


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
        svg = to_svg(stack)
        found.append(
            {
                "PSNR": psnr, "layers": len(stack.layers), "seconds": seconds, "bytes": len(dumps(stack)),
                "kinds": kinds, "SVG bytes": len(svg), **svg_figures(svg, stack),
            }
        )  # fmt: skip
        rows.append([small.resize((size, size), Image.Resampling.BICUBIC).convert("L"), drawn.convert("L")])
    means = {name: float(np.mean([row[name] for row in found[1:]])) for name in found[0] if name != "kinds"}
    every = sorted(set().union(*(row["kinds"] for row in found)))
    kinds_found = ", ".join(f"{kind} {sum(kind in row['kinds'] for row in found[1:])}" for kind in every)
    least = min(row["PSNR"] for row in found[1:])
    most = max(row["SVG bytes"] for row in found[1:])
    summary = {
        "pictures": len(found) - 1, **means, "least PSNR": least, "most SVG bytes": most, "kinds": kinds_found,
    }  # fmt: skip
    cells = [f"{value:.4g}" if isinstance(value, float) else str(value) for value in summary.values()]
    print_markdown("handwriting", list(summary), [cells])
    return summary, rows


def svg_figures(svg: str, stack: Stack) -> dict[str, float]:
    """How close resvg draws an SVG to the stack's own picture, in dB: at the picture's own size, there as the mean of a
    picture LARGE times as large, and at that size."""
    own, large = render(stack), render(stack, SIDE * LARGE)
    drawn = _by_resvg(svg, SIDE * LARGE)
    averaged = drawn.reshape(SIDE, LARGE, SIDE, LARGE, 3).mean((1, 3))
    return {
        "SVG at 28 px": _psnr(_by_resvg(svg, SIDE), own),
        "averaged": _psnr(averaged, own),
        "large": _psnr(drawn, large),
    }


def _by_resvg(svg: str, size: int) -> np.ndarray:
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=size))
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.float64)


def _psnr(drawn: np.ndarray, truth: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.square(drawn - truth).mean()))
