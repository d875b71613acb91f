"""Mosaics: the parts of a picture, each filled with items in the colours beneath them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageFilter

from vecstack.fitting.guide import Segments, find_guide
from vecstack.packing.colors import Beneath
from vecstack.packing.items import Item
from vecstack.packing.options import Packing
from vecstack.packing.outlines import FINE, Outline, area_of_mask, container_outline
from vecstack.packing.pack import Told, pack
from vecstack.packing.placing import Placed
from vecstack.pictures.read import Picture

FINDER = "felzenszwalb"  # of parts, where nobody says who
LAYERS = 10_000  # of which a segmenter is to find parts: as many parts as it finds at most
GROWTH = 0.75  # power of a part's area to which its items grow in number: small parts have small items
THINNEST = 0.25  # of the items of the largest part: no part has smaller ones on account of its width
LEAST_PART = 0.001  # of the picture: smaller parts stay empty
SMOOTH = 1 / 160  # of the long side: deviation of the Gaussian that borders of parts are smoothed with
HALVINGS = 40  # in the search for the size of items


@dataclasses.dataclass(frozen=True, eq=False)
class Part:
    """A part of a picture: rings in canvas units, its share of the picture, and how wide it is, about, in canvas
    units."""

    outline: Outline
    share: float
    width: float


def mosaic(
    picture: Picture,
    items: Sequence[Item],
    canvas: tuple[int, int],
    options: Packing,
    seed: int = 0,
    segments: Segments | None = None,
    told: Told | None = None,
) -> list[Placed]:
    """Items that fill the parts of a picture, which fills a canvas, each in the mean colour of the picture beneath it.
    A large part gets more of them, not in proportion, so that they are smaller where there are small parts. `segments`
    says which parts there are, as in fitting.guide.find_guide. Raises what that raises, and UsageError."""
    parts = _parts(picture, canvas, FINDER if segments is None else segments)
    counts = _counts(parts, len(items), canvas)
    colors = Beneath(picture, *canvas)
    shuffled = [items[index] for index in np.random.default_rng(seed).permutation(len(items))]
    placed: list[Placed] = []
    done = 0
    for part, count in zip(parts, counts, strict=True):
        mine = shuffled[done : done + count]
        heard = None if told is None else _heard(told, done / len(items), count / len(items))
        packed = pack([item.outline for item in mine], part.outline, options, seed + done, heard)
        done += count
        for item, pose in zip(mine, packed.poses, strict=True):
            if pose is not None:
                each = Placed(item, pose)
                placed.append(dataclasses.replace(each, color=colors.color(each.outline)))
    return placed


def _heard(told: Told, start: float, share: float) -> Told:
    """What hears of a part of the work."""
    return lambda losses: told(dataclasses.replace(losses, share=start + share * losses.share))


def _parts(picture: Picture, canvas: tuple[int, int], segments: Segments) -> list[Part]:
    """The parts of a picture that are large enough, the largest first."""
    guide = find_guide(picture, segments, None, layers=LAYERS, device="cpu")
    assert guide is not None
    assert guide.segments is not None
    numbers = _smooth(guide.segments)
    height, width = numbers.shape
    side = 2 / max(width, height)
    parts = []
    for number in np.unique(numbers).tolist():
        mask = numbers == number
        if mask.mean() < LEAST_PART:
            continue
        area = area_of_mask(mask, 0.0, 0.0, side)
        outline = container_outline(area)
        if outline:
            shape = tuple(ring * max(canvas) / 2 for ring in outline)
            parts.append(Part(shape, float(mask.mean()), max(canvas) / FINE * float(area.area / area.length)))
    return sorted(parts, key=lambda part: -part.share)


def _smooth(numbers: np.ndarray) -> np.ndarray:
    """The parts [H,W] of pixels with smooth borders: each pixel is in the part that there is most of around it."""
    spread = SMOOTH * max(numbers.shape)
    most, best = np.full(numbers.shape, -1.0), np.zeros(numbers.shape, np.int64)
    for number in np.unique(numbers).tolist():
        mask = Image.fromarray(np.uint8(255) * (numbers == number).astype(np.uint8))
        around = np.asarray(mask.filter(ImageFilter.GaussianBlur(spread)), np.float64)
        best[around > most] = number
        most = np.maximum(most, around)
    return best


def _counts(parts: Sequence[Part], count: int, canvas: tuple[int, int]) -> list[int]:
    """How many of `count` items each part gets, one at least where there are enough: small parts have smaller items,
    and thin ones items that are no wider than they are."""
    shares = np.array([part.share for part in parts])
    areas, widths = canvas[0] * canvas[1] * shares, np.array([part.width for part in parts])
    least, most = 0.0, float(max(canvas))  # of the side of an item in a part that is as large as the picture
    for _ in range(HALVINGS):
        side = (least + most) / 2
        sides = np.minimum(side * shares ** ((1 - GROWTH) / 2), np.maximum(widths, side * THINNEST))
        weights = areas / sides**2
        least, most = (side, most) if weights.sum() > count else (least, side)
    ends = np.minimum(np.rint(np.maximum(np.cumsum(weights), np.arange(1, len(parts) + 1))), count)
    counts: list[int] = np.diff(ends.astype(int), prepend=0).tolist()
    return counts
