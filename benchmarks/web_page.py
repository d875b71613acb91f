"""Measure a screenshot of a web page (page.html, 1,280 x 800 px, text of 12 to 24 px) as paths of the model graphic: as
it is, and as a JPEG. dB are of our own drawing and of resvg's of our SVG, to the screenshot before it became a JPEG.

    python benchmarks/web_page.py --quality 75 --sheet page.png

Needs Chromium."""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from _common import print_markdown, timed
from graphics import decibels, gzipped, on_white, rastered
from PIL import Image
from svg_programs import BROWSERS

import vecstack
from vecstack.kinds.path.graphic.edges import boxes_of
from vecstack.kinds.path.graphic.pixels import even, joined

PAGE = Path(__file__).with_name("page.html")
WIDTH, HEIGHT = 1280, 800
TALLEST_PX = 30  # of letters, and words whose letters touch
COLUMNS = ("screenshot", "paths", "dB", "of letters", "of resvg", "bytes", "gzipped", "CPU s")


def screenshot() -> Image.Image:
    """The page as Chromium draws it."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SystemExit(f"none of {', '.join(BROWSERS)} is installed; install one.")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "page.png"
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb"]
        size = f"--window-size={WIDTH},{HEIGHT}"
        subprocess.run(
            [browser, *options, size, f"--screenshot={target}", PAGE.as_uri()],
            check=True,
            capture_output=True,
            timeout=60,
        )
        return Image.open(io.BytesIO(target.read_bytes())).convert("RGB")


def as_jpeg(picture: Image.Image, quality: int) -> Image.Image:
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=quality)
    return Image.open(data)


def letters(truth: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Which pixels of a screenshot [H,W,3] are at edges that hang together and are no taller than a letter: [H,W]."""
    colors = np.ascontiguousarray(truth, np.float32)
    number = joined(~even(colors, 2.5 / 255)) + 1
    boxes = boxes_of(number, int(number.max()) + 1)
    is_letter = boxes[:, 2] - boxes[:, 0] <= TALLEST_PX
    is_letter[0] = False
    found: np.ndarray[Any, Any] = is_letter[number]
    return found


def row(name: str, picture: Image.Image, truth: np.ndarray[Any, Any]) -> tuple[list[str], np.ndarray[Any, Any]]:
    """A picture as paths: figures, and our drawing [H,W,3] in 0..1."""
    stack, cost = timed(lambda: vecstack.decompose(picture, "graphic"))
    svg = vecstack.to_svg(stack, precision=1)
    own = np.asarray(vecstack.render(stack), np.float64)[..., :3] / 255
    small = letters(truth)
    other = on_white(rastered(svg, WIDTH, HEIGHT))
    figures = [
        f"{len(stack.layers):,}",
        f"{decibels(own, truth):.1f}",
        f"{decibels(own[small], truth[small]):.1f}",
        f"{decibels(other, truth):.1f}",
    ]
    return [name, *figures, f"{len(svg):,}", f"{gzipped(svg):,}", f"{cost.cpu:.1f}"], own


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quality", type=int, nargs="*", default=[], help="of JPEGs that are measured, too")
    parser.add_argument("--sheet", type=Path, help="the screenshot and the drawings, one below the other, as a picture")
    options = parser.parse_args()
    vecstack.decompose(Image.fromarray(np.eye(80, dtype=np.uint8) * 255), "graphic")  # compiles
    picture = screenshot()
    truth = np.asarray(picture, np.float64) / 255
    pictures = {"PNG": picture, **{f"JPEG, quality {each}": as_jpeg(picture, each) for each in options.quality}}
    rows, sheet = [], [truth]
    for name, each in pictures.items():
        figures, drawn = row(name, each, truth)
        rows.append(figures)
        sheet.append(drawn)
    print_markdown(f"{WIDTH} x {HEIGHT} px", COLUMNS, rows)
    if options.sheet is not None:
        Image.fromarray(np.rint(np.concatenate(sheet) * 255).astype(np.uint8)).save(options.sheet)


if __name__ == "__main__":
    main()
