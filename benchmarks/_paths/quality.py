"""How close paths come to photos, what they cost and how many bytes they take, beside VTracer and primitive."""

from __future__ import annotations

import dataclasses
import gzip
import itertools
import json
import math
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from _common import Cost, timed
from _tracing import Settings, Tracer, draw
from fidelity import Photo, closeness, has_paths

import vecstack
from vecstack.stack import Stack

MODEL = "paths"
# Settings of VTracer that are tried, each with the least speckle that gives few enough paths.
SCALES, MODES, DIFFERENCES, PRECISIONS = (1, 0.5, 0.25), ("spline", "polygon"), (8, 16, 32, 48), (6, 8)
PRIMITIVE = "primitive"  # the program
# All of its shapes, as opaque as it wants them: of its modes and opacities about the closest on photos.
PRIMITIVE_OPTIONS = ("-m", "0", "-a", "0")
SHAPE = re.compile(r"<(path|polygon|ellipse|circle|rect|line)\b")


@dataclass(frozen=True)
class Drawing:
    """A photo drawn by a method with at most `count` paths, of which there are `paths`: PSNR in dB of our own drawing
    of the document and of resvg's of the SVG; seconds of making it, without reading and writing; bytes of the layer
    file without a thumbnail, of the SVG and of the SVG gzipped. What a method does not have is None."""

    photo: str
    method: str
    count: int
    paths: int
    svg_psnr: float
    svg_bytes: int
    svg_gzipped: int
    wall: float
    cpu: float | None = None
    psnr: float | None = None
    file_bytes: int | None = None


def warm_up(photo: Photo) -> None:
    """Compile what fits paths, so that no time that is measured has it."""
    vecstack.decompose(np.ascontiguousarray(photo.pixels[:64, :64]), MODEL, 8, effort="good")


def make(photo: Photo, count: int, effort: str | float) -> tuple[Stack, Cost]:
    """A stack of so many paths of a photo, without a thumbnail, and what it cost."""
    stack, cost = timed(lambda: vecstack.decompose(photo.path, MODEL, count, effort=effort))
    return dataclasses.replace(stack, thumbnail=None), cost


def measure(photo: Photo, count: int, effort: str) -> Drawing:
    """Our paths, as the document has them once it is saved and loaded."""
    stack, cost = make(photo, count, effort)
    loaded, file_bytes = stored(stack)
    svg = svg_of(loaded, photo)
    return Drawing(
        photo.name,
        f"vecstack, {effort}",
        count,
        len(loaded.layers),
        **of_svg(svg, photo),
        wall=cost.wall,
        cpu=cost.cpu,
        psnr=closeness(vecstack.render(loaded), photo)[0],
        file_bytes=file_bytes,
    )


def stored(stack: Stack) -> tuple[Stack, int]:
    """A stack after it was saved and loaded, and the bytes of the file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stack.layers"
        vecstack.save(stack, path)
        return vecstack.load(path), path.stat().st_size


def svg_of(stack: Stack, photo: Photo) -> str:
    """The SVG of a stack at the size of its photo."""
    return vecstack.to_svg(stack, size=max(photo.picture.size))


def of_svg(svg: str, photo: Photo) -> dict[str, Any]:
    """What a drawing says of an SVG."""
    data = svg.encode()
    return {
        "svg_psnr": closeness(draw(svg), photo)[0],
        "svg_bytes": len(data),
        "svg_gzipped": len(gzip.compress(data, 9, mtime=0)),
    }


def measure_vtracer(photo: Photo, tracer: Tracer, count: int, settings: Sequence[Settings]) -> Iterator[Drawing]:
    """VTracer's closest drawing with at most so many paths over some settings, if there is one."""
    tried = (tracer.least_speckle(each, partial(has_paths, count)) for each in settings)
    found = min((tracing for tracing in tried if tracing), key=tracer.error, default=None)
    if found is not None:
        yield Drawing(
            photo.name, "VTracer", count, found.paths, **of_svg(found.svg, photo), wall=found.seconds, cpu=found.seconds
        )


def vtracer_settings() -> list[Settings]:
    """The settings of VTracer that are tried."""
    grid = itertools.product(SCALES, MODES, DIFFERENCES, PRECISIONS)
    return [Settings(scale, difference, precision, mode) for scale, mode, difference, precision in grid]


