"""Levenberg's damped Gauss-Newton method for layers: shapes and colours that bring a drawing closer to a picture."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

import torch
from torch import Tensor

from vecstack.composite import over

# shapes [L,N] -> masks [L,P] in 0..1 and their slopes, the derivative of each mask by its own numbers [L,N,P]
Slopes = Callable[[Tensor], tuple[Tensor, Tensor]]

# Share of the mean curvature: least of 0.03, 0.1, 0.2 and 0.3 in error after 60 steps (docs/decisions.md).
DAMPING = 0.1
RATE, MOMENTUM = 0.5, 0.5  # of a step; together a full one, and past narrow valleys where a pure step stays
SHAPE_LIMIT, COLOR_LIMIT = 0.5, 0.2  # most that a number moves in a step: slopes tell little further away
SHAPE_RATE, COLOR_RATE, SHARED_RATE = 0.02, 0.005, 1e-3  # of Adam, falling to 0
SETTLING = 0.5  # last share of the steps, which become shorter


@dataclass(frozen=True)
class Numbers:
    """What is tuned: shapes [L,N], and colours [L,3] in 0..1, lowest layer first."""

    shapes: Tensor
    colors: Tensor


@dataclass(frozen=True)
class View:
    """What surrounds the tuned layers at P points: the colours aimed at [3,P], the canvas below them [3,P], the light
    that the layers above let through [P], and the colours that these add [3,P]."""

    target: Tensor
    below: Tensor
    through: Tensor
    above: Tensor

    @classmethod
    def bare(cls, target: Tensor, below: Tensor) -> View:
        """The view with nothing above."""
        return cls(target, below, torch.ones_like(target[0]), torch.zeros_like(target))


@dataclass(frozen=True)
class Drawing:
    """Masks [L,P] and colours composed in a view: what is missing to the target [3,P], and how the colours drawn answer
    to each mask [L,3,P] and to each colour [L,P]."""

    missing: Tensor
    by_mask: Tensor
    by_color: Tensor

    @property
    def error(self) -> float:
        """Mean squared error over points and channels."""
        return float(self.missing.square().mean())


def draw(masks: Tensor, colors: Tensor, view: View) -> Drawing:
    """The layers in their view: masks [L,P] times opacity, colours [L,3]."""
    canvas, below = view.below, []
    for mask, color in zip(masks, colors, strict=True):
        below.append(canvas)
        canvas = over(canvas, color[:, None], mask)
    through = torch.empty_like(masks)  # of the layers above each
    light = view.through
    for index in range(len(masks) - 1, -1, -1):
        through[index] = light
        light = light * (1 - masks[index])
    by_mask = through[:, None] * (colors[:, :, None] - torch.stack(below))
    return Drawing(view.target - view.above - view.through * canvas, by_mask, through * masks)


def gauss_newton(
    slopes: Slopes, start: Numbers, opacities: Tensor, view: View, steps: int
) -> Iterator[tuple[float, Numbers]]:
    """The mean squared error and its numbers, at the start (`start` itself) and after each step; opacities [L].

    A mask depends on a point through one value, so one backward pass gives its slope by all its numbers at all
    points. The normal equations of all layers together are then small and are solved exactly. Steps carry momentum
    and may lead uphill for a while: keep the `closest`."""
    numbers, shape_count = start, start.shapes.numel()
    velocity = start.shapes.new_zeros(shape_count + start.colors.numel())
    for step in range(steps + 1):
        shapes, colors = numbers.shapes, numbers.colors
        masks, by_shape = slopes(shapes)
        drawing = draw(masks * opacities[:, None], colors, view)
        yield drawing.error, numbers
        if step == steps:
            return
        wanted = _solve(*_normal_equations(drawing, by_shape * opacities[:, None, None]), shape_count)
        rate = RATE * min(1.0, (steps - step) / (SETTLING * steps))
        velocity = MOMENTUM * velocity + rate * wanted
        move, tint = velocity[:shape_count], velocity[shape_count:]
        move, tint = move.clamp(-SHAPE_LIMIT, SHAPE_LIMIT), tint.clamp(-COLOR_LIMIT, COLOR_LIMIT)
        velocity = torch.cat([move, tint])
        numbers = Numbers(shapes + move.view_as(shapes), (colors + tint.view_as(colors)).clamp(0, 1))


def closest(tries: Iterable[tuple[float, Numbers]], deadline: float | None = None) -> tuple[float, Numbers]:
    """The least of the errors and its numbers, the first where several are alike; none is tried past a deadline (by
    time.monotonic) but the first."""
    return min(_until(tries, deadline), key=itemgetter(0))


def _until(tries: Iterable[tuple[float, Numbers]], deadline: float | None) -> Iterator[tuple[float, Numbers]]:
    """The tries up to a deadline, one at the least."""
    for tried in tries:
        yield tried
        if deadline is not None and time.monotonic() >= deadline:
            return


def descend(
    masks: Callable[[Tensor], Tensor],
    start: Numbers,
    shared: Sequence[Tensor],
    opacities: Tensor,
    view: View,
    steps: int,
) -> Numbers:
    """Numbers after Adam's steps (Kingma, Ba, ICLR 2015) on them and, in place, on what all masks share: for what is
    too much to solve for. `masks` is differentiable, shapes [L,N] -> [L,P]."""
    shapes, colors = (tensor.clone().requires_grad_() for tensor in (start.shapes, start.colors))
    shared = [tensor.requires_grad_() for tensor in shared]
    rates = [{"params": [shapes], "lr": SHAPE_RATE}, {"params": [colors], "lr": COLOR_RATE}]
    adam = torch.optim.Adam([*rates, {"params": shared, "lr": SHARED_RATE}], betas=(0.9, 0.99))
    falling = torch.optim.lr_scheduler.LambdaLR(adam, lambda step: 1 - step / steps)
    for _ in range(steps):
        canvas = view.below
        for mask, color in zip(masks(shapes) * opacities[:, None], colors, strict=True):
            canvas = over(canvas, color[:, None], mask)
        error = (view.target - view.above - view.through * canvas).square().mean()
        adam.zero_grad()
        error.backward()  # type: ignore[no-untyped-call]
        adam.step()
        falling.step()
        with torch.no_grad():
            colors.clamp_(0, 1)
    for tensor in shared:
        tensor.requires_grad_(False)
    return Numbers(shapes.detach(), colors.detach())


def _normal_equations(drawing: Drawing, by_shape: Tensor) -> tuple[Tensor, Tensor]:
    """The Gauss-Newton matrix and the slope of the error downhill, by the shapes [L,N,P] and then the colours of all
    layers, over the count of values."""
    layers, numbers, points = by_shape.shape
    by_mask, by_color = drawing.by_mask, drawing.by_color  # a colour's slope is the same for every channel
    shape_count, color_count = layers * numbers, 3 * layers
    matrix = by_shape.new_zeros(shape_count + color_count, shape_count + color_count)
    matrix[:shape_count, :shape_count] = _among_shapes(by_mask, by_shape)
    among_colors = by_color @ by_color.T
    for channel in range(3):
        place = slice(shape_count + channel, None, 3)
        mixed = (by_shape @ (by_mask[:, channel, None] * by_color).transpose(1, 2)).reshape(shape_count, layers)
        matrix[:shape_count, place], matrix[place, :shape_count] = mixed, mixed.T
        matrix[place, place] = among_colors
    by_masks = (by_mask * drawing.missing).sum(1)
    downhill = torch.cat([(by_shape @ by_masks[:, :, None]).reshape(-1), (by_color @ drawing.missing.T).reshape(-1)])
    values = 3 * points
    return matrix.double() / values, downhill.double() / values


def _among_shapes(by_mask: Tensor, by_shape: Tensor) -> Tensor:
    """Products of how the colours answer to the shapes, summed over channels and points: [L,3,P] and [L,N,P] ->
    [L*N,L*N]."""
    if len(by_shape) == 1:  # the channels differ by a factor at each point: a third of the work
        weight = by_mask[0].square().sum(0)
        return (by_shape[0] * weight) @ by_shape[0].T
    jacobian = (by_mask[:, None] * by_shape[:, :, None]).reshape(by_shape.shape[0] * by_shape.shape[1], -1)
    return jacobian @ jacobian.T


def _solve(matrix: Tensor, downhill: Tensor, shape_count: int) -> Tensor:
    """The damped step. Shapes and colours have units of their own, and so a damping of their own; uniform over the
    layers, so that one that is hardly seen stays where it is."""
    curvature = torch.diagonal(matrix)
    damping = torch.empty_like(curvature)
    damping[:shape_count] = curvature[:shape_count].mean()
    damping[shape_count:] = curvature[shape_count:].mean()
    damped = matrix + torch.diag(DAMPING * damping + 1e-9)  # some, where nothing is seen at all
    step: Tensor = torch.linalg.solve(damped, downhill)
    return step.float()
