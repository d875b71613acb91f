"""Refine: a stack and its picture give a closer stack of the same layers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby, repeat
from typing import TYPE_CHECKING, Any, cast

from vecstack.color import Color, to_color
from vecstack.errors import DocumentError, UsageError
from vecstack.fitting.effort import DEFAULT_EFFORT, check_effort, check_seed
from vecstack.fitting.goal import Goal
from vecstack.fitting.progress import Progress, ProgressCallback, part_of
from vecstack.kinds import can_draw, kind_of, without_unused
from vecstack.stack import Layer, Stack

if TYPE_CHECKING:
    from vecstack.fitting.optimize import Numbers, Part
    from vecstack.fitting.target import Target
    from vecstack.kinds.base import Tunable
    from vecstack.pictures.read import Picture

TUNING_SHARE = 0.2  # of the time and of the progress, before detail is added
COLOR_NUMBERS = 3  # of a layer of one colour
# Tuned together, of shapes and colours (those of places come on top): the work of a step grows with the square.
GROUP_NUMBERS = 400
POLISHING = "fast"  # an effort: what is left to gain is little
MIN_SECONDS = 1e-3  # of detail, where tuning took all the time there was


@dataclass(frozen=True)
class Stage:
    """Steps of every group of layers, on a grid of about that many points, of which each step sees some: as many steps
    as see all of them some times over."""

    points: int
    steps: int


SEEN = 1024  # points of a step, about; the next step sees others, so that few show all that the grid shows
# The grid has the finest shapes that are drawn: a texture is averaged within its cells.
EFFORTS = {
    "fast": (Stage(4096, 40),),
    "good": (Stage(4096, 100),) * 2,
    "best": (Stage(4096, 200),) * 4,
}
TIMED = tuple(Stage(4096, steps) for steps in (12, 24, 48, 96, 192, 384, 768))  # the last over and over again
NET_STAGE = Stage(2048, 150)  # of tuning the net, whose gradients are all that is cheap


def refine(
    stack: Stack,
    picture: Any,
    effort: str | float = DEFAULT_EFFORT,
    goal: Goal | None = None,
    *,
    tune_net: bool = False,
    background: str | Color = (0.0, 0.0, 0.0),
    seed: int = 0,
    device: str = "auto",
    report: ProgressCallback | None = None,
) -> Stack:
    """The stack brought closer to a picture (see pictures.read.load_picture): its layers tuned, and then, with a goal,
    layers added until it is met (see fitting.grow.grow and fitting.detail.add_detail). `effort` is "fast", "good" or
    "best", or a number of seconds of fitting, after which it ends even if a goal is not met yet. Tuned layers never
    draw the picture worse. The picture may be of another size than the canvas, not of another aspect; `background`
    shows where it is transparent, but on a transparent canvas layers leave it so. `tune_net` also tunes what the layers
    share, the net, which then belongs to this picture alone. `seed` (0..2**32-1) chooses the pixels of a large picture
    at which stacks are compared, and among equal choices; the same call gives the same stack, except with a number of
    seconds.
    Hidden layers and layers that cannot be tuned stay as they are. Raises UsageError, PictureError, DeviceError;
    DocumentError for a stack in which nothing can be tuned, where there is no goal."""
    from vecstack.pictures.read import FITTED_PIXELS, as_picture

    check_effort(effort)
    check_seed(seed)
    began = time.monotonic()
    picture = as_picture(picture, FITTED_PIXELS)
    if goal is None or groups(stack):
        share = 1.0 if goal is None else TUNING_SHARE
        tuning = effort if isinstance(effort, str) else share * effort
        stack = _tuned(stack, picture, tuning, tune_net, background, seed, device, part_of(report, 0, share))
    if goal is None:
        return stack
    from vecstack.fitting.detail import add_detail
    from vecstack.fitting.grow import grow, grows_on

    add = grow if grows_on(stack) else add_detail
    left = effort if isinstance(effort, str) else max(MIN_SECONDS, effort - (time.monotonic() - began))
    part = part_of(report, TUNING_SHARE, 1)
    return add(stack, picture, goal, left, background=background, seed=seed, device=device, report=part)


def polish(stack: Stack, loaded: Picture, background: Color, seed: int, device: str) -> Stack:
    """The stack with layers of all its kinds tuned for a moment, each seeing what the others leave; or as it was, where
    that is no closer to the picture."""
    return _tuned(stack, loaded, POLISHING, False, background, seed, device, None) if groups(stack) else stack


def _tuned(
    stack: Stack,
    picture: Any,
    effort: str | float,
    tune_net: bool,
    background: str | Color,
    seed: int,
    device: str,
    report: ProgressCallback | None,
) -> Stack:
    """The stack with its layers, and perhaps their net, tuned."""
    from vecstack.fitting.target import open_target, with_psnr
    from vecstack.pictures.read import as_picture

    started = time.monotonic()
    target = open_target(stack, picture, background, device, seed)
    from vecstack.fitting.grow import runs_of, tune_runs

    if not groups(stack) and not runs_of(stack):
        raise DocumentError("no layer can be tuned: none is visible and of a kind that can be tuned.")
    if tune_net:
        _check_tunes_net(stack, effort)
    closest, error = stack, target.errors(stack)  # before any work, since it checks that the assets fit
    deadline = None if isinstance(effort, str) else started + float(effort)
    *_, refined = stack, *_refinements(stack, groups(stack), target, effort, deadline, report)
    refined = tune_runs(refined, as_picture(picture), effort, to_color(background), seed, target.picture.device, report)
    for tried in (refined, _tune_net(refined, target)) if tune_net else (refined,):
        after = target.errors(tried)
        if target.is_closer(after, error):
            closest, error = tried, after
    return with_psnr(closest, error)


def tune_first(
    stack: Stack,
    count: int,
    loaded: Picture,
    effort: str | float,
    background: Color,
    seed: int,
    device: str,
    report: ProgressCallback | None,
) -> Stack:
    """The stack with its first `count` layers brought closer to what those above leave of a picture, or as it was; and
    how close it is. An effort in seconds counts from now."""
    from vecstack.fitting.target import open_target, with_psnr

    target = open_target(stack, loaded, background, device, seed)
    error = target.errors(stack)
    deadline = None if isinstance(effort, str) else time.monotonic() + effort
    chosen = [group for group in groups(stack) if group[-1] < count]
    *_, tuned = stack, *_refinements(stack, chosen, target, effort, deadline, report)
    after = target.errors(tuned)
    return with_psnr(tuned, after) if target.is_closer(after, error) else with_psnr(stack, error)


def groups(stack: Stack) -> list[tuple[int, ...]]:
    """Indices of the layers that are tuned together, lowest first: seen, one above the other, of one kind, family and
    extent."""

    def alike(index: int) -> Any:
        layer = stack.layers[index]
        kind = kind_of(layer)
        return layer.kind, kind.family(layer), kind.extent(layer, 0.0)

    seen = [index for index, layer in enumerate(stack.layers) if layer.is_seen and _can_tune(layer)]
    found = []
    for _, same in groupby(seen, key=alike):
        run = list(same)
        count = max(1, GROUP_NUMBERS // _number_count(stack.layers[run[0]]))
        found += [tuple(run[first : first + count]) for first in range(0, len(run), count)]
    return found


def _can_tune(layer: Layer) -> bool:
    return can_draw(layer) and kind_of(layer).can_tune and not kind_of(layer).can_grow


def _number_count(layer: Layer) -> int:
    """How many of a layer's numbers are tuned, its colour's included."""
    kind = kind_of(layer)
    return max(1, len(kind.shape(layer)) + (0 if kind.color(layer) is None else COLOR_NUMBERS))


def _refinements(
    stack: Stack,
    chosen: Sequence[tuple[int, ...]],
    target: Target,
    effort: str | float,
    deadline: float | None,
    report: ProgressCallback | None,
) -> Iterator[Stack]:
    """The stack after each chosen group of each stage."""
    from vecstack.fitting.target import psnr_of

    stages = EFFORTS[effort] if isinstance(effort, str) else TIMED
    if not chosen:
        return
    work = sum(stage.points * stage.steps for stage in stages) * len(chosen)
    done, began = 0, time.monotonic()
    for stage in stages if deadline is None else chain(stages, repeat(stages[-1])):
        for group in chosen:
            stack, error = tune_group(stack, group, target, stage, deadline)
            yield stack
            done += stage.points * stage.steps
            if deadline is not None and time.monotonic() >= deadline:
                return
            if report is not None:
                share = done / work if deadline is None else (time.monotonic() - began) / (deadline - began)
                report(Progress(min(1.0, share), psnr_of(error)))


def tune_group(
    stack: Stack, group: tuple[int, ...], target: Target, stage: Stage, deadline: float | None = None
) -> tuple[Stack, float]:
    """The stack with one group of layers closer to the picture on the points of a stage, or as it was, and the mean
    squared error at those of its first step."""
    from vecstack.fitting.optimize import closest, gauss_newton

    scene = _Scene(stack, group, target, stage.points)
    parts = scene.parts()
    tries = gauss_newton(parts, scene.start, scene.opacities, stage.steps)
    error, numbers = closest(tries, deadline, len(parts))
    return (stack if numbers is scene.start else scene.with_numbers(numbers)), error


def _check_tunes_net(stack: Stack, effort: str | float) -> None:
    """Raise UsageError unless one group of layers alone would change with its net, and no clock is to be kept."""
    if not isinstance(effort, str):
        raise UsageError("tune_net needs an effort by name (fast, good or best), not seconds.", parameter="tune_net")
    if len(_sharing(stack)) != 1:
        raise UsageError(
            f"tune_net works on up to {GROUP_NUMBERS} numbers of layers that share one net over the whole canvas; "
            f"these layers are in {len(_sharing(stack))} groups. Leave it out.",
            parameter="tune_net",
        )


def _sharing(stack: Stack) -> list[tuple[int, ...]]:
    """The groups of layers that share something that can be tuned."""
    return [group for group in groups(stack) if kind_of(stack.layers[group[0]]).asset_ids(stack.layers[group[0]])]


def _tune_net(stack: Stack, target: Target) -> Stack:
    """The stack with a net of its own, tuned with the layers that share it, and these once more with it."""
    from vecstack.fitting.optimize import descend

    (group,) = _sharing(stack)
    scene = _Scene(stack, group, target, NET_STAGE.points)
    shade = partial(scene.tunable.shade, points=scene.points, footprint=scene.footprint)
    numbers = descend(shade, scene.start, scene.tunable.shared, scene.opacities, scene.view, NET_STAGE.steps)
    tuned = without_unused(scene.with_numbers(numbers), [stack.layers[index] for index in group])
    return tune_group(tuned, group, target, EFFORTS["good"][-1])[0]


class _Scene:
    """A group of layers as numbers, with their surroundings at about `count` points."""

    def __init__(self, stack: Stack, group: tuple[int, ...], target: Target, count: int) -> None:
        import torch

        from vecstack.fitting.optimize import Numbers
        from vecstack.fitting.target import view_of

        tuned = [stack.layers[index] for index in group]
        kind = kind_of(tuned[0])
        device = target.picture.device
        self._stack, self._group = stack, group
        points, colors, self.footprint = target.cells(kind.extent(tuned[0], 0.0), count)
        self._columns, self._grounds = int((points[:, 1] == points[0, 1]).sum()), len(colors) // 3
        self.points = points.repeat(self._grounds, 1)
        self.tunable = cast("Tunable", kind.tunable(tuned, stack.assets, device))
        self.opacities = torch.tensor([layer.opacity for layer in tuned], dtype=torch.float32, device=device)
        self.view = view_of(stack, group, points, colors, self.footprint)
        self.start = Numbers(self.tunable.shapes, self.tunable.colors)

    def parts(self) -> list[Part]:
        """The points in turns of about SEEN: each turn has one of every square of cells, the next the one across from
        it."""
        import torch

        from vecstack.fitting.optimize import Part

        count = len(self.points) // self._grounds
        side = max(1, round((count / SEEN) ** 0.5))
        place = torch.arange(count, device=self.points.device)
        row, column = place // self._columns % side, place % self._columns % side
        turn = (column - row) % side * side + row
        found = [torch.nonzero(turn == index)[:, 0] for index in range(side * side)]
        chosen = [torch.cat([own + ground * count for ground in range(self._grounds)]) for own in found if len(own)]
        return [
            Part(
                partial(self.tunable.slopes, points=self.points[own], footprint=self.footprint),
                self.view.at(own),
            )
            for own in chosen
        ]

    def with_numbers(self, numbers: Numbers) -> Stack:
        """The stack with other numbers in its group."""
        layers, assets = self.tunable.layers(numbers.shapes, numbers.colors)
        return self._stack.replace(dict(zip(self._group, layers, strict=True)), assets)
