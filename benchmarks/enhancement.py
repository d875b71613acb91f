"""How close plain and enhanced drawings come to pictures: `python benchmarks/enhancement.py MODEL --data PATH`.

PSNR, the distance that the encoder of the shipped model photos sees (which the enhancer may have been trained on), and,
with `--perceptual alex_shift_tolerant.pth` (of the package stlpips-pytorch 0.0.2), ST-LPIPS, which it was not.
`--sheet FILE.png` draws eight of the pictures: themselves, drawn, enhanced."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from _common import print_markdown
from _perceptual import StLpips
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from vecstack.errors import UsageError
from vecstack.kinds.weights import describe
from vecstack.models import find_weights
from vecstack.train.data import load_pictures
from vecstack.train.enhancer import COLORS, EnhancerTrainee, drawing_of
from vecstack.train.evaluate import compare, score
from vecstack.train.losses import load_perceptual
from vecstack.train.measured import SEES
from vecstack.train.pairs import evenly
from vecstack.train.recipe import trainee_of

SHOWN, ENLARGED = 8, 3  # pictures of the sheet, and how many times as large


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description="Compare plain and enhanced drawings with the pictures they are of.")
    parser.add_argument("model", help="an enhancer: its name, weights file or folder")
    parser.add_argument("--data", nargs="+", type=Path, required=True, help="the pictures that it was trained on")
    parser.add_argument("--count", type=int, default=200, help="held-out pictures at most (default %(default)s)")
    parser.add_argument("--perceptual", type=Path, metavar="FILE", help="alex_shift_tolerant.pth, for ST-LPIPS")
    parser.add_argument("--sheet", type=Path, metavar="FILE.png", help="draw eight of them")
    arguments = parser.parse_args()
    data = find_weights(arguments.model)[1]
    trainee = trainee_of(describe(data, arguments.model))
    if not isinstance(trainee, EnhancerTrainee):
        raise UsageError(f"{arguments.model} is no enhancer.")
    pairs = drawing_of(trainee.of).beside(evenly(load_pictures(arguments.data, trainee.side)[1], arguments.count))
    truth, plain = (part.float() / 255 for part in (pairs[:, :COLORS], pairs[:, COLORS:]))
    enhanced = torch.cat([batch[:, 0] for batch in trainee.draw(trainee.load(data, None), pairs, [0])])
    distances = {"distance seen": load_perceptual(SEES)}
    if arguments.perceptual:
        distances["ST-LPIPS"] = StLpips(arguments.perceptual)
    rows = [
        ("PSNR in dB", *(f"{score([compare(x, truth)], 0, 0).psnr_of_mean_error:.2f}" for x in (plain, enhanced)), "")
    ]
    for name, distance in distances.items():
        found = [float(distance(drawn, truth).mean()) for drawn in (plain, enhanced)]
        rows.append((name, *(f"{value:.4f}" for value in found), f"{found[1] / found[0] - 1:+.1%}"))
    title = f"{arguments.model}: {len(pairs):,} held-out pictures at {trainee.side} px"
    print_markdown(title, ("", "drawn", "enhanced", "change"), rows)
    if arguments.sheet:
        _sheet([part[:SHOWN] for part in (truth, plain, enhanced)]).save(arguments.sheet)


def _sheet(rows: list[Tensor]) -> Image.Image:
    """Pictures [N,3,S,S] in rows, each pixel a square."""
    whole = torch.cat([torch.cat(list(row), 2) for row in rows], 1)
    large = interpolate(whole[None], scale_factor=ENLARGED)[0]
    return Image.fromarray((large * 255).round().byte().permute(1, 2, 0).numpy())


if __name__ == "__main__":
    main()
