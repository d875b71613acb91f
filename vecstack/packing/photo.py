"""Mosaics: the parts of a picture, each filled with items in the colours beneath them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

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
LEAST_PART = 0.001  # of the picture: smaller parts stay empty


@dataclasses.dataclass(frozen=True, eq=False)
class Part:
    """A part of a picture: rings in canvas units, and its share of the picture."""

    outline: Outline
    share: float


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
    counts = _counts([part.share for part in parts], len(items))
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
    height, width = guide.segments.shape
    side = 2 / max(width, height)
    parts = []
    for number in range(int(guide.segments.max()) + 1):
        mask = guide.segments == number
        area = area_of_mask(mask, 0.0, 0.0, side)
        if area.area < LEAST_PART * width * height * (side * FINE) ** 2:
            continue
        outline = container_outline(area)
        if outline:
            parts.append(Part(tuple(ring * max(canvas) / 2 for ring in outline), float(mask.mean())))
    return sorted(parts, key=lambda part: -part.share)


def _counts(shares: Sequence[float], count: int) -> list[int]:
    """How many of `count` items each part gets, one at least where there are enough."""
    weights = np.array(shares) ** GROWTH
    wanted = np.maximum(np.cumsum(weights / weights.sum()) * count, np.arange(1, len(weights) + 1))
    ends = np.minimum(np.rint(wanted), count).astype(int)
    counts: list[int] = np.diff(ends, prepend=0).tolist()
    return counts
