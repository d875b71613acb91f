"""How the generator of mask layers is trained and measured (see vecstack.train.trainee.Trainee)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from vecstack.errors import RecipeError, UsageError
from vecstack.kinds.mask.generator import (
    Generator,
    GeneratorSizes,
    check_generator,
    generator_to_bytes,
    load_generator,
)
from vecstack.kinds.mask.model import grid_points
from vecstack.kinds.weights import read_metadata

DRAWN_AT_ONCE = 64  # pictures; a layer of them is 65,536 points at 32 px


@dataclass(frozen=True)
class GeneratorTrainee:
    """A generator of mask layers in these sizes."""

    sizes: GeneratorSizes = GeneratorSizes()
    name = "a generator of mask layers"
    is_generator = True
    min_batch = 1
    width_key = "generator.encoder.width"

    @property
    def layers(self) -> int:
        return self.sizes.layers

    @property
    def side(self) -> int:
        return self.sizes.canvas_side

    def numbers(self, layers: int) -> int:
        return layers * (self.sizes.net.code + 3)

    def check(self, side: int) -> None:
        try:
            check_generator(self.sizes)
        except ValueError as error:
            raise RecipeError(f"generator.{error}") from error
        if side != self.side:
            raise RecipeError(f"generator.canvas_side must be data.side, not {self.side} and {side}.")

    def build(self) -> Generator:
        return Generator(self.sizes)

    def start_from(self, model: nn.Module, given: nn.Module) -> None:
        """The weights of a generator of the same sizes, or the net of a predictor whose net has them."""
        if isinstance(given, Generator) and given.sizes == self.sizes:
            model.load_state_dict(given.state_dict())
            return
        net = getattr(given, "net", None)
        if net is None or net.sizes != self.sizes.net:
            raise RecipeError("it must be a generator of the same sizes, or a model with the same net.")
        cast(Generator, model).net.load_state_dict(net.state_dict())

    def to_bytes(self, model: nn.Module) -> bytes:
        return generator_to_bytes(cast(Generator, model))

    def load(self, weights: bytes, device: torch.device | None) -> Generator:
        return load_generator(weights, read_metadata(weights)["sizes"], device).generator

    def sample(self, batch: Tensor, whole: bool, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """At all pixels in any case, since an adversary looks at neighbours."""
        noise = torch.randn(len(batch), self.sizes.passes, self.sizes.noise, generator=generator)
        return noise.to(batch.device), grid_points(batch.shape[-1], device=batch.device), batch.flatten(2)

    def costly_part(self, model: nn.Module) -> Callable[..., Any]:
        return cast(Generator, model).unroll

    def canvases(self, model: nn.Module, seen: Tensor, points: Tensor, costly_part: Callable[..., Any]) -> Tensor:
        drawn: Tensor = costly_part(seen)[2]
        return drawn

    @torch.no_grad()
    def draw(self, model: nn.Module, pictures: Tensor, counts: Sequence[int]) -> Iterator[Tensor]:
        """The same ones each time: of noise with a seed of its own."""
        if pictures.shape[-1] != self.side:
            raise UsageError(f"side must be {self.side}, the only one that this generator draws.", parameter="side")
        source = torch.Generator().manual_seed(0)
        for batch in torch.split(pictures, DRAWN_AT_ONCE):
            noise = torch.randn(len(batch), self.sizes.passes, self.sizes.noise, generator=source).to(pictures.device)
            canvases = cast(Generator, model).unroll(noise)[2][:, [count - 1 for count in counts]]
            yield canvases.view(*canvases.shape[:-1], self.side, self.side)
