"""Strokes brought closer to a picture: damped Gauss-Newton steps of all their numbers."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from vecstack.kinds.stroke import sweep
from vecstack.kinds.stroke.raster import NUMBERS, draw_over

BAND_PIXELS, MIN_ROWS = 1 << 16, 16  # of the picture, worked on together
PARTS = 2  # of a picture, of bands each; sums do not depend on how many threads there are
OVERLAP = 6  # strokes over one another that there is room for at first
SHAPE, SPINE, RADII, OPACITIES, COLOR = slice(0, 8), slice(0, 6), slice(6, 8), slice(8, 10), slice(10, 13)
# Damping as a share of the mean curvature, that of the stroke itself and the median of all: by the mean of all, the
# large strokes hold the small ones in place (docs/decisions.md).
SHAPE_DAMPING, LOOK_DAMPING = 0.1, 0.5
LEAST_DAMPING = 1e-6
RATE, MOMENTUM = 0.5, 0.85
SETTLING = 0.5  # last share of the steps, which become shorter
LIMITS = ((SPINE, 3.0), (RADII, 1.0), (OPACITIES, 0.1), (COLOR, 0.2))  # most in a step: px, px, of 1, of 1


@dataclass
class Slopes:
    """How half the squared error of a picture answers to strokes; arrays as sweep.backward has them. `error` is the
    squared error."""

    slopes: np.ndarray
    blocks: np.ndarray
    fades: np.ndarray
    weights: np.ndarray
    effects: np.ndarray
    error: float = 0.0

    @classmethod
    def of(cls, count: int) -> Slopes:
        """None yet, of so many strokes."""
        return cls(
            np.zeros((count, NUMBERS)), np.zeros((count, 8, 8)), np.zeros((count, 3)), np.zeros(count), np.zeros(count)
        )

    def add(self, other: Slopes) -> None:
        """Add those of another part of the picture."""
        for name in ("slopes", "blocks", "fades", "weights", "effects"):
            getattr(self, name).__iadd__(getattr(other, name))
        self.error += other.error


@dataclass
class _Room:
    """Arrays in which the loops of sweep.py work, for so many pixels of strokes."""

    channels: int
    width: int
    pixels: int = 0
    room: np.ndarray = field(init=False)
    below: np.ndarray = field(init=False)
    spans: np.ndarray = field(init=False)

    def fit(self, pixels: int) -> None:
        """Have room for so many pixels."""
        if self.pixels < pixels:
            self.pixels = pixels
            self.room, self.below = (np.empty((count, pixels), np.float32) for count in (6, self.channels))
            self.spans = np.empty((pixels // 2, 4), np.int64)


class Tuner:
    """Steps of strokes towards a picture [D,H,W] above a ground of the same form (float32)."""

    def __init__(self, picture: np.ndarray, ground: np.ndarray) -> None:
        self.picture, self.ground = picture, ground
        channels, _, width = picture.shape
        self._rows = max(MIN_ROWS, BAND_PIXELS // width)
        self._rooms = [_Room(channels, width) for _ in range(PARTS)]

    def tune(
        self,
        strokes: np.ndarray,
        steps: int,
        kept: Callable[[np.ndarray, np.ndarray], None],
        *,
        free: np.ndarray,
        deadline: float | None = None,
        told: Callable[[float], None] | None = None,
    ) -> np.ndarray:
        """Strokes [L,13] after some steps, or those that fit before a deadline (time.monotonic), of the numbers that
        are `free` [13]; `kept` brings strokes, in place, back to where they may be, and has them as they were before.
        `told` hears the mean squared error before each step."""
        strokes, speed = strokes.copy(), np.zeros_like(strokes)
        for step in range(steps):
            if not len(strokes) or (deadline is not None and time.monotonic() >= deadline):
                break
            slopes = self.slopes(strokes)
            if told is not None:
                told(slopes.error / self.picture.size)
            rate = RATE * min(1.0, (steps - step) / (SETTLING * steps))
            speed *= MOMENTUM
            speed += rate * free * damped_steps(slopes, is_even=bool((strokes[:, 8] == strokes[:, 9]).all()))
            for part, limit in LIMITS:
                np.clip(speed[:, part], -limit, limit, out=speed[:, part])
            before = strokes.copy()
            strokes += speed
            kept(strokes, before)
        return strokes

    def slopes(self, strokes: np.ndarray) -> Slopes:
        """How the squared error answers to all numbers of strokes [L,13]."""
        height = self.picture.shape[1]
        bands = -(-height // self._rows)
        cuts = [min(height, self._rows * (bands * part // PARTS)) for part in range(PARTS)] + [height]

        def of_part(part: int) -> Slopes:
            sums = Slopes.of(len(strokes))
            for top in range(cuts[part], cuts[part + 1], self._rows):
                self._band(strokes, self._rooms[part], top, min(top + self._rows, cuts[part + 1]), sums)
            return sums

        with ThreadPoolExecutor(PARTS) as threads:
            first, *others = threads.map(of_part, range(PARTS))
        for other in others:
            first.add(other)
        return first

    def draw(self, strokes: np.ndarray) -> np.ndarray:
        """The picture [D,H,W] that strokes [L,13] paint."""
        canvas: np.ndarray = self.ground.copy()
        draw_over(canvas, strokes)
        return canvas

    def _band(self, strokes: np.ndarray, room: _Room, top: int, bottom: int, sums: Slopes) -> None:
        """Add what the rows top..bottom tell."""
        width = self.picture.shape[2]
        room.fit(OVERLAP * (bottom - top) * width)
        start = np.zeros(len(strokes) + 1, np.int64)
        columns = np.empty((bottom - top, 2))
        while True:
            canvas = self.ground[:, top:bottom].copy()
            if sweep.forward(strokes, canvas, top, columns, room.room, room.below, room.spans, start):
                break
            room.fit(2 * room.pixels)
        missing = canvas - self.picture[:, top:bottom]
        sums.error += float(np.vdot(missing, missing))
        lean, power, seen = np.empty((3, width), np.float32)
        light = np.ones(missing.shape[1:], np.float32)
        sweep.backward(
            strokes, missing, light, top, room.room, room.below, room.spans, start, lean, power, seen,
            sums.slopes, sums.blocks, sums.fades, sums.weights, sums.effects,
        )  # fmt: skip


def damped_steps(slopes: Slopes, *, is_even: bool) -> np.ndarray:
    """The damped Gauss-Newton step of all strokes [L,13]; with `is_even`, both opacities of a stroke take the same."""
    steps = np.zeros_like(slopes.slopes)
    diagonal = np.einsum("laa->la", slopes.blocks)
    parts = ((part, _damping(diagonal[:, part], SHAPE_DAMPING)) for part in (SPINE, RADII))
    damping = np.concatenate([own.repeat(part.stop - part.start, 1) for part, own in parts], 1)
    shape_steps = np.zeros_like(diagonal)
    sweep.solve(slopes.blocks.copy(), slopes.slopes[:, SHAPE], damping, shape_steps)
    steps[:, SHAPE] = shape_steps
    first, both, last = slopes.fades.T
    extra = _damping(np.stack([first, last], 1), LOOK_DAMPING)[:, 0]
    by_first, by_last = slopes.slopes[:, OPACITIES].T
    if is_even:
        steps[:, OPACITIES] = (-(by_first + by_last) / (first + 2 * both + last + 2 * extra))[:, None]
    else:
        first, last = first + extra, last + extra
        scale = first * last - both * both
        steps[:, 8] = (both * by_last - last * by_first) / scale
        steps[:, 9] = (both * by_first - first * by_last) / scale
    weight = slopes.weights[:, None]
    steps[:, COLOR] = -slopes.slopes[:, COLOR] / (weight + _damping(weight, LOOK_DAMPING))
    return steps


def _damping(diagonal: np.ndarray, share: float) -> np.ndarray:
    """What is added to the curvature of each stroke, whose own is a diagonal [L,N]: [L,1]."""
    own = diagonal.mean(1, keepdims=True)
    median = float(np.median(own)) if len(own) else 0.0
    result: np.ndarray = share * (own + median) + LEAST_DAMPING
    return result
