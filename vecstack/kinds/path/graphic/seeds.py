"""The parts of a flat picture, each of one colour or of a smooth run of colours, and the pixels between them as
mixtures of two."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vecstack.kinds.path.graphic.pixels import (
    FREE,
    even,
    explained_by,
    joined,
    linked,
    spread,
    unbroken,
)
from vecstack.kinds.path.graphic.thin import OWN_PX, OWN_SHARE, name_thin, seams_of
from vecstack.kinds.path.noise import without_noise
from vecstack.kinds.path.regions import merged

ALIKE = 2.5 / 255  # between neighbours of one part: a step of a gradient, and rounding to 8 bits
EXPLAINED = 7 / 255  # distance of a pixel from the mixture that it is taken for
EVEN_SHARE = 0.35  # of the pixels of a flat picture, at least, that are like all four neighbours
REGIONS, REGION_POWER = 128, 0.5  # of a picture that is not flat; of a boundary's length (see regions.merged)
REACH = 2  # px from a mixed pixel to the parts that it is a mixture of
SLIGHT, STEEP, NOISY_SHARE = (2.6 / 255, 14 / 255), 14 / 255, 1.0  # steps between neighbours, and how many more
# Of a noisy picture: the same as the first two, and the pixels of a thin part.
NOISY_ALIKE, NOISY_EXPLAINED, NOISY_PART = 10 / 255, 30 / 255, 6
NOISE, CLEANED_ALIKE = 12 / 255, 5 / 255  # between pixels of one colour amid noise, and what is alike without that
NOISY_ROUNDS = 4  # in which parts spread over noise beside them, two pixels each
MIN_PART = 2  # pixels of a thin part: one is a junction of three others, if it is no dot
DOT_COVER = 0.7  # of a pixel that is a dot beside something else, such as that of a letter
CLEAR_COVER = 0.95  # of a pixel of a known colour that others enclose
BEHIND = 8  # frequent colours that may show so
PALETTE, PALETTE_SHARE = 64, 1e-4  # most colours for thin parts, and the least share of the pixels of each


@dataclass(frozen=True)
class Parts:
    """The parts of a picture [D,H,W]: `part` [H,W] is the one that covers most of a pixel, `other` [H,W] the one that
    covers the rest, a `share` [H,W] in 0..0.5. `colors` [K,D] is the flat colour of each part, and `pure` [H,W] tells
    which pixels are all of their part. Those of a picture that `is_flat` not are
    regions of it; one that `is_noisy` has noise around its edges."""

    part: np.ndarray
    other: np.ndarray
    share: np.ndarray
    colors: np.ndarray
    pure: np.ndarray
    is_flat: bool = True
    is_noisy: bool = False

    @property
    def count(self) -> int:
        """K."""
        return len(self.colors)

    def within(self, window: tuple[slice, slice]) -> Parts:
        """The same in a window of the picture, of some rows and columns."""
        part, other, share, pure = (own[window] for own in (self.part, self.other, self.share, self.pure))
        return dataclasses.replace(self, part=part, other=other, share=share, pure=pure)


def parts_of(picture: np.ndarray, noisy: bool | None = None) -> Parts:
    """The parts of a picture [D,H,W] (premultiplied where D is 4), which may be known to be `noisy` or not. Those of a
    noisy one are told without its noise."""
    noisy = is_noisy(picture) if noisy is None else noisy
    alike, explained, least = (CLEANED_ALIKE, NOISY_EXPLAINED, NOISY_PART) if noisy else (ALIKE, EXPLAINED, MIN_PART)
    colors = np.ascontiguousarray(picture.transpose(1, 2, 0))
    if noisy:
        colors = without_noise(colors, NOISE)
        picture = colors.transpose(2, 0, 1)
    part = linked_in(colors, alike)
    if part is None:
        return _regions(picture)
    for _ in range(NOISY_ROUNDS if noisy else 0):  # noise around letters is no part of them
        spread(part, colors, _medians(part, picture)[part], explained)
    pure = part != FREE
    means = _medians(part, picture)
    palette = _palette(means, np.bincount(part[pure], minlength=len(means)))
    every, is_thin = means, np.zeros(len(means), bool)
    none = np.full(part.shape, FREE)
    seams: tuple[np.ndarray, ...] = (none, none, np.zeros(part.shape, np.float32))
    for is_first in (True, False):  # lines and letters, then what these enclose
        given = np.where(is_thin[:, None], every, np.nan).astype(np.float32)
        pairs = explained_by(part, colors, given, explained, REACH, True)
        free = (pairs[0] == FREE) & (seams[0] == FREE)
        thin, thin_colors, more = _thin(part, free, colors, palette, means, explained, least if is_first else None)
        is_new = more[0] != FREE
        seams = tuple(np.where(is_new, new, old) for new, old in zip(more, seams, strict=True))
        part = np.where(thin != FREE, thin + len(every), part)
        every = np.concatenate([every, thin_colors])
        is_thin = np.arange(len(every)) >= len(means)
    given = np.where(is_thin[:, None], every, np.nan).astype(np.float32)
    best, other, share = explained_by(part, colors, given, 9.0, REACH, True)
    is_seam = seams[0] != FREE
    best, other, share = (
        np.where(is_seam, of_seam, of_pair) for of_seam, of_pair in zip(seams, (best, other, share), strict=True)
    )
    found, origin = unbroken(best, other, share, len(every), least if noisy else 1)
    parts = _without_empty(Parts(found, other, share, every[origin], pure, is_noisy=noisy))
    is_thin = np.bincount(parts.part[pure], minlength=parts.count) == 0
    apart = parts.colors

    def is_one(one: int, other: int) -> bool:
        """Whether two parts are of one colour, and no letters that touch."""
        return bool(not (is_thin[one] and is_thin[other]) and np.abs(apart[one] - apart[other]).max() < ALIKE)

    return united(parts, is_one)


def linked_in(colors: np.ndarray, alike: float) -> np.ndarray | None:
    """Numbers [H,W] of what hangs together in colours [H,W,D] that run evenly, FREE elsewhere; None where a picture is
    not flat."""
    is_even = even(colors, alike)
    if is_even.mean() < EVEN_SHARE:
        return None
    part: np.ndarray = linked(is_even, colors, alike)
    spread(part, colors, colors, alike)
    return part


def united(parts: Parts, is_one: Callable[[int, int], bool]) -> Parts:
    """The parts, of which neighbours that are one are so."""
    root = np.arange(parts.count)

    def find(number: int) -> int:
        while root[number] != number:
            number = int(root[number])
        return number

    part = parts.part
    for one, other in ((part[:, 1:], part[:, :-1]), (part[1:], part[:-1])):
        pairs = np.stack([one.ravel(), other.ravel()], 1)
        for a, b in np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0).tolist():
            if is_one(a, b):
                root[find(a)] = find(b)
    kept, number = np.unique([find(index) for index in range(parts.count)], return_inverse=True)
    new, rest = number[part], number[parts.other]
    share = np.where(new == rest, 0, parts.share).astype(np.float32)
    return dataclasses.replace(parts, part=new, other=rest, share=share, colors=parts.colors[kept])


def is_noisy(picture: np.ndarray) -> bool:
    """Whether the edges of a picture are amid noise, as those of a JPEG: many more slight steps than steep ones."""
    steps = np.abs(np.diff(picture[:3], axis=2)).max(0)
    slight = int(np.count_nonzero((steps > SLIGHT[0]) & (steps < SLIGHT[1])))
    return bool(slight > NOISY_SHARE * max(int(np.count_nonzero(steps > STEEP)), 1))


def _regions(picture: np.ndarray) -> Parts:
    """The parts of a picture that is not flat: regions that are alike."""
    part = merged(picture, (min(REGIONS, picture[0].size),), REGION_POWER)
    found = next(iter(part.values()))
    pure = np.ones(found.shape, bool)
    return Parts(found, found, np.zeros(found.shape, np.float32), _medians(found, picture), pure, False)


def _medians(part: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """The median colour of the pixels of each part: [K,D]."""
    inside = part != FREE
    numbers = part[inside]
    if not len(numbers):
        return np.zeros((0, len(picture)), np.float32)
    order = np.argsort(numbers, kind="stable")
    starts = np.searchsorted(numbers[order], np.arange(numbers.max() + 1))
    counts = np.diff([*starts, len(numbers)])
    found = np.empty((len(starts), len(picture)), np.float32)
    for channel, values in enumerate(picture):
        own = values[inside][order]
        sorted_own = own[np.lexsort((own, numbers[order]))]
        found[:, channel] = sorted_own[starts + counts // 2]
    return found


def _palette(means: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """The frequent colours of parts, each once: [P,D]."""
    levels = np.rint(means * 85).astype(np.int64)
    _, first, place = np.unique(levels, axis=0, return_index=True, return_inverse=True)
    weights = np.bincount(place.ravel(), sizes, len(first))
    order = np.argsort(-weights, kind="stable")[:PALETTE]
    order = order[weights[order] >= PALETTE_SHARE * sizes.sum()]
    found: np.ndarray = means[first[order]]
    return found


def _thin(
    part: np.ndarray,
    free: np.ndarray,
    colors: np.ndarray,
    palette: np.ndarray,
    known: np.ndarray,
    explained: float,
    least: int | None,
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, ...]]:
    """Parts too thin to have a pixel among their own: the connected pixels that are `free` [H,W], since no mixture
    explains them, by number [H,W] (FREE elsewhere), and their colours [T,D]; of seams, which are no such parts, the two
    parts there and the share of the second (FREE elsewhere). They have `least` pixels, or are dots; None leaves those
    of the palette's colours [P,D] within one part alone. All parts' colours are `known` [K,D]."""
    loose = joined(free)
    count = int(loose.max()) + 1
    cover = np.zeros(loose.shape, np.float32)
    found = np.zeros((count, colors.shape[2]), np.float32)
    if not count:
        return loose, found, (loose, loose, cover)
    name_thin(loose, count, part, colors, palette, explained, cover, found)
    behind = np.concatenate([np.zeros((1, colors.shape[2]), np.float32), palette[:BEHIND]])
    is_seam, *seams = seams_of(loose, count, part, colors, behind, explained)
    is_seam &= ~_has_own(loose, colors, found, known)
    not_there = ~is_seam[np.maximum(loose, 0)] | (loose == FREE)
    seams[0][not_there] = FREE
    cover[~not_there] = 0
    piece = joined((loose != FREE) & (cover > 0.5))  # letters whose blurred edges touch are parts of their own
    sizes = np.bincount(piece[piece != FREE], minlength=int(piece.max()) + 1)
    number = np.full(len(sizes) + 1, FREE)
    _, first = np.unique(piece.ravel(), return_index=True)
    whole = loose.ravel()[first[len(first) - len(sizes) :]]
    is_known = (np.abs(found[:, None] - palette).max(2).min(1, initial=1) < EXPLAINED)[whole]
    peaks = np.zeros(len(sizes))
    np.maximum.at(peaks, piece[piece != FREE], cover[piece != FREE])
    is_within = _is_dot(loose, part, count)[whole]
    is_dot = is_within | (is_known & (peaks > DOT_COVER))
    is_kept = (
        is_known & (is_within | (peaks > CLEAR_COVER))
        if least is None
        else (sizes >= least) | (is_dot & (least == MIN_PART))
    )
    kept = np.flatnonzero(is_kept)
    number[kept] = np.arange(len(kept))
    return number[piece], found[whole[kept]], tuple(seams)


def _has_own(loose: np.ndarray, colors: np.ndarray, found: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Which loose parts [T] have a colour that is `known` [K,D] and `found` [T,D] for them, in several pixels: those of
    a seam differ."""
    is_known = np.abs(found[:, None] - known).max(2).min(1, initial=1) < ALIKE
    numbers = loose[loose != FREE]
    is_own = np.abs(colors[loose != FREE] - found[numbers]).max(1) < ALIKE
    own, size = np.bincount(numbers, is_own, len(found)), np.bincount(numbers, minlength=len(found))
    has_own: np.ndarray = is_known & (own >= np.maximum(OWN_PX, OWN_SHARE * size))
    return has_own


