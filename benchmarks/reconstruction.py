"""Measure how close a model comes to held-out pictures, beside PCA with as many numbers for a picture.

Held out is the last tenth of each class by file name, as in training; with --unseen, all of other pictures. PSNR is
given in both definitions: of the mean squared error over all pictures, and the mean of each picture's. A picture of T
layers takes T (K + 3) numbers, K of a code and 3 of a colour; beside it stands PCA with that many components, fitted on
the training part, its result clamped to 0..1. The mean picture and the components are not counted, as the model's
weights are not.

Pictures are kept at the recipe's stored side and reduced to its side by the anti-aliasing filter through which a model
sees every picture. --side reduces them by a box filter instead, which leaves them sharper and harder to draw.

--solve gives the predicted masks the colours that are best for them, as `decompose --effort sketch` does.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import torch
from _common import print_table, write_json
from _pca import CHUNK, Pca
from torch import Tensor, nn

from vecstack.kinds.mask.maker import MaskMaker
from vecstack.kinds.mask.model import Predictor, grid_points
from vecstack.kinds.mask.training import MaskTrainee
from vecstack.models import available_models, load_model
from vecstack.pictures.fit import fit_to_side
from vecstack.train.data import load_pictures
from vecstack.train.evaluate import counts_up_to, evaluate, score
from vecstack.train.recipe import load_recipe

POINTS = 256  # of all layers of one picture drawn at once: they fit the cache


class Solved(MaskTrainee):
    """What is drawn of a model's masks in the colours that are best for each count of layers."""

    @torch.no_grad()
    def draw(self, model: nn.Module, pictures: Tensor, counts: Sequence[int]) -> Iterator[Tensor]:
        predictor, side = cast(Predictor, model), pictures.shape[-1]
        points = torch.split(grid_points(side), POINTS)
        for picture in torch.split(pictures.float() / 255, 1):
            codes, colors = predictor.predict(fit_to_side(picture, self.side), counts[-1])
            canvases = []
            for count in counts:
                best = predictor.best_colors(picture, codes[:, :count], colors[:, :count])[0]
                drawn = torch.cat([predictor.draw(part, codes[:, :count], best)[:, -1:] for part in points], -1)
                canvases.append(drawn.view(1, 1, 3, side, side))
            yield torch.cat(canvases, 1)


def load_predictor(name: str) -> Predictor:
    maker = load_model(name, "cpu").maker
    if not isinstance(maker, MaskMaker):
        raise SystemExit(f"{name}: not a model of mask layers.")
    return maker.predictor


def sides_of(name: str, predictor: Predictor) -> tuple[int, int]:
    """Sides in pixels at which pictures are kept and measured: the recipe's beside the weights, or the encoder's."""
    published = {model.name: model.path for model in available_models()}
    path = published.get(name, Path(name))
    recipe = (path if path.is_dir() else path.parent) / "recipe.toml"
    if not recipe.is_file():
        return predictor.sizes.encoder.side, predictor.sizes.encoder.side
    data = load_recipe(recipe).data
    return data.stored_side, data.side


def reduce(pictures: Tensor, side: int) -> Tensor:
    """Pictures [N,3,H,W] uint8 at the side that is measured, by the filter through which a model sees them."""
    parts = [fit_to_side(part.float(), side).round().byte() for part in torch.split(pictures, CHUNK)]
    return torch.cat(parts)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="name or path of a model")
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="PATH", help="folders or zips")
    parser.add_argument("--unseen", type=Path, nargs="+", metavar="PATH", help="measure all of these pictures instead")
    parser.add_argument("--side", type=int, metavar="PX", help="reduce the pictures to this side by a box filter")
    parser.add_argument("--limit", type=int, metavar="N", help="measure about N held-out pictures, evenly chosen")
    parser.add_argument("--solve", action="store_true", help="in the colours that are best for the predicted masks")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there, too")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    predictor = load_predictor(arguments.model)
    stored, side = (arguments.side, arguments.side) if arguments.side else sides_of(arguments.model, predictor)
    training, held_out = load_pictures(arguments.data, stored)
    if arguments.unseen:
        held_out = torch.cat(load_pictures(arguments.unseen, stored))
    training, held_out = reduce(training, side), reduce(held_out, side)
    if arguments.limit:
        held_out = held_out[:: max(1, len(held_out) // arguments.limit)]
    trainee = Solved if arguments.solve else MaskTrainee
    scores = evaluate(trainee(predictor.sizes), predictor, held_out, counts_up_to(predictor.sizes.layers))
    pca = Pca(training, scores[-1].numbers)
    rows, results = [], []
    for ours in scores:
        numbers = ours.numbers
        theirs = score(pca.distances(held_out, numbers), ours.layers, numbers)
        figures = (ours.psnr_of_mean_error, ours.mean_psnr, theirs.psnr_of_mean_error, theirs.mean_psnr)
        rows.append([str(ours.layers), str(numbers), *(f"{figure:.2f}" for figure in figures)])
        results.append({"layers": ours.layers, "numbers": numbers, "model": ours.to_json(), "pca": theirs.to_json()})

    print_table(
        f"{arguments.model}: PSNR in dB on {len(held_out):,} unseen pictures of {side} px (PCA: {len(training):,})",
        ["layers", "numbers", "of mean error", "mean of pictures", "PCA: of mean error", "PCA: mean of pictures"],
        rows,
    )
    pictures = {"side": side, "held_out": len(held_out), "training": len(training)}
    write_json(arguments.json, {"model": arguments.model, "pictures": pictures, "scores": results})


if __name__ == "__main__":
    main()
