"""Measure flat graphics whose SVG is known: folders of SVG files, drawn by resvg on a transparent ground and turned
into paths again by the model graphic.

For each folder, in the mean of its pictures: dB of our own drawing and of resvg's drawing of our SVG, on white; bytes
of our SVG gzipped, beside the original's and those of VTracer's closest drawing over a small grid of its settings (dB
beside it); nodes of ours and of the original; paths; seconds, and those of all threads, after the loops were compiled.
"""

from __future__ import annotations

import argparse
import dataclasses
import gzip
import io
import itertools
import math
import re
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import resvg_py
from _common import print_markdown, timed, write_json
from _tracing import START, Tracer, Tracing
from fontTools.pens.recordingPen import RecordingPen
from fontTools.svgLib.path import parse_path
from PIL import Image

import vecstack

MODEL = "graphic"
NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?")
FOUR = ("circle", "ellipse", "rect")  # shapes of four pieces
PIECES = ("lineTo", "curveTo", "qCurveTo", "arcTo")
SAME = 1e-3  # units of a drawing, up to which a line is none


@dataclass(frozen=True)
class Row:
    """What is measured of one picture, or the means over several."""

    own_db: float
    svg_db: float
    bytes: float
    original_bytes: float
    vtracer_bytes: float
    vtracer_db: float
    nodes: float
    original_nodes: float
    paths: float
    seconds: float
    cpu_seconds: float


def rastered(svg: str, width: int, height: int | None = None) -> np.ndarray[Any, Any]:
    """An SVG drawn on a transparent ground, square where no height is given: straight RGBA in 0..1, [H,W,4]."""
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=width, height=height or width, skip_system_fonts=True))
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"), np.float64) / 255


def on_white(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Straight RGBA [H,W,4] over white."""
    return pixels[..., :3] * pixels[..., 3:] + 1 - pixels[..., 3:]


def decibels(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> float:
    """PSNR of one picture against another."""
    return float(-10 * np.log10(max(np.square(one - other).mean(), 1e-10)))


def gzipped(svg: str) -> int:
    """Bytes."""
    return len(gzip.compress(svg.encode(), 9, mtime=0))


def measured(path: Path, side: int, with_vtracer: bool) -> Row:
    """All of one picture."""
    original = path.read_text(encoding="utf-8")
    pixels = rastered(original, side)
    truth = on_white(pixels)
    picture = Image.fromarray(np.rint(pixels * 255).astype(np.uint8))
    stack, cost = timed(lambda: vecstack.decompose(picture, MODEL))
    svg = vecstack.to_svg(stack, precision=1)
    own = np.asarray(vecstack.render(stack, transparent=True), np.float64) / 255
    traced = _traced(truth) if with_vtracer else (float("nan"), float("nan"))
    return Row(
        decibels(on_white(own), truth), decibels(on_white(rastered(svg, side)), truth), gzipped(svg),
        gzipped(original), *traced, _nodes(svg), _nodes(original), len(stack.layers), cost.wall, cost.cpu,
    )  # fmt: skip


def _traced(truth: np.ndarray[Any, Any]) -> tuple[float, float]:
    """Bytes and dB of VTracer's closest drawing over a grid."""
    best, error = closest_tracing(truth)
    return best.bytes, float(10 * np.log10(255**2 / error))


def closest_tracing(truth: np.ndarray[Any, Any]) -> tuple[Tracing, float]:
    """VTracer's closest drawing of a picture over a grid of its settings, and its mean squared error (levels)."""
    tracer = Tracer(Image.fromarray(np.rint(truth * 255).astype(np.uint8)))
    grid = itertools.product((1, 4), (8, 16, 32), (20, 60))
    tried = [
        tracer.trace(dataclasses.replace(START, mode="spline", layer_difference=step, corner_threshold=corner), speckle)
        for speckle, step, corner in grid
    ]
    best = min(tried, key=tracer.error)
    return best, tracer.error(best)


class _Pieces(RecordingPen):
    """Keeps the pieces of path data, arcs as they are."""

    def arcTo(self, *values: object) -> None:  # noqa: N802  # as fontTools calls it
        self.value.append(("arcTo", values))

    @property
    def count(self) -> int:
        """How many pieces there are, with the lines that close contours, where these have a length."""
        steps = pairwise(self.value)
        return sum(
            name in PIECES and (name != "lineTo" or math.dist(before[-1], own[0]) > SAME)
            for (_, before), (name, own) in steps
        )


def _nodes(svg: str) -> int:
    """Pieces of all shapes, of which circles, ellipses and rectangles have four."""
    count = 0
    for element in ElementTree.fromstring(svg).iter():
        tag = element.tag.split("}")[-1]
        if tag == "path":
            pen = _Pieces()
            parse_path(element.get("d", ""), pen)
            count += pen.count
        elif tag in ("polygon", "polyline"):
            count += len(NUMBER.findall(element.get("points", ""))) // 2 - (tag == "polyline")
        else:
            count += 4 * (tag in FOUR) + (tag == "line")
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, help="folders of SVG files")
    parser.add_argument("--count", type=int, default=20, help="pictures of each folder (default %(default)s)")
    parser.add_argument("--side", type=int, default=512, help="pixels (default %(default)s)")
    parser.add_argument("--no-vtracer", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    vecstack.decompose(Image.fromarray(np.eye(80, dtype=np.uint8) * 255), MODEL)  # compiles
    names = [field.name for field in dataclasses.fields(Row)]
    rows, every = [], {}
    for folder in options.folders:
        files = sorted(folder.glob("*.svg"))[: options.count]
        every[folder.name] = {}
        for path in files:
            row = measured(path, options.side, not options.no_vtracer)
            every[folder.name][path.name] = dataclasses.asdict(row)
            print(
                path.name, " ".join(f"{name} {getattr(row, name):.4g}" for name in names), file=sys.stderr, flush=True
            )
        means = [float(np.nanmean([row[name] for row in every[folder.name].values()])) for name in names]
        cells = (f"{mean:,.2f}" if mean < 100 else f"{mean:,.0f}" for mean in means)
        rows.append([f"{folder.name} ({len(files)})", *cells])
    print_markdown("Means", ["set", *(name.replace("_", " ") for name in names)], rows)
    write_json(options.json, every)


if __name__ == "__main__":
    main()
