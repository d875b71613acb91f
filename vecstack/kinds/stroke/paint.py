"""A picture painted: broad strokes first, finer ones where it is still missed, all of them tuned after each round."""

from __future__ import annotations

import time

import numpy as np
import torch
from torch.nn.functional import interpolate

from vecstack.kinds.base import Guide, Scene, Terms
from vecstack.kinds.stroke.begin import Canvas, new_strokes, spare_strokes
from vecstack.kinds.stroke.borders import Borders, middles_of
from vecstack.kinds.stroke.fit import OPACITIES, Tuner
from vecstack.kinds.stroke.looks import Look
from vecstack.kinds.stroke.raster import NUMBERS

STEPS = {"fast": (12, 20), "good": (15, 40), "best": (30, 120)}  # after each round, and after the last
BROADEST, BROADEST_SHORT = 0.12, 0.5  # radius of the first round: of the long side, and of the short side at most
LEAST_PIXELS, STROKE_PIXELS = 1 << 18, 256  # of the picture that is painted on, and for each stroke
LEAST_RADIUS = 0.5  # px
BEYOND = 0.1  # of the sides, how far the ends of a spine may lie outside the picture
TAPER = 0.35  # of the radius at the other end, at least
TINY = 1e-9
FOCUS = 8.0  # how much more errors count where the focus is


class Painting:
    """Strokes in the pixels of a picture, `numbers` [L,13], with the round and the part of each [L]."""

    def __init__(self, scene: Scene, terms: Terms, look: Look, count: int) -> None:
        self._terms, self._look, self._count = terms, look, count
        picture, below = (_reduced(values, count) for values in (scene.picture, scene.below))
        _, self.height, self.width = picture.shape
        long_side, short_side = max(self.height, self.width), min(self.height, self.width)
        least, self._most = look.least_radius * long_side, np.inf
        if look.radii is not None:
            least, self._most = (radius * long_side / max(scene.rect.width, scene.rect.height) for radius in look.radii)
        self._least = max(least, LEAST_RADIUS)
        self._most = max(self._most, self._least)
        finest = max(look.fineness * (self.height * self.width / max(count, 1)) ** 0.5, self._least)
        broadest = max(min(BROADEST * long_side, BROADEST_SHORT * short_side), finest)
        self.radii = np.geomspace(broadest, finest, look.rounds).clip(max=self._most)
        guide = (terms.guide or Guide()).at(self.height, self.width)
        labels = np.zeros((self.height, self.width), np.int64) if guide.segments is None else guide.segments
        self._borders = Borders.of(np.ascontiguousarray(labels))
        self._weight = None if guide.focus is None else (1 + (FOCUS - 1) * guide.focus).astype(np.float32)
        self._tuner = Tuner(picture, below)
        self._rng = np.random.default_rng(terms.seed)
        self._began = time.monotonic()
        self.numbers = np.zeros((0, NUMBERS))
        self.round, self.part = np.zeros(0, np.int64), np.zeros(0, np.int64)

    def paint(self) -> None:
        """Paint all rounds, with all strokes that are to be; with none, where there is nothing to paint."""
        last = len(self.radii) - 1
        for index in range(last + 1):
            self.add(index)
            self.tune(STEPS[self._terms.effort][index == last], index + 1)

    def add(self, index: int) -> None:
        """Add the strokes of a round, the fewer the broader; in the last one, those too that mend nothing."""
        shares, radius = 1 / self.radii, self.radii[index]
        count = round(shares[: index + 1].sum() / shares.sum() * self._count) - len(self.numbers)
        if count <= 0:
            return
        painted = self._tuner.draw(self.numbers)
        canvas = Canvas(self._tuner.picture, painted, self._weight, self._borders)
        how = self._look, radius, (self._least, self._most)
        new = new_strokes(canvas, *how, count, self._rng)
        if index == len(self.radii) - 1 and len(new) < count and len(new) + len(self.numbers) > 0:
            new = np.concatenate([new, spare_strokes(canvas, *how, count - len(new), self._rng)])
        self.numbers = np.concatenate([self.numbers, new])
        self.round = np.concatenate([self.round, np.full(len(new), index)])
        self.part = np.concatenate([self.part, self._borders.at(*middles_of(new))[0]])

    def tune(self, steps: int, rounds: int) -> None:
        """Bring all strokes closer to the picture, at the end of so many rounds."""
        free = np.ones(NUMBERS)
        if self._look.least_opacity is None:
            free[OPACITIES] = 0
        done = 0

        def told(error: float) -> None:
            nonlocal done
            done += 1
            if self._terms.told is not None:
                self._terms.told((rounds - 1 + done / (steps + 1)) / len(self.radii), error)

        deadline = self._terms.deadline
        if deadline is not None:  # later rounds have more strokes: as much of the time as their number
            deadline = self._began + (deadline - self._began) * (rounds / len(self.radii)) ** 1.5
        self.numbers = self._tuner.tune(self.numbers, steps, self._keep, free=free, deadline=deadline, told=told)

    def shrink_to(self, count: int) -> None:
        """Drop the strokes without which the error rises least, until there are so many."""
        effects = self._tuner.slopes(self.numbers).effects
        kept = np.sort(np.argsort(-effects, kind="stable")[:count])
        self.numbers, self.round, self.part = self.numbers[kept], self.round[kept], self.part[kept]

    def _keep(self, strokes: np.ndarray, before: np.ndarray) -> None:
        """Bring strokes back to where they may be, in place."""
        size = np.array([self.width, self.height] * 3)
        np.clip(strokes[:, :6], -BEYOND * size, (1 + BEYOND) * size, out=strokes[:, :6])
        np.clip(strokes[:, 8:], 0, 1, out=strokes[:, 8:])
        if self._look.least_opacity is not None:
            np.maximum(strokes[:, OPACITIES], self._look.least_opacity, out=strokes[:, OPACITIES])
        if self._look.most_bend < np.inf:
            _straighten(strokes, self._look.most_bend)
        widest = _lengthened(strokes, 2 * self._look.kept_length * self._least) / (2 * self._look.kept_length)
        np.clip(strokes[:, 6:8], self._least, np.minimum(widest, self._most)[:, None], out=strokes[:, 6:8])
        np.maximum(strokes[:, 6:8], TAPER * strokes[:, 7:5:-1], out=strokes[:, 6:8])
        if self._borders.labels.any():
            self._borders.keep(strokes, before, self.part, self._least)


