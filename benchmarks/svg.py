"""Measure exported SVG: bytes, paths and closeness to our own raster, beside VTracer on that raster in no more bytes.

Stacks are of scikit-learn's photos (and, where it is installed, scikit-image's) with --layers layers of the shipped
model `photos`, as predicted and refined ("good"), and of a digit of its load_digits with 5 layers of `digits`. --stack
measures files instead. Each is drawn by `vecstack.render` at --side on its long side: that raster is what all are
compared with. Means over the photos are printed; --json has every one.

Our SVG, soft at each of --tolerances and flat, is drawn by resvg. Bytes are those of the file as it is and gzipped (an
.svgz). Seconds are of one export. VTracer traces our raster, at its best by a search of its settings, in no more bytes
gzipped than our soft file; its search takes minutes.

--browser sets what Chromium draws against what resvg does: the share of pixels whose channels all are within 2 of 255,
with Chromium's rasterizer on the CPU and with the one that graphics cards run (on SwiftShader). It needs playwright
and an installed Chromium.
"""

from __future__ import annotations

import argparse
import gzip
import io
import itertools
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from _common import print_table, write_json
from _tracing import Tracer, draw
from fidelity import closeness, make_stack, prepare, sample_photos
from PIL import Image
from sklearn.datasets import load_digits  # type: ignore[import-untyped]

import vecstack
from vecstack.stack import Stack

