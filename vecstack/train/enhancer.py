"""How an enhancer is trained and measured: on pictures beside what the layers of a model draw of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import torch
from torch import Tensor, nn

from vecstack.enhancing.net import Enhancer, EnhancerSizes, check_enhancer
from vecstack.enhancing.weights import Made, enhancer_to_bytes, read_enhancer
from vecstack.errors import RecipeError, WeightsError
from vecstack.kinds.weights import MODEL, describe
from vecstack.models import DEFAULT_MODEL, find_weights
from vecstack.train.trainee import Trainee

MAX_SIDE = 512  # px
COLORS = 3  # channels of a picture; those after them are of its drawing
ENHANCED_AT_ONCE = 1 << 19  # pixels


@dataclass(frozen=True)
class EnhancerTrainee:
    """An enhancer of pictures of `side` pixels as a model (a name, a path or a Hub repository) draws them with all its
    layers, in these sizes; it learns from `pairs` pictures and their drawings, or from as many as there are, and is
    measured on a tenth as many that are held out."""

    of: str = DEFAULT_MODEL
    side: int = 64
    pairs: int = 2_000
    net: EnhancerSizes = EnhancerSizes()
    name = "an enhancer"
    is_generator = False
    layers = 0
    min_batch = 1
    width_key = "enhancer.net.width"

    def numbers(self, layers: int) -> int:
        """None of its own: they are the model's."""
        return 0

    def check(self, side: int) -> None:
        try:
            check_enhancer(self.net)
        except ValueError as error:
            raise RecipeError(f"enhancer.net.{error}") from error
        if not 1 <= self.side <= MAX_SIDE:
            raise RecipeError(f"enhancer.side must be 1 to {MAX_SIDE}, not {self.side}.")
        if self.pairs < 1:
            raise RecipeError("enhancer.pairs must be at least 1.")
        if side != self.side:
            raise RecipeError(f"enhancer.side must be data.side, not {self.side} and {side}.")

    def build(self) -> Enhancer:
        return Enhancer(self.net)

    def start_from(self, model: nn.Module, given: nn.Module) -> None:
        if not isinstance(given, Enhancer) or given.sizes != self.net:
            raise RecipeError("it must be an enhancer of the same sizes.")
        model.load_state_dict(given.state_dict())

    def to_bytes(self, model: nn.Module) -> bytes:
        drawing = drawing_of(self.of)
        return enhancer_to_bytes(cast(Enhancer, model), drawing.kind, Made(drawing.name, drawing.sha256, self.side))

    def load(self, weights: bytes, device: torch.device | None) -> Enhancer:
        return read_enhancer(weights, device)

    def sample(self, batch: Tensor, whole: bool, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Of pairs [B,6,S,S], all pixels in any case; the places are not asked for, and none."""
        return batch[:, COLORS:], batch.new_empty(0, 2), batch[:, :COLORS].flatten(2)

    def costly_part(self, model: nn.Module) -> Callable[..., Any]:
        return model.forward

    def canvases(self, model: nn.Module, seen: Tensor, points: Tensor, costly_part: Callable[..., Any]) -> Tensor:
        enhanced: Tensor = costly_part(seen)
        return enhanced.flatten(2)[:, None]

    @torch.no_grad()
    def draw(self, model: nn.Module, pictures: Tensor, counts: Sequence[int]) -> Iterator[Tensor]:
        """Of pairs [N,6,S,S] the drawings enhanced; of pictures, what the model draws of them. What is beyond 0..1 is
        cut off."""
        if pictures.shape[1] == COLORS:
            pictures = drawing_of(self.of).beside(pictures)
        for batch in torch.split(pictures[:, COLORS:], max(1, ENHANCED_AT_ONCE // pictures.shape[-1] ** 2)):
            yield model(batch.float() / 255).clamp(0, 1)[:, None]


@dataclass(frozen=True)
class Drawing:
    """A model whose layers are drawn: its name, the kind of its layers, the sha256 of its weights, and itself."""

    name: str
    kind: str
    sha256: str
    trainee: Trainee
    model: nn.Module

    @torch.no_grad()
    def beside(self, pictures: Tensor, go_on: Callable[[int], bool] = lambda _: True) -> Tensor:
        """Pictures [N,3,S,S] uint8 and, after their colours, what all layers draw of them: [N,6,S,S] uint8. `go_on` is
        told how many are done, and says whether the others are wanted; those that are not are left out."""
        model = self.model.to(pictures.device)
        drawn: list[Tensor] = []
        for batch in self.trainee.draw(model, pictures, [self.trainee.layers]):
            drawn.append((batch[:, 0] * 255).round().byte())
            if not go_on(sum(map(len, drawn))):
                break
        done = torch.cat(drawn)
        return torch.cat([pictures[: len(done)], done], 1)


@cache
def drawing_of(model: str) -> Drawing:
    """The model of a name, a path or a Hub repository, to draw its layers. Raises WeightsError: no such model, or one
    that does not draw layers of pictures."""
    name, data = find_weights(model)
    described = describe(data, model)
    if described.table != MODEL:
        raise WeightsError(f"{model}: draws no layers of pictures; use another model as enhancer.of.")
    try:
        trainee: Trainee = described.kind.trainee({MODEL: described.sizes})
        return Drawing(name, described.kind.name, hashlib.sha256(data).hexdigest(), trainee, trainee.load(data, None))
    except (RecipeError, WeightsError) as error:
        raise WeightsError(f"{model}: {error}") from error
