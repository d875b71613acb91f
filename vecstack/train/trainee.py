"""What can be trained.

The loop, its checkpoints, its log and `vecstack evaluate` know nothing of kinds of layer. A recipe names a kind
(`kind`, "mask" where it names none), and the kind reads the tables of the recipe that are its own, such as [model], and
gives a trainee: a frozen dataclass of sizes that says how such a model is built, drawn and written. It has no weights;
these are in the module that it builds and is given again. Kinds do not import this module: whatever has these members
is a trainee.

A picture is drawn in one or more layers, each of which leaves a canvas: the picture so far. A trainee may also draw
without layers, as the baselines of the paper do. It then has a single canvas, and its count of layers is 0."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn


class Trainee(Protocol):
    """A kind of model in certain sizes, to be trained and measured."""

    # What messages and limits need to know.

    @property
    def name(self) -> str:
        """What messages call it, with its article: "a baseline"."""

    @property
    def is_generator(self) -> bool:
        """Whether it sees noise instead of pictures, so that what it draws has no truth, only an adversary."""

    @property
    def layers(self) -> int:
        """How many layers it is trained to give; 0 where it draws without layers."""

    @property
    def side(self) -> int:
        """Side in pixels of the pictures that it is given."""

    @property
    def min_batch(self) -> int:
        """Fewest pictures that a process can train on at once."""

    @property
    def width_key(self) -> str:
        """The key of the recipe by which its weights grow most, such as model.encoder.width."""

    def numbers(self, layers: int) -> int:
        """How many numbers a picture becomes in so many layers (0 where it draws without)."""

    def check(self, side: int) -> None:
        """Raise RecipeError unless it can be trained on pictures of this side in pixels."""

    # Its weights.

    def build(self) -> nn.Module:
        """A new model, whose starting weights come from PyTorch's global generator."""

    def start_from(self, model: nn.Module, given: nn.Module) -> None:
        """Give a model the weights of another, which any trainee may have built. Raises RecipeError: their sizes do
        not fit."""

    def to_bytes(self, model: nn.Module) -> bytes:
        """The model as a weights file; the same model gives the same bytes."""

    def load(self, weights: bytes, device: torch.device | None) -> nn.Module:
        """The model in a weights file, in eval() and computing in float32. Raises WeightsError."""

    # A step of training.

    def sample(self, batch: Tensor, whole: bool, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """What a step needs of a batch [B,3,S,S] in 0..1: what the model sees of it (a generator: noise, [B,...]), the
        places [P,2] at which it is drawn (a square grid over [-1,1]^2, row by row), and the truth there, [B,3,P].
        `whole`: at all pixels."""

    def costly_part(self, model: nn.Module) -> Callable[..., Any]:
        """The function of a model that takes most of a step, and is worth compiling."""

    def canvases(self, model: nn.Module, seen: Tensor, points: Tensor, costly_part: Callable[..., Any]) -> Tensor:
        """Every canvas of what a step sees (see `sample`), the finished picture last: [B,T,3,P], with gradients.
        `costly_part` is the model's own, perhaps compiled."""

    # Measuring.

    def draw(self, model: nn.Module, pictures: Tensor, counts: Sequence[int]) -> Iterator[Tensor]:
        """Pictures [N,3,S,S] in 0..255 (uint8) as they are drawn with each count of layers, in rising order:
        [B,counts,3,S,S] in 0..1, as many pictures at a time as memory allows, all N in the end. The one count of a
        trainee without layers is 0. A generator draws as many pictures of its own. Raises UsageError for a side that
        it cannot draw."""
