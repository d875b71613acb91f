"""Prune: what each layer adds to the picture, and the stack without the layers that it hardly needs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from vecstack.errors import UsageError
from vecstack.geometry import Frame
from vecstack.kinds import can_draw, find_kind
from vecstack.stack import Canvas, Color, Layer, Stack

if TYPE_CHECKING:
    import torch
    from torch import Tensor

POINTS = 16_384  # at which the picture is compared: a cell is 8 x 8 px of a picture of a megapixel
BLOCK = 4096  # points shaded in one go, whose hidden values fit a processor's cache
FOOTPRINT = 1.0  # canvas units: the picture as it is at the size of its source
STEPS = 255  # of an 8-bit channel: the unit of every change here is one of them
# The largest change of a point that float32 arithmetic explains, in 1/255: a quarter of a step of a 16-bit picture.
ROUNDING = 1e-3
LEAST_POINTS = 9  # 3 x 3 within a layer's frame: fewer do not tell whether its shape is needed
BATCH_SHARE = 32  # one layer of so many goes between two measurements: a stack of 1,000 needs tens of them, not 500
COLOR_DECIMALS = 6  # of a merged colour: finer than any picture shows


@dataclass(frozen=True)
class Contribution:
    """How much the picture changes when one layer alone is taken out, in 1/255: the root mean square over the canvas
    and the channels, and the largest change of a channel at any sampled point."""

    id: str
    rms: float
    largest: float


@dataclass(frozen=True)
class _Sheet:
    """A layer that shows, at P points: its index in the stack, mask times opacity [P], and colour, [3,1] where it is
    the same everywhere, else [3,P]. `merged` is its new colour, where a neighbour was merged into it."""

    index: int
    alpha: Tensor
    color: Tensor
    merged: Color | None = None


@dataclass(frozen=True)
class _Step:
    """One layer less: which goes, which takes its place in a new colour, and the mean squared error of the picture
    thereafter."""

    error: float
    gone: _Sheet
    heir: _Sheet | None = None


@dataclass(frozen=True)
class _Original:
    """The picture to stay close to [3,P], what is behind all layers [3,1], and how far a picture may be off (1/255)."""

    picture: Tensor
    background: Tensor
    tolerance: float

    def error(self, sheets: Sequence[_Sheet]) -> Tensor:
        """What the sheets' picture lacks to the original, [3,P]."""
        return self.picture - _compose(sheets, self.background)

    def allows(self, sheets: Sequence[_Sheet]) -> bool:
        """Whether the sheets' picture is close enough."""
        change = self.error(sheets) * STEPS
        return _root_mean_square(change) <= self.tolerance or float(change.abs().max()) <= ROUNDING


def contributions(stack: Stack, *, device: str = "auto") -> tuple[Contribution, ...]:
    """How much each layer adds to the picture, lowest first, measured at POINTS points of the canvas. Layers that are
    hidden, or of a kind that this version does not have, add 0. Raises DeviceError; DocumentError where an asset is
    missing or does not fit its layers."""
    from vecstack.render import resolve_device

    place = resolve_device(device)
    points, background = _grid(stack.canvas, place), _background(stack.canvas, place)
    sheets_at = _prepare(stack, place)
    squares, largest = [0.0] * len(stack.layers), [0.0] * len(stack.layers)
    for block in _blocks(points):
        sheets = sheets_at(block)
        for sheet, change in zip(sheets, _changes(sheets, background), strict=True):
            squares[sheet.index] += float(change.square().sum())
            largest[sheet.index] = max(largest[sheet.index], float(change.abs().max()))
    values = 3 * len(points)
    return tuple(
        Contribution(layer.id, STEPS * math.sqrt(square / values), STEPS * most)
        for layer, square, most in zip(stack.layers, squares, largest, strict=True)
    )


def prune(stack: Stack, tolerance: float = 0.5, *, device: str = "auto") -> Stack:
    """The stack with fewer layers that draws nearly the same picture: its root mean square change, over the canvas and
    the channels, is at most `tolerance` (1/255), measured at POINTS points. First layers are dropped, the least needed
    first; then neighbours are merged into one of the two, in the colour that fits best. A tolerance of 0 takes out
    what changes nothing. Layers that are hidden, of opacity 0, of a kind that this version does not have, or too
    small to be measured stay as they are. The same call gives the same stack. Raises UsageError, DeviceError;
    DocumentError where an asset is missing or does not fit its layers."""
    check_tolerance(tolerance)
    from vecstack.render import resolve_device

    place = resolve_device(device)
    points, background = _grid(stack.canvas, place), _background(stack.canvas, place)
    sheets = _sheets_on(stack, points)
    original = _Original(_compose(sheets, background.expand(3, len(points))), background, tolerance)
    free = _measurable(stack, points)
    dropped = _reduce(sheets, original, partial(_drops, free=free, original=original))
    merged = _reduce(dropped, original, partial(_merges, stack=stack, free=free, original=original))
    return stack if len(merged) == len(sheets) else _stack_of(stack, sheets, merged)


