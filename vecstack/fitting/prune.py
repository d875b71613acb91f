"""Prune: what each layer adds to the picture, and the stack without the layers that it hardly needs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from vecstack.fitting.goal import check_tolerance
from vecstack.kinds import can_draw, color_of, kind_of, without_unused
from vecstack.stack import Layer, Stack

if TYPE_CHECKING:
    from torch import Tensor

    from vecstack.drawing.points import Box, Grid
    from vecstack.drawing.sheets import Sheet

POINTS = 16_384  # at which the picture is compared: a cell is 8 x 8 px of a picture of a megapixel
STEPS = 255  # of an 8-bit channel: the unit of every change here is one of them
# The largest change of a point that float32 arithmetic explains, in 1/255: a quarter of a step of a 16-bit picture.
ROUNDING = 1e-3
MIN_POINTS = 9  # 3 x 3 within a layer's frame: fewer do not tell whether its shape is needed
BATCH_SHARE = 32  # one layer of so many goes between two measurements: a stack of 1,000 needs tens of them, not 500


@dataclass(frozen=True)
class Contribution:
    """How much the picture changes when one layer or group alone is taken out, in 1/255: the root mean square over the
    canvas and the channels, and the largest change of a channel at any sampled point."""

    id: str
    rms: float
    largest: float


@dataclass(frozen=True)
class _Step:
    """One layer less: by how much the squared error of the picture grows, summed over points and channels, which layer
    goes, and which takes its place in a new colour."""

    growth: float
    gone: Sheet
    replacement: Sheet | None = None


@dataclass(frozen=True)
class _Original:
    """The picture to stay close to and what is behind all layers, both [3,H,W], and how far a picture may be off
    (1/255)."""

    picture: Tensor
    background: Tensor
    tolerance: float

    def error(self, sheets: Sequence[Sheet]) -> Tensor:
        """What the sheets' picture lacks to the original: [3,H,W]."""
        from vecstack.drawing.sheets import compose

        return self.picture - compose(sheets, self.background)

    def allows(self, sheets: Sequence[Sheet]) -> bool:
        """Whether the sheets' picture is close enough."""
        change = self.error(sheets) * STEPS
        return _root_mean_square(change) <= self.tolerance or float(change.abs().max()) <= ROUNDING


def contributions(stack: Stack, *, device: str = "auto") -> tuple[Contribution, ...]:
    """How much each layer adds to the picture, lowest first, measured at POINTS points of the canvas. Layers that are
    hidden, or of a kind that this version does not have, add 0. Raises DeviceError; DocumentError where an asset is
    missing or does not fit its layers."""
    from vecstack.device import resolve_device
    from vecstack.drawing.points import Grid
    from vecstack.drawing.sheets import sheets_on

    points = Grid.about(stack.canvas.rect, POINTS, resolve_device(device))
    background, sheets = points.backdrop(stack), list(sheets_on(stack, points))
    found = [Contribution(layer.id, 0.0, 0.0) for layer in stack.layers]
    for sheet, change in zip(sheets, _changes(sheets, background), strict=True):
        rms = math.sqrt(_energy(change) / background.numel())
        found[sheet.index] = Contribution(found[sheet.index].id, STEPS * rms, STEPS * float(change.abs().max()))
    return tuple(found)


def group_contributions(stack: Stack, *, device: str = "auto") -> tuple[Contribution, ...]:
    """How much each group adds to the picture, taken out as a whole with the groups inside it; in the order of the
    groups, measured as `contributions` measures layers. Raises as that does."""
    from vecstack.device import resolve_device
    from vecstack.drawing.points import Grid
    from vecstack.drawing.sheets import compose, sheets_on

    points = Grid.about(stack.canvas.rect, POINTS, resolve_device(device))
    background, sheets = points.backdrop(stack), list(sheets_on(stack, points))
    picture, found = compose(sheets, background), []
    for group_id, members in stack.members().items():
        gone = set(members)
        change = (compose([sheet for sheet in sheets if sheet.index not in gone], background) - picture) * STEPS
        found.append(Contribution(group_id, _root_mean_square(change), float(change.abs().max())))
    return tuple(found)


