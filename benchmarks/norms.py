"""Compare norms of the mask net: per point (vecstack's), over the raster, and none.

Each is trained for a few hundred steps from the same weights on the same batches, and measured on held-out pictures.
Then forward and backward of a training step, and of the norm alone, are timed: the least of several rounds in which
the candidates take turns, because other work on the machine only ever adds time.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from unittest import mock

import torch
from _common import print_table, write_json
from torch import Tensor, nn

from vecstack.kinds.mask.encoder import EncoderSizes
from vecstack.kinds.mask.model import ModelSizes
from vecstack.kinds.mask.net import GROUP_SIZE, NORM_EPSILON, MaskNet, NetSizes, PointNorm
from vecstack.kinds.mask.training import MaskTrainee
from vecstack.train.data import load_pictures
from vecstack.train.loop import Callbacks, train
from vecstack.train.objective import Objective, sample
from vecstack.train.recipe import DataRecipe, Recipe

SMALL_ENCODER = EncoderSizes(side=32, width=16, blocks=(1, 1, 1, 1), stem_pool=False)
RECIPES = {
    "digits": Recipe(
        "digits",
        learning_rate=1.5e-3,
        warmup_steps=50,
        average_decay=0.99,
        data=DataRecipe(side=28, stored_side=28),
        trainee=MaskTrainee(ModelSizes(layers=5, canvas_side=14, encoder=SMALL_ENCODER)),
    ),
    "photos": Recipe(
        "photos",
        learning_rate=1.5e-3,
        warmup_steps=50,
        average_decay=0.99,
        data=DataRecipe(side=32, stored_side=32, flip=True),
        trainee=MaskTrainee(ModelSizes(layers=8, canvas_side=16, encoder=SMALL_ENCODER)),
    ),
}
HELD_OUT = 250  # pictures that are measured: drawing them again and again should cost less than the training
COLUMNS = (128, 6272)  # channels and points of one layer in a digits step: 32 pictures of 14 x 14 points


class RasterNorm(nn.Module):
    """torch's group norm over all points of a layer's raster, then tanh: [channels, layers * points], as PointNorm."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(channels // GROUP_SIZE, channels, NORM_EPSILON)
        self.point_count = 1

    def forward(self, values: Tensor) -> Tensor:
        rasters = values.view(len(values), -1, self.point_count).transpose(0, 1)  # [L,C,P]
        return torch.tanh(self.norm(rasters)).transpose(0, 1).flatten(1)


class RasterNet(MaskNet):
    def __init__(self, sizes: NetSizes) -> None:
        super().__init__(sizes)
        self.norms = nn.ModuleList(RasterNorm(sizes.width) for _ in self.norms)

    def forward(self, points: Tensor, codes: Tensor) -> Tensor:
        for norm in cast(Iterable[RasterNorm], self.norms):
            norm.point_count = points.shape[1]
        return super().forward(points, codes)


class PlainNet(MaskNet):
    def __init__(self, sizes: NetSizes) -> None:
        super().__init__(sizes)
        self.norms = nn.ModuleList(nn.Tanh() for _ in self.norms)


NETS: dict[str, type[MaskNet]] = {"per point": MaskNet, "over the raster": RasterNet, "none": PlainNet}


def predictor(recipe: Recipe, net: type[MaskNet]) -> nn.Module:
    """A new model around that net; its other weights are the same for every net."""
    torch.manual_seed(recipe.seed)
    with mock.patch("vecstack.kinds.mask.model.MaskNet", net):
        return recipe.trainee.build()