def check_tolerance(tolerance: float) -> None:
    """Raise UsageError unless a picture can be that far off."""
    if not 0 <= tolerance < math.inf:
        raise UsageError(f"tolerance {tolerance}: give the change allowed in 1/255, a number from 0, for example 0.5.")


def _grid(canvas: Canvas, device: torch.device) -> Tensor:
    """The centres of about POINTS equal cells of a canvas, row by row: [P,2] in canvas units (float64)."""
    import torch

    columns = min(POINTS, max(1, round(math.sqrt(POINTS * canvas.width / canvas.height))))
    frame = Frame(canvas.rect, columns, max(1, round(POINTS / columns)))
    xs = (torch.arange(frame.width_px, dtype=torch.float64, device=device) + 0.5) * (canvas.width / frame.width_px)
    ys = (torch.arange(frame.height_px, dtype=torch.float64, device=device) + 0.5) * (canvas.height / frame.height_px)
    return torch.cartesian_prod(ys, xs).flip(1)


def _blocks(points: Tensor) -> list[Tensor]:
    """Points [P,2] in parts of at most BLOCK."""
    return [points[first : first + BLOCK] for first in range(0, len(points), BLOCK)]


def _background(canvas: Canvas, device: torch.device) -> Tensor:
    """What is behind all layers, [3,1]."""
    import torch

    return torch.tensor(canvas.background, dtype=torch.float32, device=device)[:, None]


def _shows(layer: Layer) -> bool:
    return layer.is_seen and can_draw(layer)


def _prepare(stack: Stack, device: torch.device) -> Callable[[Tensor], list[_Sheet]]:
    """The layers that show as a function of points [P,2], lowest first."""
    import torch

    shaders = []
    showing = [index for index, layer in enumerate(stack.layers) if _shows(layer)]
    for name, same in groupby(showing, key=lambda index: stack.layers[index].kind):
        kind, run = find_kind(name), list(same)
        assert kind is not None  # such layers do not show
        layers = [stack.layers[index] for index in run]
        kind.check(layers, stack.assets)
        shaders.append((run, kind.prepare(layers, stack.assets, device)))

    def sheets_at(points: Tensor) -> list[_Sheet]:
        sheets = []
        for run, shade in shaders:
            with torch.no_grad():
                alphas, colors = shade(points, FOOTPRINT)
            for index, alpha, color in zip(run, alphas, colors, strict=True):
                sheets.append(_Sheet(index, alpha * stack.layers[index].opacity, _least(color.T)))
        return sheets

    return sheets_at


def _sheets_on(stack: Stack, points: Tensor) -> list[_Sheet]:
    """The layers that show at any number of points [P,2], lowest first."""
    sheets_at = _prepare(stack, points.device)
    blocks = [sheets_at(block) for block in _blocks(points)]
    return [_join(parts) for parts in zip(*blocks, strict=True)]


def _join(parts: Sequence[_Sheet]) -> _Sheet:
    """One layer at the points of all its parts."""
    import torch

    colors = torch.cat([part.color.expand(3, len(part.alpha)) for part in parts], 1)
    return _Sheet(parts[0].index, torch.cat([part.alpha for part in parts]), _least(colors))


def _least(color: Tensor) -> Tensor:
    """A colour [3,P] as [3,1] where it is the same everywhere: a stack of 1,000 layers then needs 200 MB less."""
    first = color[:, :1]
    return first.clone() if bool((color == first).all()) else color


def _compose(sheets: Iterable[_Sheet], canvas: Tensor) -> Tensor:
    """The sheets over a canvas [3,P]."""
    from vecstack.composite import over

    for sheet in sheets:
        canvas = over(canvas, sheet.color, sheet.alpha)
    return canvas


def _through(sheets: Sequence[_Sheet]) -> list[Tensor]:
    """The share of light that all sheets above each one let through, [P], lowest first."""
    import torch

    shares = [torch.ones_like(sheet.alpha) for sheet in sheets[-1:]]
    for sheet in reversed(sheets[1:]):
        shares.append(shares[-1] * (1 - sheet.alpha))
    return shares[::-1]


def _changes(sheets: Sequence[_Sheet], canvas: Tensor) -> Iterator[Tensor]:
    """What each sheet alone adds to the picture over a canvas [3,P] or [3,1]: [3,P], lowest first."""
    for sheet, through in zip(sheets, _through(sheets), strict=True):
        yield (sheet.color - canvas) * (sheet.alpha * through)
        canvas = _compose([sheet], canvas)


def _root_mean_square(values: Tensor) -> float:
    return math.sqrt(float(values.square().mean()))


def _measurable(stack: Stack, points: Tensor) -> frozenset[int]:
    """Indices of the layers whose frame holds enough of the points [P,2], or lies outside the canvas."""
    xs, ys = points.unbind(1)
    found = set()
    for index, layer in enumerate(stack.layers):
        bounds = layer.transform.bounds_of_frame()
        across = (xs >= bounds.x) & (xs <= bounds.x + bounds.width)
        down = (ys >= bounds.y) & (ys <= bounds.y + bounds.height)
        if int((across & down).sum()) >= LEAST_POINTS or not bounds.meets(stack.canvas.rect):
            found.add(index)
    return frozenset(found)


