"""Measure training against a plain loop of the paper's method: samples a second, and the curve over the same batches.

The plain loop is written here from the paper (Sbai, Couprie, Aubry, ICIP 2020) in the way one would first write it:
float32, nothing compiled, torch.nn.GroupNorm on rows of 128 channels, every pixel of every picture drawn for every
layer, one layer after another. Both start from the same weights and see the same batches; the model's averaged weights
play no part. Held-out pictures are measured with the same code. --ours also takes what a recipe may choose: how many
layers a pass of the encoder predicts, on how fine a grid the loss is taken, bfloat16, torch.compile.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import asdict, replace
from pathlib import Path

import torch
from _common import print_table, write_json
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from vecstack.kinds.mask.encoder import EncoderSizes
from vecstack.kinds.mask.model import ModelSizes, Predictor, grid_points
from vecstack.kinds.mask.training import MaskTrainee
from vecstack.train.data import Examples, load_pictures
from vecstack.train.evaluate import compare, evaluate, score
from vecstack.train.loop import keep_freed_memory
from vecstack.train.objective import Objective, sample
from vecstack.train.recipe import DataRecipe, LossRecipe, Recipe

HELD_OUT = 200  # pictures measured at each point of the curve
POINTS = 6  # of the curve


class PlainMaskNet(nn.Module):
    """Table 3, a row for each point: [N, 2 + K] -> [N, 1]."""

    def __init__(self, code: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs in (2 + code, 128, 128):
            layers += [nn.Linear(inputs, 128), nn.GroupNorm(32, 128), nn.Tanh()]
        self.layers = nn.Sequential(*layers, nn.Linear(128, 1), nn.Sigmoid())

    def forward(self, rows: Tensor) -> Tensor:
        masks: Tensor = self.layers(rows)
        return masks


class PlainModel(nn.Module):
    """Eqs. 1 to 3: the encoder on target and canvas, then a mask for every pixel, T times."""

    def __init__(self, model: Predictor) -> None:
        super().__init__()
        self.encoder, self.code_head, self.color_head = model.encoder, model.code_head, model.color_head
        self.net = PlainMaskNet(model.sizes.net.code)
        ours, theirs = model.net, self.net.layers
        for index, (linear, norm) in enumerate(zip(ours.hidden, ours.norms, strict=True)):
            theirs[3 * index].load_state_dict(linear.state_dict())
            theirs[3 * index + 1].load_state_dict(norm.state_dict())
        theirs[9].load_state_dict(ours.output.state_dict())

    def forward(self, target: Tensor, layers: int) -> Tensor:
        count, _, side, _ = target.shape
        places = grid_points(side, device=target.device).expand(count, -1, -1)
        canvas = torch.zeros_like(target)
        for _ in range(layers):
            features = self.encoder(torch.cat([target, canvas.detach()], 1))
            code, color = self.code_head(features), torch.sigmoid(self.color_head(features))
            rows = torch.cat([places, code[:, None].expand(-1, side * side, -1)], 2)
            mask = self.net(rows.flatten(0, 1)).view(count, 1, side, side)
            canvas = canvas * (1 - mask) + color[:, :, None, None] * mask
        return canvas


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="PATH", help="folders or zips")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--layers", type=int, default=10)
    parser.add_argument("--side", type=int, default=32, help="side of a picture in pixels")
    parser.add_argument("--width", type=int, default=64, help="of the encoder: 64 is ResNet-18's")
    parser.add_argument("--blocks", type=int, default=2, help="of each of the encoder's stages: 2 is ResNet-18's")
    parser.add_argument("--layers-per-pass", type=int, default=1, help="ours: of the encoder")
    parser.add_argument("--canvas-side", type=int, default=16, help="ours: grid on which the loss is taken")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32", help="ours")
    parser.add_argument("--compile", action="store_true", help="ours")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there, too")
    return parser.parse_args()


def make_recipe(arguments: argparse.Namespace) -> Recipe:
    encoder = EncoderSizes(32, arguments.width, (arguments.blocks,) * 4, False)
    model = ModelSizes(arguments.layers, arguments.layers_per_pass, arguments.canvas_side, encoder=encoder)
    data = DataRecipe(arguments.side, arguments.side, flip=True)
    return Recipe(
        "benchmark",
        steps=arguments.steps,
        batch=arguments.batch,
        precision=arguments.precision,
        compile=arguments.compile,
        loss=LossRecipe(absolute=1.0),
        data=data,
        trainee=MaskTrainee(model),
    )


def sizes_of(recipe: Recipe) -> ModelSizes:
    assert isinstance(recipe.trainee, MaskTrainee)
    return recipe.trainee.sizes


class Plain:
    """The paper's method as one would first write it."""

    def __init__(self, recipe: Recipe, device: torch.device) -> None:
        self.layers = recipe.trainee.layers
        self.model = PlainModel(start_model(replace(sizes_of(recipe), layers_per_pass=1))).to(device)

    def loss(self, batch: Tensor) -> Tensor:
        return l1_loss(self.model(batch, self.layers), batch)

    @torch.no_grad()
    def psnr(self, held_out: Tensor) -> float:
        parts = [part.float() / 255 for part in held_out.split(20)]
        errors = [compare(self.model(part, self.layers), part) for part in parts]
        return score(errors, self.layers, 0).psnr_of_mean_error


