"""Detail: layers added where a stack misses its picture most, each in a window of its own, until it is close enough."""

from __future__ import annotations

import dataclasses
import heapq
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, interpolate, mse_loss, pad

from vecstack.color import Color
from vecstack.composite import over
from vecstack.document.file import size_of
from vecstack.drawing.points import cells
from vecstack.drawing.sheets import FOOTPRINT
from vecstack.errors import UsageError
from vecstack.fitting.compact import compact
from vecstack.fitting.effort import DEFAULT_EFFORT, check_effort, check_seed
from vecstack.fitting.goal import PSNR_BYTES, Goal, check_above
from vecstack.fitting.optimize import Numbers, Part, View, closest, gauss_newton
from vecstack.fitting.progress import Progress, ProgressCallback
from vecstack.fitting.target import Target, draw_on_grounds, open_target, psnr_of, side_by_side, with_psnr
from vecstack.geometry import Rect
from vecstack.kinds import find_kind, kind_names, kind_of
from vecstack.kinds.frame import window_bump
from vecstack.stack import MAX_LAYERS, Layer, Stack

RASTER_PX = 1024  # most pixels on the long side of the picture that detail looks at
MIN_WINDOW_PX = 16  # side of the smallest windows; they double up to the picture's long side
CELLS = 8  # on a side of a window: errors finer than these are not expected to be improved by its layer


@dataclass(frozen=True)
class Effort:
    """How much is tried for a layer: most points on a side of a window at which it is tuned, steps of tuning, and the
    share of the error in a window's cells that a layer is thought to improve before one was tried there: 1 tries more
    windows than a smaller one."""

    cells: int
    steps: int
    prior: float


MIN_FADE = 1e-3  # share of the half side of a window: finer than a cell
MIN_PRIOR = 0.05  # for a window where nothing could be improved, once the canvas there has changed
MIN_WORTH = 1e-5  # share of the squared error that a layer must mend; hundreds of times less than usual
FIRST_LAYERS = 256  # of detail, which matter most and get more effort than those after them
EFFORTS = {
    "fast": (Effort(24, 10, 0.5), Effort(24, 10, 0.5)),
    "good": (Effort(40, 20, 1.0), Effort(32, 15, 0.5)),
    "best": (Effort(48, 25, 1.0), Effort(48, 25, 1.0)),
}


def add_detail(
    stack: Stack,
    picture: Any,
    goal: Goal,
    effort: str | float = DEFAULT_EFFORT,
    *,
    background: str | Color = (0.0, 0.0, 0.0),
    seed: int = 0,
    device: str = "auto",
    report: ProgressCallback | None = None,
) -> Stack:
    """The stack with layers added until the goal is met or nothing more helps; the layers that it has stay below them.
    Every layer has a window; layers of large windows lie below those of small ones as far as that leaves the picture
    as it is, and are named after their places. `effort` and `seed` are those of vecstack.refine: so many seconds are
    spent on layers of "good" effort. The picture may be of another size than the canvas, not of another aspect;
    `background` shows where it is transparent, but on a transparent canvas layers leave it so. With `budget_bytes` the
    stack is compacted. The same call gives the same stack, except with a number of seconds. Raises UsageError (a goal
    below what the stack has, an effort that is none), PictureError, DeviceError."""
    began = time.monotonic()
    check_effort(effort)
    check_seed(seed)
    check_above(goal, stack)
    target = open_target(stack, picture, background, device, seed)
    first, then = EFFORTS[effort if isinstance(effort, str) else DEFAULT_EFFORT]
    clock = None if isinstance(effort, str) else _Clock(began, effort)
    added = _grow(stack, Sketch(stack, target, first), then, goal, clock, report)
    if goal.budget_bytes is not None:
        detailed = _within(stack, added, goal.budget_bytes, device)
    else:
        detailed = _stacked(stack, added)
    return with_psnr(detailed, target.errors(detailed))


