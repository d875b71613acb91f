"""Measure how near programs come to our own raster with the SVG of stacks of paths, and whether seams show.

Layer files (made with `vecstack decompose --model paths`, say) are exported as SVG and as PDF, and drawn at --side by
those programs that are installed: resvg (resvg-py), Chromium (playwright), Inkscape, librsvg (rsvg-convert) and, of the
PDF, PDFium (pypdfium2). `resvg fine` is drawn 8 times as large and averaged: without what its 4 x 4 samples a pixel
miss. The PSNR of each is to `vecstack.render` at the same size, over the
background; with --source, also by how much it is nearer to that picture than ours is, in dB. `minified` is
the size of the same SVG with --minify.

Seams: two opaque shapes share a curved edge on white, one lying under the other (as layers do) or cut out beside it
(as --cutout does), at ten sizes. Told is how much lighter than both, at most, a pixel along the edge is, in 1/255.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import resvg_py
from _common import print_table, write_json
from PIL import Image

import vecstack
from vecstack.exporting.cutting.partition import cutout
from vecstack.exporting.pdf import to_pdf
from vecstack.geometry import Affine
from vecstack.kinds import outlined_kind
from vecstack.stack import Canvas, Stack

Array = np.ndarray[Any, Any]
Program = Callable[[str, int, int], Array]
SEAM_SIDES = (16, 23, 32, 47, 64, 91, 128, 200, 333, 512)
LEFT, RIGHT = (0.2, 0.3, 0.5), (0.5, 0.2, 0.3)  # colours of the two shapes
FINE = 8  # times as large
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def programs(held: ExitStack) -> dict[str, Program]:
    """What draws an SVG at a width and a height, by name: those that are installed."""
    found: dict[str, Program] = {"resvg": by_resvg, "resvg fine": by_fine_resvg}
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is not None:
        found["Chromium"] = by_browser(browser, held)
    if shutil.which("inkscape"):
        found["Inkscape"] = lambda svg, width, height: by_command(
            svg, ["inkscape", "{svg}", "-o", "{png}", "-w", str(width), "-h", str(height)]
        )
    if shutil.which("rsvg-convert"):
        found["librsvg"] = lambda svg, width, height: by_command(
            svg, ["rsvg-convert", "{svg}", "-o", "{png}", "-w", str(width), "-h", str(height)]
        )
    return found


def by_resvg(svg: str, width: int, height: int) -> Array:
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=width, height=height, skip_system_fonts=True))
    return pixels(png)


def by_fine_resvg(svg: str, width: int, height: int) -> Array:
    large = Image.fromarray(by_resvg(svg, FINE * width, FINE * height))
    return np.asarray(large.resize((width, height), Image.Resampling.BOX))


def by_browser(browser: str, held: ExitStack) -> Program:
    """A page of Chromium, on the CPU."""
    from playwright.sync_api import sync_playwright

    playwright = held.enter_context(sync_playwright())
    arguments = ["--no-sandbox", "--force-color-profile=srgb", "--disable-gpu"]
    opened = playwright.chromium.launch(executable_path=browser, args=arguments)
    held.callback(opened.close)
    page = opened.new_page()

    def draw(svg: str, width: int, height: int) -> Array:
        page.set_viewport_size({"width": width, "height": height})
        page.set_content(f"<style>*{{margin:0}}svg{{display:block;width:{width}px;height:{height}px}}</style>{svg}")
        return pixels(page.screenshot())

    return draw


def by_command(svg: str, words: list[str]) -> Array:
    """What a command draws that reads and writes files."""
    with tempfile.TemporaryDirectory() as folder:
        names = {"svg": str(Path(folder) / "a.svg"), "png": str(Path(folder) / "a.png")}
        Path(names["svg"]).write_text(svg, encoding="utf-8")
        subprocess.run([word.format(**names) for word in words], check=True, capture_output=True, timeout=600)
        return pixels(Path(names["png"]).read_bytes())


def by_pdfium(data: bytes, width: int) -> Array:
    """What PDFium draws of the first page of a PDF."""
    import pypdfium2

    page = pypdfium2.PdfDocument(data)[0]
    return np.asarray(page.render(scale=width / page.get_width()).to_pil().convert("RGB"))


def pixels(png: bytes) -> Array:
    """The pixels of a PNG over white: [H,W,3]."""
    drawn = Image.open(io.BytesIO(png)).convert("RGBA")
    return np.asarray(Image.alpha_composite(Image.new("RGBA", drawn.size, "white"), drawn).convert("RGB"))


def psnr(one: Array, other: Array) -> float:
    error = float(((one.astype(float) - other) ** 2).mean())
    return 99.0 if error == 0 else float(10 * np.log10(255**2 / error))


def measure(path: Path, source: Path | None, side: int, drawers: dict[str, Program]) -> dict[str, Any]:
    """One layer file: bytes, the PSNR of every program to our raster and, of a source, how much nearer than ours (dB)
    that program's picture is to it."""
    stack = vecstack.load(path)
    wanted = vecstack.render(stack, side, transparent=False, device="cpu")
    height, width = wanted.shape[:2]
    svg = vecstack.to_svg(stack, device="cpu").replace("<svg ", '<svg preserveAspectRatio="none" ', 1)
    sizes = {"bytes": len(svg), "minified": len(vecstack.to_svg(stack, minify=True, device="cpu"))}
    drawn = {name: draw(svg, width, height) for name, draw in drawers.items()}
    page = by_pdfium(to_pdf(stack, device="cpu"), width)
    drawn["PDFium"] = np.asarray(Image.fromarray(page).crop((0, 0, width, height)))
    result = {"name": path.stem, "layers": len(stack.layers), **sizes}
    result |= {name: psnr(shown, wanted) for name, shown in drawn.items()}
    if source is not None:
        picture = np.asarray(Image.open(source).convert("RGB").resize((width, height), Image.Resampling.LANCZOS))
        ours = psnr(wanted, picture)
        result |= {f"{name} to source": psnr(shown, picture) - ours for name, shown in drawn.items()}
    return result