def measure_primitive(photo: Photo, counts: Sequence[int]) -> Iterator[Drawing]:
    """What primitive draws with so many shapes: one run, of which the picture and the seconds at each count are kept.
    Nothing where the program is not in the path."""
    program = shutil.which(PRIMITIVE)
    if program is None:
        print(f"{PRIMITIVE} is not in the path and is left out.", file=sys.stderr, flush=True)
        return
    width, height = photo.picture.size
    with tempfile.TemporaryDirectory() as folder:
        every = Path(folder) / "%d.svg"
        how_many = ["-n", str(max(counts)), "-nth", str(math.gcd(*counts)), "-s", str(max(width, height))]
        began = time.time()
        subprocess.run(
            [program, "-i", str(photo.path), "-o", str(every), *how_many, *PRIMITIVE_OPTIONS],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        for count in counts:
            path = Path(folder) / f"{count}.svg"
            svg = sized(path.read_text(encoding="utf-8"), width, height)
            shapes = len(SHAPE.findall(svg)) - 1  # the first is the background
            yield Drawing(photo.name, PRIMITIVE, count, shapes, **of_svg(svg, photo), wall=path.stat().st_mtime - began)


def sized(svg: str, width: int, height: int) -> str:
    """An SVG whose shorter side was rounded in another way, shown at a size in pixels."""
    return re.sub(r'width="\d+" height="\d+"', f'width="{width}" height="{height}"', svg, count=1)


def measure_ours(photo: Photo, counts: Sequence[int], efforts: Sequence[str]) -> Iterator[Drawing]:
    """Our paths with all efforts at all counts."""
    for effort, count in itertools.product(efforts, counts):
        yield measure(photo, count, effort)


def measure_rivals(photo: Photo, counts: Sequence[int], settings: Sequence[Settings]) -> Iterator[Drawing]:
    """What other programs draw with at most so many paths."""
    tracer = Tracer(photo.picture)
    for count in counts:
        yield from measure_vtracer(photo, tracer, count, settings)
    yield from measure_primitive(photo, counts)


def record(drawings: Sequence[Drawing], path: Path) -> None:
    """Write drawings, in order of their methods, for `recorded`."""
    ordered = sorted(drawings, key=lambda drawing: drawing.method)
    path.write_text(json.dumps(list(map(dataclasses.asdict, ordered)), indent=1) + "\n", encoding="utf-8")


def recorded(path: Path, photos: Sequence[Photo], counts: Sequence[int]) -> Iterator[Drawing]:
    """The drawings that were recorded of photos at some counts; none where nothing was."""
    names = {photo.name for photo in photos}
    for entry in json.loads(path.read_text(encoding="utf-8")) if path.exists() else []:
        drawing = Drawing(**entry)
        if drawing.photo in names and drawing.count in counts:
            yield drawing


def grouped(drawings: Sequence[Drawing]) -> dict[tuple[str, int], list[Drawing]]:
    """The drawings of each method and count, over the photos."""
    groups: dict[tuple[str, int], list[Drawing]] = {}
    for drawing in drawings:
        groups.setdefault((drawing.method, drawing.count), []).append(drawing)
    return groups


def mean(drawings: Sequence[Drawing], name: str) -> float | None:
    """The mean of a figure over drawings; None where they do not have it."""
    values = [getattr(drawing, name) for drawing in drawings]
    return None if None in values else fmean(values)


COLUMNS = (
    "at most", "paths", "PSNR", "PSNR, SVG", "seconds", "CPU seconds", "KB", "KB, SVG", "KB, SVG gzipped"
)  # fmt: skip


def table(drawings: Sequence[Drawing]) -> list[list[str]]:
    """A row of means for each method and count, and of how many photos they are where some are left out."""
    photos = len({drawing.photo for drawing in drawings})
    return [
        [
            method if len(found) == photos else f"{method} ({len(found)} of {photos})",
            str(count),
            text(mean(found, "paths"), ",.0f"),
            text(mean(found, "psnr"), ".2f"),
            text(mean(found, "svg_psnr"), ".2f"),
            text(mean(found, "wall"), ".2f"),
            text(mean(found, "cpu"), ".2f"),
            *(text(mean(found, name), ".1f", 1e-3) for name in ("file_bytes", "svg_bytes", "svg_gzipped")),
        ]
        for (method, count), found in grouped(drawings).items()
    ]


def text(value: float | None, form: str, scale: float = 1.0) -> str:
    return "" if value is None else format(scale * value, form)


def curves(drawings: Sequence[Drawing], cost: str) -> dict[str, list[tuple[float, float]]]:
    """Points of a cost and the PSNR of the SVG, means over the photos, for each method that has some of every photo."""
    photos = len({drawing.photo for drawing in drawings})
    lines: dict[str, list[tuple[float, float]]] = {}
    for (method, _), found in grouped(drawings).items():
        value, psnr = mean(found, cost), mean(found, "svg_psnr")
        if len(found) == photos and value is not None and psnr is not None:
            lines.setdefault(method, []).append((value, psnr))
    return {method: sorted(points) for method, points in lines.items()}