def prune(stack: Stack, tolerance: float = 0.5, *, device: str = "auto") -> Stack:
    """The stack with fewer layers that draws nearly the same picture: its root mean square change, over the canvas and
    the channels, is at most `tolerance` (1/255), measured at POINTS points. First layers are dropped, the least needed
    first; then neighbours of one group are merged into one of the two, in the colour that fits best. A tolerance of 0
    takes out what changes nothing. Layers that are hidden, of opacity 0, of a kind that this version does not have, or
    too small to be measured stay as they are. The same call gives the same stack. Raises UsageError, DeviceError;
    DocumentError where an asset is missing or does not fit its layers."""
    check_tolerance(tolerance)
    from vecstack.device import resolve_device
    from vecstack.drawing.points import Grid
    from vecstack.drawing.sheets import compose, sheets_on

    points = Grid.about(stack.canvas.rect, POINTS, resolve_device(device))
    background, sheets = points.backdrop(stack), list(sheets_on(stack, points))
    original = _Original(compose(sheets, background), background, tolerance)
    free = _measurable(stack, points)
    dropped = _reduce(sheets, original, partial(_drops, free=free, original=original))
    merged = _reduce(dropped, original, partial(_merges, stack=stack, free=free, original=original))
    return _stack_of(stack, free, sheets, merged)


def _shows(layer: Layer) -> bool:
    return layer.is_seen and can_draw(layer)


def _lights(sheets: Sequence[Sheet], boxes: Sequence[Box], background: Tensor) -> list[Tensor]:
    """The share of light that all sheets above each one let through, in a box for each, lowest first."""
    from vecstack.drawing.sheets import lights

    light = background.new_ones(background.shape[1:])
    shares = [box.of(light).clone() for _, box in zip(lights(sheets, light), reversed(boxes), strict=True)]
    return shares[::-1]


def _changes(sheets: Sequence[Sheet], background: Tensor) -> Iterator[Tensor]:
    """What each sheet alone adds to the picture over a background, where it can: [3,h,w], lowest first."""
    canvas = background.clone()
    lights = _lights(sheets, [sheet.box for sheet in sheets], background)
    for sheet, light in zip(sheets, lights, strict=True):
        yield (sheet.color - sheet.box.of(canvas)) * (sheet.alpha * light)
        sheet.lay(canvas)


def _root_mean_square(values: Tensor) -> float:
    return math.sqrt(float(values.square().mean()))


def _energy(values: Tensor) -> float:
    """The sum of the squares."""
    return float(values.double().square().sum())


def _measurable(stack: Stack, points: Grid) -> frozenset[int]:
    """Indices of the layers that show and whose frame holds enough of the points, or lies outside the canvas."""
    frames = [(index, layer.transform.bounds_of_frame()) for index, layer in enumerate(stack.layers) if _shows(layer)]
    return frozenset(
        index for index, frame in frames if points.box(frame).count >= MIN_POINTS or not frame.meets(stack.canvas.rect)
    )