def two_shapes() -> Stack:
    """A background, and a shape over it from a curved edge in the middle to the right."""
    return Stack(Canvas(100, 100, LEFT), (edge_shape(),))


def edge_shape() -> Any:
    """The right half of the canvas, up to a curved edge."""
    corners = ((55.0, 0.0), (20.0, 30.0), (80.0, 65.0), (42.0, 100.0), (100.0, 100.0), (100.0, 0.0))
    edge = corners[:4]
    sides = (straight(start, end) for start, end in pairwise((*corners[3:], corners[0])))
    outline = (*edge, *(point for side in sides for point in side))
    fields = {"id": "right", "transform": Affine(1, 0, 0, 0, 1, 0)}
    return outlined_kind().from_outline(fields, (outline,), RIGHT)


def straight(start: tuple[float, float], end: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    return start, end, end


def seam(svg: str, draw: Program) -> float:
    """How much lighter than both shapes a pixel is, at any of ten sizes, in 1/255; 0 where none is."""
    lightest = 255 * np.maximum(LEFT, RIGHT)
    return max(float((draw(svg, side, side).astype(float) - lightest).max()) for side in SEAM_SIDES)


def seams(drawers: dict[str, Program]) -> list[list[str]]:
    stacked = two_shapes()
    rows = []
    for name, stack in (("stacked", stacked), ("cut out", cutout(stacked, device="cpu"))):
        svg = vecstack.to_svg(stack, device="cpu")
        rows.append([name, *(f"{max(0.0, round(seam(svg, draw))):.0f}" for draw in drawers.values())])
    return rows


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stacks", type=Path, nargs="*", help="Layer files.")
    parser.add_argument("--source", type=Path, help="The picture that all the stacks were made from.")
    parser.add_argument("--side", type=int, default=512, help="Long side of the raster in pixels.")
    parser.add_argument("--json", type=Path, help="File for all results.")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    with ExitStack() as held:
        drawers = programs(held)
        results = []
        for path in arguments.stacks:
            results.append(measure(path, arguments.source, arguments.side, drawers))
            print(f"{path.stem} done", file=sys.stderr, flush=True)
        found = seams(drawers)
    if results:
        rows = [[f"{v:,.2f}" if isinstance(v, float) else str(v) for v in result.values()] for result in results]
        print_table(f"PSNR to our raster at {arguments.side} px", list(results[0]), rows)
    print_table("Lighter than both neighbours, in 1/255", ["shapes", *drawers], found)
    write_json(arguments.json, {"side": arguments.side, "results": results, "seams": found})


if __name__ == "__main__":
    main()
