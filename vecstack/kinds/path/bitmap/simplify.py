"""The contours of a shortest description: what their numbers cost is weighed against the errors of the pixels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from vecstack.kinds.path.bitmap.areas import Aim, Fit, covered, fitted
from vecstack.kinds.path.bitmap.edits import repairs, stiffer, with_kinds, without, without_knots
from vecstack.kinds.path.bitmap.level import COARSE, FINE, FINER, Form, field_of
from vecstack.kinds.path.bitmap.outline import CORNER_TURN, SOFT_TURN, WHOLE_TURN, contour_of, outlines_of, smoothed
from vecstack.kinds.path.bitmap.shape import CORNER, CURVE, LEVEL, SMOOTH, UPRIGHT, Contour

EXACT, WHOLE_EXACT = 0.004, 0.12  # of cover: errors that nothing has to explain, root mean square; of 1 bit
PRICE = 4.0  # of a number, in logarithms of an odds
BLURRED = 0.03  # error of the pixels on edges that numbers do not explain, root mean square, of a soft picture
BEGUN_ROUGH, ROUGH = 0.014, 0.03  # median error of pixels on edges that first outlines miss, mean one of the last ones
MOST_BLURRED = 0.15  # the same, of a soft one's smooth outlines
CORNER_PRICE, WHOLE_CORNER_PRICE = 24.0, 6.0  # more, of a corner of a soft picture, and of one of 1 bit
TRY_STEPS, SETTLE_STEPS = 4, 8
NEAR = 1.6  # px around a pixel that is missed, in which knots are tried
ROUNDS = 8  # of repairs
FAIR = 2.0  # times EXACT: errors from which on repairs are tried
SPOTS = 2  # that are looked at in a round
TURNS = (CORNER_TURN, np.radians(60))  # least of what may be a corner
THIN = 0.006  # error of pixels on edges, root mean square, of first contours from which on strokes may be thin
MOST_THIN = 576  # px of a picture whose strokes may be; more take long
LOST = 0.5  # of a pixel of 1 bit that is missed
TRIES = 3  # of the starts that promise most

Change = TypeVar("Change")


class Search:
    """A search for the contours that cover pixels [H,W] by the fewest numbers."""

    def __init__(
        self, cover: np.ndarray, aim: Aim, corner_price: float = 0.0, price: float = PRICE, exact: float = EXACT
    ) -> None:
        self.aim, self.corner_price, self.price = aim, corner_price, price
        self.exact = exact if self.aim.is_exact else WHOLE_EXACT
        self.edges = max(8, _on_edges(cover))

    def score(self, fit: Fit) -> float:
        """The length of a description: smaller is better."""
        missing = self.edges * math.log(fit.error / self.edges + self.exact**2)
        corners = sum(contour.knots.count(CORNER) for contour in fit.contours)
        return missing + self.price * sum(map(numbers_of, fit.contours)) + self.corner_price * corners

    def missed(self, fit: Fit) -> np.ndarray:
        """By how much pixels that are partly covered are missed: [N], 0 where none is."""
        height, width = self.aim.low.shape
        missing = np.abs(self.aim.missed(covered([contour.points for contour in fit.contours], height, width)))
        found: np.ndarray = missing[_partly(self.aim.low)]
        return found if len(found) else np.zeros(1)

    def loses(self, fit: Fit) -> bool:
        """Whether a pixel is missed by more than half of it."""
        height, width = self.aim.low.shape
        missing = self.aim.missed(covered([contour.points for contour in fit.contours], height, width))
        return bool(np.abs(missing).max() > LOST)

    def better(self, fit: Fit, contours: Sequence[Contour], steps: int = TRY_STEPS) -> Fit | None:
        """Other contours, fitted; None where they are no better than a fit."""
        found = fitted(contours, self.aim, steps)
        return found if self.score(found) < self.score(fit) else None

    def repaired(self, fit: Fit) -> Fit:
        """Contours with more freedom, or other corners, where pixels are missed most."""
        for _ in range(ROUNDS):
            if fit.error < self.edges * (FAIR * self.exact) ** 2:
                break
            found = min(self._repairs(fit), key=self.score, default=fit)
            if self.score(found) >= self.score(fit) - 1:
                break
            fit = fitted(found.contours, self.aim, SETTLE_STEPS)
        return fit

    def _repairs(self, fit: Fit) -> list[Fit]:
        found = []
        for number, index in self._missed(fit):
            for contour in repairs(fit.contours[number], index):
                if contour is not None:
                    contours = [*fit.contours[:number], contour, *fit.contours[number + 1 :]]
                    found.append(fitted(contours, self.aim, TRY_STEPS))
        return found

    def _missed(self, fit: Fit) -> list[tuple[int, int]]:
        """The contours and knots near the pixels that are missed most."""
        height, width = self.aim.low.shape
        missing = np.square(self.aim.missed(covered([contour.points for contour in fit.contours], height, width)))
        places = [(n, i) for n, contour in enumerate(fit.contours) for i in range(contour.count)]
        if not places:
            return []
        knots = np.stack([fit.contours[n].knot(i) for n, i in places])
        middles = np.stack([fit.contours[n].piece(i).mean(0) for n, i in places])
        found: dict[tuple[int, int], None] = {}
        for _ in range(SPOTS):
            y, x = np.unravel_index(int(missing.argmax()), missing.shape)
            spot = np.array([x + 0.5, y + 0.5])
            away = np.minimum(np.hypot(*(knots - spot).T), np.hypot(*(middles - spot).T))
            near = np.flatnonzero(away < max(NEAR, float(np.sort(away)[min(1, len(away) - 1)]) + 1e-6))
            found.update(dict.fromkeys(places[k] for k in near[np.argsort(away[near])][:4]))
            missing[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3] = 0
        return list(found)

    def simpler(self, fit: Fit) -> Fit:
        """Contours with fewer numbers, while that shortens the description."""
        for number in range(len(fit.contours)):
            for first in (0, 1, 0):
                fit = self._thinned(fit, number, first)
            fit = self._stiffened(fit, number)
        return fit

    def _thinned(self, fit: Fit, number: int, first: int) -> Fit:
        contour = fit.contours[number]
        knots = [index for _, index in without_knots(contour, first)]

        def changed(chosen: Sequence[int]) -> Contour | None:
            return without(contour, chosen)

        return self._most(fit, number, knots, changed)

    def _stiffened(self, fit: Fit, number: int) -> Fit:
        contour = fit.contours[number]

        def changed(chosen: Sequence[tuple[float, int, int, bool]]) -> Contour | None:
            return with_kinds(contour, chosen)

        return self._most(fit, number, stiffer(contour), changed)

    def _most(
        self, fit: Fit, number: int, changes: Sequence[Change], changed: Callable[[Sequence[Change]], Contour | None]
    ) -> Fit:
        """The fit with as many of some changes of a contour as shorten the description: all, or those of halves."""
        kept: list[Change] = []
        waiting = [list(changes)] if changes else []
        while waiting:
            tried = waiting.pop(0)
            contour = changed([*kept, *tried])
            if contour is not None:
                found = self.better(fit, [*fit.contours[:number], contour, *fit.contours[number + 1 :]])
                if found is not None:
                    fit, kept = found, [*kept, *tried]
                    continue
            if len(tried) > 1:
                half = len(tried) // 2
                waiting[:0] = [tried[:half], tried[half:]]
        return fit


def _partly(cover: np.ndarray) -> np.ndarray:
    """Which pixels are partly covered."""
    found: np.ndarray = (cover > 0.02) & (cover < 0.98)
    return found


def _on_edges(cover: np.ndarray) -> int:
    """How many pixels are on edges: partly covered, or, in a picture of whole pixels, unlike one beside them."""
    partly = _partly(cover)
    if not partly.any():
        is_inked = np.pad(cover > 0.5, 1, mode="edge")
        middle = is_inked[1:-1, 1:-1]
        for other in (is_inked[:-2, 1:-1], is_inked[2:, 1:-1], is_inked[1:-1, :-2], is_inked[1:-1, 2:]):
            partly |= middle != other
    return int(partly.sum())


def numbers_of(contour: Contour) -> int:
    """How many numbers of a contour are free."""
    count = 2 * contour.count
    count -= sum(kind in (LEVEL, UPRIGHT) for kind in contour.pieces)
    for index, knot in enumerate(contour.knots):
        sides = (contour.pieces[index - 1] == CURVE) + (contour.pieces[index] == CURVE)
        count += 2 * sides if knot == CORNER else sides + (knot == SMOOTH and sides == 2)
    return count


def described(cover: np.ndarray, steps: int, *, may_be_soft: bool = False) -> tuple[Contour, ...] | None:
    """The contours of what covers pixels [H,W]: few lines, curves and corners; where pixels are soft, or whole, and
    tell of no sharp shape, smooth ones, or none (None) of those that `may_be_soft`."""
    aim = Aim.of(cover)
    sharp = Search(cover, Aim(cover, cover))
    outlines = _outlines(cover)
    if not outlines:
        return ()
    start = _start(sharp, outlines, steps, CORNER_TURN)
    if may_be_soft and aim.is_exact and np.median(sharp.missed(start.fit)) > BEGUN_ROUGH:
        return None
    if not aim.is_exact:
        return _of_whole_pixels(sharp, start, cover, aim, steps).contours
    start, fit = _settled(sharp, [start, *_thin_starts(sharp, start, cover, steps)])
    if may_be_soft and sharp.missed(fit).mean() > ROUGH:
        return None
    left = sharp.edges - sum(map(numbers_of, fit.contours))
    if fit.error > max(left, sharp.edges / 2) * BLURRED**2:
        search = Search(cover, aim, CORNER_PRICE)
        other = _smooth(search, start.outlines, steps, SOFT_TURN)
        if other.error < sharp.edges * MOST_BLURRED**2:
            fit = min(fit, other, key=search.score)
    return fit.contours


def _of_whole_pixels(sharp: Search, start: _Start, cover: np.ndarray, aim: Aim, steps: int) -> Fit:
    """The contours of pixels [H,W] that are white or black: sharp or smooth ones; where these lose a pixel, as fields
    lose one that is alone, those of finer fields, too."""
    search = Search(cover, aim, WHOLE_CORNER_PRICE)
    found = [fitted(sharp.simpler(start.fit).contours, aim, 0), _smooth(search, start.outlines, steps, WHOLE_TURN)]
    if cover.size <= MOST_THIN and all(search.loses(fit) for fit in found):
        finer = [outlines for outlines in (_outlines(cover, form) for form in (FINE, *FINER)) if outlines]
        found += [_smooth(search, outlines, steps, WHOLE_TURN) for outlines in finer]
    return min(found, key=lambda fit: (search.loses(fit), search.score(fit)))


def described_smoothly(cover: np.ndarray, steps: int) -> tuple[Contour, ...]:
    """The same of a shape that is smooth: with corners only where pixels [H,W] say clearly that they are."""
    outlines = _outlines(cover)
    search = Search(cover, Aim(cover, cover), CORNER_PRICE)
    return _smooth(search, outlines, steps, SOFT_TURN).contours if outlines else ()


def length_of(contours: Sequence[Contour], cover: np.ndarray, contrast: float) -> float:
    """The length of a description by contours of what covers pixels [H,W] by an ink, whose errors count as its contrast
    does."""
    fit = fitted(contours, Aim(cover, cover), 0)
    edges = max(8, int((cover > 0).sum()))
    missing = edges * math.log(contrast**2 * fit.error / edges + EXACT**2)
    return missing + PRICE * sum(map(numbers_of, contours))


def missed_by(contours: Sequence[Contour], cover: np.ndarray) -> float:
    """By how much contours miss the pixels [H,W] that are partly covered: the median."""
    search = Search(cover, Aim(cover, cover))
    return float(np.median(search.missed(fitted(contours, search.aim, 0))))


@dataclass(frozen=True)
class _Start:
    """First outlines, points [N,2] of each, and their contours."""

    outlines: list[np.ndarray]
    fit: Fit


def _start(search: Search, outlines: list[np.ndarray], steps: int, least_turn: float) -> _Start:
    """Where a search may begin: contours of outlines."""
    contours = [contour_of(points, least_turn) for points in outlines]
    return _Start(outlines, fitted(contours, search.aim, steps))


def _thin_starts(search: Search, first: _Start, cover: np.ndarray, steps: int) -> list[_Start]:
    """Other contours to begin with, of finer fields and with fewer corners, where the first miss pixels: thin strokes
    tear in one field and not in another."""
    if cover.size > MOST_THIN or first.fit.error < search.edges * THIN**2:
        return []
    found = [outlines for outlines in (_outlines(cover, form) for form in (FINE, *FINER)) if outlines]
    return [_start(search, outlines, steps, turn) for outlines in found for turn in TURNS]


def _settled(search: Search, starts: Sequence[_Start]) -> tuple[_Start, Fit]:
    """The start of the shortest description, and that: of those that promise most, until one explains the pixels."""
    found: list[tuple[_Start, Fit]] = []
    for start in sorted(starts, key=lambda start: search.score(start.fit))[:TRIES]:
        fit = search.simpler(start.fit)
        found.append((start, search.simpler(search.repaired(fit))))
        if found[-1][1].error < search.edges * THIN**2:
            break
    return min(found, key=lambda pair: search.score(pair[1]))


def _outlines(cover: np.ndarray, form: Form = COARSE) -> list[np.ndarray]:
    return [points - 1 for points in outlines_of(field_of(np.pad(cover, 1, mode="edge"), form))]


def _smooth(search: Search, outlines: Sequence[np.ndarray], steps: int, least_turn: float) -> Fit:
    """The contours of outlines [N,2] that are smooth unless pixels say clearly that they are not."""
    contours = [contour_of(smoothed(points), least_turn) for points in outlines]
    fit = search.simpler(fitted(contours, search.aim, steps))
    return search.simpler(search.repaired(fit))