def _straighten(strokes: np.ndarray, most: float) -> None:
    """Bring the handles of strokes [L,13] to the middle of their ends, in place, as near as a share of the way between
    these."""
    starts, handles, ends = strokes[:, 0:2], strokes[:, 2:4], strokes[:, 4:6]
    middles = (starts + ends) / 2
    off, chords = (np.linalg.norm(ways, axis=1) for ways in (handles - middles, ends - starts))
    shares = (most * chords / np.maximum(off, TINY)).clip(max=1)
    strokes[:, 2:4] = middles + shares[:, None] * (handles - middles)


def _lengthened(strokes: np.ndarray, least: float) -> np.ndarray:
    """The lengths [L] of strokes [L,13] along their control points; those that are shorter than the least are made as
    long about their middles, in place."""
    spines = strokes[:, :6].reshape(-1, 3, 2)
    lengths = np.linalg.norm(np.diff(spines, axis=1), axis=2).sum(1)
    shares = (least / np.maximum(lengths, TINY)).clip(min=1)
    middles = spines.mean(1, keepdims=True)
    strokes[:, :6] = (middles + shares[:, None, None] * (spines - middles)).reshape(-1, 6)
    result: np.ndarray = np.maximum(lengths, least)
    return result


def _reduced(values: np.ndarray, count: int) -> np.ndarray:
    """A picture [D,H,W] on as many pixels as so many strokes need."""
    _, height, width = values.shape
    scale = (max(LEAST_PIXELS, STROKE_PIXELS * count) / (height * width)) ** 0.5
    if scale >= 1:
        return np.ascontiguousarray(values, np.float32)
    sides = max(1, round(height * scale)), max(1, round(width * scale))
    planes = torch.from_numpy(np.ascontiguousarray(values, np.float32))
    result: np.ndarray = interpolate(planes[None], sides, mode="area")[0].numpy()
    return result