def _grow(
    stack: Stack, sketch: Sketch, then: Effort, goal: Goal, clock: _Clock | None, report: ProgressCallback | None
) -> list[Layer]:
    """The layers that detail adds, in the order of their worth, as long as there is time. What is added does not depend
    on the goal, so that a goal further off gives the same layers and more."""
    most = (goal.layers or MAX_LAYERS) - len(stack.layers)
    enough = 0.0 if goal.psnr is None else 10 ** (-goal.psnr / 10)
    size = None if goal.budget_bytes is None else _Size(stack, goal.budget_bytes, str(sketch.drawn.device))
    first = sketch.error
    share = 0.0
    added: list[Layer] = []
    while len(added) < most and sketch.error > enough and not (size and size.is_full(added)):
        if clock is not None and clock.share >= 1:
            break
        if len(added) == FIRST_LAYERS:
            sketch.use(then)
        layer = sketch.add(f"detail-{len(added) + 1}")
        if layer is None:
            break
        added.append(layer)
        shares = [share, len(added) / most if goal.layers else 0.0, size.share(added) if size else 0.0]
        if clock is not None:
            shares.append(clock.share)
        if 0 < enough < first:
            shares.append(math.log(first / max(sketch.error, enough)) / math.log(first / enough))
        share = max(shares)
        if report is not None:
            report(Progress(min(0.99, share), psnr_of(sketch.error)))
    if report is not None:
        report(Progress(1.0, psnr_of(sketch.error)))
    return added


@dataclass(frozen=True)
class _Clock:
    """The time that detail may take: when it began (by time.monotonic), and how many seconds it has."""

    began: float
    seconds: float

    @property
    def share(self) -> float:
        """How much of the time is gone; from 1 on, all of it."""
        return (time.monotonic() - self.began) / self.seconds


class _Size:
    """How the file grows with its layers: measured now and then, since that takes a while, foretold in between."""

    def __init__(self, stack: Stack, budget_bytes: int, device: str) -> None:
        self._stack, self._budget, self._device = stack, budget_bytes, device
        self._empty = size_of(stack).file
        self._next, self._full = 8, False

    def is_full(self, added: list[Layer]) -> bool:
        """Whether the file is over its budget."""
        if len(added) >= self._next:
            bytes_ = size_of(compact(_stacked(self._stack, added), device=self._device)).file
            self._full = bytes_ > self._budget
            each = max(1.0, (bytes_ - self._empty) / len(added))
            self._next = len(added) + max(4, round(0.6 * (self._budget - bytes_) / each))
        return self._full

    def share(self, added: list[Layer]) -> float:
        """How much of what fits is there, as far as is known."""
        return len(added) / max(len(added), self._next)


def _within(stack: Stack, added: list[Layer], budget_bytes: int, device: str) -> Stack:
    """The most of the added layers that fit a compacted file. Raises UsageError where none of the stack does."""
    fits, few, many = None, 0, len(added)
    while few <= many:
        count = many if fits is None and many == len(added) else (few + many) // 2
        tried = compact(_stacked(stack, added[:count]), device=device)
        size = size_of(tried).file
        if size + PSNR_BYTES <= budget_bytes:
            fits, few = tried, count + 1
        else:
            many = count - 1
    if fits is None:
        raise UsageError(
            f"budget_bytes must be at least the {size:,} bytes that the stack takes already, not {budget_bytes:,}.",
            parameter="budget_bytes",
        )
    return fits


def _stacked(stack: Stack, added: list[Layer]) -> Stack:
    """The stack with added layers above its own: each window below all smaller ones that it does not meet, which
    leaves the picture as it is."""
    extents = [_extent(layer, stack) for layer in added]
    waits = [[b for b in range(a) if extents[b].meets(extents[a])] for a in range(len(added))]
    frees: list[list[int]] = [[] for _ in added]
    for index, below in enumerate(waits):
        for other in below:
            frees[other].append(index)
    left = [len(below) for below in waits]
    ready = [(-extents[index].width, index) for index in range(len(added)) if not left[index]]
    heapq.heapify(ready)
    layers = list(stack.layers)
    taken = {layer.id for layer in layers}
    while ready:
        _, index = heapq.heappop(ready)
        layers.append(_named(added[index], extents[index], taken))
        taken.add(layers[-1].id)
        for other in frees[index]:
            left[other] -= 1
            if not left[other]:
                heapq.heappush(ready, (-extents[other].width, other))
    return stack.with_layers(layers)


def _extent(layer: Layer, stack: Stack) -> Rect:
    """Where an added layer shows."""
    return kind_of(layer).extent(layer, FOOTPRINT) or stack.canvas.rect


