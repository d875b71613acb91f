"""How much of a container the packer covers, and in what time, beside the package `wordcloud` where it is installed.

`python benchmarks/collage.py [ITEMS] [EFFORT] [CONTAINERS]` (100, good, all; containers with commas between them)
prints a table as it goes: for each container and range of sizes the coverage, what overlaps and lies
outside, all by exact polygons, and CPU seconds. `python benchmarks/collage.py words FONT` packs 100 words
in a heart, as large beside one another and at the same two angles as `wordcloud` draws them in that TrueType font."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from vecstack.packing import exact
from vecstack.packing.exact import Outline
from vecstack.packing.options import Packing
from vecstack.packing.pack import Packed, pack

RANGES = ((0.15, 2.5), (0.25, 1.6), (0.4, 1.25))
WORDS = tuple(
    """layer vector picture colour stack canvas paint outline stroke packing heart collage word shape curve region
detail gradient mask pixel edge corner round bitmap export import letter number square circle triangle hexagon
star moon fish leaf arrow animal garden river mountain forest ocean window bridge castle flower summer winter
spring autumn morning evening music piano violin guitar drum dance theatre museum gallery sculpture drawing
sketch pencil brush palette frame paper print poster book novel poem story author reader library school
teacher student lesson science physics biology chemistry planet orbit rocket engine wheel bicycle train
station market bread coffee sugar lemon""".split()  # noqa: SIM905
)
MASK_PX = 1000  # side of the mask that `wordcloud` is given


def around(radius: np.ndarray) -> np.ndarray:
    """A ring about the origin with so many radii, evenly turned."""
    angle = 2 * math.pi * np.arange(len(radius)) / len(radius)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)


def heart(points: int) -> np.ndarray:
    t = 2 * math.pi * np.arange(points) / points
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack([16 * np.sin(t) ** 3, -y], 1)


def star(points: int, inner: float) -> np.ndarray:
    return around(np.where(np.arange(2 * points) % 2 == 0, 1.0, inner))


def moon() -> np.ndarray:
    outer, inner = np.linspace(0.915, 2 * math.pi - 0.915, 32), np.linspace(2 * math.pi - 1.5, 1.5, 24)
    rim = np.stack([np.cos(outer), np.sin(outer)], 1)
    return np.vstack([rim, np.stack([0.5 + 0.8 * np.cos(inner), 0.8 * np.sin(inner)], 1)])


def leaf() -> np.ndarray:
    x = np.linspace(-1, 1, 17)
    y = 0.45 * np.maximum(1 - x * x, 0) ** 0.9 + 0.03
    return np.vstack([np.stack([x, y], 1), np.stack([x, -y], 1)[::-1]])


def fish() -> np.ndarray:
    t = np.linspace(-2.6, 2.6, 28)
    body = np.stack([1.3 * np.cos(t), 0.72 * np.sin(t)], 1)
    return np.vstack([body, [(-2.0, 0.8), (-1.75, 0.0), (-2.0, -0.8)]])


def curled() -> np.ndarray:
    """A band in the form of the letter S."""
    t = np.linspace(-0.15, -1.5, 15) * math.pi
    upper = np.stack([np.cos(t), np.sin(t) - 1], 1)
    middle = np.vstack([upper, -upper[-2::-1]])
    along = np.gradient(middle, axis=0)
    across = 0.38 * np.stack([-along[:, 1], along[:, 0]], 1) / np.hypot(*along.T)[:, None]
    return np.vstack([middle + across, (middle - across)[::-1]])


def ring(text: str) -> np.ndarray:
    """Points of a text, x and y after one another."""
    return np.array(text.split(), float).reshape(-1, 2)


KAY = ring("0 0 1 0 1 1.5 2.3 0 3.6 0 2.1 1.8 3.6 4 2.4 4 1.3 2.4 1 2.7 1 4 0 4")
ARROW = ring("-1 -.35 .1 -.35 .1 -.85 1.1 0 .1 .85 .1 .35 -1 .35")
CAT = ring(
    "-.75 1.4 -.75 .6 -.55 -.4 -.62 -.9 -.6 -1.95 -.2 -1.5 .2 -1.5 .6 -1.95 .62 -.9 .55 -.4 .72 .3 .75 .95 1.05 .95 "
    "1.15 .7 1.05 .2 1.35 .2 1.5 .75 1.3 1.25 .9 1.4"
)
DOG = ring(
    "-1.3 2.05 -1.35 1 -1.65 .2 -1.55 -.3 -2.2 -.85 -2.45 -1.8 -2.1 -1.85 -1.9 -1.1 -1.3 -.6 .9 -.6 1.25 -1.3 "
    "1.3 -1.75 1.8 -1.9 2.9 -1.35 2.95 -1 2.3 -.85 2.05 -.3 1.7 .3 1.5 1.8 1.8 2.05 1.05 2.05 1 .6 -.5 .6 -.5 1 "
    "-.35 1.8 -.1 2.05 -.75 2.05 -.85 1 -.95 1 -.9 2.05"
)


def blob() -> np.ndarray:
    angle = 2 * math.pi * np.arange(48) / 48
    return around(1 + 0.22 * np.cos(2 * angle + 0.4) + 0.16 * np.sin(3 * angle))


ITEMS: list[Outline] = [
    (points,) for points in (heart(48), star(5, 0.48), moon(), fish(), leaf(), KAY, curled(), blob(), CAT, ARROW)
]
CONTAINERS: dict[str, Outline] = {
    "circle": (around(np.ones(128)),),
    "heart": (heart(120),),
    "S": (curled(),),
    "star": (star(5, 0.5),),
    "dog": (DOG,),
    "rectangle": (ring("0 0 4 0 4 3 0 3"),),
}


def packed_in(outlines: Sequence[Outline], container: Outline, options: Packing) -> tuple[Packed, float]:
    """A packing and its CPU seconds."""
    start = time.process_time()
    result = pack(outlines, container, options)
    return result, time.process_time() - start


def row(name: str, packed: Packed, seconds: float) -> str:
    placed = sum(pose is not None for pose in packed.poses)
    shares = f"{packed.coverage:.4f} | {packed.overlap:.0e} | {packed.outside:.0e}"
    return f"| {name} | {placed} | {shares} | {seconds:.1f} |"


def shapes(count: int, effort: str, names: Sequence[str]) -> None:
    """The table of containers and ranges of sizes."""
    outlines = [ITEMS[k % len(ITEMS)] for k in range(count)]
    print("| container, sizes | placed | coverage | overlap | outside | CPU s |\n|---|---|---|---|---|---|")
    for scales in RANGES:
        covered = []
        for name in names:
            packed, seconds = packed_in(outlines, CONTAINERS[name], Packing(effort=effort, scales=scales))
            covered.append((packed.coverage, seconds))
            print(row(f"{name}, {scales[0]} to {scales[1]}", packed, seconds), flush=True)
        coverage, seconds = np.mean(covered, 0)
        print(f"| mean, {scales[0]} to {scales[1]} | | {coverage:.4f} | | | {seconds:.1f} |", flush=True)


def outline_of(word: str, font: str) -> Outline:
    """The outline of a word at a font size of 1, y downwards."""
    from fontTools.pens.recordingPen import DecomposingRecordingPen
    from fontTools.ttLib import TTFont

    face = TTFont(font)
    glyphs, names, unit = face.getGlyphSet(), face.getBestCmap(), face["head"].unitsPerEm
    left, rings = 0.0, []
    for letter in word:
        glyph = glyphs[names[ord(letter)]]
        pen = DecomposingRecordingPen(glyphs)
        glyph.draw(pen)
        rings += [(points + np.array([left, 0])) * [1, -1] / unit for points in _flat(pen.value)]
        left += glyph.width
    return exact.rings(exact.polygon(rings).simplify(0.008))


def _flat(commands: Sequence[tuple[str, tuple[tuple[float, float], ...]]]) -> list[np.ndarray]:
    """The rings of a glyph's lines and quadratic curves."""
    rings: list[list[np.ndarray]] = []
    t = np.linspace(0, 1, 4)[1:, None]
    for name, points in commands:
        if name == "moveTo":
            rings.append([np.array(points[0], float)])
        elif name == "lineTo":
            rings[-1].append(np.array(points[0], float))
        elif name == "qCurveTo":
            corners = np.array(points, float)
            for k, corner in enumerate(corners[:-1]):
                last = k == len(corners) - 2
                end, start = corners[-1] if last else (corner + corners[k + 1]) / 2, rings[-1][-1]
                rings[-1].extend((1 - t) ** 2 * start + 2 * t * (1 - t) * corner + t**2 * end)
    return [np.array(points) for points in rings]