TOLERANCES = (8.0, 4.0, 2.0, 1.0, 0.5)
DIGIT, DIGIT_SIDE, DIGIT_LAYERS = 9, 28, 5
LARGEST_GREY = 16  # of load_digits
WITHIN = 2
RASTERIZERS = {
    "CPU": ("--disable-gpu",),
    "GPU": (
        "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader",
        "--ignore-gpu-blocklist",
        "--enable-gpu-rasterization",
    ),
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Raster:
    """A stack and its own picture; `group` is what means are taken over."""

    group: str
    name: str
    stack: Stack
    pixels: Array
    picture: Image.Image


@dataclass(frozen=True)
class Result:
    """One SVG of a raster; `within` is the share of pixels on which each rasterizer of the browser is near resvg."""

    group: str
    name: str
    method: str
    psnr: float
    ssim: float
    bytes: int
    gzipped: int
    paths: int
    seconds: float
    within: dict[str, float]


def rasters(arguments: argparse.Namespace) -> Iterator[Raster]:
    """All stacks, each with its picture."""
    for group, name, stack in stacks(arguments):
        pixels = vecstack.render(stack, arguments.side)
        yield Raster(group, name, stack, pixels, Image.fromarray(pixels))


def stacks(arguments: argparse.Namespace) -> Iterator[tuple[str, str, Stack]]:
    """Group, name and stack of each."""
    if arguments.stack:
        yield from (("stacks", path.name, vecstack.load(path)) for path in arguments.stack)
        return
    photos, digits = (vecstack.load_model(name) for name in ("photos", "digits"))
    with tempfile.TemporaryDirectory() as folder:
        for name, source in itertools.islice(sample_photos(), arguments.limit):
            photo = prepare(name, source, arguments.side, Path(folder))
            for effort in ("sketch", "good"):
                stack = make_stack(photo.path, photos, arguments.layers, effort)
                yield f"photos, {arguments.layers} layers, {effort}", name, stack
    for effort in ("sketch", "good"):
        stack = make_stack(digit(), digits, DIGIT_LAYERS, effort)
        yield f"digit, {DIGIT_LAYERS} layers, {effort}", "digit", stack


def digit() -> Array:
    """A handwritten digit, light on dark: uint8 [28,28,3]."""
    grey = (load_digits().images[DIGIT] * (255 / LARGEST_GREY)).astype(np.uint8)
    reduced = Image.fromarray(grey).resize((DIGIT_SIDE, DIGIT_SIDE), Image.Resampling.BICUBIC)
    return np.asarray(reduced.convert("RGB"))


def measure(raster: Raster, arguments: argparse.Namespace, browsers: dict[str, Any]) -> Iterator[Result]:
    """All ways to write a raster's stack, and VTracer's to write the raster."""
    tracer = Tracer(raster.picture)
    for tolerance in arguments.tolerances:
        ours = export(raster, browsers, f"tolerance {tolerance:g}", tolerance=tolerance)
        yield ours
        if not arguments.no_vtracer:
            yield from trace(raster, tracer, ours)
    yield export(raster, browsers, "flat", flat=True)


def export(raster: Raster, browsers: dict[str, Any], method: str, **options: Any) -> Result:
    """Our SVG, at the size of the raster."""
    began = time.perf_counter()
    svg = vecstack.to_svg(raster.stack, size=max(raster.picture.size), **options)
    seconds = time.perf_counter() - began
    # Programs round a side that is not whole in their own ways.
    width, height = raster.picture.size
    sized = re.sub(
        r'width="[^"]*" height="[^"]*"',
        f'width="{width}" height="{height}" preserveAspectRatio="none"',
        svg,
        count=1,
    )
    result = score(raster, method, svg, draw(sized), seconds)
    return replace(result, within={name: share_within(page, sized, raster) for name, page in browsers.items()})


def trace(raster: Raster, tracer: Tracer, ours: Result) -> Iterator[Result]:
    """VTracer's closest in no more bytes than ours, if there is one."""
    found = tracer.best(lambda tracing: tracing.bytes <= ours.gzipped)
    if found is not None:
        yield score(raster, f"VTracer, bytes of {ours.method}", found.svg, draw(found.svg), found.seconds)


def score(raster: Raster, method: str, svg: str, drawn: Array, seconds: float) -> Result:
    data = svg.encode()
    close = closeness(drawn, raster)  # type: ignore[arg-type]  # of a photo, it needs the pixels
    sizes = len(data), len(gzip.compress(data, 9, mtime=0))
    return Result(raster.group, raster.name, method, *close, *sizes, svg.count("<path"), seconds, {})


def share_within(page: Any, svg: str, raster: Raster) -> float:
    """The share of pixels on which a browser's page is within WITHIN of resvg."""
    width, height = raster.picture.size
    page.set_viewport_size({"width": width, "height": height})
    page.set_content(f"<style>*{{margin:0}}svg{{display:block}}</style>{svg}")
    shown = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
    return float((np.abs(shown.astype(int) - draw(svg)).max(-1) <= WITHIN).mean())


def open_browsers(wanted: bool, held: ExitStack) -> dict[str, Any]:
    """A page of each rasterizer; none if none is wanted."""
    if not wanted:
        return {}
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        sys.exit("No Chromium was found. Install it, or leave out --browser.")
    playwright = held.enter_context(sync_playwright())
    pages = {}
    for name, words in RASTERIZERS.items():
        arguments = ["--no-sandbox", "--force-color-profile=srgb", *words]
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        held.callback(browser.close)
        pages[name] = browser.new_page()
    return pages


def print_results(results: Sequence[Result]) -> None:
    """A table for each group."""
    rasterizers = tuple(results[0].within)
    columns = ["SVG", "bytes", "gzipped", "paths", "seconds", "PSNR", "SSIM"]
    columns += [f"{name} within {WITHIN}" for name in rasterizers]
    for group in dict.fromkeys(result.group for result in results):
        found = [result for result in results if result.group == group]
        count = len({result.name for result in found})
        methods = dict.fromkeys(result.method for result in found)
        rows = [row([result for result in found if result.method == method], rasterizers, count) for method in methods]
        print_table(f"{group}: means over {count}", columns, rows)


def row(results: Sequence[Result], rasterizers: Iterable[str], count: int) -> list[str]:
    """Means over results of one method."""
    method = results[0].method if len(results) == count else f"{results[0].method} ({len(results)} of {count})"
    shares = [[result.within[name] for result in results if result.within] for name in rasterizers]
    return [
        method,
        f"{fmean(result.bytes for result in results):,.0f}",
        f"{fmean(result.gzipped for result in results):,.0f}",
        f"{fmean(result.paths for result in results):,.0f}",
        f"{fmean(result.seconds for result in results):.1f}",
        f"{fmean(result.psnr for result in results):.2f}",
        f"{fmean(result.ssim for result in results):.4f}",
        *(f"{fmean(share):.1%}" if share else "" for share in shares),
    ]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", type=Path, nargs="*", help="Layer files to measure instead of those made.")
    parser.add_argument("--side", type=int, default=512, help="Long side of the raster in pixels.")
    parser.add_argument("--layers", type=int, default=20, help="Layers of each photo.")
    parser.add_argument("--limit", type=int, default=2, help="Photos, at most.")
    parser.add_argument("--tolerances", type=float, nargs="+", default=TOLERANCES, help="Of the soft SVG.")
    parser.add_argument("--no-vtracer", action="store_true", help="Leave out VTracer, whose search takes minutes.")
    parser.add_argument("--browser", action="store_true", help="Compare what Chromium draws, too.")
    parser.add_argument("--json", type=Path, help="File for all results.")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    results: list[Result] = []
    with ExitStack() as held:
        browsers = open_browsers(arguments.browser, held)
        for raster in rasters(arguments):
            results += measure(raster, arguments, browsers)
            print(f"{raster.group}: {raster.name} done", file=sys.stderr, flush=True)
    print_results(results)
    write_json(arguments.json, {"side": arguments.side, "results": [asdict(result) for result in results]})


if __name__ == "__main__":
    main()
