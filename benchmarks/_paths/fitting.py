"""Gauss-Newton steps beside Adam's from the same start, and what one step costs."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
import torch
from _common import Cost, timed
from fidelity import Photo

from _paths.quality import make
from vecstack.fitting.target import psnr_of
from vecstack.geometry import Affine, Rect
from vecstack.kinds.base import Scene
from vecstack.kinds.path import twin
from vecstack.kinds.path.arrays import Paths
from vecstack.kinds.path.fit import MIN_OPACITY, TOLERANCE, Tuner
from vecstack.stack import Stack

HARDLY = 1e-3  # seconds of fitting: regions are found, and no step is taken
FITTED = "good"
CPU = torch.device("cpu")
PIXELS = Affine(1, 0, 0, 0, 1, 0)  # from the canvas, whose units are the photo's pixels
POINT_RATE, COLOR_RATE, OPACITY_RATE = 0.3, 0.01, 0.01  # of Adam: px, of 1, of 1
RATES = (0.3, 1.0, 3.0)  # times these: the best is kept
FIRST_DECAY, SECOND_DECAY = 0.9, 0.999  # of its means, as is usual
SETTLING = 0.5  # last share of the steps, which become shorter, as in ours
REPEATS = 9  # of what is timed


@dataclass(frozen=True)
class Course:
    """What a way of fitting has reached before each step: seconds since the start, and the best PSNR so far in dB (of
    colours as they are, in 0..1 or not)."""

    name: str
    seconds: Sequence[float]
    psnr: Sequence[float]


class Watch:
    """Notes the seconds and the mean squared error of each step."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._seconds: list[float] = []
        self._psnr: list[float] = []
        self._began = time.perf_counter()

    def __call__(self, error: float) -> None:
        self._seconds.append(time.perf_counter() - self._began)
        self._psnr.append(max([psnr_of(error), *self._psnr[-1:]]))

    @property
    def course(self) -> Course:
        return Course(self.name, self._seconds, self._psnr)


def scene_of(photo: Photo, stack: Stack) -> Scene:
    """The photo as what paths on the stack's background are to come close to."""
    picture = np.ascontiguousarray(photo.pixels.transpose(2, 0, 1), np.float32) / 255
    below = np.ones_like(picture) * np.array(stack.canvas.background, np.float32)[:, None, None]
    height, width = picture.shape[1:]
    return Scene(Rect(0.0, 0.0, width, height), picture, below)


def placed(stack: Stack) -> Paths:
    """The layers of a stack of paths on the pixels of its photo."""
    return Paths.of_layers(stack.layers, PIXELS)  # type: ignore[arg-type]  # all of them are paths


def courses(photo: Photo, count: int, steps: int) -> tuple[int, list[Course]]:
    """How many paths the start has, and the course of Gauss-Newton and of Adam at the best of its rates."""
    start, _ = make(photo, count, HARDLY)
    tuner, paths = Tuner(scene_of(photo, start), CPU), placed(start)
    tuner.slopes(paths)  # makes room, which the first step would be charged for
    adams = [adam(tuner, paths, steps, rate) for rate in RATES]
    return paths.count, [gauss_newton(tuner, paths, steps), max(adams, key=lambda course: course.psnr[-1])]


def gauss_newton(tuner: Tuner, paths: Paths, steps: int) -> Course:
    watch = Watch("Gauss-Newton")
    tuner.tune(paths, steps, told=watch)
    return watch.course


def adam(tuner: Tuner, paths: Paths, steps: int, rate: float) -> Course:
    """Adam on the same slopes. The curvature that comes with them is part of its seconds, and it has no use of it."""
    paths = paths.copy()
    values = paths.points, paths.colors, paths.opacity
    rates = rate * POINT_RATE, rate * COLOR_RATE, rate * OPACITY_RATE
    means, squares = ([np.zeros_like(value) for value in values] for _ in range(2))
    watch = Watch("Adam")
    for step in range(steps + 1):
        slopes = tuner.slopes(paths)
        watch(slopes.error / tuner.scene.picture.size)
        shorter = min(1.0, (steps - step) / (SETTLING * steps))
        own = slopes.points, slopes.colors, slopes.opacity
        for value, slope, each, mean, square in zip(values, own, rates, means, squares, strict=True):
            mean += (1 - FIRST_DECAY) * (slope - mean)
            square += (1 - SECOND_DECAY) * (slope**2 - square)
            speed = mean / (1 - FIRST_DECAY ** (step + 1))
            value -= shorter * each * speed / (np.sqrt(square / (1 - SECOND_DECAY ** (step + 1))) + 1e-12)
        np.clip(paths.colors, 0, 1, out=paths.colors)
        np.clip(paths.opacity, MIN_OPACITY, 1, out=paths.opacity)
    return watch.course


COURSE_COLUMNS = ("Gauss-Newton", "Adam")


def course_rows(found: Sequence[Course]) -> list[list[str]]:
    """PSNR of all courses after steps, and after shares of the seconds that the first one took."""
    steps = len(found[0].psnr) - 1
    rows = [
        [f"{step} steps", *(f"{course.psnr[step]:.2f}" for course in found)]
        for step in sorted({round(steps * share) for share in (0, 0.05, 0.1, 0.25, 0.5, 1)})
    ]
    for share in (0.1, 0.5, 1):
        seconds = share * found[0].seconds[-1]
        rows.append([f"{seconds:.2f} s", *(f"{_psnr_at(course, seconds):.2f}" for course in found)])
    return rows


def _psnr_at(course: Course, seconds: float) -> float:
    """What a course has reached by then."""
    return course.psnr[max(0, bisect_right(course.seconds, seconds) - 1)]


STEP_COLUMNS = ("ms", "CPU ms")


def step_rows(photo: Photo, count: int) -> list[list[str]]:
    """Medians of drawing fitted paths, of drawing with slopes and normal equations, by compiled loops and by plain
    PyTorch, and of a whole step. The seconds of all threads together are what one thread would take."""
    stack, _ = make(photo, count, FITTED)
    scene, paths = scene_of(photo, stack), placed(stack)
    tuner = Tuner(scene, CPU)
    calls: dict[str, Callable[[], object]] = {
        "draw": lambda: tuner.draw(paths),
        "draw, slopes and normal equations": lambda: tuner.slopes(paths),
        "the same in plain PyTorch": lambda: twin.slopes(paths, scene, CPU, TOLERANCE),
    }
    costs = {name: cost_of(call) for name, call in calls.items()}
    steps = timed(lambda: tuner.tune(paths, REPEATS))[1]
    costs["a whole step"] = Cost(steps.wall / (REPEATS + 1), steps.cpu / (REPEATS + 1))
    return [[name, f"{1000 * cost.wall:.1f}", f"{1000 * cost.cpu:.1f}"] for name, cost in costs.items()]


def cost_of(call: Callable[[], object]) -> Cost:
    """The medians of several calls, after one that makes room."""
    call()
    costs = [timed(call)[1] for _ in range(REPEATS)]
    return Cost(median(cost.wall for cost in costs), median(cost.cpu for cost in costs))
