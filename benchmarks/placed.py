"""What placed items take: so many cut-outs of flowers and of pieces of a photo, turned and mirrored at random, drawn at
some sizes, and saved. CPU seconds (twice, the better), bytes, and how far exact drawing differs in steps of 8 bits;
then how well a photo is made smaller.

    python benchmarks/placed.py --count 500 --sizes 1024 2048"""

from __future__ import annotations

import argparse
import io
import time
from pathlib import Path

import numpy as np
from _common import print_markdown
from PIL import Image

import vecstack
from vecstack.document.file import dumps
from vecstack.geometry import UNIT_CIRCLE, Affine
from vecstack.kinds import placing_kind
from vecstack.kinds.base import Curve, ItemShape
from vecstack.stack import Canvas, Stack, asset_id

PHOTO = Path(__file__).parents[1] / "examples" / "coffee.jpg"
CANVAS, ITEMS, SIDE_PX = 1000, 20, 300


def flower(dice: np.random.Generator) -> bytes:
    """An item of eight shapes and some 150 points: six petals, a heart and a light on it."""
    colors = [tuple(dice.random(3).tolist()) for _ in range(3)]
    petals = [leaf(turn, dice.uniform(0.25, 0.4)) for turn in np.arange(6) * np.pi / 3]
    shapes = [ItemShape((petal,), colors[index % 2]) for index, petal in enumerate(petals)]
    shapes += [ItemShape((disc(0, 0, 0.35),), colors[2]), ItemShape((disc(-0.1, -0.1, 0.1),), (1.0, 1.0, 1.0), 0.6)]
    return placing_kind().item(shapes)


def leaf(angle: float, width: float) -> Curve:
    """A petal of four pieces."""
    place = Affine.similarity(0, 0, 1, float(np.degrees(angle)))
    return tuple(place.apply(0.6 + 0.4 * x, width * y) for x, y in UNIT_CIRCLE)


def disc(x: float, y: float, radius: float) -> Curve:
    """A circle."""
    return tuple((x + radius * u, y + radius * v) for u, v in UNIT_CIRCLE)


def piece(dice: np.random.Generator) -> bytes:
    """A piece of a photo with a wavy edge."""
    photo = np.asarray(Image.open(PHOTO).convert("RGB"))
    top, left = (int(dice.integers(side - SIDE_PX)) for side in photo.shape[:2])
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX] - SIDE_PX / 2
    reach = SIDE_PX * (0.42 + 0.06 * np.sin(5 * np.arctan2(y, x)))
    alpha = ((reach - np.hypot(x, y)).clip(0, 1) * 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(np.dstack([photo[top : top + SIDE_PX, left : left + SIDE_PX], alpha])).save(file, "png")
    return placing_kind().item(file.getvalue())


def placed(items: list[bytes], count: int, dice: np.random.Generator) -> Stack:
    """A canvas full of items, each overlapping its neighbours."""
    kind, across = placing_kind(), int(np.ceil(count**0.5))
    cell = CANVAS / across
    layers = []
    for index in range(count):
        x, y = (np.array([index % across, index // across]) + 0.5 + dice.normal(size=2) * 0.15) * cell
        size, turn, mirrored = cell * dice.uniform(0.45, 0.75), dice.uniform(0, 360), bool(dice.random() < 0.5)
        place = Affine.similarity(float(x), float(y), float(size), float(turn), mirrored=mirrored)
        layers.append(kind.placed({"id": str(index), "transform": place}, asset_id(items[index % len(items)])))
    return Stack(Canvas(CANVAS, CANVAS, (1.0, 1.0, 1.0)), tuple(layers), {asset_id(item): item for item in items})


def seconds(stack: Stack, size: int) -> float:
    """CPU seconds of drawing, the better of two."""
    found = []
    for _ in range(2):
        began = time.process_time()
        vecstack.render(stack, size, device="cpu")
        found.append(time.process_time() - began)
    return min(found)


def missed(ratio: float) -> float:
    """By how much a photo made so many times smaller, and turned, misses the mean of 256 points in each pixel, between
    the photo's own: root mean square, in 1/255."""
    pixels = np.asarray(Image.open(PHOTO).convert("RGB")).astype(float)
    height, width = pixels.shape[:2]
    data, side = placing_kind().item(PHOTO.read_bytes()), int(width / ratio)
    place = Affine.similarity(side / 2 + 0.3, side / 2 - 0.2, width / 2 / ratio, 30)
    layer = placing_kind().placed({"id": "photo", "transform": place}, asset_id(data))
    drawn = vecstack.render(Stack(Canvas(side, side), (layer,), {asset_id(data): data}), transparent=True, device="cpu")
    half = width / 2
    to_pixels = Affine(half, 0.0, half, 0.0, half, height / 2).after(place.inverse())
    xs, ys = np.meshgrid((np.arange(16 * side) + 0.5) / 16, (np.arange(16 * side) + 0.5) / 16)
    us, vs = to_pixels.apply(xs, ys)  # type: ignore[arg-type]
    means = evenly(pixels, np.asarray(us), np.asarray(vs)).reshape(side, 16, side, 16, 3).mean((1, 3))
    return float(np.sqrt(np.square(drawn[..., :3] - means)[drawn[..., 3] == 255].mean()))


def evenly(pixels: np.ndarray, us: np.ndarray, vs: np.ndarray) -> np.ndarray:
    """Pixels [H,W,3] at places [h,w] between their middles: [h,w,3]."""
    columns, rows = np.floor(us - 0.5).astype(int), np.floor(vs - 0.5).astype(int)
    s, t = (us - 0.5 - columns)[..., None], (vs - 0.5 - rows)[..., None]
    (top, left), (bottom, right) = (
        ((rows + step).clip(0, pixels.shape[0] - 1), (columns + step).clip(0, pixels.shape[1] - 1)) for step in (0, 1)
    )
    above = pixels[top, left] * (1 - s) + pixels[top, right] * s
    below = pixels[bottom, left] * (1 - s) + pixels[bottom, right] * s
    return np.asarray(above * (1 - t) + below * t)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500, metavar="N")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1024, 2048], metavar="PX")
    options = parser.parse_args()
    dice = np.random.default_rng(1)
    flowers, pieces = ([make(dice) for _ in range(ITEMS)] for make in (flower, piece))
    both = [item for pair in zip(flowers, pieces, strict=True) for item in pair]
    rows = []
    for name, items in (("flowers", flowers), ("pieces of a photo", pieces), ("both by turns", both)):
        stack = placed(items, options.count, dice)
        exact, fast = (vecstack.render(stack, 256, exact=is_exact, device="cpu") for is_exact in (True, False))
        off = np.abs(exact.astype(int) - fast).max()
        drawn = [f"{seconds(stack, size):.2f}" for size in options.sizes]
        rows.append([name, *drawn, f"{len(dumps(stack)):,}", str(off)])
    sizes = [f"{size:,} px, CPU s" for size in options.sizes]
    print_markdown(f"{options.count} placed items", ("items", *sizes, "bytes", "exact off by"), rows)
    misses = [[f"{ratio:g}", f"{missed(ratio):.2f}"] for ratio in (1.5, 2, 3, 4, 6, 8, 12, 16, 30)]
    print_markdown("A photo made smaller", ("times", "off by, 1/255"), misses)


if __name__ == "__main__":
    main()
