"""Draw the example pictures beside this script: a scene, an icon, an 8 x 8 bitmap, a handwritten-like digit and a
sprite.

All but the sprite is computed from coordinates, without chance: drawing twice gives the same bytes.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[Any]
Points = Sequence[tuple[float, float]]

# A sprite, each letter a pixel in a colour of SPRITE_COLORS.
SPRITE = """
................
......kkkk......
....kkllllkk....
...klwwlllllk...
..klwwlllllllk..
..klwlllllllmk..
.kllllllllllmmk.
.kllkllllkllmmk.
.kllkllllkllmmk.
klllkllllkllmmmk
klllllllllllmmmk
klmlllkkkkllmmmk
klmmllllllmmmmmk
.kkmmmmmmmmmmkk.
..skkkkkkkkkks..
...ssssssssss...
"""
SPRITE_COLORS = {
    ".": (0, 0, 0, 0), "k": (26, 28, 44, 255), "l": (122, 214, 108, 255), "m": (56, 152, 92, 255),
    "w": (244, 252, 236, 255), "s": (26, 28, 44, 84),
}  # fmt: skip
SUPERSAMPLING = 4  # samples of a pixel along each axis


def coordinates(width: int, height: int) -> tuple[Array, Array]:
    """Coordinates x and y [H,W] of the centres of all samples of a picture, in its pixels."""
    x = (np.arange(width * SUPERSAMPLING) + 0.5) / SUPERSAMPLING
    y = (np.arange(height * SUPERSAMPLING) + 0.5) / SUPERSAMPLING
    columns, rows = np.meshgrid(x, y)
    return columns, rows


def reduce(samples: Array) -> Array:
    """Means of the samples of each pixel: [H*n,W*n,C] -> [H,W,C]."""
    height, width, channels = samples.shape
    n = SUPERSAMPLING
    pixels: Array = samples.reshape(height // n, n, width // n, n, channels).mean((1, 3))
    return pixels


def color(text: str) -> Array:
    """A colour written rrggbb as three numbers in 0..1."""
    return np.array([int(text[i : i + 2], 16) for i in (0, 2, 4)]) / 255


def smooth(values: Array) -> Array:
    """0 below 0, 1 above 1, an S between."""
    t: Array = np.clip(values, 0, 1)
    s: Array = t * t * (3 - 2 * t)
    return s


def ramp(values: Array, stops: list[tuple[float, str]]) -> Array:
    """Colours [...,3] at values along a gradient."""
    places = [place for place, _ in stops]
    colors = np.stack([color(text) for _, text in stops])
    return np.stack([np.interp(values, places, colors[:, channel]) for channel in range(3)], -1)


def lay(canvas: Array, alpha: Array, paint: Array | str) -> None:
    """Lay a colour, or a picture, over a canvas [H,W,3] where alpha [H,W] says."""
    canvas += ((color(paint) if isinstance(paint, str) else paint) - canvas) * alpha[..., None]


def to_segment(x: Array, y: Array, start: tuple[float, float], end: tuple[float, float]) -> Array:
    """Distance of each point to a line segment."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    along = np.clip(((x - start[0]) * dx + (y - start[1]) * dy) / (dx * dx + dy * dy), 0, 1)
    return np.hypot(x - start[0] - along * dx, y - start[1] - along * dy)


def to_line(x: Array, y: Array, points: Points) -> Array:
    """Distance of each point to a line through `points`."""
    nearest: Array = np.stack([to_segment(x, y, start, end) for start, end in pairwise(points)]).min(0)
    return nearest


def to_polygon(x: Array, y: Array, points: Points) -> Array:
    """Signed distance of each point to a polygon, below 0 inside."""
    closed = [*points, points[0]]
    inside = np.zeros(x.shape, bool)
    for (x0, y0), (x1, y1) in pairwise(closed):
        if y0 != y1:
            inside ^= ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    distance = to_line(x, y, closed)
    return np.where(inside, -distance, distance)


def polygon(x: Array, y: Array, points: Points, softness: float = 0.0) -> Array:
    """Coverage of a polygon; its edge fades over `softness` pixels."""
    return smooth(0.5 - to_polygon(x, y, points) / max(softness, 1e-3))


def curve(points: Points, steps: int = 12) -> Points:
    """A smooth line through all points (Catmull-Rom)."""
    p = np.array([points[0], *points, points[-1]])
    t = np.arange(steps)[:, None] / steps
    parts = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
    ]
    return [tuple(point) for point in np.concatenate([*parts, p[-1:]])]


