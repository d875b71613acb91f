"""Small things of one ink on one flat ground, such as letters. How much of each pixel the ink covers tells their
outlines, also of lines that are thinner than a pixel and cover no pixel well."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vecstack.kinds.path.bitmap.level import Form, field_of
from vecstack.kinds.path.bitmap.outline import outlines_of
from vecstack.kinds.path.graphic.edges import boxes_of
from vecstack.kinds.path.graphic.pixels import FREE, joined
from vecstack.kinds.path.graphic.seeds import ALIKE, EXPLAINED, NOISY_ALIKE, NOISY_EXPLAINED, Parts, linked_in
from vecstack.kinds.path.graphic.stacking import Shape, nested

GROUND_PX = 64  # pixels of a part that is a ground
TALLEST_PX = 40  # of what may be a glyph: larger ones have parts that are seen
CONTRAST, SLOPE = 4.0, 2.0  # of an ink to its ground, at least, and within that, at most: times what is alike
SAME = 1.5 / 255  # difference of the pixels that have the strongest colour of a glyph
FULL_PX, STEM_PX = 3, 3  # how many these are, at least; width of a stem, which may cover all of its pixels in part
ACROSS = 4.0  # times as far as along a line of text is from line to line
FAINTEST = 0.3  # cover of the strongest pixel by an ink that others tell
OFF_SHARE = 0.03  # of a glyph's pixels that may be no mixtures
OVER = 0.06  # by which their covers may be below 0 or above 1
FULL, FAINT = 0.97, 0.05  # covers that count as whole and as some
MOST_FULL, FULL_SHARE = 24, 0.5  # pixels covered wholly, and their share, from which on parts and their edges do
MARGIN = 2  # px of ground around a glyph, for its field
FORM = Form(2, 1e-4, 0.0, 24, (1.0, 1.0, 0.7, 0.5))  # few steps, and no line of 0.7 px tears


@dataclass(frozen=True)
class Glyph:
    """Pixels that hang together: the `top` and `left` of their window, which of it they are [h,w], the colour around
    them and that of their ink, [D] each, and how much of each pixel the ink covers [h,w]."""

    top: int
    left: int
    mask: np.ndarray
    ground: np.ndarray
    ink: np.ndarray
    cover: np.ndarray

    @property
    def window(self) -> tuple[slice, slice]:
        """Its rows and columns."""
        height, width = self.mask.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)

    @property
    def middle(self) -> tuple[int, int]:
        """Row and column of its fullest pixel."""
        row, column = np.unravel_index(int(self.cover.argmax()), self.cover.shape)
        return self.top + int(row), self.left + int(column)

    @property
    def beside(self) -> tuple[int, int]:
        """Row and column of a pixel of the ground beside it."""
        return self.top - 1, self.left + int(self.mask[0].argmax())

    def loops(self) -> list[np.ndarray]:
        """Its closed edges [N,2] in pixels of the picture."""
        field = field_of(np.pad(self.cover, MARGIN), FORM)
        corner = np.array([self.left, self.top]) - MARGIN
        return [loop + corner for loop in outlines_of(field)]


@dataclass(frozen=True)
class _Thing:
    """What may be a glyph: its window, which pixels of it it has [h,w], the colour around them [D], and how far each
    pixel's colour is from that [h,w,D]."""

    top: int
    left: int
    mask: np.ndarray
    ground: np.ndarray
    away: np.ndarray

    @property
    def strongest(self) -> np.ndarray:
        """The colour farthest from the ground, as its difference to that [D]."""
        found: np.ndarray = self.away[self._peak]
        return found

    @property
    def is_full(self) -> bool:
        """Whether pixels in several rows and columns have the strongest colour, of more than one stem: that is the ink,
        then."""
        rows, columns = np.nonzero(np.abs(self.away - self.strongest).max(2) < SAME)
        is_stem = min(self.mask.shape) <= STEM_PX
        return not is_stem and len(set(rows.tolist())) > 1 and len(set(columns.tolist())) > 1 and len(rows) >= FULL_PX

    @property
    def middle(self) -> tuple[float, float]:
        """Row and column."""
        height, width = self.mask.shape
        return self.top + height / 2, self.left + width / 2

    def may_have(self, other: _Thing, explained: float) -> bool:
        """Whether its strongest colour lies on the way from the ground to that of another, on the same ground."""
        ink, own = other.strongest, self.strongest
        cover = own @ ink / (ink @ ink)
        is_same = np.abs(self.ground - other.ground).max() < SAME
        return bool(is_same and FAINTEST < cover < 1 + OVER and np.abs(own - cover * ink).max() < explained)

    @property
    def _peak(self) -> tuple[np.intp, ...]:
        return np.unravel_index(int(np.square(self.away).sum(2).argmax()), self.mask.shape)


def glyphs_of(picture: np.ndarray, noisy: bool = False) -> list[Glyph]:
    """The glyphs of a picture [D,H,W], which may be `noisy`."""
    alike, explained = (NOISY_ALIKE, NOISY_EXPLAINED) if noisy else (ALIKE, EXPLAINED)
    things = _things(picture, alike)
    glyphs = (_glyph(thing, ink, explained) for thing, ink in zip(things, _inks(things, explained), strict=True))
    return [glyph for glyph in glyphs if glyph is not None]


def cleared(picture: np.ndarray, glyphs: Sequence[Glyph]) -> np.ndarray:
    """A picture [D,H,W] with the ground in the place of glyphs."""
    found: np.ndarray = picture.copy()
    for glyph in glyphs:
        rows, columns = glyph.window
        found[:, rows, columns][:, glyph.mask] = glyph.ground[:, None]
    return found


