"""Compact: the same stack with fewer digits, so that its file is smaller and its picture looks the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vecstack.document.file import size_of
from vecstack.fitting.goal import check_tolerance
from vecstack.geometry import Affine
from vecstack.kinds import kind_of
from vecstack.kinds.base import Steps, to_step
from vecstack.stack import Layer, Stack

if TYPE_CHECKING:
    from torch import Tensor

    from vecstack.drawing.points import Grid
    from vecstack.drawing.sheets import Sheet
    from vecstack.kinds.base import Slopes

MIN_CELL = 1.0  # canvas units: finer than a pixel of the source there is nothing to see
CHECKED = 1 << 14  # points at which the change is measured
MODELLED = 80_000  # points of layers, of all together, at which it is predicted: a second on one core
FEWEST = 1 << 12  # points: of a layer that others cover, fewer miss the parts that show
# Decimal steps, coarsest first: a multiple of any is written with as few digits as the step has.
LADDER = tuple(digit * 10.0**-power for power in range(6) for digit in ((1,) if power == 0 else (5, 2, 1)))
# The coarsest steps of a layer that hardly shows: an edit may uncover it.
MAX_SHAPE, MAX_COLOR, MAX_PLACE = 0.5, 0.05, 1.0
COLOR_NUMBERS, PLACE_NUMBERS = 3, 6  # of a layer
PLACE_GAIN = 5 / 9  # mean square of (u, v, 1) over the frame: how far a point moves by a step in a number of a row
UNIFORM = 12**-0.5  # deviation of what rounding with a step of 1 changes
BACK_OFF = 0.9  # at least, where the change turned out greater than predicted
MAX_AREA_CHANGE = 0.1  # share by which rounding may change the area of a layer's frame, else its place is kept


def compact(stack: Stack, tolerance: float = 0.5, *, device: str = "auto") -> Stack:
    """The stack with its numbers rounded as coarsely as leaves its picture within `tolerance`, the root mean square
    of the change in 1/255 at 16,384 points of the canvas; 0 leaves all as it is. The file never grows. Layers that do
    not show, that are beside the canvas or of a kind that this version does not have stay as they are. Raises
    UsageError, DeviceError; DocumentError for a stack that cannot be saved."""
    check_tolerance(tolerance)
    if tolerance == 0:
        return stack
    from vecstack.device import resolve_device
    from vecstack.drawing.points import Grid
    from vecstack.drawing.sheets import picture_on

    chosen = resolve_device(device)
    before, canvas = size_of(stack), stack.canvas.rect
    points = Grid.about(canvas, CHECKED, chosen, MIN_CELL)
    sensitivities = _sensitivities(stack, Grid.about(canvas, _modelled_count(stack, points), chosen, MIN_CELL))
    colors = picture_on(stack, points)
    predicted = tolerance
    while True:
        rounded = _rounded(stack, sensitivities, _share(sensitivities, predicted))
        change = 255 * float((picture_on(rounded, points) - colors).square().mean()) ** 0.5
        if change <= tolerance:
            return rounded if size_of(rounded).file <= before.file else stack
        predicted *= min(BACK_OFF, tolerance / change)


@dataclass(frozen=True)
class _Sensitivity:
    """How the picture answers to one step of rounding of a layer: root mean square of the change in 1/255 by a step of
    1 in one of its numbers, for the numbers of its shape, its colour and its place; and how many numbers these are."""

    shape: float
    color: float
    place: float
    shape_count: int

    def steps(self, share: float) -> tuple[float, float, float]:
        """The coarsest steps of shape, colour and place at which one number changes the picture by `share`."""
        return (
            _step(share, self.shape, MAX_SHAPE),
            _step(share, self.color, MAX_COLOR),
            _step(share, self.place, MAX_PLACE),
        )

    def change(self, share: float) -> float:
        """Mean square of the change by all numbers of the layer."""
        shape, color, place = self.steps(share)
        return (
            self.shape_count * (self.shape * shape) ** 2
            + COLOR_NUMBERS * (self.color * color) ** 2
            + PLACE_NUMBERS * (self.place * place) ** 2
        )


def _step(share: float, sensitivity: float, most: float) -> float:
    """The coarsest step of the ladder up to `most` that changes the picture by no more than `share`; 0 if none."""
    return next((step for step in LADDER if step <= most and step * sensitivity <= share), 0.0)


def _share(sensitivities: dict[int, _Sensitivity], tolerance: float) -> float:
    """What each number may change so that all together change the picture by `tolerance`: errors of rounding are
    independent, so that their squares add, and the fewest digits are where each number has an equal share."""
    low, high = 0.0, tolerance
    for _ in range(20):
        middle = (low + high) / 2
        fits = sum(sensitivity.change(middle) for sensitivity in sensitivities.values()) <= tolerance**2
        low, high = (middle, high) if fits else (low, middle)
    return low


def _rounded(stack: Stack, sensitivities: dict[int, _Sensitivity], share: float) -> Stack:
    """The stack with the layers of the sensitivities rounded, its thumbnail kept."""
    whole = Affine.of_frame(stack.canvas.rect)
    layers = list(stack.layers)
    for index, sensitivity in sensitivities.items():
        shape, color, place = sensitivity.steps(share)
        layer = kind_of(layers[index]).rounded(layers[index], Steps(shape, color))
        layers[index] = dataclasses.replace(
            layer,
            opacity=to_step(layer.opacity, color) or layer.opacity,  # 0 would hide it
            transform=layer.transform if layer.transform == whole else _rounded_place(layer.transform, place),
        )
    return dataclasses.replace(stack, layers=tuple(layers))


def _rounded_place(transform: Affine, step: float) -> Affine:
    """The transform at multiples of a step, or as it is where its frame would become another."""
    new = Affine.of_rows([[to_step(number, step) for number in row] for row in transform.rows()])
    return new if abs(new.determinant / transform.determinant - 1) <= MAX_AREA_CHANGE else transform


def _modelled_count(stack: Stack, points: Grid) -> int:
    """At how many points of the canvas the change is predicted: more where layers are small."""
    from vecstack.drawing.sheets import shown_on

    layers_per_point = sum(box.count for _, _, box in shown_on(stack, points)) / points.box(None).count
    return CHECKED if layers_per_point == 0 else min(CHECKED, max(FEWEST, round(MODELLED / layers_per_point)))


@dataclass(frozen=True)
class _Trace:
    """A layer at the H x W points that it can cover, and the mean squares of what a step of 1 in a number of its shape
    and of its place changes there, as far as nothing lies above; each [H,W]. Without them where the layer is not to be
    rounded."""

    sheet: Sheet
    by_shape: Tensor | None = None
    by_place: Tensor | None = None
    shape_count: int = 0


def _sensitivities(stack: Stack, points: Grid) -> dict[int, _Sensitivity]:
    """How the picture at points answers to the numbers of each layer that shows and can be tuned, by its index."""
    import torch

    from vecstack.drawing.sheets import lights

    light = torch.ones_like(points.background(stack)[0])  # that the layers above let through
    traces = list(_traces(stack, points))
    found = {}
    for trace, (sheet, through) in zip(reversed(traces), lights([t.sheet for t in traces], light), strict=True):
        if trace.by_shape is None or trace.by_place is None:
            continue
        squares = torch.stack([trace.by_shape, sheet.alpha.square() / COLOR_NUMBERS, trace.by_place])
        seen = through.square() + 1 / through.numel()  # as if it showed fully at one more point: few tell little
        means = (seen * squares).sum((1, 2)) / light.numel()
        shape, color, place = (255 * UNIFORM * means.sqrt()).tolist()
        found[sheet.index] = _Sensitivity(shape, color, place, trace.shape_count)
    return found


def _traces(stack: Stack, points: Grid) -> Iterator[_Trace]:
    """The layers that show at points, lowest first."""
    from vecstack.drawing.sheets import Sheet, sheet_on, shown_on

    canvas, whole = points.backdrop(stack), Affine.of_frame(stack.canvas.rect)
    for index, layer, box in shown_on(stack, points):
        part, below = points.part(box), box.of(canvas)
        tunable = kind_of(layer).tunable([layer], stack.assets, part.xs.device)
        if tunable is None:
            sheet = sheet_on(index, layer, stack.assets, points, box)
            yield _Trace(sheet)
        else:
            sides = len(part.ys), len(part.xs)
            slopes = tunable.slopes(tunable.shapes, part.points, part.footprint)
            slopes = dataclasses.replace(slopes, by_alpha=slopes.by_alpha[:, : len(kind_of(layer).shape(layer))])
            mask = slopes.alpha.view(sides)
            rgb = tunable.colors[0][:, None, None] if slopes.rgb is None else slopes.rgb[0].view(3, *sides)
            sheet = Sheet(index, box, mask * layer.opacity, rgb)
            contrast = (rgb - below).square().mean(0) * layer.opacity**2
            steep = mask * 0 if layer.transform == whole else _steepness(layer, stack.assets, part, mask)
            yield _Trace(
                sheet,
                by_shape=_by_shape(slopes, contrast, (rgb - below) * layer.opacity, layer.opacity),
                by_place=contrast * steep * PLACE_GAIN,
                shape_count=slopes.by_alpha.shape[1],
            )
        sheet.lay(canvas)


def _by_shape(slopes: Slopes, contrast: Tensor, difference: Tensor, opacity: float) -> Tensor:
    """Mean square of what a step of 1 in a number of one layer's shape changes at the H x W points: [H,W]. Its contrast
    with what lies below as a mean square [H,W] and as a difference [3,H,W]."""
    sides = contrast.shape
    if slopes.by_rgb is None:
        return contrast * slopes.by_alpha[0].square().mean(0).view(sides)
    changes = slopes.by_alpha[0].view(-1, 1, *sides) * difference
    changes = changes + opacity * slopes.alpha[0].view(sides) * slopes.by_rgb[0].view(changes.shape)
    return changes.square().mean((0, 1))


def _steepness(layer: Layer, assets: Mapping[str, bytes], points: Grid, mask: Tensor) -> Tensor:
    """Mean square of what a canvas unit across and one down change in a layer's mask at points: [H,W]."""
    import torch

    from vecstack.drawing.points import Grid
    from vecstack.drawing.sheets import shade_on

    moved = Grid(points.xs + 1, points.ys), Grid(points.xs, points.ys + 1)
    return (torch.stack([shade_on(layer, assets, grid)[0] for grid in moved]) - mask).square().mean(0)