def ridge(x: Array, base: float, waves: list[tuple[float, float, float]]) -> Array:
    """Height of a ridge: a sum of waves, each of a size, a length and a start, in pixels."""
    crest = np.full_like(x, base)
    for size, length, start in waves:
        crest -= size * np.sin((x + start) * 2 * np.pi / length)
    return crest


def draw_scene() -> Array:
    """An evening at a lake, 480 x 320: [320,480,3] in 0..1."""
    x, y = coordinates(480, 320)
    shore = 214.0
    sun = (318.0, 150.0)
    sky = [(0.0, "28407c"), (0.38, "7a6fa8"), (0.68, "ef9a83"), (0.88, "ffd08a"), (1.0, "ffe3ad")]
    canvas = ramp(y / shore, sky)
    far = np.hypot(x - sun[0], y - sun[1])
    lay(canvas, 0.75 * np.exp(-((far / 85) ** 2)), "ffe9b0")
    lay(canvas, smooth((25 - far) / 2), "fff6d8")
    for place_x, place_y, width, height, strength in (
        (120, 62, 95, 9, 0.55),
        (180, 72, 70, 6, 0.45),
        (392, 48, 80, 7, 0.40),
        (300, 100, 110, 5, 0.35),
        (60, 118, 70, 5, 0.30),
    ):
        wave = 3 * np.sin(x / 23 + place_x)
        cloud = np.exp(-(((x - place_x) / width) ** 4) - ((y - place_y + wave) / height) ** 2)
        lay(canvas, strength * cloud, "ffd9c7")

    # The further a ridge, the paler it is and the softer its edge.
    for crest, softness, top, bottom in (
        (ridge(x, 158, [(17, 260, 20), (7, 97, 40), (3, 41, 0)]), 14.0, "a887ad", "e6ab9b"),
        (ridge(x, 182, [(14, 310, 190), (6, 120, 10), (2, 37, 5)]), 6.0, "6f6a98", "c08f95"),
        (ridge(x, 203, [(13, 400, 330), (4, 90, 70)]), 2.0, "3d5270", "7a7488"),
    ):
        lay(canvas, smooth(0.5 + (y - crest) / softness), ramp((y - crest) / 50, [(0, top), (1, bottom)]))

    depth = (y - shore) / (320 - shore)
    water = ramp(depth, [(0, "f6bd8c"), (0.3, "c48a93"), (0.65, "6a6496"), (1, "2d3a68")])
    spread = 9 + 46 * depth
    ripples = 0.62 + 0.38 * np.sin(90 / (0.13 + np.clip(depth, 0, 1)) + 2 * np.sin(x / 19))
    glitter = np.exp(-(((x - sun[0]) / np.maximum(spread, 1)) ** 2)) * ripples * (1 - 0.7 * np.clip(depth, 0, 1))
    water += (color("ffe7ae") - water) * glitter[..., None]
    lay(canvas, smooth((y - shore) / 1.5 + 0.5), water)

    draw_boat(canvas, x, y)
    meadow = 334 - 100 * smooth((330 - x) / 230) - 4 * np.sin(x / 37)
    lay(canvas, (y > meadow) * 1.0, ramp((y - meadow) / 90, [(0, "5f8a4e"), (0.25, "3d6b45"), (1, "16352f")]))
    draw_house(canvas, x, y)
    return reduce(canvas)


def draw_boat(canvas: Array, x: Array, y: Array) -> None:
    lay(canvas, 0.4 * np.exp(-(((x - 398) / 42) ** 4) - ((y - 272) / 6) ** 2), "2a2f55")
    lay(canvas, polygon(x, y, [(352, 256), (442, 252), (426, 271), (368, 272)]), "8c2f39")
    lay(canvas, polygon(x, y, [(352, 256), (442, 252), (438, 257), (355, 261)]), "f3e3d3")
    lay(canvas, (to_line(x, y, [(394, 256), (397, 168)]) < 1.3) * 1.0, "4a2e2a")
    shade = ramp((x - 399) / 40, [(0, "fff6e6"), (1, "e7b896")])
    lay(canvas, polygon(x, y, [*curve([(400, 172), (424, 208), (438, 246)]), (400, 249)]), shade)
    lay(canvas, polygon(x, y, [*curve([(393, 180), (376, 218), (359, 249)]), (391, 250)]), "e8663f")


