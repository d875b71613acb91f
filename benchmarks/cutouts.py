"""How fast and how well stacks are cut apart: python benchmarks/cutouts.py STACK.layers...

Each stack, made opaque, is cut out; cut out without parts of less than 20 px; and with a bleed of 1 px. Seconds are CPU
time of the cutting. `amiss` is by how much the areas of all pieces, exact for their curves, differ from the canvas;
`on white`, the PSNR of the pieces on white at 1,024 px to the opaque stack as it was, which is that of their seams."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from _common import print_table

import vecstack
from vecstack.exporting.cutting.partition import cutout
from vecstack.exporting.cutting.prepare import prepared
from vecstack.importing.outlines import Contour, area
from vecstack.kinds import kind_of
from vecstack.stack import Stack

WAYS = {"cut out": {}, "without parts below 20 px": {"min_area": 20.0}, "with a bleed of 1 px": {"bleed": 1.0}}
SIDE = 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stacks", type=Path, nargs="+", help="Layer files with an opaque canvas.")
    columns = ["layers cut", "s CPU", "layers", "curves", "amiss", "on white"]
    for path in parser.parse_args().stacks:
        stack = prepared(vecstack.load(path), opaque=True, device="cpu")
        cutout(stack, device="cpu")  # so that what is loaded once is loaded
        print_table(f"{path.stem}: {len(stack.layers)} layers", columns, [row(stack, way) for way in WAYS])


def row(stack: Stack, way: str) -> list[str]:
    """One way to cut a stack apart."""
    start = time.process_time()
    cut = cutout(stack, device="cpu", **WAYS[way])
    seconds = time.process_time() - start
    outlines = [
        tuple(Contour(tuple(layer.transform.apply(*point) for point in curve), True) for curve in curves)
        for layer in cut.layers
        if (curves := kind_of(layer).outline(layer))
    ]
    whole = stack.canvas.width * stack.canvas.height
    amiss = sum(abs(area(outline)) for outline in outlines) / whole - 1
    count = sum(len(contour.points) // 3 for outline in outlines for contour in outline)
    return [way, f"{seconds:.1f}", str(len(cut.layers)), f"{count:,}", f"{amiss:.1e}", f"{on_white(stack, cut):.1f} dB"]


def on_white(stack: Stack, cut: Stack) -> float:
    """The PSNR of pieces on white to the stack."""
    wanted = vecstack.render(stack, SIDE, transparent=False, device="cpu").astype(float)
    drawn = vecstack.render(cut, SIDE, transparent=True, device="cpu").astype(float)
    alpha = drawn[..., 3:] / 255
    error = float(((drawn[..., :3] * alpha + 255 * (1 - alpha) - wanted) ** 2).mean())
    return float(10 * np.log10(255**2 / error))


if __name__ == "__main__":
    main()
