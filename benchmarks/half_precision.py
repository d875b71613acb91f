"""Measure what keeping weights in float16 costs: those in a training's checkpoint beside those in its weights file.

The checkpoint holds the averaged weights in float32, and the weights file the same in float16. Both are measured on
the same held-out pictures, computing in float32.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from _common import print_table, write_json

from vecstack.kinds.mask.maker import load_maker, weights_to_bytes
from vecstack.kinds.mask.model import Predictor
from vecstack.kinds.mask.training import MaskTrainee
from vecstack.kinds.weights import read_metadata
from vecstack.train.checkpoint import CHECKPOINT, WEIGHTS
from vecstack.train.evaluate import evaluate, load_part
from vecstack.train.recipe import load_recipe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="what `vecstack train --out` wrote")
    parser.add_argument("recipe", type=Path, help="the recipe it was trained with")
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="PATH", help="folders, zips or tars")
    parser.add_argument("--limit", type=int, metavar="N", help="measure about N held-out pictures, evenly chosen")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there, too")
    arguments = parser.parse_args()
    data = (arguments.folder / WEIGHTS).read_bytes()
    half: Predictor = load_maker(data, read_metadata(data)["sizes"], torch.device("cpu")).predictor
    full = Predictor(half.sizes)
    full.load_state_dict(torch.load(arguments.folder / CHECKPOINT, weights_only=True, map_location="cpu")["average"])
    if weights_to_bytes(full) != data:
        raise SystemExit(f"{arguments.folder}: the checkpoint and the weights are not of the same step.")
    recipe = load_recipe(arguments.recipe)
    pictures = load_part(arguments.data, "held-out", recipe.data, arguments.limit, lambda _: None)
    scores = {
        name: evaluate(MaskTrainee(half.sizes), model, pictures, [half.sizes.layers])[0]
        for name, model in (("float32", full), ("float16", half))
    }
    rows = [
        [name, f"{score.psnr_of_mean_error:.4f}", f"{score.mean_psnr:.4f}", f"{score.ssim:.5f}"]
        for name, score in scores.items()
    ]
    print_table(f"{len(pictures):,} held-out pictures", ["weights", "PSNR of mean error", "mean PSNR", "SSIM"], rows)
    write_json(arguments.json, {name: score.to_json() for name, score in scores.items()})


if __name__ == "__main__":
    main()
