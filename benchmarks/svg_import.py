"""How alike a drawing looks after a way through layers: python benchmarks/svg_import.py FOLDER [--count N]

Each SVG of the folder is imported, and exported to SVG again. resvg draws the original and the new SVG, and vecstack
draws the layers, at 256 px on white and on black ground; the mean absolute differences are of 255."""

from __future__ import annotations

import argparse
import io
import random
import time
from collections import Counter
from pathlib import Path

import numpy as np
import resvg_py
from PIL import Image

import vecstack

SIZE_PX = 256  # long side
FAR = 0.5  # of 255: how much may differ


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=0, help="draw so many at random (0: all)")
    parser.add_argument("--worst", type=int, default=15, help="how many of the worst to list")
    parser.add_argument("--renders", action="store_true", help="compare vecstack's own drawings, too")
    arguments = parser.parse_args()
    paths = sorted(arguments.folder.rglob("*.svg"))
    if arguments.count:
        paths = sorted(random.Random(0).sample(paths, min(arguments.count, len(paths))))
    compare_all(paths, arguments.worst, arguments.renders)


def compare_all(paths: list[Path], worst: int, renders: bool) -> None:
    """Print the mean differences, the worst drawings, and what was left out."""
    rows, left_out, refused = [], Counter(), []
    for path in paths:
        lines: list[str] = []
        start = time.perf_counter()
        try:
            stack = vecstack.import_svg(path, told=lines.append)
        except vecstack.VecstackError as error:
            refused.append(str(error))
            continue
        seconds = time.perf_counter() - start
        left_out.update(line.rpartition(" (")[0] for line in lines)
        try:
            rows.append((*differences(path, stack, renders), seconds, len(stack.layers), bool(lines), path))
        except ValueError as error:
            refused.append(f"{path}: resvg: {error}")
    show(rows, worst, renders)
    print("\n".join(f"{line}: in {count} drawings" for line, count in left_out.most_common()))
    print("\n".join(refused))


def differences(path: Path, stack: vecstack.Stack, renders: bool) -> tuple[float, float]:
    """Mean absolute differences from resvg's drawing of the original: of the new SVG, and of vecstack's drawing."""
    original = drawn(path.read_text(encoding="utf-8"))
    again = drawn(vecstack.to_svg(stack))
    own = vecstack.render(stack, size=SIZE_PX).astype(float) / 255 if renders else again
    return difference(original, again), difference(original, own)


def drawn(text: str) -> np.ndarray:
    """Resvg's drawing as RGBA [H,W,4] in 0..1, the long side of SIZE_PX."""
    picture = drawn_at(text, SIZE_PX, None)
    return picture if picture.shape[0] <= picture.shape[1] else drawn_at(text, None, SIZE_PX)


def drawn_at(text: str, width: int | None, height: int | None) -> np.ndarray:
    data = resvg_py.svg_to_bytes(svg_string=text, width=width, height=height, dpi=96, languages=["en"])
    return np.asarray(Image.open(io.BytesIO(bytes(data))).convert("RGBA")).astype(float) / 255


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean absolute difference of 255, the mean of a white and a black ground, over the part that both have."""
    height, width = (min(sides) for sides in zip(one.shape[:2], other.shape[:2], strict=True))
    found = []
    for ground in (1.0, 0.0):
        pair = [
            each[:height, :width, :3] * each[:height, :width, 3:] + ground * (1 - each[:height, :width, 3:])
            for each in (one, other)
        ]
        found.append(255 * np.abs(pair[0] - pair[1]).mean())
    return float(np.mean(found))


def show(rows: list[tuple], worst: int, renders: bool) -> None:
    """Print a table of all drawings together, and a line for each of the worst."""
    if not rows:
        return
    table = np.array([row[:4] for row in rows], float)
    within = (table[:, 0] <= FAR).mean()
    print(
        f"{len(rows)} drawings: SVG again {table[:, 0].mean():.3f}/255 in the mean, {100 * within:.1f} % within {FAR}"
    )
    whole = table[[not row[4] for row in rows]]
    if len(whole):
        within = (whole[:, 0] <= FAR).mean()
        print(
            f"{len(whole)} with nothing left out: {whole[:, 0].mean():.3f}/255 in the mean, {100 * within:.1f} % within"
        )
    if renders:
        print(f"drawn by vecstack: {table[:, 1].mean():.3f}/255 in the mean")
    print(f"{table[:, 2].mean():.3f} s each, at most {table[:, 2].max():.2f} s; {table[:, 3].mean():.1f} layers")
    for row in sorted(rows, key=lambda row: -row[0])[:worst]:
        print(f"{row[0]:7.3f} {row[1]:7.3f} {row[2]:6.2f} s {row[3]:5} layers {'*' if row[4] else ' '} {row[5]}")


if __name__ == "__main__":
    main()
