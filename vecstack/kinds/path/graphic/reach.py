"""How far fills go below strokes: to their middle, unless pixels tell that both end in one place."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vecstack.kinds.path.graphic.edges import grown
from vecstack.kinds.path.graphic.pixels import FREE, nearest_of
from vecstack.kinds.path.graphic.seeds import Parts

LEAST, LEAST_PIXELS = 0.5, 0.3  # share of what should shine through, and how much that is, in pixels
RIM, LIKE = 2.2, 0.15  # px from a rim to what is all stroke and all ground; by which a fringe may differ
FAR = 1.3  # widths of a stroke from a fill that goes on below all of it, at most
SIDES = (np.s_[:, 1:], np.s_[:, :-1]), (np.s_[1:, :], np.s_[:-1, :])  # of pixels side by side


@dataclass(frozen=True)
class Reach:
    """Which parts [K] end where a stroke begins (a seam), and which go on below all of its width (a fringe)."""

    seamed: np.ndarray
    fringed: np.ndarray

    @classmethod
    def seen(
        cls, parts: Parts, picture: np.ndarray, strokes: Sequence[int], ground: np.ndarray, behind: np.ndarray
    ) -> Reach:
        """As a picture [D,H,W] tells, on a ground that has the colour `behind` [D]. Of a pixel in which two edges lie
        in one place, a seam leaves a share a b of what is behind where the fill covers a and the stroke b; a fringe
        leaves b (1 - b) of the fill."""
        is_stroke = np.isin(np.arange(parts.count), strokes)
        is_fill = ~(is_stroke | ground)[parts.part]
        if not is_fill.any():
            return cls(*np.zeros((2, parts.count), bool))
        nearest = parts.part[nearest_of(is_fill)]
        colors = picture.transpose(1, 2, 0)
        seam, fringe = np.zeros((2, parts.count)), np.zeros((2, parts.count))
        for one, other in (*SIDES, *(sides[::-1] for sides in SIDES)):
            beside = is_stroke[parts.part[one]] & ~is_stroke[parts.part[other]]
            stroke, fill = parts.part[one][beside], nearest[other][beside]
            is_out = ground[parts.part[other][beside]]
            for side in (one, other):
                pixels = colors[side][beside] - behind
                first, second = _shares(pixels, parts.colors[fill] - behind, parts.colors[stroke] - behind)
                _add(seam, fill[~is_out], (first * second)[~is_out], (1 - first - second)[~is_out])
                _add(fringe, fill[is_out], (second * (1 - second))[is_out], first[is_out])
        return cls(_is_seen(seam), _is_seen(fringe))


def _add(sums: np.ndarray, fill: np.ndarray, wanted: np.ndarray, there: np.ndarray) -> None:
    """Add to the sums [2,K] of fills [N] what is there times what should be, and the square of that, [N] each."""
    np.add.at(sums[0], fill, wanted * there)
    np.add.at(sums[1], fill, np.square(wanted))


def _is_seen(sums: np.ndarray) -> np.ndarray:
    """For which fills enough is there of what should be, by their sums [2,K]."""
    found: np.ndarray = (sums[0] > LEAST * sums[1]) & (sums[1] > LEAST_PIXELS)
    return found


def _shares(pixels: np.ndarray, one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How much of one and of another colour [N,D] are in pixels [N,D], by least squares; none where they are alike."""
    first, second, both = ((a * b).sum(1) for a, b in ((one, one), (other, other), (one, other)))
    to_one, to_other = (pixels * one).sum(1), (pixels * other).sum(1)
    det = first * second - both * both
    is_known = det > 1e-3
    det = np.where(is_known, det, 1)
    shares = (second * to_one - both * to_other) / det, (first * to_other - both * to_one) / det
    return np.where(is_known, shares[0].clip(0, 1), 0), np.where(is_known, shares[1].clip(0, 1), 0)


