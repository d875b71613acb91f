"""The verb: items packed into a shape, as a stack of layers."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from vecstack.color import Color, mean_color, to_color
from vecstack.errors import UsageError
from vecstack.fitting.effort import DEFAULT_EFFORT, check_seed
from vecstack.fitting.guide import Segments
from vecstack.packing import items as reading
from vecstack.packing.asked import check_numbers, check_room, check_together, options_of
from vecstack.packing.colors import Beneath, Colors, palette_of, picture_in
from vecstack.packing.containers import Container, container_of, whole_of
from vecstack.packing.items import Item, items_of, word_items
from vecstack.packing.options import Packing
from vecstack.packing.outlines import area_of_rings, check_packages
from vecstack.packing.pack import Packed, Told, pack
from vecstack.packing.photo import mosaic
from vecstack.packing.placing import Placed, stack_of
from vecstack.packing.sizes import read_sizes
from vecstack.packing.words import Face, letter_sizes, read_words
from vecstack.pictures.read import Picture, load_picture
from vecstack.stack import MAX_LAYERS, Canvas, Stack

DEFAULT_INTO, DEFAULT_SIZE = "circle", 1024  # canvas units
DEFAULT_COUNT, MOSAIC_COUNT = 100, 800
MOST_UNASKED = 500  # items, where nobody says how many
NO_BACKGROUND = "none"
WHITE = 1.0, 1.0, 1.0
GROUND = 0.3  # of the mean colour of a picture: what lies between the items of a mosaic
OPEN_MARGIN = 0.03  # of the long side of a canvas around what is packed in the open

Path = str | os.PathLike[str]
Painter = Callable[[Sequence[Placed], tuple[int, int]], list[Placed]]  # items on a canvas of a width and a height


def collage(
    items: Path | Sequence[Path] = (),
    into: str | None = None,
    *,
    words: Path | None = None,
    font: Path | None = None,
    sizes: Path | None = None,
    column: str | None = None,
    picture: Path | None = None,
    segments: Segments | None = None,
    count: int | None = None,
    scale_range: tuple[float, float] | None = None,
    padding: float = 0.0,
    angles: str | None = None,
    mirror: bool = False,
    gravity: float = 0.0,
    order: str | None = None,
    nest: bool = False,
    colors: Colors | None = None,
    background: str | Color | None = None,
    size: int = DEFAULT_SIZE,
    effort: str = DEFAULT_EFFORT,
    seed: int = 0,
    told: reading.Told | None = None,
    report: Told | None = None,
) -> Stack:
    """Items packed into a shape, as a stack with a layer for each: the largest lowest, those of one item in a group.

    `items` are files (SVG; pictures, cut out by their transparency; layer files), folders of them, and names of shapes
    (circle, square, rectangle, rounded, triangle, star, hexagon, heart). `words` is a text with a word on each line,
    and perhaps its count, to whose square root its letters grow, in a `font`, a TrueType or OpenType file. `sizes` is a
    CSV file; items have areas as the numbers in its `column`, one item for each row.

    `into` is what they fill: an SVG, a mask, LAYERS#NAME for layers of a layer file, a shape by name (default circle),
    word:TEXT, or open, for no bounds. `picture` is what a mosaic shows instead: each of its parts (see `segments` of
    decompose) is filled, and each item has the mean colour beneath it.

    `count` items are placed, each as often as the others (default 100, all items, all words or all rows). They are
    `scale_range` times as large as the mean size that fills the shape (default .25 to 1.6), or as the data says
    (default 1 to 1, of words .8 to 1.2). `padding` is the least distance between them, in canvas units. `angles` are
    "any", degrees such as "0,90", or a range such as "-30..30" (default any, for words 0, or -90). With `mirror` they
    may be mirrored. `gravity`, 0 to 1, draws them down; sizes fall towards `order` ("right", "left", "down",
    "up"). With `nest`, what lies in holes and between letters is used too.

    `colors` are a palette (names with commas between them, or a file), or a picture whose colour beneath each item it
    has; by default items keep their own, words and shapes have a palette. `background` is a colour, or "none" (default
    white, of a mosaic the picture's mean, darker). `size` is the long side of the canvas in canvas units. `effort` is
    sketch, fast, good or best. Equal arguments give equal stacks. `told` hears what is left out of drawings, `report`
    how far the packing is.

    Raises UsageError: arguments out of range or that exclude each other, or a package is missing; PictureError,
    DocumentError, RecipeError: a file that cannot be used; WeightsError: who finds parts of pictures is missing."""
    check_packages()
    check_seed(seed)
    check_numbers(count, size)
    sources = [items] if isinstance(items, str | os.PathLike) else list(items)
    check_together(sources, into, words, font, sizes, column, picture, segments, colors)
    there = _items(sources, words, font, sizes, column, nest, told)
    rng = np.random.default_rng(seed)
    chosen = _repeated(there, count, is_mosaic=picture is not None, rng=rng)
    ground = _background(background)
    options = options_of(chosen, words is not None, scale_range, padding, angles, mirror, gravity, order, effort)
    if picture is not None:
        return _mosaic(picture, chosen, options, ground, size, seed, segments, report)
    paint = _painter(colors)
    container = container_of(DEFAULT_INTO if into is None else into, size, font)
    if container is not None:
        check_room(area_of_rings(container.outline), len(chosen), padding)
    packed = pack(
        [item.outline for item in chosen], None if container is None else container.outline, options, seed, report
    )
    return _stack(chosen, packed, container, paint, ground, size)


def _items(
    sources: Sequence[Path],
    words: Path | None,
    font: Path | None,
    sizes: Path | None,
    column: str | None,
    nested: bool,
    told: reading.Told | None,
) -> list[Item]:
    """The items, with the sizes that data gives them."""
    if words is not None:
        return word_items(letter_sizes(read_words(words)), Face(font), nested=nested)
    there = items_of(sources, nested=nested, told=told)
    if sizes is None:
        return there
    return [
        _sized(there, number, name, value) for number, (name, value) in enumerate(read_sizes(sizes, column).items())
    ]


def _sized(there: Sequence[Item], number: int, name: str, value: float) -> Item:
    """The item of a row of a table, by its name or else in turn, with an area as its value says."""
    item = next((item for item in there if item.name == name), there[number % len(there)])
    return dataclasses.replace(item, name=name, size=math.sqrt(value / area_of_rings(item.outline)))


def _repeated(items: Sequence[Item], count: int | None, *, is_mosaic: bool, rng: np.random.Generator) -> list[Item]:
    """So many items: those with sizes once each, the first of them; others as often as one another, as far as that
    goes, and where there are too many, some at random."""
    if len(items) > MAX_LAYERS:
        raise UsageError(f"{len(items):,} items, at most {MAX_LAYERS:,}; leave some out.")
    if items[0].size is not None and not is_mosaic:
        return list(items[:count])
    if count is None:
        usual = MOSAIC_COUNT if is_mosaic else DEFAULT_COUNT
        count = max(usual, min(len(items), MOST_UNASKED))
    if count < len(items):
        return [items[index] for index in sorted(rng.choice(len(items), count, replace=False).tolist())]
    return [items[index % len(items)] for index in range(count)]


def _background(background: str | Color | None) -> Color | str | None:
    """The colour of the canvas that is asked for; NO_BACKGROUND for none. Raises UsageError."""
    if background is None or background == NO_BACKGROUND:
        return background
    try:
        return to_color(background)
    except UsageError as error:
        raise UsageError(f"background: {error}", parameter="background") from error


def _canvas(width: int, height: int, asked: Color | str | None, otherwise: Color) -> Canvas:
    """A canvas with the background that is asked for, or otherwise another."""
    if isinstance(asked, str):
        return Canvas(width, height, otherwise, transparent=True)
    return Canvas(width, height, asked or otherwise)


def _mosaic(
    picture: Path,
    items: Sequence[Item],
    options: Packing,
    background: Color | str | None,
    size: int,
    seed: int,
    segments: Segments | None,
    report: Told | None,
) -> Stack:
    """A stack that shows a picture."""
    shown = load_picture(picture)
    sides = whole_of(shown.width, shown.height, size)
    check_room(sides[0] * sides[1], len(items), options.padding)
    placed = mosaic(shown, items, sides, dataclasses.replace(options, sizes=None), seed, segments, report)
    covered = sum(each.area for each in placed) / (sides[0] * sides[1])
    source = {"sha256": shown.sha256, "width": shown.sides[0], "height": shown.sides[1]}
    metrics = {"coverage": round(float(covered), 4), "placed": len(placed), "asked": len(items)}
    red, green, blue = (GROUND * value for value in mean_color(shown.over(WHITE)))
    return stack_of(placed, _canvas(*sides, background, (red, green, blue)), source=source, metrics=metrics)


def _stack(
    items: Sequence[Item],
    packed: Packed,
    container: Container | None,
    paint: Painter,
    background: Color | str | None,
    size: int,
) -> Stack:
    """A stack of what is packed."""
    placed = [Placed(item, pose) for item, pose in zip(items, packed.poses, strict=True) if pose is not None]
    if not placed:
        raise UsageError("no item fits into the container; use smaller ones, a smaller scale range, or less padding.")
    if container is None:
        placed, sides = _opened(placed, size)
    else:
        sides = container.width, container.height
    metrics = {
        "coverage": round(float(packed.coverage), 4),
        "overlap": round(float(packed.overlap), 6),
        "outside": round(float(packed.outside), 6),
        "placed": len(placed),
        "asked": len(items),
    }
    return stack_of(paint(placed, sides), _canvas(*sides, background, WHITE), metrics=metrics)


def _opened(placed: Sequence[Placed], size: int) -> tuple[list[Placed], tuple[int, int]]:
    """Items that were packed in the open, on a canvas that holds them, and its sides."""
    corners = np.concatenate([ring for each in placed for ring in each.outline])
    (left, top), (right, bottom) = corners.min(0).tolist(), corners.max(0).tolist()
    margin = OPEN_MARGIN * size
    scale = (size - 2 * margin) / max(right - left, bottom - top)
    moved = []
    for each in placed:
        x, y = margin + scale * (each.pose.x - left), margin + scale * (each.pose.y - top)
        moved.append(
            dataclasses.replace(each, pose=dataclasses.replace(each.pose, x=x, y=y, scale=scale * each.pose.scale))
        )
    return moved, (round(scale * (right - left) + 2 * margin), round(scale * (bottom - top) + 2 * margin))


def _painter(colors: Colors | None) -> Painter:
    """What gives items on a canvas the colours that are asked for. Raises what colours that cannot be used raise."""
    under = picture_in(colors)
    if under is not None:
        return partial(_painted, load_picture(under))
    return partial(_colored, palette_of(colors), keeping=colors is None)


def _painted(picture: Picture, placed: Sequence[Placed], sides: tuple[int, int]) -> list[Placed]:
    """Items in the colours of a picture beneath them."""
    beneath = Beneath(picture, *sides)
    return [dataclasses.replace(each, color=beneath.color(each.outline)) for each in placed]


def _colored(
    palette: Sequence[Color], placed: Sequence[Placed], sides: tuple[int, int], *, keeping: bool
) -> list[Placed]:
    """Items in the colours of a palette in turn, from the largest on; `keeping` colours of their own."""
    result = []
    for number, each in enumerate(sorted(placed, key=lambda each: -each.area)):
        keeps = keeping and not each.item.is_plain
        result.append(dataclasses.replace(each, color=None if keeps else palette[number % len(palette)]))
    return result