def _named(layer: Layer, extent: Rect, taken: set[str]) -> Layer:
    """The layer with the next free id, named after its window."""
    number = len(taken) + 1
    while f"layer-{number}" in taken:
        number += 1
    middle = f"{extent.x + extent.width / 2:.0f}, {extent.y + extent.height / 2:.0f}"
    return dataclasses.replace(layer, id=f"layer-{number}", name=f"Detail {extent.width:.0f} at {middle}")


Place = tuple[int, int, int]  # a window: level, row and column


@dataclass
class Level:
    """Windows of one size, half a window apart, over a picture and a quarter of a window beyond its edges, so that none
    fades where the picture ends: the squared error that a layer in each may remove, the share of it that one did remove
    when it was tried, and whether that is still true."""

    side: int  # px
    potential: Tensor  # [R,C]
    ratio: Tensor  # [R,C]
    fresh: Tensor  # [R,C], bool

    def window(self, row: int, column: int) -> Rect:
        """A window in pixels of the picture."""
        step, overhang = self.side // 2, self.side // 4
        return Rect(column * step - overhang, row * step - overhang, self.side, self.side)

    def invalidate(self, box: Rect) -> None:
        """Doubt what is known of the windows that meet a box, since the canvas there has changed."""
        rows, columns = self._meeting(box.y, box.height), self._meeting(box.x, box.width)
        self.fresh[rows, columns] = False
        self.ratio[rows, columns] = self.ratio[rows, columns].clamp_min(MIN_PRIOR)

    def _meeting(self, start: float, length: float) -> slice:
        """The rows or columns of windows that meet a stretch."""
        step, overhang = self.side // 2, self.side // 4
        first = math.floor((start + overhang - self.side) / step) + 1
        return slice(max(0, first), math.ceil((start + length + overhang) / step))