def words(font: str) -> None:
    """The table of words in a heart."""
    container = CONTAINERS["heart"]
    sizes = clouded(font, container)
    outlines = [outline_of(word, font) for word in WORDS]
    asked = Packing(sizes=sizes, angles=(0.0, math.pi / 2))
    for effort in ("fast", "good"):
        packed, seconds = packed_in(outlines, container, Packing(sizes=asked.sizes, angles=asked.angles, effort=effort))
        print(row(f"the same sizes, {effort}", packed, seconds), flush=True)


def clouded(font: str, container: Outline) -> tuple[float, ...]:
    """The font sizes of words that `wordcloud` draws in a container; prints how much it covers. Sizes by rank, and
    no row, where it is not installed."""
    print("| words | placed | coverage | overlap | outside | CPU s |\n|---|---|---|---|---|---|")
    wanted = {word: (rank + 1) ** -0.6 for rank, word in enumerate(WORDS)}
    try:
        from wordcloud import WordCloud
    except ImportError:
        return tuple(wanted.values())
    low, high = container[0].min(0), container[0].max(0)
    scale = MASK_PX / (high - low).max()
    mask = Image.new("L", tuple(np.ceil((high - low) * scale).astype(int)), 255)
    ImageDraw.Draw(mask).polygon([tuple(point) for point in (container[0] - low) * scale], fill=0)
    start = time.process_time()
    drawn = WordCloud(mask=np.array(mask), font_path=font, margin=0, max_words=len(WORDS), random_state=0)
    layout = drawn.generate_from_frequencies(wanted).layout_
    seconds = time.process_time() - start
    sizes = {entry[0][0]: float(entry[1]) for entry in layout}
    area = sum(exact.polygon(outline_of(word, font)).area * size**2 for word, size in sizes.items())
    coverage = area / (np.array(mask) == 0).sum()
    print(f"| wordcloud | {len(layout)} | {coverage:.4f} | | | {seconds:.1f} |", flush=True)
    return tuple(sizes[word] for word in WORDS)


def main(arguments: Sequence[str]) -> None:
    if arguments and arguments[0] == "words":
        words(str(Path(arguments[1])))
        return
    count = int(arguments[0]) if arguments else 100
    effort = arguments[1] if len(arguments) > 1 else "good"
    pack([ITEMS[k] for k in range(10)], CONTAINERS["circle"], Packing(effort="fast"))  # compiles
    shapes(count, effort, arguments[2].split(",") if len(arguments) > 2 else list(CONTAINERS))


if __name__ == "__main__":
    main(sys.argv[1:])