def _is_dot(loose: np.ndarray, part: np.ndarray, count: int) -> np.ndarray:
    """Which of the connected pixels of no part, by number [H,W], lie within one part alone."""
    around = np.zeros(count, np.int64)
    pairs = [
        np.stack([one.ravel(), other.ravel()], 1)
        for one, other in (
            (loose[:, 1:], part[:, :-1]), (loose[:, :-1], part[:, 1:]), (loose[1:], part[:-1]), (loose[:-1], part[1:]),
        )
    ]  # fmt: skip
    every = np.unique(np.concatenate([own[(own != FREE).all(1)] for own in pairs]), axis=0)
    np.add.at(around, every[:, 0], 1)
    found: np.ndarray = around == 1
    return found


def _without_empty(parts: Parts) -> Parts:
    """The same, in which each part has pixels."""
    used = np.unique(parts.part[parts.part != FREE])
    number = np.full(parts.count + 1, FREE)
    number[used] = np.arange(len(used))
    other = number[parts.other]
    lost = other == FREE
    part = np.maximum(number[parts.part], 0)
    return Parts(
        part, np.where(lost, part, other), np.where(lost, 0, parts.share).astype(np.float32), parts.colors[used],
        parts.pure, parts.is_flat, parts.is_noisy,
    )  # fmt: skip
