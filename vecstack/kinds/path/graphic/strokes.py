"""Outlines that are drawn over fills: parts as thin everywhere as a pen, around others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vecstack.kinds.path.graphic.pixels import nearest_of
from vecstack.kinds.path.graphic.seeds import Parts

SAME = 2.5 / 255  # difference of the colours of strokes of one pen
THICK, THICK_SHARE = 1.6, 0.06  # times half the mean width, and the share of a stroke that is farther from its edge
LONG = 4.0  # times its width, of a stroke, at least
SLENDER_PX = 40  # pixels of a stroke, at least
PEN_SHARE = 0.5  # of all of its colour, at least, that strokes of a pen are
PEN_LENGTH = 45.0  # times their width, of all strokes of a pen, at least
PEN_DARK = 0.35  # luminance of a pen, at most
PEN_WIDTH = 0.04  # of the picture's long side, at most
SPREAD = 0.35  # by which the widths of a pen's strokes differ: standard deviation over mean, at most
LUMINANCE = np.array([0.299, 0.587, 0.114])  # of red, green, blue
BESIDE_SHARE = 0.3  # of the edges of a pen's strokes that others lie at, at least


@dataclass(frozen=True)
class Stroke:
    """A part that is a line of one width: its number, its pixels and its width, px."""

    part: int
    size: int
    width: float


def strokes_of(parts: Parts, ground: np.ndarray) -> list[int]:
    """The parts that are strokes of a pen over others; none where there is nothing else."""
    strokes = [
        stroke
        for stroke in _strokes(parts, ground)
        if parts.colors[stroke.part, :3] @ LUMINANCE < PEN_DARK and stroke.width < PEN_WIDTH * max(parts.part.shape)
    ]
    sizes = np.bincount(parts.part.ravel(), minlength=parts.count)
    chosen: list[int] = []
    for first in strokes:
        alike = np.abs(parts.colors - parts.colors[first.part]).max(1) < SAME
        pen = [stroke for stroke in strokes if alike[stroke.part]]
        if first.part not in chosen and _is_pen(pen, int(sizes[alike].sum())):
            own = [stroke.part for stroke in pen]
            chosen += own if _share_beside(parts.part, own, ground) >= BESIDE_SHARE else []
    return [] if np.isin(parts.part, chosen).all() else chosen


def _strokes(parts: Parts, ground: np.ndarray) -> list[Stroke]:
    """The parts that are lines of one width."""
    depth = _depths(parts.part).ravel()
    order = np.argsort(parts.part, axis=None, kind="stable")
    starts = np.searchsorted(parts.part.ravel()[order], np.arange(parts.count + 1))
    found = []
    for number in np.flatnonzero(~ground & (np.diff(starts) >= SLENDER_PX)).tolist():
        own = depth[order[starts[number] : starts[number + 1]]]
        half = 2 * float(own.mean())
        is_long = len(own) > LONG * (2 * half) ** 2
        if is_long and float((own > THICK * half).mean()) < THICK_SHARE:
            found.append(Stroke(number, len(own), 2 * half))
    return found


def _is_pen(strokes: Sequence[Stroke], pixels: int) -> bool:
    """Whether strokes of one colour, which has so many pixels, are those of one pen."""
    sizes, widths = np.array([[stroke.size, stroke.width] for stroke in strokes]).T
    mean = float(np.average(widths, weights=sizes))
    spread = float(np.sqrt(np.average(np.square(widths - mean), weights=sizes)))
    total = float(sizes.sum())
    return total > max(PEN_SHARE * pixels, PEN_LENGTH * mean**2) and spread < SPREAD * mean


def _share_beside(part: np.ndarray, strokes: Sequence[int], ground: np.ndarray) -> float:
    """The share of the edges of some parts at which others than the ground lie."""
    is_stroke = np.isin(part, strokes)
    seen, every = 0, 0
    for one, other in ((np.s_[:, 1:], np.s_[:, :-1]), (np.s_[1:], np.s_[:-1])):
        is_edge = is_stroke[one] != is_stroke[other]
        beside = np.where(is_stroke[one], part[other], part[one])[is_edge]
        seen, every = seen + int(np.count_nonzero(~ground[beside])), every + len(beside)
    return seen / max(every, 1)


def _depths(part: np.ndarray) -> np.ndarray:
    """How far each pixel is from the next pixel of another part, [H,W]; the border counts as one."""
    ringed = np.pad(part, 1, constant_values=-1)
    is_edge = np.zeros(ringed.shape, bool)
    for axis in (0, 1):
        for shift in (1, -1):
            is_edge |= np.roll(ringed, shift, axis) != ringed
    rows, columns = nearest_of(is_edge)
    every = np.indices(ringed.shape)
    found: np.ndarray = (np.hypot(rows - every[0], columns - every[1]) + 0.5)[1:-1, 1:-1]
    return found
