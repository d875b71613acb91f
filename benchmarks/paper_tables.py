"""Train and measure the cells of the paper's Tables 1 and 2 that the data allow, and print them beside the paper's.

Sbai, Couprie, Aubry, ICIP 2020. Each cell has a recipe in benchmarks/paper/, and --runs holds a folder of each, as
`vecstack train benchmarks/paper/CELL.toml --data ... --out RUNS/CELL` makes it; --train does that for the cells named,
or goes on with them. Cells without weights are left empty. Measured is the held-out part of the data given here, the
last tenth of each class, where the paper has 10,000 test pictures: the pictures are others, and so is Tiny ImageNet at
64 px from the paper's ImageNet at 128 px. All cells but the one "as printed" minimise L2, the paper L1. A training that
has not come to its last step, which the table shows, has not come to its figure either.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import torch
from _common import print_table, write_json

from vecstack.device import resolve_device
from vecstack.train.checkpoint import CHECKPOINT, WEIGHTS
from vecstack.train.evaluate import Score, load_part, load_subject
from vecstack.train.recipe import load_recipe

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


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, required=True, metavar="DIR", help="holds a folder for each cell")
    parser.add_argument("--cifar10", type=Path, nargs="+", metavar="PATH", help="folders, zips or tars of CIFAR-10")
    parser.add_argument("--imagenet", type=Path, nargs="+", metavar="PATH", help="the same of Tiny ImageNet")
    parser.add_argument("--train", nargs="+", default=[], metavar="CELL", choices=sorted(PAPER_DB))
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
    command = [sys.executable, "-m", "vecstack", "train", str(RECIPES / f"{cell}.toml"), "--resume"]
    command += [item for path in data for item in ("--data", str(path))]
    command += ["--out", str(arguments.runs / cell), "--time-limit", arguments.time_limit, "--device", arguments.device]
    subprocess.run(command, check=True)


def measure(cell: str, arguments: argparse.Namespace) -> tuple[int, Score] | None:
    """Steps of the cell's training and its score, or None where there is no training or no data."""
    folder, data = arguments.runs / cell, data_of(cell, arguments)
    if data is None or not (folder / CHECKPOINT).is_file():
        return None
    subject = load_subject(str(folder / WEIGHTS), arguments.device)
    pictures = load_part(data, "held-out", load_recipe(RECIPES / f"{cell}.toml").data, arguments.limit, print)
    step = torch.load(folder / CHECKPOINT, weights_only=True, map_location="cpu")["step"]
    return step, subject.scores(pictures.to(resolve_device(arguments.device)), [subject.layers])[0]


def main() -> None:
    arguments = parse_arguments()
    for cell in arguments.train:
        train(cell, arguments)
    rows, results = [], {}
    for cell, paper in PAPER_DB.items():
        measured = measure(cell, arguments)
        if measured is None:
            rows.append([cell, "", "", "", "", f"{paper:.2f}"])
            continue
        step, score = measured
        results[cell] = {"step": step, "paper_psnr": paper, **score.to_json()}
        ours = f"{score.psnr_of_mean_error:.2f}", f"{score.mean_psnr:.2f}", f"{score.ssim:.3f}"
        steps = load_recipe(RECIPES / f"{cell}.toml").steps
        rows.append([cell, f"{step:,} of {steps:,}", *ours, f"{paper:.2f}"])
    columns = ["cell", "steps", "PSNR of mean error", "mean PSNR", "SSIM", "paper's PSNR"]
    print_table("Held-out pictures, dB", columns, rows)
    write_json(arguments.json, {"cells": results})


if __name__ == "__main__":
    main()
