"""New strokes where a picture is missed: many are begun, those that mend most are taken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from vecstack.kinds.stroke import tracing
from vecstack.kinds.stroke.borders import Borders, middles_of, pixels_of
from vecstack.kinds.stroke.fields import Fields, blurred, smaller
from vecstack.kinds.stroke.looks import Look
from vecstack.kinds.stroke.raster import NUMBERS

CANDIDATES = 4  # for each stroke that is wanted
SHARES = (0.8, 0.6, 0.4)  # of what a stroke mended alone that it is to mend above those taken before it
TRIES, CAREFUL_TRIES = 12, 2  # at finding as many as are wanted; and until all that mend anything are taken
MOST_BEND = 0.6  # of the way between the ends: how far a handle may lie from its middle
POWER = 1.0  # of the squared error: how strongly strokes go to where it is large
TINY = 1e-9


@dataclass(frozen=True)
class Canvas:
    """A picture [D,H,W] and what is painted of it, which new strokes are laid over in place; how much errors count
    [H,W]; and the borders of its parts."""

    picture: np.ndarray
    painted: np.ndarray
    weight: np.ndarray | None
    borders: Borders

    def missed(self) -> np.ndarray:
        """The squared error of each pixel: [H,W] (float32)."""
        squares: np.ndarray = np.square(self.painted - self.picture).sum(0)
        return squares

    def places(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """What the loops of tracing.py judge strokes on: the canvas, the picture, and room."""
        _, height, width = self.painted.shape
        room = np.empty((6, height * width), np.float32), np.empty((height, 4), np.int64)
        return self.painted, self.picture, np.empty((height, 2)), *room


def new_strokes(
    canvas: Canvas, look: Look, radius: float, within: tuple[float, float], wanted: int, rng: np.random.Generator
) -> np.ndarray:
    """So many strokes [L,13] of about a radius, `within` the least and the greatest, the broadest first; fewer where
    more would mend nothing."""
    fields = Fields.of(canvas.picture, radius)
    taken = [np.zeros((0, NUMBERS))]
    for attempt in range(TRIES):
        left = wanted - sum(map(len, taken))
        if left <= 0:
            break
        begun = _begun(canvas, fields, look, radius, within, CANDIDATES * left + 8, rng)
        taken.append(_chosen(canvas, begun, left, SHARES if attempt < CAREFUL_TRIES else (*SHARES, 0.0)))
    strokes = np.concatenate(taken)
    return strokes[np.argsort(-strokes[:, 6], kind="stable")]


def spare_strokes(
    canvas: Canvas, look: Look, radius: float, within: tuple[float, float], wanted: int, rng: np.random.Generator
) -> np.ndarray:
    """So many strokes [L,13] that mend nothing: those of some that harm least."""
    begun = _begun(canvas, Fields.of(canvas.picture, radius), look, radius, within, CANDIDATES * wanted, rng)
    return begun[np.argsort(-_gains(canvas, begun), kind="stable")[:wanted]]


def _begun(
    canvas: Canvas,
    fields: Fields,
    look: Look,
    radius: float,
    within: tuple[float, float],
    count: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """So many strokes through seeds where the picture is missed, along its structure."""
    missed = canvas.missed()
    seeds = _seeds(missed if canvas.weight is None else missed * canvas.weight, radius, count, rng)
    x, y = seeds.T
    radii = radius * np.exp(rng.normal(0, look.spread, count))
    radii = np.minimum(radii, canvas.borders.at(x, y)[1]).clip(*within)
    rows, columns = fields.coherence.shape
    cells = (y / fields.side).astype(int).clip(0, rows - 1), (x / fields.side).astype(int).clip(0, columns - 1)
    shortest, longest = look.lengths
    clear = fields.coherence[cells] * rng.uniform(0.5, 1.2, count)
    most = 2 * radii * (shortest + (longest - shortest) * clear)
    strokes = np.zeros((count, NUMBERS))
    strokes[:, 8:10] = look.opacity
    field = fields.along, fields.colors, fields.side
    lengths, bend = (2 * radii * (shortest - 1), most), min(MOST_BEND, look.most_bend)
    tracing.begin(seeds, radii, *lengths, bend, *field, missed, canvas.borders.labels, strokes)
    canvas.borders.keep(strokes, strokes, canvas.borders.at(x, y)[0], within[0])
    return strokes


def _seeds(missed: np.ndarray, radius: float, count: int, rng: np.random.Generator) -> np.ndarray:
    """Places [N,2] in pixels, spread as the squared error is around them: evenly among its running sum."""
    height, width = missed.shape
    factor = max(1, int(radius / 2))
    cells = blurred(torch.from_numpy(smaller(missed[None], factor)), max(radius / (2 * factor), 0.5))[0].double()
    rows, columns = cells.shape
    running = (cells + TINY).pow(POWER).flatten().cumsum(0).numpy()
    found = np.searchsorted(running, (np.arange(count) + rng.uniform(0, 1, count)) * running[-1] / count)
    found = found.clip(0, rows * columns - 1)
    across, down = rng.uniform(0, 1, (2, count))
    x, y = (found % columns + across) * width / columns, (found // columns + down) * height / rows
    return np.stack([x.clip(0, width - 1e-3), y.clip(0, height - 1e-3)], 1)


def _chosen(canvas: Canvas, begun: np.ndarray, wanted: int, shares: tuple[float, ...]) -> np.ndarray:
    """Those of strokes that mend most, at most so many, laid over what is painted."""
    places, is_taken = canvas.places(), np.zeros(len(begun), bool)
    found = _gains(canvas, begun)
    _, height, width = canvas.painted.shape
    importance = 1.0 if canvas.weight is None else canvas.weight[pixels_of(middles_of(begun), height, width)]
    for share in shares:
        order = np.argsort(-found * importance, kind="stable")
        wanted -= tracing.choose(begun, order, found, wanted, share, *places, is_taken)
    return begun[is_taken]


def _gains(canvas: Canvas, begun: np.ndarray) -> np.ndarray:
    """What each of strokes [L,13] alone would mend: [L]; they have the best colours then."""
    found = np.empty(len(begun))
    tracing.gains(begun, *canvas.places(), found)
    return found
