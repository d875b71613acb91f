"""How alike pictures of a generator are to real ones: `python benchmarks/generation.py MODEL --data PATH`.

Beside it, in one table, two references: the training pictures, which are real, and the same generator untrained. All
are compared with the held-out pictures, by the features of the shipped model photos: figures compare with one another
only. KID and FID are distances (see vecstack.train.likeness); precision is the share of pictures that lie among real
ones, recall the share of real ones that lie among them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from _common import print_markdown

from vecstack.errors import UsageError
from vecstack.kinds.weights import describe
from vecstack.models import find_weights
from vecstack.train.data import load_pictures
from vecstack.train.likeness import coverage, frechet_distance, kernel_distance, pictures_of_generator, seen_by
from vecstack.train.measured import SEES


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare pictures of a generator with real ones.")
    parser.add_argument("model", help="a generator: its name, weights file or folder")
    parser.add_argument("--data", nargs="+", type=Path, required=True, help="the pictures that it was trained on")
    parser.add_argument("--count", type=int, default=1_000, help="pictures of each kind at most (default %(default)s)")
    arguments = parser.parse_args()
    data = find_weights(arguments.model)[1]
    described = describe(data, arguments.model)
    trainee: Any = described.kind.trainee({described.table: described.sizes})
    if not trainee.is_generator:
        raise UsageError(f"{arguments.model} is no generator.")
    parts = load_pictures(arguments.data, trainee.side)
    training, held_out = (part[:: max(1, len(part) // arguments.count)][: arguments.count] for part in parts)
    torch.manual_seed(0)
    kinds = {
        "real": training.float() / 255,
        "generated": pictures_of_generator(trainee, trainee.load(data, None), held_out)[:, -1],
        "untrained": pictures_of_generator(trainee, trainee.build().eval(), held_out)[:, -1],
    }
    real = seen_by(SEES, held_out.float() / 255)
    title = f"{arguments.model}: {len(held_out):,} pictures of each kind beside as many held-out ones"
    columns = ("pictures", "KID", "FID", "precision", "recall")
    print_markdown(title, columns, (_row(name, pictures, real) for name, pictures in kinds.items()))


def _row(name: str, pictures: torch.Tensor, real: torch.Tensor) -> tuple[str, ...]:
    features = seen_by(SEES, pictures)
    covered = coverage(features, real)
    distances = kernel_distance(features, real), frechet_distance(features, real)
    return name, *(f"{value:.4f}" for value in distances), f"{covered.precision:.2f}", f"{covered.recall:.2f}"


if __name__ == "__main__":
    main()
