"""The adversary: a discriminator of patches that learns beside what is trained (eqs. 5 to 7 of the paper)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from vecstack.errors import ShapeError
from vecstack.train.losses import check_pictures
from vecstack.train.recipe import (
    DISCRIMINATOR_WIDTH,
    MAX_DISCRIMINATOR_LAYERS,
    MIN_DISCRIMINATOR_LAYERS,
    LossRecipe,
    smallest_side,
)

TINY_VARIANCE = 1e-8  # whose root has a slope
MAX_GROWTH = 8  # how many times as many those after have at most
ADVERSARIAL_DECAYS = (0.0, 0.9)  # Adam's betas for a discriminator (Gulrajani et al., NIPS 2017)


class PatchDiscriminator(nn.Module):
    """How real each patch of a picture looks: [B,3,H,W] in 0..1 -> scores [B,1,h,w], without bounds. `layers`
    convolutions of 4 x 4 pixels, the last two of stride 1 and those before of stride 2: 3 see patches of 16 px, 5 of
    70 px. The first has `width` channels, each after it twice as many, up to eight times. After Isola et al., CVPR
    2017, without their batch norm: the gradient penalty is of one picture, which must not depend on its neighbours in
    the batch; a norm over a picture would in turn tie its patches to each other.

    With a `group` it does see neighbours: how much each so many pictures in a row differ, as one more channel before
    the last convolution (Karras et al., ICLR 2018). Pictures that are all alike give themselves away. Raises
    ValueError unless 2 <= layers <= 8, and ShapeError for pictures below `smallest_side`, and for a count of them that
    is no multiple of the group."""

    def __init__(self, layers: int, width: int = DISCRIMINATOR_WIDTH, group: int = 0) -> None:
        super().__init__()
        if not MIN_DISCRIMINATOR_LAYERS <= layers <= MAX_DISCRIMINATOR_LAYERS:
            raise ValueError(
                f"a discriminator has {MIN_DISCRIMINATOR_LAYERS} to {MAX_DISCRIMINATOR_LAYERS} layers, not {layers}."
            )
        self.smallest_side = smallest_side(layers)
        channels = [3, *(width * min(1 << index, MAX_GROWTH) for index in range(layers - 1))]
        modules: list[nn.Module] = []
        for index, (inputs, outputs) in enumerate(itertools.pairwise(channels)):
            stride = 2 if index < layers - 2 else 1
            modules += [nn.Conv2d(inputs, outputs, 4, stride, 1), nn.LeakyReLU(0.2)]
        self.group = group
        self.convolutions = nn.Sequential(*modules)
        self.last = nn.Conv2d(channels[-1] + bool(group), 1, 4, 1, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        check_pictures(pictures, self.smallest_side, "a discriminator")
        features: Tensor = self.convolutions(2 * pictures - 1)
        if self.group:
            features = torch.cat([features, _spread(features, self.group)], 1)
        scores: Tensor = self.last(features)
        return scores


def _spread(features: Tensor, group: int) -> Tensor:
    """How much the features [B,C,h,w] of each `group` pictures in a row differ: their standard deviation in the mean of
    channels and places, [B,1,h,w]. Raises ShapeError."""
    if len(features) % group:
        raise ShapeError(f"{len(features)} pictures are not in groups of {group}")
    grouped = features.view(-1, group, *features.shape[1:])
    deviation = (grouped.var(1, correction=0) + TINY_VARIANCE).sqrt().mean((1, 2, 3))
    return deviation.repeat_interleave(group)[:, None, None, None].expand(-1, 1, *features.shape[2:])


def gradient_penalty(discriminator: nn.Module, real: Tensor, fake: Tensor, generator: torch.Generator) -> Tensor:
    """Mean of (|gradient of D| - 1)^2, each at a random point between a real and a fake picture; D is the mean score
    of a picture, its gradient taken over all its values: real and fake [B,3,H,W] -> a scalar whose gradient reaches
    the discriminator's weights. The last term of eq. 5 of Sbai, Couprie, Aubry, ICIP 2020, without gamma, after
    Gulrajani et al., NIPS 2017. Raises ShapeError."""
    if real.shape != fake.shape:
        raise ShapeError(f"real pictures are {list(real.shape)}, fake ones {list(fake.shape)}; they must be pairs")
    shares = torch.rand(len(real), 1, 1, 1, generator=generator, device=generator.device).to(real)
    points = torch.lerp(real.detach(), fake.detach(), shares).requires_grad_()
    scores = discriminator(points).flatten(1).mean(1)  # [B]
    (gradients,) = torch.autograd.grad(scores.sum(), points, create_graph=True)
    penalty: Tensor = (gradients.flatten(1).norm(dim=1) - 1).square().mean()
    return penalty


def discriminator_loss(
    discriminator: nn.Module, real: Tensor, fake: Tensor, gamma: float, generator: torch.Generator
) -> Tensor:
    """What a discriminator minimises (eq. 5): real and fake pictures [B,3,H,W], of which the fake ones are taken as
    they are -> a scalar. Raises ShapeError."""
    penalty = gradient_penalty(discriminator, real, fake, generator)
    scores: Tensor = discriminator(fake.detach()).mean() - discriminator(real).mean()
    return scores + gamma * penalty


def adversarial_loss(discriminator: nn.Module, fake: Tensor) -> Tensor:
    """What a generator minimises (eq. 6, without lambda): fake pictures [B,3,H,W] -> a scalar."""
    score: Tensor = discriminator(fake).mean()
    return -score


def logistic_discriminator_loss(discriminator: nn.Module, real: Tensor, fake: Tensor, gamma: float) -> Tensor:
    """What a discriminator minimises that says how likely a patch is real (Goodfellow et al., NIPS 2014), with
    gamma / 2 times the mean squared gradient of a picture's mean score at real pictures (R1 of Mescheder et al., ICML
    2018): real and fake pictures [B,3,H,W], of which the fake ones are taken as they are -> a scalar. Raises
    ShapeError."""
    points = real.detach().requires_grad_()
    scores = discriminator(points)
    (gradients,) = torch.autograd.grad(scores.flatten(1).mean(1).sum(), points, create_graph=True)
    penalty = gradients.flatten(1).square().sum(1).mean()
    return softplus(discriminator(fake.detach())).mean() + softplus(-scores).mean() + gamma / 2 * penalty


def logistic_loss(discriminator: nn.Module, fake: Tensor) -> Tensor:
    """What a generator minimises against it, the form that does not saturate: fake pictures [B,3,H,W] -> a scalar."""
    return softplus(-discriminator(fake)).mean()


class Adversary:
    """A discriminator in training. Its initial weights come from PyTorch's global generator; `device` is where it and
    its pictures (float32, 0..1) are. Raises ValueError for a count of layers that no discriminator has."""

    def __init__(self, recipe: LossRecipe, device: torch.device | None = None) -> None:
        self.recipe = recipe
        self.discriminator = PatchDiscriminator(
            recipe.discriminator_layers, recipe.discriminator_width, recipe.discriminator_group
        ).to(device)
        self.optimizer = torch.optim.Adam(
            self.discriminator.parameters(), recipe.discriminator_rate, betas=ADVERSARIAL_DECAYS
        )

    def step(
        self,
        real: Tensor,
        fake: Tensor,
        generator: torch.Generator,
        average_gradients: Callable[[Iterable[Tensor]], None] = lambda _: None,
    ) -> Tensor:
        """Loss of the discriminator (eq. 5, or logistic) on real and fake pictures [B,3,H,W], before the one update on
        it; nothing reaches what drew the fake ones. `average_gradients` is called before the update, for processes that
        train together. Raises ShapeError."""
        gamma = self.recipe.gradient_penalty
        if self.recipe.adversary == "logistic":
            loss = logistic_discriminator_loss(self.discriminator, real, fake, gamma)
        else:
            loss = discriminator_loss(self.discriminator, real, fake, gamma, generator)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        average_gradients(self.discriminator.parameters())
        self.optimizer.step()
        return loss.detach()

    def loss(self, fake: Tensor) -> Tensor:
        """Loss of what drew the fake pictures [B,3,H,W] (eq. 6, without lambda, or logistic): a scalar whose gradient
        reaches only them, since the discriminator's weights are not the generator's to move. Raises ShapeError."""
        self.discriminator.requires_grad_(False)
        try:
            of = logistic_loss if self.recipe.adversary == "logistic" else adversarial_loss
            return of(self.discriminator, fake)
        finally:
            self.discriminator.requires_grad_(True)

    def state_dict(self) -> dict[str, Any]:
        """All that a checkpoint needs for a training to go on: tensors, numbers, and dictionaries and lists of them."""
        return {"discriminator": self.discriminator.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave. Raises KeyError, RuntimeError or ValueError for another one's."""
        self.discriminator.load_state_dict(state["discriminator"])
        self.optimizer.load_state_dict(state["optimizer"])


def adversary(recipe: LossRecipe, device: torch.device | None = None) -> Adversary | None:
    """The adversary that a recipe asks for, or None where its adversarial loss weighs nothing. Raises ValueError."""
    return Adversary(recipe, device) if recipe.adversarial > 0 else None
