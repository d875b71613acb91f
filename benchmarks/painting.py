"""How close paintings come to photos, and what they cost: PSNR, mean absolute difference and CPU seconds by the number
of strokes. With --primitive, ellipses and triangles of that program (a path, or found on PATH) beside them; with
--patches, the published way, patch by patch; with --segments, how much of the strokes' area lies outside their own
part; with --steps, Gauss-Newton and Adam over seconds, from the same strokes.

    python benchmarks/painting.py --photos astronaut chelsea --patches --primitive

The photos are ours (examples), those of scikit-image and of scikit-learn, at 512 px. Needs the extra `benchmarks`."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Mapping
from statistics import fmean
from typing import Any

import numpy as np
from _common import print_markdown
from _painting.photos import closeness, photo
from _painting.steps import compared
from _painting.ways import SHAPES, by_primitive, in_patches, painted
from PIL import Image

import vecstack
from vecstack.geometry import Rect
from vecstack.kinds.base import Scene, Terms
from vecstack.kinds.stroke.fit import Tuner
from vecstack.kinds.stroke.looks import LOOKS
from vecstack.kinds.stroke.paint import Painting

PHOTOS = ("astronaut", "coffee", "chelsea", "rocket", "china", "flower")
COUNTS = (250, 1000, 4000)
COLUMNS = ("shapes", "way", "PSNR, dB", "mean difference", "CPU s", "kB without thumbnail")
STEP_COLUMNS = ("steps", "Gauss-Newton, CPU s", "dB", "Adam, CPU s", "dB")
COMPARED = 1000  # strokes

Way = Callable[[Image.Image, int], tuple[Any, ...]]  # a photo and a count to the drawing, CPU seconds, kilobytes


def ways_of(arguments: argparse.Namespace) -> Mapping[str, Way]:
    """The ways that are measured, by name."""
    ways: dict[str, Way] = {
        model: lambda picture, count, model=model: painted(picture, model, count)  # type: ignore[misc]
        for model in arguments.models
    }
    if arguments.patches:
        ways["in patches"] = in_patches
    if arguments.primitive is not None:
        program = shutil.which(arguments.primitive)
        if program is None:
            sys.exit(f"{arguments.primitive}: no such program; give its path.")
        for shape in SHAPES:
            ways[f"primitive, {shape}"] = (
                lambda picture, count, shape=shape: by_primitive(program, picture, shape, count)  # type: ignore[misc]
            )
    return ways


def measured(way: Way, pictures: Mapping[str, Image.Image], count: int) -> list[str]:
    """Means over pictures, as cells of a table."""
    found = [way(picture, count) for picture in pictures.values()]
    close = [closeness(drawn, picture) for (drawn, *_), picture in zip(found, pictures.values(), strict=True)]
    means = [fmean(values) for values in zip(*close, strict=True)]
    rest = [fmean(values) for values in zip(*(costs for _, *costs in found), strict=True)]
    digits = (2, 4, 1, 0)
    cells = [f"{value:.{places}f}" for value, places in zip([*means, *rest], digits, strict=False)]
    return cells + [""] * (len(digits) - len(cells))


def outside(picture: Image.Image, model: str, count: int) -> float:
    """The share of the strokes' area that lies outside their own part, of parts that felzenszwalb finds."""
    from vecstack.fitting.guide import find_guide
    from vecstack.pictures.read import as_picture

    loaded = as_picture(picture)
    guide = find_guide(loaded, "felzenszwalb", None, layers=count)
    assert guide is not None
    assert guide.segments is not None
    pixels = np.ascontiguousarray(loaded.pixels.transpose(2, 0, 1))
    scene = Scene(Rect(0, 0, loaded.width, loaded.height), pixels, np.full_like(pixels, 0.5))
    painting = Painting(scene, Terms("fast", guide=guide), LOOKS[model], count)
    painting.paint()
    labels = guide.at(painting.height, painting.width).segments
    out = whole = 0.0
    tuner = Tuner(np.zeros((4, painting.height, painting.width), np.float32), np.zeros_like(pixels[:1]).repeat(4, 0))
    for stroke, part in zip(painting.numbers, painting.part, strict=True):
        cover = tuner.draw(stroke[None])[3]
        out += float(cover[labels != part].sum())
        whole += float(cover.sum())
    return out / whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", nargs="+", default=PHOTOS)
    parser.add_argument("--counts", nargs="+", type=int, default=COUNTS)
    parser.add_argument("--models", nargs="+", default=["realistic"])
    parser.add_argument("--primitive", nargs="?", const="primitive", metavar="PROGRAM")
    parser.add_argument("--patches", action="store_true")
    parser.add_argument("--segments", action="store_true")
    parser.add_argument("--steps", action="store_true")
    arguments = parser.parse_args()
    pictures = {name: photo(name) for name in arguments.photos}
    vecstack.decompose(next(iter(pictures.values())), "realistic", 20, device="cpu")  # compiles
    rows = (
        [f"{count:,}", name, *measured(way, pictures, count)]
        for count in arguments.counts
        for name, way in ways_of(arguments).items()
    )
    print_markdown(f"Means of {', '.join(pictures)}", COLUMNS, rows)
    if arguments.segments:
        shares = ([name, f"{100 * outside(picture, 'painterly', 1200):.1f} %"] for name, picture in pictures.items())
        print_markdown("painterly with --segments felzenszwalb", ("photo", "area outside the own part"), shares)
    if arguments.steps:
        name, picture = next(iter(pictures.items()))
        print_markdown(f"{COMPARED} strokes of {name}", STEP_COLUMNS, compared(picture, COMPARED))


if __name__ == "__main__":
    main()