def train_with(recipe: Recipe, net: type[MaskNet], pictures: tuple[Tensor, Tensor]) -> list[dict[str, Any]]:
    """The log of a training: held-out PSNR (of the mean error) by count of layers, every `evaluate_every` steps."""
    with tempfile.TemporaryDirectory() as folder, mock.patch("vecstack.kinds.mask.model.MaskNet", net):
        callbacks = Callbacks(lambda message: print(f"{net.__name__}: {message}", flush=True))
        train(recipe, pictures, Path(folder), callbacks=callbacks)
        return [json.loads(line) for line in (Path(folder) / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def step_of(recipe: Recipe, net: type[MaskNet]) -> Callable[[], None]:
    """Forward and backward of one training step."""
    model = predictor(recipe, net)
    batch = torch.rand(recipe.batch, 3, recipe.data.side, recipe.data.side)
    generator = torch.Generator()
    objective = Objective(recipe.trainee, model, recipe.loss)

    def step() -> None:
        at = sample(recipe, batch, generator)
        torch.autograd.backward(objective(at.seen, at.points, at.truth)[0])

    return step


def norm_candidates() -> dict[str, Callable[[], None]]:
    """Forward and backward of norm and tanh on the values of one layer, each on the axis order that suits it."""
    channels, points = COLUMNS
    fused, rows = PointNorm(channels), nn.GroupNorm(channels // GROUP_SIZE, channels, NORM_EPSILON)
    as_columns = torch.randn(channels, points, requires_grad=True)
    as_rows = torch.randn(points, channels, requires_grad=True)
    upstream = torch.randn(channels, points)

    def expression(values: Tensor) -> Tensor:
        grouped = values.view(-1, GROUP_SIZE, points)
        centred = grouped - grouped.mean(1, keepdim=True)
        normal = centred * (centred.square().mean(1, keepdim=True) + NORM_EPSILON).rsqrt()
        return torch.tanh(normal.view_as(values) * fused.weight[:, None] + fused.bias[:, None])

    return {
        "fused (PointNorm)": lambda: torch.autograd.backward(fused(as_columns), upstream),
        "plain expression": lambda: torch.autograd.backward(expression(as_columns), upstream),
        "nn.GroupNorm on rows, tanh": lambda: torch.autograd.backward(torch.tanh(rows(as_rows)), upstream.T),
    }


def least_seconds(candidates: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """The shortest time of each candidate; the first round only warms up."""
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds + 1):
        for name, run in candidates.items():
            began = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - began)
    return {name: min(values[1:]) for name, values in times.items()}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--data", type=Path, nargs="+", metavar="PATH", help="folders or zips of pictures")
    parser.add_argument("--recipe", choices=RECIPES, default="digits", help="the small training (default: digits)")
    parser.add_argument("--steps", type=int, default=600, help="steps of each training (default: 600)")
    parser.add_argument("--every", type=int, default=100, help="steps between measurements (default: 100)")
    parser.add_argument("--rounds", type=int, default=10, help="rounds of each timing (default: 10)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there, too")
    arguments = parser.parse_args()
    if not arguments.data and arguments.steps:
        parser.error("give --data PATH..., or --steps 0 for the times alone")
    return arguments


def main() -> None:
    arguments = parse_arguments()
    recipe = replace(RECIPES[arguments.recipe], steps=arguments.steps, evaluate_every=arguments.every)
    logs: dict[str, list[dict[str, Any]]] = {}
    if arguments.steps:
        training, held_out = load_pictures(arguments.data, recipe.data.stored_side)
        pictures = training, held_out[:: max(1, len(held_out) // HELD_OUT)]
        logs = {name: train_with(recipe, net, pictures) for name, net in NETS.items()}
        most = str(recipe.trainee.layers)
        steps = [entry["step"] for entry in logs["none"]]
        rows = [[name, *(f"{entry['psnr'][most]:.2f}" for entry in log)] for name, log in logs.items()]
        print_table(f"Held-out PSNR in dB, {recipe.name}, T = {most}, after steps", ["norm", *map(str, steps)], rows)
    step_seconds = least_seconds({name: step_of(recipe, net) for name, net in NETS.items()}, arguments.rounds)
    norm_seconds = least_seconds(norm_candidates(), 3 * arguments.rounds)
    threads = torch.get_num_threads()
    print_table(
        f"Forward and backward of a training step of {recipe.name}, {threads} threads",
        ["norm", "ms"],
        [[name, f"{1e3 * seconds:.0f}"] for name, seconds in step_seconds.items()],
    )
    print_table(
        f"Forward and backward of norm and tanh per point, {list(COLUMNS)}, {threads} threads",
        ["how", "ms"],
        [[name, f"{1e3 * seconds:.2f}"] for name, seconds in norm_seconds.items()],
    )
    result = {"recipe": recipe.name, "steps": recipe.steps, "threads": threads}
    write_json(arguments.json, {**result, "logs": logs, "step_seconds": step_seconds, "norm_seconds": norm_seconds})


if __name__ == "__main__":
    main()