def _reduce(
    sheets: list[_Sheet], original: _Original, steps_of: Callable[[list[_Sheet]], Iterable[_Step]]
) -> list[_Sheet]:
    """The sheets after as many steps as the original allows, those of the least error first, measured anew after each
    batch."""
    while steps := sorted(steps_of(sheets), key=lambda step: step.error):
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
        indices = {sheet.index for sheet in (step.gone, step.heir) if sheet is not None}
        if touched.isdisjoint(indices):
            chosen.append(step)
            touched |= indices
        if len(chosen) == count:
            break
    return chosen


def _after(sheets: list[_Sheet], steps: Iterable[_Step]) -> list[_Sheet]:
    """The sheets after steps that touch no layer twice."""
    changed: dict[int, _Sheet | None] = {}
    for step in steps:
        changed[step.gone.index] = None
        if step.heir is not None:
            changed[step.heir.index] = step.heir
    after = (changed.get(sheet.index, sheet) for sheet in sheets)
    return [sheet for sheet in after if sheet is not None]


def _drops(sheets: list[_Sheet], *, free: frozenset[int], original: _Original) -> Iterator[_Step]:
    """Each free sheet taken out alone."""
    error = original.error(sheets)
    for sheet, change in zip(sheets, _changes(sheets, original.background), strict=True):
        if sheet.index in free:
            yield _Step(float((error + change).square().mean()), sheet)


def _merges(sheets: list[_Sheet], *, stack: Stack, free: frozenset[int], original: _Original) -> Iterator[_Step]:
    """Each two free neighbours replaced by one of them."""
    error, below = original.error(sheets), original.background
    for (lower, upper), through in zip(pairwise(sheets), _through(sheets)[1:], strict=True):
        if {lower.index, upper.index} <= free and _can_merge(stack, lower, upper):
            # What one layer in the place of the two has to add to what the canvas below shows.
            wanted = error + through * (_compose([lower, upper], below) - below)
            yield _merge(lower, upper, wanted, below, through)
            yield _merge(upper, lower, wanted, below, through)
        below = _compose([lower], below)


def _can_merge(stack: Stack, lower: _Sheet, upper: _Sheet) -> bool:
    """Whether two sheets are of one kind, in one colour each, with no layer between that stays as it is."""
    layers = stack.layers[lower.index], stack.layers[upper.index]
    between = stack.layers[lower.index + 1 : upper.index]
    return (
        layers[0].kind == layers[1].kind
        and all(hasattr(layer, "color") for layer in layers)
        and lower.color.shape[1] == upper.color.shape[1] == 1
        and all(map(_shows, between))
    )


def _merge(heir: _Sheet, gone: _Sheet, wanted: Tensor, below: Tensor, through: Tensor) -> _Step:
    """`heir` in the colour, of 0..1, with which alone it adds nearly what is wanted [3,P] to a canvas [3,P] or [3,1],
    where `through` [P] of the light passes all above: the least squares of each channel."""
    import torch

    weight = through * heir.alpha
    wanted = wanted + weight * below
    best = (weight * wanted).sum(1) / weight.square().sum().clamp_min(1e-12)  # some, where it is not seen at all
    red, green, blue = (round(value, COLOR_DECIMALS) for value in best.clamp(0, 1).tolist())
    color = torch.tensor([[red], [green], [blue]], dtype=weight.dtype, device=weight.device)
    recolored = dataclasses.replace(heir, color=color, merged=(red, green, blue))
    return _Step(float((wanted - weight * color).square().mean()), gone, recolored)


def _stack_of(stack: Stack, before: Iterable[_Sheet], after: Iterable[_Sheet]) -> Stack:
    """The stack with the layers that are left of those before, and without the assets that only the others used."""
    left = {sheet.index: sheet for sheet in after}
    gone = {sheet.index for sheet in before} - left.keys()
    for sheet in left.values():
        if sheet.merged is not None:
            stack = stack.edit(stack.layers[sheet.index].id, color=sheet.merged)
    kept = tuple(layer for index, layer in enumerate(stack.layers) if index not in gone)
    unused = _assets_of(stack.layers[index] for index in gone) - _assets_of(kept)
    if not all(map(can_draw, kept)):
        unused = set()  # what a layer of an unknown kind refers to cannot be told
    assets = {name: data for name, data in stack.assets.items() if name not in unused}
    return dataclasses.replace(stack, layers=kept, assets=assets, thumbnail=None)


def _assets_of(layers: Iterable[Layer]) -> set[str]:
    """The assets that the layers of known kinds refer to."""
    used: set[str] = set()
    for layer in filter(can_draw, layers):
        kind = find_kind(layer.kind)
        assert kind is not None  # can_draw says so
        used.update(kind.asset_ids(layer))
    return used