class Ours:
    """vecstack's objective, as its loop calls it."""

    def __init__(self, recipe: Recipe, device: torch.device) -> None:
        keep_freed_memory()
        self.recipe, self.device = recipe, device
        self.model = start_model(sizes_of(recipe)).to(device)
        mode = "reduce-overhead" if device.type == "cuda" else "default"
        self.objective = Objective(recipe.trainee, self.model, recipe.loss, mode if recipe.compile else None)
        self.generator = torch.Generator().manual_seed(1)

    def loss(self, batch: Tensor) -> Tensor:
        at = sample(self.recipe, batch, self.generator)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.precision == "bfloat16"):
            loss: Tensor = self.objective(at.seen, at.points, at.truth)[0]
        return loss

    def psnr(self, held_out: Tensor) -> float:
        trainee = self.recipe.trainee
        return evaluate(trainee, self.model, held_out, [trainee.layers])[0].psnr_of_mean_error


def start_model(sizes: ModelSizes) -> Predictor:
    """A model with the starting weights that both loops share."""
    torch.manual_seed(0)
    return Predictor(sizes)


def run(trained: Plain | Ours, examples: Examples, held_out: Tensor, recipe: Recipe) -> tuple[float, list[float]]:
    """Seconds of a step (the least of the parts between two measurements), and held-out PSNR after each part."""
    parameters = list(trained.model.parameters())
    optimizer = torch.optim.Adam(parameters, recipe.learning_rate, betas=(0.9, recipe.second_moment_decay))
    part = math.ceil(recipe.steps / POINTS)
    seconds, curve = math.inf, []
    for _ in range(POINTS):
        began = time.perf_counter()
        for _ in range(part):
            optimizer.zero_grad(set_to_none=True)
            loss = trained.loss(examples.batch(recipe.batch))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, recipe.gradient_norm)
            optimizer.step()
        loss.item()  # waits for a GPU
        seconds = min(seconds, (time.perf_counter() - began) / part)
        curve.append(trained.psnr(held_out))
    return seconds, curve


def main() -> None:
    arguments = parse_arguments()
    recipe, device = make_recipe(arguments), torch.device(arguments.device)
    training, held_out = (part.to(device) for part in load_pictures(arguments.data, arguments.side))
    held_out = held_out[:: max(1, len(held_out) // HELD_OUT)]
    results = {}
    for name, way in (("plain", Plain), ("vecstack", Ours)):
        examples = Examples(training, recipe.data, torch.Generator().manual_seed(0))
        results[name] = run(way(recipe, device), examples, held_out, recipe)
    part = math.ceil(recipe.steps / POINTS)
    rows = [
        [name, f"{seconds:.3f}", f"{recipe.batch / seconds:.1f}", *(f"{value:.2f}" for value in curve)]
        for name, (seconds, curve) in results.items()
    ]
    columns = ["loop", "s/step", "samples/s", *(f"dB @ {part * (index + 1)}" for index in range(POINTS))]
    title = f"T = {arguments.layers}, K = 10, {arguments.side} px, batch {recipe.batch}, {device}"
    print_table(title, columns, rows)
    ratio = results["plain"][0] / results["vecstack"][0]
    print(f"vecstack trains {ratio:.1f} times the samples a second")
    written = {name: {"seconds": seconds, "psnr": curve} for name, (seconds, curve) in results.items()}
    write_json(arguments.json, {"title": title, "recipe": asdict(recipe), "ratio": ratio, "results": written})


if __name__ == "__main__":
    main()
