"""Everything that trains and measures works with a trainee that no kind has: the protocol is all that it asks for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from vecstack.errors import RecipeError
from vecstack.train.checkpoint import start
from vecstack.train.loop import train
from vecstack.train.recipe import DataRecipe, LossRecipe, Recipe
from vecstack.train.trainee import Trainee


class Stripes(nn.Module):
    """Two layers, each a colour for all pictures: the first covers the left half, the second the right one."""

    def __init__(self) -> None:
        super().__init__()
        self.colors = nn.Parameter(torch.zeros(2, 3))

    def forward(self, points: Tensor) -> Tensor:
        """The canvases after each layer: points [P,2] -> [2,3,P]."""
        left = (points[:, 0] < 0).float()
        first = self.colors[0, :, None] * left
        return torch.stack([first, first + self.colors[1, :, None] * (1 - left)])


@dataclass(frozen=True)
class StripesTrainee:
    """Stripes as a trainee; nothing here is a subclass of anything."""

    name = "stripes"
    is_generator = False
    layers = 2
    side = 4
    min_batch = 3
    width_key = "stripes.width"

    def numbers(self, layers: int) -> int:
        return 3 * layers

    def check(self, side: int) -> None:
        if side % 2:
            raise RecipeError("data.side must be even.")

    def build(self) -> Stripes:
        return Stripes()

    def start_from(self, model: nn.Module, given: nn.Module) -> None:
        model.load_state_dict(given.state_dict())

    def to_bytes(self, model: nn.Module) -> bytes:
        return repr(model.state_dict()).encode()

    def load(self, weights: bytes, device: torch.device | None) -> Stripes:
        return Stripes()

    def sample(self, batch: Tensor, whole: bool, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        return batch, self.points(batch.shape[-1]), batch.flatten(2)

    def costly_part(self, model: nn.Module) -> Callable[..., Any]:
        return model.forward

    def canvases(self, model: nn.Module, seen: Tensor, points: Tensor, costly_part: Callable[..., Any]) -> Tensor:
        canvases: Tensor = costly_part(points)
        return canvases[None].expand(len(seen), -1, -1, -1)

    @torch.no_grad()
    def draw(self, model: nn.Module, pictures: Tensor, counts: Sequence[int]) -> Iterator[Tensor]:
        side = pictures.shape[-1]
        drawn = model(self.points(side))[[count - 1 for count in counts]].view(1, -1, 3, side, side)
        yield from drawn.expand(len(pictures), -1, -1, -1, -1).split(3)

    def points(self, side: int) -> Tensor:
        """Pixel centres, row by row: [side*side,2]."""
        centres = (torch.arange(side) + 0.5) * 2 / side - 1
        return torch.stack([centres.repeat(side), centres.repeat_interleave(side)], 1)


TRAINEE: Trainee = StripesTrainee()
RECIPE = Recipe(
    "stripes",
    steps=60,
    batch=4,
    learning_rate=0.1,
    warmup_steps=0,
    average_decay=0.5,
    evaluate_every=30,
    loss=LossRecipe(canvas=0.1),
    data=DataRecipe(8, 8),
    trainee=TRAINEE,
)


@pytest.fixture
def pictures() -> tuple[Tensor, Tensor]:
    """Pictures of a dark left and a bright right half."""
    training = torch.full((20, 3, 8, 8), 51, dtype=torch.uint8)
    training[..., 4:] = 204
    return training, training[:4]


def test_it_is_trained_logged_and_measured(pictures: tuple[Tensor, Tensor], tmp_path: Path) -> None:
    weights = train(RECIPE, pictures, tmp_path / "out")
    assert weights.read_bytes().startswith(b"OrderedDict")
    log = [json.loads(line) for line in (tmp_path / "out" / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [entry["step"] for entry in log] == [30, 60]
    assert log[-1]["psnr"]["2"] > 20 > log[-1]["psnr"]["1"]


@pytest.mark.slow
def test_it_resumes(pictures: tuple[Tensor, Tensor], tmp_path: Path) -> None:
    whole = train(RECIPE, pictures, tmp_path / "whole")
    train(RECIPE, pictures, tmp_path / "parts", stop_after=30)
    assert train(RECIPE, pictures, tmp_path / "parts", resume=True).read_bytes() == whole.read_bytes()


def test_its_smallest_batch_is_kept_by_its_name(pictures: tuple[Tensor, Tensor], tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="stripes needs a batch of 3 or more"):
        train(replace(RECIPE, batch=2), pictures, tmp_path / "out")


def test_a_state_knows_what_it_trains() -> None:
    assert start(RECIPE, None).trainee is TRAINEE