def draw_house(canvas: Array, x: Array, y: Array) -> None:
    lay(canvas, 0.45 * np.exp(-(((x - 78) / 62) ** 4) - ((y - 262) / 9) ** 2), "10251f")  # its soft shadow
    wall = ramp((x - 43) / 70, [(0, "d9bd9f"), (1, "fbecc9")])
    lay(canvas, polygon(x, y, [(43, 212), (113, 212), (113, 260), (43, 260)]), wall)
    lay(canvas, polygon(x, y, [(98, 176), (109, 176), (109, 204), (98, 204)]), "7d4138")
    lay(canvas, polygon(x, y, [(34, 214), (78, 172), (122, 214)]), "b5452f")
    lay(canvas, 0.5 * polygon(x, y, [(78, 172), (122, 214), (78, 214)], 2), "d9683f")
    lay(canvas, polygon(x, y, [(53, 225), (70, 225), (70, 241), (53, 241)]), "ffd467")
    lay(canvas, polygon(x, y, [(85, 228), (99, 228), (99, 260), (85, 260)]), "6b3f32")
    lay(canvas, 0.5 * np.exp(-((np.hypot(x - 61.5, y - 233) / 17) ** 2)), "ffd467")  # the window's glow
    for place, top, size in ((18, 206, 17), (142, 226, 12), (160, 232, 9)):
        lay(canvas, (to_line(x, y, [(place, top), (place, top + 3.2 * size)]) < size / 8) * 1.0, "3a2a22")
        crown = [(place, top - 2.1 * size), (place + size, top + 1.6 * size), (place - size, top + 1.6 * size)]
        lay(canvas, polygon(x, y, crown, 3), "20493c")


def draw_icon() -> Array:
    """Three plates, one above the other, on a transparent ground: [256,256,4] in 0..1."""
    x, y = coordinates(256, 256)
    canvas = np.zeros((*x.shape, 4))  # premultiplied
    for middle, paint in ((172, "2b4c7e"), (128, "2fa79b"), (84, "ffb54a")):
        plate = [(128.0, middle - 50.0), (222.0, middle), (128.0, middle + 50.0), (34.0, middle)]
        alpha = (to_polygon(x, y, plate) < 12)[..., None]
        canvas += (np.append(color(paint), 1) - canvas) * alpha
    canvas += (np.append(color("e2543f"), 1) - canvas) * (np.hypot(x - 128, (y - 84) * 1.75) < 40)[..., None]
    pixels = reduce(canvas)
    pixels[..., :3] /= np.maximum(pixels[..., 3:], 1e-6)
    return pixels


def draw_stroke(side: int, points: Points, radius: float, softness: float) -> Array:
    """A white stroke through points on black, its edge fading over `softness` pixels: [side,side,1] in 0..1."""
    x, y = coordinates(side, side)
    return reduce(smooth(0.5 - (to_line(x, y, curve(points)) - radius) / softness)[..., None])


def draw_digit() -> Array:
    """A handwritten 3 as MNIST has them: [28,28,1]."""
    upper: Points = [(8.6, 7.4), (12.2, 5.2), (16.9, 5.4), (18.6, 8.3), (16.6, 11.4), (12.6, 13.3)]
    lower: Points = [(16.9, 14.0), (19.4, 16.9), (18.2, 20.6), (14.2, 22.8), (9.9, 22.4), (7.3, 20.2)]
    return draw_stroke(28, [*upper, *lower], 1.25, 1.5)


def draw_bitmap() -> Array:
    """A small 2, in grey levels: [8,8,1]."""
    points: Points = [(1.9, 2.3), (3.3, 0.9), (5.2, 1.3), (5.6, 2.9), (4.2, 4.7), (1.9, 6.5), (4.0, 6.5), (6.4, 6.5)]
    return draw_stroke(8, points, 0.5, 0.7)


def draw_sprite() -> Array:
    """A drop with a face, and its shadow, on nothing: [16,16,4]."""
    return np.array([[SPRITE_COLORS[letter] for letter in row] for row in SPRITE.split()]) / 255


def save(pixels: Array, path: Path) -> None:
    levels = np.round(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels).save(path, compress_level=9)
    print(f"{path}: {levels.shape[1]} x {levels.shape[0]}, {path.stat().st_size:,} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent, metavar="DIR", help="folder (default: the script's own)"
    )
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    save(draw_scene(), folder / "scene.png")
    save(draw_icon(), folder / "icon.png")
    save(draw_bitmap(), folder / "bitmap-8.png")
    save(draw_digit(), folder / "digit.png")
    save(draw_sprite(), folder / "sprite.png")


if __name__ == "__main__":
    main()
