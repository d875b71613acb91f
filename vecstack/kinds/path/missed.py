"""More paths where a picture is missed: regions of what is left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vecstack.kinds.base import Guide, Terms
from vecstack.kinds.path.arrays import Paths
from vecstack.kinds.path.fit import Tuner
from vecstack.kinds.path.growth import Growth
from vecstack.kinds.path.regions import merged
from vecstack.kinds.path.structure import means_of, outlines, shared, straight, tinted

RESIDUAL_POWER = 0.25  # of a boundary's length: higher ones give rounder regions
LEVELS = (1.5, 3.0, 6.0)  # times as many regions of the residual as paths are added: the best is taken
MIN_PIXELS = 4  # of a region that is worth a path, in a picture of more than SMALL_PIXELS
SMALL_PIXELS = 1024
MIN_SHIFT = 0.25 / 255  # of a region's colour: less is not worth a path
MIN_OPACITY, MAX_OPACITY = 0.3, 0.97
ON_REGION = 0.2  # share of a path's pixels on a region from which it may lie above that
FOCUS = 8.0  # times as much counts what is missed where detail matters


def add_where_missed(
    growth: Growth, tuner: Tuner, count: int, pieces: int, terms: Terms, guide: Guide | None = None, tint: float = 1
) -> None:
    """Add paths, `count` at most, where the picture is missed: regions of the residual, by how much a flat shift of
    each would gain, those first where a guide says that detail matters, each in one of its segments. A miss of tint
    counts `tint` times as much as one of light. A path lies above those of the topmost region of the picture that it
    is on. Where the terms want opaque paths, the gain is that of a flat colour that hides what is below."""
    scene = tuner.scene
    drawn = tuner.draw(growth.paths)
    residual = scene.picture - drawn
    if scene.light is not None:
        residual = residual / np.maximum(scene.light, 0.05)
    levels = sorted({min(max(2, int(count * level)), residual[0].size) for level in LEVELS})
    segments, focus = (None, None) if guide is None else (guide.segments, guide.focus)
    wanted, told = drawn + residual if terms.opaque else None, tinted(residual, tint)
    best = max(
        (
            _Shifts.of(residual, told, regions, count, focus, wanted)
            for regions in merged(told, levels, RESIDUAL_POWER, terms.seed, segments).values()
        ),
        key=lambda shifts: shifts.gain,
    )
    found = outlines(best.regions, best.chosen, pieces)
    kept = [index for index, contour in enumerate(found) if contour is not None]
    most = min(MAX_OPACITY, tuner.most_opacity)
    colors, opacity = best.fills(drawn, residual, most) if wanted is None else best.covers(drawn)
    if kept:
        owner = _owners(growth, best.regions, best.chosen[kept])
        growth.add(
            Paths.of_contours([[contour] for contour in found if contour is not None], colors[kept], opacity[kept]),
            owner,
        )


@dataclass(frozen=True)
class _Shifts:
    """Regions [H,W] of a residual, the numbers of those that are worth most, and what flat shifts of these gain, or
    flat colours that hide what is below."""

    regions: np.ndarray
    chosen: np.ndarray
    means: np.ndarray
    gain: float

    @classmethod
    def of(
        cls,
        residual: np.ndarray,
        told: np.ndarray,
        regions: np.ndarray,
        count: int,
        focus: np.ndarray | None,
        wanted: np.ndarray | None,
    ) -> _Shifts:
        """The regions by their worth, that of shifts by the residual as it is `told` [D,H,W]; as opaque layers, where
        the picture that is `wanted` [D,H,W] is given."""
        means, size = means_of(regions, residual)
        shifts = np.square(means_of(regions, told)[0]).sum(1)
        gained = shifts if wanted is None else _by_hiding(regions, residual, wanted)
        gains = size * (shifts > MIN_SHIFT**2) * gained
        if focus is not None:
            gains *= weights_of(regions, focus)
        gains[size < (MIN_PIXELS if regions.size > SMALL_PIXELS else 1)] = 0
        if means.shape[1] == 4:
            gains[means[:, 3] < -0.02] = 0  # a layer covers more, never less
        chosen = np.argsort(-gains, kind="stable")[:count]
        chosen = chosen[gains[chosen] > 0]
        return cls(regions, chosen, means, float(gains[chosen].sum()))

    def fills(self, drawn: np.ndarray, residual: np.ndarray, most: float) -> tuple[np.ndarray, np.ndarray]:
        """The colours [N,D] and opacities [N], at `most`, of layers over `drawn` that shift it so: opaque where the
        picture under one varies and should not."""
        below, _ = means_of(self.regions, drawn)
        squares, _ = means_of(self.regions, drawn * drawn)
        products, _ = means_of(self.regions, residual * drawn)
        variance = (squares - below * below).sum(1)
        covariance = (products - self.means * below).sum(1)
        opacity = np.clip(-covariance / (variance + 1e-3), MIN_OPACITY, most)[self.chosen]
        below, shift = below[self.chosen], self.means[self.chosen]
        for _ in range(8):  # until the colours can be
            colors = below + shift / opacity[:, None]
            beyond = ((colors < 0) | (colors > 1)).any(1)
            opacity = np.where(beyond, np.minimum(1.2 * opacity, most), opacity)
        colors = np.clip(below + shift / opacity[:, None], 0, 1)
        return straight(colors), opacity

    def covers(self, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same of layers that hide `drawn`."""
        below, _ = means_of(self.regions, drawn)
        colors = np.clip((below + self.means)[self.chosen], 0, 1)
        return straight(colors), np.ones(len(colors))


def _by_hiding(regions: np.ndarray, residual: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """By how much one colour of its own, that hides what is below, brings each region closer to what is wanted, in the
    mean of its pixels: [K], negative where it does not."""
    means, _ = means_of(regions, wanted)
    missed, _ = means_of(regions, np.stack([np.square(residual).sum(0), np.square(wanted).sum(0)]))
    gained: np.ndarray = missed[:, 0] - missed[:, 1] + np.square(means).sum(1)
    return gained


def weights_of(regions: np.ndarray, focus: np.ndarray) -> np.ndarray:
    """By how much more than elsewhere detail matters in each of some regions [H,W]: [K]."""
    mean, _ = means_of(regions, focus[None])
    weights: np.ndarray = 1 + (FOCUS - 1) * mean[:, 0]
    return weights


def _owners(growth: Growth, regions: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """For each of some regions of a residual, the region of the picture that lies highest of those it is on."""
    pairs = shared(regions, growth.regions)
    shares = pairs[numbers] / pairs[numbers].sum(1, keepdims=True)
    on = np.where(shares >= ON_REGION, growth.rank, -1)
    found: np.ndarray = np.where(on.max(1) >= 0, on.argmax(1), shares.argmax(1))
    return found
