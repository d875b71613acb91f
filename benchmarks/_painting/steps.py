"""Gauss-Newton beside Adam: how close the same strokes come in the same CPU seconds."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator

import numpy as np
from PIL import Image

from _painting.photos import psnr
from vecstack.geometry import Rect
from vecstack.kinds.base import Scene, Terms
from vecstack.kinds.stroke.fit import Tuner
from vecstack.kinds.stroke.looks import LOOKS
from vecstack.kinds.stroke.paint import STEPS, Painting
from vecstack.kinds.stroke.raster import NUMBERS

RATES = np.repeat((1.0, 0.3, 0.02, 0.02), (6, 2, 2, 3))  # of Adam: px, px, of 1, of 1
ROUNDS = 3
DECAY, SQUARES, TINY = 0.9, 0.99, 1e-9
LENGTHS = (5, 10, 20, 40, 80, 160)  # steps, each from the start


def compared(picture: Image.Image, count: int) -> Iterator[list[str]]:
    """Rows of a table: steps, and CPU seconds and dB of each way after them, from what the painter has before it tunes
    the last of its rounds."""
    pixels = np.ascontiguousarray(np.asarray(picture, np.float32).transpose(2, 0, 1) / 255)
    ground = np.broadcast_to(pixels.mean((1, 2), keepdims=True), pixels.shape).copy()
    look = dataclasses.replace(LOOKS["realistic"], rounds=ROUNDS)
    painting = Painting(Scene(Rect(0, 0, *picture.size), pixels, ground), Terms("fast"), look, count)
    for rounds in range(1, ROUNDS):
        painting.add(rounds - 1)
        painting.tune(STEPS["fast"][0], rounds)
    painting.add(ROUNDS - 1)
    tuner = Tuner(pixels, ground)
    gauss_newton(tuner, painting.numbers, 1)  # compiles
    for steps in LENGTHS:
        ends = (way(tuner, painting.numbers, steps) for way in (gauss_newton, adam))
        yield [str(steps), *(text for seconds, decibels in ends for text in (f"{seconds:.1f}", f"{decibels:.2f}"))]


def adam(tuner: Tuner, strokes: np.ndarray, steps: int) -> tuple[float, float]:
    """CPU seconds and PSNR after steps of Adam, whose rates fall in the second half."""
    strokes, mean, square = strokes.copy(), np.zeros_like(strokes), np.zeros_like(strokes)
    began = time.process_time()
    for step in range(steps):
        slopes = tuner.slopes(strokes)
        mean = DECAY * mean + (1 - DECAY) * slopes.slopes
        square = SQUARES * square + (1 - SQUARES) * slopes.slopes**2
        rate = min(1.0, 2 * (1 - step / steps)) * RATES
        strokes -= rate * (mean / (1 - DECAY ** (step + 1))) / (np.sqrt(square / (1 - SQUARES ** (step + 1))) + TINY)
        kept(strokes, strokes)
    return time.process_time() - began, psnr_of(tuner, strokes)


def gauss_newton(tuner: Tuner, strokes: np.ndarray, steps: int) -> tuple[float, float]:
    """The same of damped Gauss-Newton."""
    began = time.process_time()
    strokes = tuner.tune(strokes, steps, kept, free=np.ones(NUMBERS))
    return time.process_time() - began, psnr_of(tuner, strokes)


def psnr_of(tuner: Tuner, strokes: np.ndarray) -> float:
    """In dB, of strokes as they are drawn."""
    return psnr(float(np.square(tuner.draw(strokes).clip(0, 1) - tuner.picture).mean()))


def kept(strokes: np.ndarray, _: np.ndarray) -> None:
    """Bring strokes back to what may be drawn, in place."""
    np.clip(strokes[:, 8:], 0.05, 1, out=strokes[:, 8:])
    strokes[:, 8:10] = strokes[:, 8:10].mean(1, keepdims=True)
    np.maximum(strokes[:, 6:8], 0.5, out=strokes[:, 6:8])