def with_glyphs(parts: Parts, glyphs: Sequence[Glyph]) -> Parts:
    """The parts of a cleared picture, and each glyph as one more: it has the pixels that it covers most of."""
    part, pure = parts.part.copy(), parts.pure.copy()
    for number, glyph in enumerate(glyphs, parts.count):
        part[glyph.window][glyph.cover > min(0.5, 0.99 * glyph.cover.max())] = number
        pure[glyph.window][glyph.mask] = False
    is_glyph = part >= parts.count
    other, share = np.where(is_glyph, part, parts.other), np.where(is_glyph, 0, parts.share).astype(np.float32)
    colors = np.concatenate([parts.colors, *(glyph.ink[None] for glyph in glyphs)]).astype(np.float32)
    return dataclasses.replace(parts, part=part, other=other, share=share, pure=pure, colors=colors)


def without_glyphs(parts: Parts, glyphs: Sequence[Glyph]) -> Parts:
    """The same parts, of which the glyphs have no pixels: what is around them has these."""
    part, other, share = parts.part.copy(), parts.other.copy(), parts.share.copy()
    for glyph in glyphs:
        ground = part[glyph.beside]
        for values, value in ((part, ground), (other, ground), (share, 0)):
            values[glyph.window][glyph.mask] = value
    return dataclasses.replace(parts, part=part, other=other, share=share)


def shapes_of(parts: Parts, glyphs: Sequence[Glyph]) -> list[Shape]:
    """The shapes of glyphs that are among parts, but for those that are of one part with what is around them."""
    found = []
    for glyph in glyphs:
        number = int(parts.part[glyph.middle])
        if number != parts.part[glyph.beside]:
            found += [Shape(number, (number,), loops) for loops in nested(glyph.loops())]
    return found


def _things(picture: np.ndarray, alike: float) -> list[_Thing]:
    """What hangs together on one flat ground, and is no ground itself."""
    colors = np.ascontiguousarray(picture.transpose(1, 2, 0))
    part = linked_in(colors, alike)
    if part is None:
        return []
    sizes = np.bincount(part[part != FREE])
    ground = np.where((part != FREE) & (np.append(sizes, 0)[part] >= GROUND_PX), part, FREE)
    loose = joined(ground == FREE)
    found = []
    for number, (top, left, bottom, right) in enumerate(boxes_of(loose + 1, int(loose.max()) + 2)[1:].tolist()):
        is_inside = min(top, left) > 0 and bottom < loose.shape[0] and right < loose.shape[1]
        if is_inside and bottom - top <= TALLEST_PX:
            around = slice(top - 1, bottom + 1), slice(left - 1, right + 1)
            thing = _thing(loose[around] == number, ground[around], colors[around], alike)
            found += [] if thing is None else [dataclasses.replace(thing, top=top, left=left)]
    return found


def _thing(mask: np.ndarray, ground: np.ndarray, colors: np.ndarray, alike: float) -> _Thing | None:
    """What has some pixels of a window [h,w,D] with a rim of one pixel, if one ground alone is around it."""
    ring = _grown(mask) & ~mask
    numbers, beside = ground[ring], colors[ring]
    color = np.median(beside, 0)
    if numbers.min() != numbers.max() or np.abs(beside - color).max() > SLOPE * alike:
        return None
    inner = np.s_[1:-1, 1:-1]
    away = np.where(mask[..., None], colors - color, 0)[inner]
    return _Thing(0, 0, mask[inner], color, away) if np.abs(away).max() > CONTRAST * alike else None


def _inks(things: Sequence[_Thing], explained: float) -> list[np.ndarray]:
    """The ink [D] of each thing, as its difference to the ground: its strongest colour where that is full, else that of
    the nearest thing on such a ground whose ink it may be, else its strongest colour, too."""
    full = [thing for thing in things if thing.is_full]
    places = np.array([thing.middle for thing in full]).reshape(-1, 2)
    found = []
    for thing in things:
        order = [] if thing.is_full else np.argsort(np.abs(places - thing.middle) @ (ACROSS, 1)).tolist()
        told = (full[index].strongest for index in order if thing.may_have(full[index], explained))
        found.append(next(told, thing.strongest))
    return found


def _glyph(thing: _Thing, ink: np.ndarray, explained: float) -> Glyph | None:
    """A thing as a glyph of an ink, if its colours are mixtures of the ground and the ink, and most of them are; none
    where the ground is seen through less than the ink, which then is a hole in it."""
    if len(ink) == 4 and ink[3] < -SAME:
        return None
    cover = thing.away @ ink / (ink @ ink)
    off = np.abs(thing.away - cover[..., None] * ink).max(2)[thing.mask]
    if (off > explained).mean() > OFF_SHARE or cover.min() < -OVER - explained or cover.max() > 1 + OVER:
        return None
    if np.count_nonzero(cover > FULL) > max(MOST_FULL, FULL_SHARE * np.count_nonzero(cover > FAINT)):
        return None
    return Glyph(thing.top, thing.left, thing.mask, thing.ground, thing.ground + ink, cover.clip(0, 1))


def _grown(mask: np.ndarray) -> np.ndarray:
    """The pixels of a mask [h,w], and those beside them, also by corners."""
    padded = np.pad(mask, 1)
    rows = padded[:-2] | padded[1:-1] | padded[2:]
    found: np.ndarray = rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]
    return found