def without_fringes(
    parts: Parts, picture: np.ndarray, strokes: Sequence[int], ground: np.ndarray, behind: np.ndarray, reach: Reach
) -> Parts:
    """The parts, in which the pixels where a fringe shines through are mixtures of the stroke and the ground alone."""
    if not reach.fringed.any():
        return parts
    is_stroke = np.isin(np.arange(parts.count), strokes)
    inside, outside = (nearest_of(parts.pure & chosen[parts.part]) for chosen in (is_stroke, ground))
    is_rim = ~parts.pure & (_away(*inside) < RIM) & (_away(*outside) < RIM)
    fill, stroke, around = (
        parts.part[rows[is_rim], columns[is_rim]]
        for rows, columns in (nearest_of(reach.fringed[parts.part]), inside, outside)
    )
    shares = _shares(picture[:, is_rim].T - behind, parts.colors[fill] - behind, parts.colors[stroke] - behind)
    is_fringe = np.abs(shares[0] - shares[1] * (1 - shares[1])) < LIKE
    is_rim[is_rim] = is_fringe
    cover = shares[1][is_fringe]
    part, other, share = parts.part.copy(), parts.other.copy(), parts.share.copy()
    part[is_rim] = np.where(cover < 0.5, around[is_fringe], stroke[is_fringe])
    other[is_rim] = np.where(cover < 0.5, stroke[is_fringe], around[is_fringe])
    share[is_rim] = np.minimum(cover, 1 - cover)
    return dataclasses.replace(parts, part=part, other=other, share=share)


def without_strokes(
    parts: Parts, strokes: Sequence[int], ground: np.ndarray, reach: Reach | None
) -> tuple[Parts, np.ndarray]:
    """The parts with the pixels of strokes given to the fill or the ground that is nearest, or that goes on below them
    (`reach`); and which pixels have edges that nobody sees [H,W]."""
    reach = reach or Reach(*np.zeros((2, parts.count), bool))
    is_stroke = np.isin(np.arange(parts.count), strokes)
    under, beside = is_stroke[parts.part], is_stroke[parts.other]
    rows, columns = nearest_of(~under)
    fringe = _fringes(parts, under, beside & ground[parts.part], reach.fringed, ground)
    nearest = np.where(under & (fringe != FREE), fringe, parts.part[rows, columns])
    given = under & ~reach.seamed[nearest]
    part = np.where(given, nearest, parts.part)
    is_rim = (fringe != FREE) & np.where(under, ground[parts.other], ground[parts.part])
    kept = np.where(under, parts.other, fringe)  # of the pixels that a fringe shares with the ground
    is_whole = given | (beside & ~reach.seamed[part])
    other = np.where(is_rim, kept, np.where(is_whole, part, parts.other))
    share = np.where(other == part, 0, parts.share).astype(np.float32)
    veil = given & ~((fringe != FREE) & grown(~under, 1))
    return dataclasses.replace(parts, part=part, other=other, share=share), veil


def _fringes(parts: Parts, under: np.ndarray, rim: np.ndarray, fringed: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """The fringed part of each pixel [H,W] `under` a stroke with the ground on its other side, or on its `rim`, as far
    from it as a stroke is wide; FREE elsewhere."""
    if not fringed.any():
        return np.full(under.shape, FREE)
    rows, columns = nearest_of(fringed[parts.part])
    width = 4 * float(_away(*nearest_of(~under))[under].mean())  # depths are even from 0 to half the width
    across = parts.part[nearest_of(~under & ~fringed[parts.part])]
    is_near = ((under & ground[across]) | rim) & (_away(rows, columns) < FAR * width)
    return np.where(is_near, parts.part[rows, columns], FREE)


def _away(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """How far the pixels at rows and columns [H,W] are from each."""
    every = np.indices(rows.shape)
    found: np.ndarray = np.hypot(rows - every[0], columns - every[1])
    return found
