"""Train and measure the cells of the paper's Tables 1 and 2 that the data allow, and print them beside the paper's.

Sbai, Couprie, Aubry, ICIP 2020. Each cell has a recipe in benchmarks/paper/, and --runs holds a folder of each, as
`vecstack train benchmarks/paper/CELL.toml --data ... --out RUNS/CELL` makes it; --train does that for the cells named,
or goes on with them. Cells without weights are left empty. Measured is the held-out part of the data given here, the
last tenth of each class, where the paper has 10,000 test pictures: the pictures are others, and so is Tiny ImageNet at
64 px from the paper's ImageNet at 128 px. All cells but the one "as printed" minimise L2, the paper L1. A training that
has seen fewer pictures than the paper's, 3 to 19 million, has not come to its figure either. Beside both stands PCA
with as many numbers a picture, fitted on the training part.

--small trains each cell as far as a CPU core can: a narrower encoder, the same for all (of ResNet-18's width one half,
and one block in place of two), batches of 16, a constant learning rate, so that a training may stop at any time. Layers
of 10 numbers start from `photos`, which has seen 340,000 pictures, none of them of CIFAR-10. Others start from nothing:
all layers in one pass of the encoder, compared at 8 x 8 points, where the paper has a pass for each layer.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch
from _common import print_table, write_json
from _pca import Pca
from torch import Tensor

from vecstack.device import resolve_device
from vecstack.text_file import read_toml
from vecstack.train.checkpoint import CHECKPOINT, WEIGHTS
from vecstack.train.evaluate import RECIPE, load_part, load_subject, score
from vecstack.train.recipe import DataRecipe, load_recipe

RECIPES = Path(__file__).parent / "paper"
PAPER_DB = {  # PSNR in Tables 1 and 2
    "cifar10-t05-k10": 20.04,
    "cifar10-t10-k05": 21.10,
    "cifar10-t10-k10": 22.36,
    "cifar10-t10-k10-as-printed": 22.36,
    "cifar10-t10-k20": 23.41,
    "cifar10-t20-k10": 24.15,
    "cifar10-130-mlp": 19.91,
    "cifar10-130-mlp-xy": 19.64,
    "cifar10-130-convt": 21.04,
    "cifar10-130-resnet": 18.88,
    "cifar10-260-mlp": 19.97,
    "cifar10-260-mlp-xy": 19.09,
    "cifar10-260-convt": 21.99,
    "cifar10-260-resnet": 19.47,
    "imagenet-t10-k10": 18.68,
    "imagenet-t20-k10": 19.83,
}
SMALL = {"batch": 16, "schedule": "constant", "average_decay": 0.995, "evaluate_every": 250}
ENCODER = {"width": 32, "blocks": [1, 1, 1, 1]}
POINTS_SIDE = 8
START, START_CODE = "photos", 10  # a shipped model, and the numbers of its layers
MOST_NUMBERS = 260  # a picture, of any cell


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, required=True, metavar="DIR", help="holds a folder for each cell")
    parser.add_argument("--cifar10", type=Path, nargs="+", metavar="PATH", help="folders, zips or tars of CIFAR-10")
    parser.add_argument("--imagenet", type=Path, nargs="+", metavar="PATH", help="the same of Tiny ImageNet")
    parser.add_argument("--train", nargs="+", default=[], metavar="CELL", choices=sorted(PAPER_DB))
    parser.add_argument("--small", action="store_true", help="train as far as a CPU core can")
    parser.add_argument("--time-limit", default="27m", help="for each cell that is trained")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--limit", type=int, metavar="N", help="measure about N held-out pictures, evenly chosen")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there, too")
    return parser.parse_args()


def data_of(cell: str, arguments: argparse.Namespace) -> list[Path] | None:
    paths: list[Path] | None = arguments.cifar10 if cell.startswith("cifar10") else arguments.imagenet
    return paths


def train(cell: str, arguments: argparse.Namespace) -> None:
    data = data_of(cell, arguments)
    if data is None:
        raise SystemExit(f"{cell}: give its data, --cifar10 or --imagenet.")
    recipe = RECIPES / f"{cell}.toml"
    if arguments.small:
        values = smaller(read_toml(recipe))
        recipe = arguments.runs / f"{cell}.toml"
        recipe.parent.mkdir(parents=True, exist_ok=True)
        recipe.write_text(to_toml(values), "utf-8")
    command = [sys.executable, "-m", "vecstack", "train", str(recipe), "--resume"]
    command += [item for path in data for item in ("--data", str(path))]
    command += ["--out", str(arguments.runs / cell), "--time-limit", arguments.time_limit, "--device", arguments.device]
    subprocess.run(command, check=True)


def smaller(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe with what --small changes."""
    trained = "model" if "model" in recipe else "baseline"
    part = {**recipe[trained], "encoder": {**recipe[trained]["encoder"], **ENCODER}}
    small = {**recipe, **SMALL, trained: part}
    if trained == "model" and part["net"]["code"] == START_CODE:
        small |= {"start_from": START, "warmup_steps": 20}
    elif trained == "model":
        part |= {"layers_per_pass": part["layers"], "canvas_side": POINTS_SIDE}
    small.pop("compile", None)
    return small