def _reduce(
    sheets: list[Sheet], original: _Original, steps_of: Callable[[list[Sheet]], Iterable[_Step]]
) -> list[Sheet]:
    """The sheets after as many steps as the original allows, those of the least growth first, measured anew after each
    batch."""
    while steps := sorted(steps_of(sheets), key=lambda step: step.growth):
        batch = _apart(steps, max(1, len(sheets) // BATCH_SHARE))
        while batch and not original.allows(_after(sheets, batch)):
            batch = batch[: len(batch) // 2]
        if not batch:
            break
        sheets = _after(sheets, batch)
    return sheets


def _apart(steps: Iterable[_Step], count: int) -> list[_Step]:
    """The first `count` steps of which no two touch the same layer."""
    chosen: list[_Step] = []
    touched: set[int] = set()
    for step in steps:
        indices = {sheet.index for sheet in (step.gone, step.replacement) if sheet is not None}
        if touched.isdisjoint(indices):
            chosen.append(step)
            touched |= indices
        if len(chosen) == count:
            break
    return chosen


def _after(sheets: list[Sheet], steps: Iterable[_Step]) -> list[Sheet]:
    """The sheets after steps that touch no layer twice."""
    changed: dict[int, Sheet | None] = {}
    for step in steps:
        changed[step.gone.index] = None
        if step.replacement is not None:
            changed[step.replacement.index] = step.replacement
    after = (changed.get(sheet.index, sheet) for sheet in sheets)
    return [sheet for sheet in after if sheet is not None]


def _drops(sheets: list[Sheet], *, free: frozenset[int], original: _Original) -> Iterator[_Step]:
    """Each free sheet taken out alone."""
    error = original.error(sheets)
    for sheet, change in zip(sheets, _changes(sheets, original.background), strict=True):
        if sheet.index in free:
            now = sheet.box.of(error)
            yield _Step(_energy(now + change) - _energy(now), sheet)


def _merges(sheets: list[Sheet], *, stack: Stack, free: frozenset[int], original: _Original) -> Iterator[_Step]:
    """Each two free neighbours replaced by one of them."""
    from vecstack.composite import over
    from vecstack.drawing.sheets import recolored, spread

    pairs = list(pairwise(sheets))
    boxes = [lower.box.hull(upper.box) for lower, upper in pairs]
    lights = _lights(sheets[1:], boxes, original.background)
    error, canvas = original.error(sheets), original.background.clone()
    for (lower, upper), box, light in zip(pairs, boxes, lights, strict=True):
        if {lower.index, upper.index} <= free and _can_merge(stack, lower, upper):
            now, below = box.of(error), box.of(canvas)
            lower_alpha, upper_alpha = (box.of(spread(sheet, canvas)) for sheet in (lower, upper))
            both = over(over(below, lower.color, lower_alpha), upper.color, upper_alpha)
            # What one layer in the place of the two has to add to what the canvas below shows.
            wanted = now + light * (both - below)
            for replacement, alpha, gone in ((lower, lower_alpha, upper), (upper, upper_alpha, lower)):
                merged, missing = recolored(replacement, light * alpha, wanted + light * alpha * below)
                yield _Step(_energy(missing) - _energy(now), gone, merged)
        lower.lay(canvas)


def _can_merge(stack: Stack, lower: Sheet, upper: Sheet) -> bool:
    """Whether two sheets are of one kind and group, in one colour each, with no layer between that stays as it is."""
    layers = stack.layers[lower.index], stack.layers[upper.index]
    between = stack.layers[lower.index + 1 : upper.index]
    return (
        layers[0].kind == layers[1].kind
        and layers[0].group == layers[1].group
        and all(color_of(layer) is not None for layer in layers)
        and all(map(_shows, between))
    )


def _stack_of(stack: Stack, free: frozenset[int], before: Iterable[Sheet], after: Iterable[Sheet]) -> Stack:
    """The stack without the free layers of which no sheet is left, their assets among them, and with the colours of
    the sheets that are; itself where all are left."""
    from vecstack.drawing.sheets import color_of_sheet

    old, left = ({sheet.index: sheet for sheet in sheets} for sheets in (before, after))
    gone = free - left.keys()
    if not gone:
        return stack
    for index, sheet in left.items():
        if sheet is not old[index]:
            layer = stack.layers[index]
            stack = stack.replace({index: kind_of(layer).with_color(layer, color_of_sheet(sheet))}, {})
    kept = (layer for index, layer in enumerate(stack.layers) if index not in gone)
    return without_unused(stack.with_layers(kept), [stack.layers[index] for index in gone])
