"""What a step minimises, as a module, so that it can be compiled and run in several processes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vecstack.pictures.fit import fit_to_side
from vecstack.train.data import as_seen
from vecstack.train.losses import distance
from vecstack.train.recipe import LossRecipe, Recipe
from vecstack.train.trainee import Trainee


@dataclass(frozen=True)
class Sample:
    """Where a batch is drawn and compared: what the model sees of it [B,3,S,S], points [P,2] that form a square grid,
    row by row, and the truth there [B,3,P]."""

    seen: Tensor
    points: Tensor
    truth: Tensor


def needs_whole_pictures(loss: LossRecipe) -> bool:
    """Whether a loss looks at neighbouring pixels."""
    return bool(loss.adversarial or loss.perceptual)


def sample(recipe: Recipe, batch: Tensor, generator: torch.Generator) -> Sample:
    """A batch [B,3,S,S] where its trainee compares pictures, other places at every step; or at all pixels where the
    recipe needs whole pictures."""
    seen, points, truth = recipe.trainee.sample(batch, needs_whole_pictures(recipe.loss), generator)
    if recipe.data.truth_side:
        seen = fit_to_side(as_seen(batch, recipe.data), recipe.trainee.side)
    return Sample(seen, points, truth)


class Objective(nn.Module):
    """The distance of what a model draws from the truth. With a `mode` of torch.compile the costly part of the model is
    compiled; the model itself stays as it is."""

    def __init__(self, trainee: Trainee, model: nn.Module, loss: LossRecipe, mode: str | None = None) -> None:
        super().__init__()
        self.trainee = trainee
        self.model = model
        self.loss = loss
        self._costly_part = trainee.costly_part(model)
        if mode is not None:
            self._costly_part = torch.compile(self._costly_part, mode=mode, dynamic=False)

    def forward(self, seen: Tensor, points: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        """The loss (0 of a generator, which has no truth), and what was drawn last, [B,3,P] (see Sample)."""
        canvases = self.trainee.canvases(self.model, seen, points, self._costly_part)
        if self.trainee.is_generator:
            return canvases.new_zeros(()), canvases[:, -1]
        errors = distance(canvases, truth[:, None], self.loss.absolute).mean((0, 2, 3))  # [T]
        earlier = errors[:-1].mean() if len(errors) > 1 else errors.new_zeros(())
        return errors[-1] + self.loss.canvas * earlier, canvases[:, -1]
