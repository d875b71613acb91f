"""Levenberg's damped Gauss-Newton method for layers: shapes and colours that bring a drawing closer to a picture."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter

import torch
from torch import Tensor

from vecstack.composite import over, through
from vecstack.kinds.base import Slopes

# shapes [L,N] -> alpha [L,P] in 0..1, of layers of many colours rgb too, and their derivatives
SlopesAt = Callable[[Tensor], Slopes]

# Share of the mean curvature: least of 0.03, 0.1, 0.2 and 0.3 in error after 60 steps (docs/decisions.md).
DAMPING = 0.1
RATE, MOMENTUM = 0.5, 0.5  # of a step; together a full one, and past narrow valleys where a pure step stays
SHAPE_LIMIT, COLOR_LIMIT = 0.5, 0.2  # most that a number moves in a step: slopes tell little further away
SHAPE_RATE, COLOR_RATE, SHARED_RATE = 0.02, 0.005, 1e-3  # of Adam, falling to 0
MEMORY = 0.5  # share of what the parts before said of the curvature: each alone tells little
SETTLING = 0.5  # last share of the steps, which become shorter


@dataclass(frozen=True)
class Numbers:
    """What is tuned: shapes [L,N], and colours [L,3] in 0..1, lowest layer first; colours [L,0] of layers of many
    colours, which are all in their shapes."""

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

    def at(self, places: Tensor) -> View:
        """The view at some of its points, by index."""
        parts = (self.target, self.below, self.through, self.above)
        return View(*(part[..., places] for part in parts))


@dataclass(frozen=True)
class Drawing:
    """Layers composed in a view: what is missing to the target [3,P], and how the colours drawn answer to the alpha of
    each layer [L,3,P] and to its colour [L,P]."""

    missing: Tensor
    by_alpha: Tensor
    by_color: Tensor

    @property
    def error(self) -> float:
        """Mean squared error over points and channels."""
        return float(self.missing.square().mean())


@dataclass(frozen=True)
class Part:
    """Some of the points at which layers are fitted: what the layers are there, and what surrounds them."""

    slopes_at: SlopesAt
    view: View


def draw(alphas: Tensor, rgb: Tensor, view: View) -> Drawing:
    """The layers in their view: alphas [L,P] with their opacity, rgb [L,3,1] or [L,3,P]."""
    canvas, below = view.below, []
    for alpha, color in zip(alphas, rgb, strict=True):
        below.append(canvas)
        canvas = over(canvas, color, alpha)
    light = torch.stack(through(list(alphas), view.through))
    by_alpha = light[:, None] * (rgb - torch.stack(below))
    return Drawing(view.target - view.above - view.through * canvas, by_alpha, light * alphas)


def gauss_newton(
    parts: Sequence[Part], start: Numbers, opacities: Tensor, steps: int
) -> Iterator[tuple[float, Numbers]]:
    """The mean squared error and its numbers, at the start (`start` itself) and after each step; opacities [L]. Of
    several parts each step sees the next one, and the error is that of this part.

    A mask of a net depends on a point through one value, so one backward pass gives its slope by all its numbers at all
    points. The normal equations of all layers together are then small and are solved exactly. Steps carry momentum
    and may lead uphill for a while: keep the `closest`."""
    numbers, shape_count = start, start.shapes.numel()
    velocity = start.shapes.new_zeros(shape_count + start.colors.numel())
    mean = None  # of the curvature, over the last steps
    for step in range(steps + 1):
        part = parts[step % len(parts)]
        shapes, colors = numbers.shapes, numbers.colors
        slopes = part.slopes_at(shapes)
        rgb = colors[:, :, None] if slopes.rgb is None else slopes.rgb
        drawing = draw(slopes.alpha * opacities[:, None], rgb, part.view)
        yield drawing.error, numbers
        if step == steps:
            return
        by_shape = slopes.by_alpha * opacities[:, None, None]
        if slopes.by_rgb is None:
            matrix, downhill = _normal_equations(drawing, by_shape)
        else:
            matrix, downhill = _normal_equations_of_many_colors(drawing, by_shape, slopes.by_rgb)
        mean = matrix if mean is None or len(parts) == 1 else mean.lerp(matrix, 1 - MEMORY)
        wanted = _solve(mean, downhill, shape_count)
        rate = RATE * min(1.0, (steps - step) / (SETTLING * steps))
        velocity = MOMENTUM * velocity + rate * wanted
        move, tint = velocity[:shape_count], velocity[shape_count:]
        move, tint = move.clamp(-SHAPE_LIMIT, SHAPE_LIMIT), tint.clamp(-COLOR_LIMIT, COLOR_LIMIT)
        velocity = torch.cat([move, tint])
        numbers = Numbers(shapes + move.view_as(shapes), (colors + tint.view_as(colors)).clamp(0, 1))


def closest(
    tries: Iterable[tuple[float, Numbers]], deadline: float | None = None, parts: int = 1
) -> tuple[float, Numbers]:
    """The least of the errors and its numbers, the first where several are alike; none is tried past a deadline (by
    time.monotonic) but the first. Where steps see so many parts in turn, only errors of the first part are compared."""
    return min(islice(_until(tries, deadline), 0, None, parts), key=itemgetter(0))


def _until(tries: Iterable[tuple[float, Numbers]], deadline: float | None) -> Iterator[tuple[float, Numbers]]:
    """The tries up to a deadline, one at the least."""
    for tried in tries:
        yield tried
        if deadline is not None and time.monotonic() >= deadline:
            return


def descend(
    shade: Callable[[Tensor], tuple[Tensor, Tensor | None]],
    start: Numbers,
    shared: Sequence[Tensor],
    opacities: Tensor,
    view: View,
    steps: int,
) -> Numbers:
    """Numbers after Adam's steps (Kingma, Ba, ICLR 2015) on them and, in place, on what all masks share: for what is
    too much to solve for. `shade` is differentiable, shapes [L,N] -> alpha [L,P] and, of layers of many colours, rgb
    [L,3,P]."""
    shapes, colors = (tensor.clone().requires_grad_() for tensor in (start.shapes, start.colors))
    shared = [tensor.requires_grad_() for tensor in shared]
    rates = [{"params": [shapes], "lr": SHAPE_RATE}, {"params": [colors], "lr": COLOR_RATE}]
    adam = torch.optim.Adam([*rates, {"params": shared, "lr": SHARED_RATE}], betas=(0.9, 0.99))
    falling = torch.optim.lr_scheduler.LambdaLR(adam, lambda step: 1 - step / steps)
    for _ in range(steps):
        canvas = view.below
        alphas, rgb = shade(shapes)
        for alpha, color in zip(alphas * opacities[:, None], colors[:, :, None] if rgb is None else rgb, strict=True):
            canvas = over(canvas, color, alpha)
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
    by_alpha, by_color = drawing.by_alpha, drawing.by_color  # a colour's slope is the same for every channel
    shape_count, color_count = layers * numbers, 3 * layers
    matrix = by_shape.new_zeros(shape_count + color_count, shape_count + color_count)
    matrix[:shape_count, :shape_count] = _among_shapes(by_alpha, by_shape)
    among_colors = by_color @ by_color.T
    for channel in range(3):
        place = slice(shape_count + channel, None, 3)
        mixed = (by_shape @ (by_alpha[:, channel, None] * by_color).transpose(1, 2)).reshape(shape_count, layers)
        matrix[:shape_count, place], matrix[place, :shape_count] = mixed, mixed.T
        matrix[place, place] = among_colors
    by_alphas = (by_alpha * drawing.missing).sum(1)
    downhill = torch.cat([(by_shape @ by_alphas[:, :, None]).reshape(-1), (by_color @ drawing.missing.T).reshape(-1)])
    values = 3 * points
    return matrix.double() / values, downhill.double() / values


def _normal_equations_of_many_colors(drawing: Drawing, by_shape: Tensor, by_rgb: Tensor) -> tuple[Tensor, Tensor]:
    """The same of layers whose colours are in their shapes: derivatives of alpha [L,N,P] and of rgb [L,N,3,P]."""
    through_alpha = drawing.by_alpha[:, None] * by_shape[:, :, None]
    jacobian = (through_alpha + drawing.by_color[:, None, None] * by_rgb).flatten(0, 1).flatten(1)  # [L*N,3*P]
    values = jacobian.shape[1]
    return (jacobian @ jacobian.T).double() / values, (jacobian @ drawing.missing.reshape(-1)).double() / values


def _among_shapes(by_alpha: Tensor, by_shape: Tensor) -> Tensor:
    """Products of how the colours answer to the shapes, summed over channels and points: [L,3,P] and [L,N,P] ->
    [L*N,L*N]."""
    if len(by_shape) == 1:  # the channels differ by a factor at each point: a third of the work
        weight = by_alpha[0].square().sum(0)
        return (by_shape[0] * weight) @ by_shape[0].T
    jacobian = (by_alpha[:, None] * by_shape[:, :, None]).reshape(by_shape.shape[0] * by_shape.shape[1], -1)
    return jacobian @ jacobian.T


def _solve(matrix: Tensor, downhill: Tensor, shape_count: int) -> Tensor:
    """The damped step. Shapes and colours have units of their own, and so a damping of their own; uniform over the
    layers, so that one that is hardly seen stays where it is."""
    curvature = torch.diagonal(matrix)
    damping = torch.empty_like(curvature)
    damping[:shape_count] = curvature[:shape_count].mean()
    if len(curvature) > shape_count:
        damping[shape_count:] = curvature[shape_count:].mean()
    damped = matrix + torch.diag(DAMPING * damping + 1e-9)  # keeps the step finite where nothing is visible
    step: Tensor = torch.linalg.solve(damped, downhill)
    return step.float()
