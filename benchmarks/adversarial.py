"""What an adversarial term does to reconstructions: `python benchmarks/adversarial.py RECIPE --data PATH --runs DIR`.

Fig. 9 of Sbai, Couprie, Aubry, ICIP 2020: the same model, trained with several weights lambda of the adversarial loss
(eq. 7), draws held-out pictures. With --train each of them is trained up to --steps, or goes on, all from the same
weights: those of a first training of --base-steps without an adversary. Printed is how close the pictures come (PSNR of
the mean error) and how sharp they are: the energy of their gradients beside that of the originals, so that 1 is as
sharp. --sheet draws some of them: the original on the left, then lambda by lambda."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import torch
from _common import print_markdown
from PIL import Image
from torch import Tensor

from vecstack.train.checkpoint import WEIGHTS
from vecstack.train.data import load_pictures
from vecstack.train.evaluate import compare, score
from vecstack.train.loop import Callbacks, train
from vecstack.train.recipe import Recipe, load_recipe

LAMBDAS = (0.0, 0.01, 0.03, 0.1, 0.3)
PICTURES, SIDE_PX = 8, 128  # of the sheet: rows, and the side of a picture in pixels


def main() -> None:
    parser = argparse.ArgumentParser(description="Train and compare reconstructions with an adversarial term.")
    parser.add_argument("recipe", type=Path, help="the recipe whose loss.adversarial is varied")
    parser.add_argument("--data", nargs="+", type=Path, required=True, help="folders, zips or tars of pictures")
    parser.add_argument("--runs", type=Path, required=True, help="holds a folder for each lambda")
    parser.add_argument("--lambdas", nargs="+", type=float, default=LAMBDAS, help="weights of the adversarial loss")
    parser.add_argument("--train", action="store_true", help="train each of them, or go on")
    parser.add_argument("--base-steps", type=int, default=4_000, help="without an adversary (default %(default)s)")
    parser.add_argument("--steps", type=int, default=2_000, help="with each lambda (default %(default)s)")
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="draw some held-out pictures there")
    arguments = parser.parse_args()
    recipe = load_recipe(arguments.recipe)
    pictures = load_pictures(arguments.data, recipe.data.stored_side)
    if arguments.train:
        _train_all(recipe, pictures, arguments)
    missing = [str(weight) for weight in arguments.lambdas if not (arguments.runs / _name(weight) / WEIGHTS).exists()]
    if missing:
        sys.exit(f"{arguments.runs}: nothing trained with lambda {', '.join(missing)}; add --train.")
    drawn = {weight: _drawn(recipe, arguments.runs / _name(weight), pictures[1]) for weight in arguments.lambdas}
    truth = pictures[1].float() / 255
    title = f"{recipe.name}: {len(truth):,} held-out pictures"
    rows = [(f"{weight:g}", *_measured(canvases, truth)) for weight, canvases in drawn.items()]
    print_markdown(title, ("lambda", "PSNR, dB", "sharpness"), rows)
    if arguments.sheet:
        _draw([truth, *drawn.values()], arguments.sheet)


def _name(weight: float) -> str:
    return f"lambda-{weight:g}"


def _train_all(recipe: Recipe, pictures: tuple[Tensor, Tensor], arguments: argparse.Namespace) -> None:
    """The training without an adversary, then those with each lambda, which start from it."""
    without = replace(recipe, steps=arguments.base_steps, loss=replace(recipe.loss, adversarial=0.0))
    base = arguments.runs / "base"
    callbacks = Callbacks(say=lambda line: print(line, flush=True))
    train(without, pictures, base, resume=True, callbacks=callbacks)
    for weight in arguments.lambdas:
        print(f"lambda {weight:g}", flush=True)
        changed = replace(
            recipe,
            steps=arguments.steps,
            start_from=str(base / WEIGHTS),
            loss=replace(recipe.loss, adversarial=weight),
        )
        train(changed, pictures, arguments.runs / _name(weight), resume=True, callbacks=callbacks)


def _drawn(recipe: Recipe, folder: Path, pictures: Tensor) -> Tensor:
    """Pictures [N,3,S,S] uint8 as a trained model draws them, [N,3,S,S] in 0..1."""
    trainee = recipe.trainee
    model = trainee.load((folder / WEIGHTS).read_bytes(), None)
    return torch.cat([canvases[:, -1] for canvases in trainee.draw(model, pictures, [trainee.layers])])


def _measured(drawn: Tensor, truth: Tensor) -> tuple[str, str]:
    """PSNR, and the energy of gradients beside the truth's."""
    psnr = score([compare(drawn, truth)], 0, 0).psnr_of_mean_error
    return f"{psnr:.2f}", f"{_energy(drawn) / _energy(truth):.2f}"


def _energy(pictures: Tensor) -> float:
    """The sum of the squared differences of neighbouring pixels."""
    return float(sum(pictures.double().diff(dim=axis).square().sum() for axis in (-2, -1)))


def _draw(columns: list[Tensor], path: Path) -> None:
    """A sheet: a row for each of some pictures, evenly chosen."""
    chosen = torch.arange(PICTURES) * len(columns[0]) // PICTURES
    rows = torch.cat([torch.cat(list(column[chosen]), 1) for column in columns], 2)  # [3,PICTURES*S,columns*S]
    sheet = Image.fromarray((255 * rows).round().byte().permute(1, 2, 0).numpy())
    sheet.resize((len(columns) * SIDE_PX, PICTURES * SIDE_PX), Image.Resampling.NEAREST).save(path)


if __name__ == "__main__":
    main()
