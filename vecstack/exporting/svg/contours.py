"""Contours of a mask as closed polygons: continued past the cells that it is known at, so that each one closes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from vecstack.errors import ExportError
from vecstack.extras import install
from vecstack.geometry import Rect

FALL = 12  # cells, at least, over which a continued mask falls below all thresholds: contours close in a smooth arc
MIN_CORNERS = 4
MOST_KEPT = 128  # steps over a margin: where the cells of a long strip are far finer in one direction, steps are longer
MIN_POINTS = 12  # of a polygon that is resampled


@dataclass(frozen=True)
class Contour:
    """A closed polygon [M,2] in canvas units, at even distances, with what is above on its left; which of its points
    are near enough to the mask's rectangle to be seen [M]."""

    points: np.ndarray
    is_near: np.ndarray

    @property
    def area(self) -> float:
        """Of what is enclosed, negative for a hole."""
        xs, ys = self.points.T
        return 0.5 * float((xs * np.roll(ys, -1) - ys * np.roll(xs, -1)).sum())

    @property
    def spacing(self) -> float:
        """The mean distance between points."""
        return float(np.hypot(*np.diff(self.points, axis=0, append=self.points[:1]).T).mean())


class Contours:
    """The contours of a mask [H,W] at the centres of cells that fill `rect`, needed up to a `margin` (canvas units)
    past it. Raises ExportError where contourpy is not installed."""

    def __init__(self, mask: np.ndarray, rect: Rect, margin: float) -> None:
        try:
            from contourpy import contour_generator
        except ImportError as error:
            raise ExportError(f"SVG needs the package contourpy, which traces contours. {install('svg')}") from error
        height, width = mask.shape
        self._rect, self._margin = rect, margin
        self._across, self._down = rect.width / width, rect.height / height
        step_across, step_down = (max(cell, margin / MOST_KEPT) for cell in (self._across, self._down))
        kept = math.ceil(margin / min(step_across, step_down)) + 2
        fall = max(FALL, kept)
        around = kept + fall
        columns, rows = np.arange(-around, width + around) + 0.5, np.arange(-around, height + around) + 0.5
        beside, below = np.abs(_past(columns, width)), np.abs(_past(rows, height))
        values = np.pad(mask, around, mode="edge").astype(np.float64)
        values -= np.maximum(0, np.hypot(beside[None], below[:, None]) - kept) / fall * 1.1
        xs = rect.x + columns * self._across + _past(columns, width) * (step_across - self._across)
        ys = rect.y + rows * self._down + _past(rows, height) * (step_down - self._down)
        self._lines: Any = contour_generator(xs, ys, values, name="serial").lines

    def at(self, threshold: float, spacing: float, least_area: float) -> list[Contour]:
        """The closed contours at a threshold that can be seen, points about `spacing` apart; none below an area."""
        polygons = [np.asarray(line)[:-1] for line in self._lines(threshold)]
        found = [self._resampled(polygon, spacing) for polygon in polygons if len(polygon) >= MIN_CORNERS]
        kept = (self._outline(contour) for contour in found if abs(contour.area) >= least_area)
        return [contour for contour in kept if contour is not None]

    def _resampled(self, polygon: np.ndarray, spacing: float) -> Contour:
        closed = np.vstack([polygon, polygon[:1]])
        along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
        count = max(MIN_POINTS, int(along[-1] / spacing))
        places = np.arange(count) * (along[-1] / count)
        points = np.column_stack([np.interp(places, along, closed[:, axis]) for axis in (0, 1)])
        start = np.array([self._rect.x, self._rect.y]) - self._margin
        end = start + np.array([self._rect.width, self._rect.height]) + 2 * self._margin
        is_near = (points > start) & (points < end)
        return Contour(points, is_near[:, 0] & is_near[:, 1])

    def _outline(self, contour: Contour) -> Contour | None:
        """The contour; a rectangle in its place where it lies around the whole mask; None where it lies beside it."""
        if contour.is_near.any():
            return contour
        rect, (left, top), (right, bottom) = self._rect, contour.points.min(0), contour.points.max(0)
        far = 2 * self._margin
        if left > rect.x or top > rect.y or right < rect.x + rect.width or bottom < rect.y + rect.height:
            return None
        xs, ys = (rect.x - far, rect.x + rect.width + far), (rect.y - far, rect.y + rect.height + far)
        corners = np.array([[xs[0], ys[0]], [xs[1], ys[0]], [xs[1], ys[1]], [xs[0], ys[1]]])
        if contour.area < 0:
            corners = corners[::-1]
        return Contour(np.ascontiguousarray(corners), np.zeros(4, bool))


def _past(places: np.ndarray, count: int) -> np.ndarray:
    """How far places [N] are before 0 (negative) or after `count`; 0 between."""
    past: np.ndarray = np.minimum(places, 0) + np.maximum(places - count, 0)
    return past
