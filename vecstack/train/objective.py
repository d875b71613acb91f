"""What a step minimises, as a module, so that it can be compiled and run in several processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from vecstack.kinds.mask.model import Predictor, fit_to_side, grid_points
from vecstack.train.baselines import Baseline
from vecstack.train.losses import distance
from vecstack.train.recipe import LossRecipe, Recipe


@dataclass(frozen=True)
class Sample:
    """Where a batch is drawn and compared: the target at the encoder's side [B,3,S,S], points [P,2] that form a square
    grid, row by row, and the truth there [B,3,P]."""

    target: Tensor
    points: Tensor
    truth: Tensor


def needs_whole_pictures(recipe: Recipe) -> bool:
    """Whether a loss looks at neighbouring pixels, or the model draws no less than all."""
    return bool(recipe.baseline or recipe.loss.adversarial or recipe.loss.perceptual)


def sample(recipe: Recipe, batch: Tensor, generator: torch.Generator) -> Sample:
    """A batch [B,3,S,S] at one pixel centre of each cell of the canvas grid, the same in all cells, another one at
    every step; or at all of them where the recipe needs whole pictures."""
    side = batch.shape[-1]
    grid = side if needs_whole_pictures(recipe) else recipe.model.canvas_side
    cell = side // grid
    row, column = torch.randint(cell, (2,), generator=generator).tolist()
    offset = ((column + 0.5) / cell - 0.5, (row + 0.5) / cell - 0.5)
    truth = batch[:, :, row::cell, column::cell].flatten(2)
    target = batch if recipe.baseline else fit_to_side(batch, recipe.model.encoder.side)
    return Sample(target, grid_points(grid, offset, batch.device), truth)


class Objective(nn.Module):
    """The distance of what a model draws from the truth. With a `mode` of torch.compile a baseline is compiled, or one
    pass of a predictor, whose passes are alike: all of them unrolled would take minutes. The model itself stays as it
    is."""

    def __init__(self, model: Predictor | Baseline, loss: LossRecipe, mode: str | None = None) -> None:
        super().__init__()
        self.model = model
        self.loss = loss
        self._draw: Callable[..., Any] = model.forward if isinstance(model, Baseline) else model.next_layers
        if mode is not None:
            self._draw = torch.compile(self._draw, mode=mode, dynamic=False)

    def forward(self, target: Tensor, points: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        """The loss, and what was drawn last, [B,3,P] (see Sample)."""
        if isinstance(self.model, Baseline):
            drawn = self._draw(target).flatten(2)
            return distance(drawn, truth, self.loss.absolute).mean(), drawn
        canvases = self.model.unroll(target, points, self.model.sizes.layers, self._draw)[2]
        errors = distance(canvases, truth[:, None], self.loss.absolute).mean((0, 2, 3))  # [T]
        earlier = errors[:-1].mean() if len(errors) > 1 else errors.new_zeros(())
        return errors[-1] + self.loss.canvas * earlier, canvases[:, -1]
