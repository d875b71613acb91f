"""Ways of training a generator at equal seconds: `python benchmarks/adversaries.py RECIPE --data PATH --seconds 600`.

The recipe, and the same with one thing changed, each for as long from the same seed: the paper's loss in place of
the logistic one, more steps of the discriminator, the weights as they are in place of their running mean, one layer a
pass with what is drawn so far fed back in place of all in one. Printed is how far a thousand pictures of each are from
held-out ones (KID, on the features of the shipped model photos) and their spread."""

from __future__ import annotations

import argparse
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from _common import print_markdown

from vecstack.errors import UsageError
from vecstack.train.checkpoint import CHECKPOINT, WEIGHTS
from vecstack.train.data import load_pictures
from vecstack.train.loop import train
from vecstack.train.measured import measured
from vecstack.train.recipe import Recipe, load_recipe

PAPERS = {"adversary": "wasserstein", "gradient_penalty": 10.0}


def variants(recipe: Recipe) -> dict[str, Recipe]:
    """The recipe, and what is compared with it, by name."""
    trainee: Any = recipe.trainee
    one = replace(trainee, sizes=replace(trainee.sizes, layers_per_pass=1))
    return {
        "as it is": recipe,
        "WGAN-GP": replace(recipe, loss=replace(recipe.loss, **PAPERS)),
        "WGAN-GP, five steps of the critic": replace(
            recipe, loss=replace(recipe.loss, discriminator_steps=5, **PAPERS)
        ),
        "two steps of the discriminator": replace(recipe, loss=replace(recipe.loss, discriminator_steps=2)),
        "no running mean": replace(recipe, average_decay=0.0),
        "a layer a pass": replace(recipe, trainee=one),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path, help="a recipe of a generator that gives all layers in one pass")
    parser.add_argument("--data", nargs="+", type=Path, required=True, help="folders, zips or tars of pictures")
    parser.add_argument("--runs", type=Path, required=True, help="holds a folder for each training")
    parser.add_argument("--seconds", type=float, default=600, help="of each training (default %(default)s)")
    parser.add_argument("--only", nargs="+", help="some of them, by name")
    arguments = parser.parse_args()
    recipe = load_recipe(arguments.recipe)
    if not recipe.trainee.is_generator:
        raise UsageError(f"{arguments.recipe}: a recipe of {recipe.trainee.name}, not of a generator.")
    pictures = load_pictures(arguments.data, recipe.data.stored_side)
    chosen = {name: one for name, one in variants(recipe).items() if name in (arguments.only or variants(recipe))}
    title = f"{recipe.name}, {arguments.seconds:g} s each"
    rows = (_trained(name, one, pictures, arguments) for name, one in chosen.items())
    print_markdown(title, ("training", "steps", "KID", "spread", "layers unused"), rows)


def _trained(
    name: str, recipe: Recipe, pictures: tuple[torch.Tensor, torch.Tensor], arguments: argparse.Namespace
) -> tuple[str, ...]:
    """A row of the table: what a recipe comes to in the time; one that has its time is not trained again."""
    folder = arguments.runs / re.sub(r"\W+", "-", name)
    if not (folder / CHECKPOINT).exists():
        quiet = replace(recipe, evaluate_every=recipe.steps + 1)
        train(quiet, pictures, folder, time_limit_seconds=arguments.seconds)
    step = torch.load(folder / CHECKPOINT, weights_only=True)["step"]
    model = recipe.trainee.load((folder / WEIGHTS).read_bytes(), None)
    found = measured(recipe.trainee, model, pictures[1][:: math.ceil(len(pictures[1]) / 1_000)]).curves
    return name, f"{step:,}", f"{found['kid']:.4f}", f"{found['spread']:.0%}", f"{found['unused']:.0%}"


if __name__ == "__main__":
    main()