class Sketch:
    """A picture and what is drawn of it so far, both as pixels [C,H,W] of a target, their mean squared error, and the
    windows over them."""

    def __init__(self, stack: Stack, target: Target, effort: Effort) -> None:
        self.effort = effort
        self.kinds = [kind for kind in map(find_kind, kind_names()) if kind is not None and kind.can_begin]
        self.canvas = stack.canvas.rect
        picture = target.picture
        longest = max(picture.shape[1:])
        if longest > RASTER_PX:
            sides = [max(1, round(side * RASTER_PX / longest)) for side in picture.shape[1:]]
            picture = interpolate(picture[None], sides, mode="area")[0]
        self.target = Target(picture, target.rect)
        height, width = picture.shape[1:]
        points = cells(target.rect, width, height, picture.device)
        self.drawn = draw_on_grounds(stack, points, self.target.footprint).view_as(picture)
        self.error = self._error()
        self.fits: dict[Place, Layer] = {}
        self.levels: list[Level] = []
        side = MIN_WINDOW_PX
        while not self.levels or side <= max(picture.shape[1:]):
            self.levels.append(Level(side, torch.empty(0), torch.empty(0), torch.empty(0)))
            side *= 2
        for level, potential in zip(self.levels, self._potentials(), strict=True):
            level.potential, level.ratio = potential, torch.full_like(potential, effort.prior)
            level.fresh = torch.zeros_like(potential, dtype=torch.bool)

    def add(self, layer_id: str) -> Layer | None:
        """The layer that improves most of all that were tried, drawn; None where none improves anything."""
        while True:
            best = [level.potential * level.ratio for level in self.levels]
            index = max(range(len(best)), key=lambda index: float(best[index].max()))
            level = self.levels[index]
            row, column = divmod(int(best[index].argmax()), best[index].shape[1])
            if float(best[index][row, column]) <= 0:
                return None
            if level.fresh[row, column]:
                layer = dataclasses.replace(self.fits[index, row, column], id=layer_id)
                if self._draw(layer):
                    return layer
                level.ratio[row, column] = 0
                continue
            layer, gain = self._fit(level.window(row, column))
            self.fits[index, row, column] = layer
            level.ratio[row, column] = max(0.0, gain) / float(level.potential[row, column])
            level.fresh[row, column] = True

    def use(self, effort: Effort) -> None:
        """Go on with another effort."""
        for level in self.levels:
            level.ratio[level.ratio == self.effort.prior] = effort.prior  # where none was tried
        self.effort = effort

    def _error(self) -> float:
        """Mean squared error of what is drawn."""
        return float((self.target.picture - self.drawn).square().mean())

    def _potentials(self) -> Iterator[Tensor]:
        """The squared error that a layer in each window may remove, by level: the squares of the mean errors of its
        cells, less towards its edges, where the window fades."""
        largest = self.levels[-1].side
        height, width = self.drawn.shape[1:]
        missing = pad(self.target.picture - self.drawn, (0, -width % largest, 0, -height % largest))
        frame = cells(Rect(-1, -1, 2, 2), CELLS, CELLS, missing.device)
        fade = max(MIN_FADE, min(kind.begin_window for kind in self.kinds))
        share = window_bump(frame.float(), fade).view(1, 1, CELLS, CELLS)
        cell = self.levels[0].side // CELLS
        means = avg_pool2d(missing[None], cell)
        for level in self.levels:
            energy = means.square().sum(1, keepdim=True) * (level.side // CELLS) ** 2
            yield conv2d(energy, share, stride=CELLS // 2, padding=CELLS // 4)[0, 0]
            means = avg_pool2d(means, 2) if level.side < largest else means

    def _fit(self, window: Rect) -> tuple[Layer, float]:
        """A layer tuned in a window (in pixels), and by how much it lowers the squared error, as its points tell."""
        left, top, right, bottom = self._box(window)
        crop = torch.stack([self.target.picture, self.drawn])[:, :, top:bottom, left:right]
        sides = [min(side, math.ceil(side * self.effort.cells / window.width)) for side in crop.shape[2:]]
        goal, below = interpolate(crop, sides, mode="area")
        inside = self.target.on_canvas(Rect(left, top, right - left, bottom - top))
        points = cells(inside, sides[1], sides[0], goal.device)
        footprint = max(inside.width / sides[1], inside.height / sides[0])
        view = View.bare(side_by_side(goal.flatten(1)), side_by_side(below.flatten(1)))
        missed = max(zip(goal.split(3), below.split(3), strict=True), key=lambda ground: float(mse_loss(*ground)))
        begun = [kind.begin("new", self.target.on_canvas(window), inside, *missed) for kind in self.kinds]
        points = points.repeat(len(goal) // 3, 1)
        layer, error = min((self._tuned(layer, points, footprint, view) for layer in begun), key=itemgetter(1))
        before = float((view.target - view.below).square().mean())
        return layer, (before - error) * len(goal) * (right - left) * (bottom - top)

    def _tuned(self, begun: Layer, points: Tensor, footprint: float, view: View) -> tuple[Layer, float]:
        """A layer that was begun, tuned in its view at points [P,2], and its mean squared error there."""
        tunable = kind_of(begun).tunable([begun], {}, points.device)
        assert tunable is not None, begun.kind
        start, opaque = Numbers(tunable.shapes, tunable.colors), torch.ones(1, device=points.device)
        part = Part(partial(tunable.slopes, points=points, footprint=footprint), view)
        error, numbers = closest(gauss_newton([part], start, opaque, self.effort.steps))
        (layer,), _ = tunable.layers(numbers.shapes, numbers.colors)
        return layer, error

    def _draw(self, layer: Layer) -> bool:
        """Draw a layer where that makes the picture closer, and say whether it does."""
        left, top, right, bottom = self.target.pixel_box(kind_of(layer).extent(layer, self.target.footprint))
        box = Rect(left, top, right - left, bottom - top)
        points = cells(self.target.on_canvas(box), right - left, bottom - top, self.drawn.device)
        shade = kind_of(layer).shader([layer], {}, self.drawn.device)
        old, goal = (picture[:, top:bottom, left:right] for picture in (self.drawn, self.target.picture))
        alphas, colors = shade(points, self.target.footprint)
        color = colors[0].T.repeat(len(old) // 3, 1)
        new = over(old.flatten(1), color, alphas[0]).view_as(old)
        improved = float((goal - old).square().sum()) - float((goal - new).square().sum())
        if improved <= MIN_WORTH * self.error * self.drawn.numel():
            return False
        self.drawn[:, top:bottom, left:right] = new
        self.error = self._error()
        for level, potential in zip(self.levels, self._potentials(), strict=True):
            level.potential = potential
            level.invalidate(box)
        return True

    def _box(self, window: Rect) -> tuple[int, int, int, int]:
        """The pixels of a window that are on the picture: left, top, right, bottom."""
        height, width = self.drawn.shape[1:]
        left, top = max(0, int(window.x)), max(0, int(window.y))
        return left, top, min(width, int(window.x + window.width)), min(height, int(window.y + window.height))
