"""What pixels of a shape tell of how they came about: drawn with sharp edges, blurred, or scanned with rough ones."""

from __future__ import annotations

import numpy as np

from vecstack.kinds.path.bitmap.soft import MOST_SMOOTH, RING, surface_of

RATHER_SMOOTH = 2.0  # as a surface has it, of a shape that may be smooth: blurred ones have 5 and more, digits 0.3 to 4
SMOOTHED = 0.06  # of cover: error of the pixels on edges, root mean square, where a shape is smooth
EDGE = 0.02  # cover, and what lacks to a whole pixel, from which on a pixel is on an edge
NARROWEST, WIDEST = 0.81, 2.0  # of an edge that an area made, as _width has it; px of one that was blurred by chance
FILLED, FULL = 0.9, 0.998  # cover of pixels that a shape fills, and of those that it fills for sure: half a level less
UNEVEN, MOST_FULL = 0.23, 0.18  # filled pixels not full, for one on an edge, from which on ink is uneven; share of full
MOST_PEAKS = 0.02  # share of the ground's pixels that are faint peaks: none beside clean edges, 0.04 and more in JPEGs
FEW_LEVELS = 10  # of pixels on edges, which tell of no areas
SUPERSAMPLED, LEAST_ON_EDGE = (2, 3, 4), 12  # places on a side of a pixel; pixels that tell of them
HALF_LEVEL = 0.6 / 255  # of cover, by which pixels of 8 bits may be off


def is_uneven(cover: np.ndarray) -> bool:
    """Whether a shape fills the pixels of a cover [H,W] unevenly, as ink that was scanned does; what is drawn fills
    them alike, and a JPEG leaves many as they were."""
    missing = int(((cover > FILLED) & (cover < FULL)).sum())
    return bool(missing > UNEVEN * _is_on_edge(cover).sum()) and _has_few_full(cover)


def is_ringing(cover: np.ndarray) -> bool:
    """Whether the ground around a cover [H,W] is full of the faint peaks that a JPEG and Lanczos's filter leave there,
    which are no roughness of edges; a blur leaves none."""
    padded = np.pad(cover, 1, mode="edge")
    around = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    is_ground = cover < 1 - FILLED
    is_peak = is_ground & (cover > 1 - FULL) & (cover >= np.maximum.reduce(around))
    return bool(is_peak.sum() > MOST_PEAKS * is_ground.sum())


def is_wide(cover: np.ndarray) -> bool:
    """Whether the edge of a cover [H,W] is wider than a blur by chance makes it, as that of a glow is."""
    return _width(cover) > WIDEST


def may_be_rough(cover: np.ndarray) -> bool:
    """Whether edges that outlines miss may be rough or soft ones: of what hardly fills a pixel, of few levels, which
    tell of no areas, narrower than areas make them, or wide. Else a shape was drawn with sharp edges that are fine."""
    levels = np.unique(np.rint(255 * cover[_is_on_edge(cover)]))
    return _has_few_full(cover) or len(levels) < FEW_LEVELS or not NARROWEST < _width(cover) < WIDEST


def is_smoothed(cover: np.ndarray, count: int, smoothness: float) -> bool:
    """Whether a cover [H,W], the part of a picture of `count` pixels that has an edge, is that of a smooth shape which
    was blurred by a pixel or two, and not rough: the surface that comes close to it has some `smoothness`, and its
    pixels are those of the smoothest surface of all."""
    if smoothness < RATHER_SMOOTH or is_wide(cover):
        return False
    missing = surface_of(cover, count, MOST_SMOOTH).cover[RING:-RING, RING:-RING] - cover
    return bool(np.square(missing).sum() < _is_on_edge(cover).sum() * SMOOTHED**2)


def is_supersampled(cover: np.ndarray) -> bool:
    """Whether each pixel of a cover [H,W] was looked at in a few places, as renderers without areas do: a shape with
    sharp edges, however far outlines are off such pixels."""
    on_edge = cover[_is_on_edge(cover)]
    if len(on_edge) < LEAST_ON_EDGE:
        return False
    places = np.square(SUPERSAMPLED)[:, None]
    off = np.abs(on_edge - np.rint(on_edge * places) / places)
    return bool((off < HALF_LEVEL).all(1).any())


def _has_few_full(cover: np.ndarray) -> bool:
    """Whether few of the pixels that a shape about fills are full."""
    return bool((cover >= FULL).sum() < MOST_FULL * (cover > FILLED).sum())


def _width(cover: np.ndarray) -> float:
    """How wide edges are, in px: what is partly covered for their length."""
    length = float(np.hypot(*np.gradient(cover)).sum())  # of the edge, however wide it is
    return float((4 * cover * (1 - cover)).sum()) / max(length, 1e-9)


def _is_on_edge(cover: np.ndarray) -> np.ndarray:
    """Which pixels are on edges: [H,W]."""
    found: np.ndarray = (cover > EDGE) & (cover < 1 - EDGE)
    return found