def to_toml(values: Mapping[str, Any], table: str = "") -> str:
    """TOML of text, numbers, lists and tables of these, which JSON writes in the same way."""
    lines = [f"[{table}]\n"] if table else []
    lines += [f"{key} = {json.dumps(value)}\n" for key, value in values.items() if not isinstance(value, dict)]
    inner = [(key, value) for key, value in values.items() if isinstance(value, dict)]
    return "".join(lines + [to_toml(value, f"{table}.{key}".strip(".")) for key, value in inner])


def measure(cell: str, arguments: argparse.Namespace) -> dict[str, Any] | None:
    """What a cell's training came to, or None where there is no training or no data."""
    folder, data = arguments.runs / cell, data_of(cell, arguments)
    if data is None or not (folder / CHECKPOINT).is_file():
        return None
    recipe = load_recipe(folder / RECIPE)
    subject = load_subject(str(folder / WEIGHTS), arguments.device)
    pictures = pictures_of(tuple(data), "held-out", recipe.data, arguments.limit)
    kept = torch.load(folder / CHECKPOINT, weights_only=True, map_location="cpu")
    ours = subject.scores(pictures.to(resolve_device(arguments.device)), [subject.layers])[0]
    theirs = score(pca(tuple(data), recipe.data).distances(pictures, ours.numbers), ours.layers, ours.numbers)
    return {
        "pictures": kept["step"] * recipe.batch,
        "seconds": round(kept["seconds"]),
        "model": ours.to_json(),
        "pca": theirs.to_json(),
        "paper_psnr": PAPER_DB[cell],
    }


@cache
def pca(data: tuple[Path, ...], recipe: DataRecipe) -> Pca:
    return Pca(pictures_of(data, "training", recipe, None), MOST_NUMBERS)


@cache
def pictures_of(data: tuple[Path, ...], part: str, recipe: DataRecipe, limit: int | None) -> Tensor:
    """The pictures of a part, which are the same for nearly all cells."""
    return load_part(data, part, recipe, limit, print)


def row_of(cell: str, measured: Mapping[str, Any] | None) -> list[str]:
    """A row of the table; a cell that was not trained has the paper's figure alone."""
    if measured is None:
        return [cell, *[""] * 7, f"{PAPER_DB[cell]:.2f}"]
    ours, theirs = measured["model"], measured["pca"]
    seen = f"{measured['pictures']:,}", f"{measured['seconds'] / 60:.0f}"
    figures = ours["psnr_of_mean_error"], ours["mean_psnr"]
    linear = theirs["psnr_of_mean_error"], measured["paper_psnr"]
    decibels = [f"{figure:.2f}" for figure in (*figures, *linear)]
    return [cell, str(ours["numbers"]), *seen, *decibels[:2], f"{ours['ssim']:.3f}", *decibels[2:]]


def main() -> None:
    arguments = parse_arguments()
    for cell in arguments.train:
        train(cell, arguments)
    measured = {cell: measure(cell, arguments) for cell in PAPER_DB}
    columns = ["cell", "numbers", "pictures seen", "minutes", "PSNR of mean error", "mean PSNR", "SSIM", "PCA", "paper"]
    print_table("Held-out pictures, dB", columns, [row_of(*item) for item in measured.items()])
    write_json(arguments.json, {"cells": {cell: found for cell, found in measured.items() if found}})


if __name__ == "__main__":
    main()
