"""What is measured of a model while it trains: how close its pictures come to held-out ones, or how alike they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from vecstack.train.enhancer import COLORS, EnhancerTrainee
from vecstack.train.evaluate import compare, counts_up_to, evaluate, score
from vecstack.train.likeness import BATCH, kernel_distance, pictures_of_generator, seen_by
from vecstack.train.losses import load_perceptual
from vecstack.train.trainee import Trainee

SEES = "photos"  # the model whose encoder says what pictures have in common
COLLAPSED = 0.2  # of the held-out pictures' spread, below which drawn ones are all but alike
UNUSED = 1 / 255  # change of the canvas, in the mean of a picture, below which a layer is not used


@dataclass(frozen=True)
class Measured:
    """What was measured: as it is logged, as curves, and as one reads it."""

    logged: dict[str, Any]
    curves: dict[str, float]
    line: str


def measured(trainee: Trainee, model: nn.Module, held_out: Tensor) -> Measured:
    """What there is to measure of a model, beside held-out pictures [N,3,S,S] uint8 (of an enhancer, pairs)."""
    if isinstance(trainee, EnhancerTrainee):
        return _of_enhancer(trainee, model, held_out)
    return _of_generator(trainee, model, held_out) if trainee.is_generator else _of_pictures(trainee, model, held_out)


def _of_pictures(trainee: Trainee, model: nn.Module, held_out: Tensor) -> Measured:
    """How close it comes to the pictures, for some counts of its layers."""
    scores = evaluate(trainee, model, held_out, counts_up_to(trainee.layers))
    psnr = {score.layers: round(score.psnr_of_mean_error, 3) for score in scores}
    by_layers = psnr if len(psnr) > 1 else next(iter(psnr.values()))
    curves = {f"psnr/{layers}": value for layers, value in psnr.items()}
    return Measured({"psnr": psnr}, curves, f"held-out dB by layers {by_layers}")


@torch.no_grad()
def _of_enhancer(trainee: EnhancerTrainee, model: nn.Module, pairs: Tensor) -> Measured:
    """How close drawings come to the pictures of pairs [N,6,S,S], enhanced and as they are: PSNR, and the distance that
    an encoder sees (losses.EncoderLoss)."""
    truth, plain = (part.float() / 255 for part in (pairs[:, :COLORS], pairs[:, COLORS:]))
    enhanced = torch.cat([batch[:, 0] for batch in trainee.draw(model, pairs, [0])])
    sees = load_perceptual(SEES, truth.device)
    found: dict[str, float] = {}
    for name, drawn in (("enhanced", enhanced), ("plain", plain)):
        found[f"psnr_{name}"] = score([compare(drawn, truth)], 0, 0).psnr_of_mean_error
        seen = zip(torch.split(drawn, BATCH), torch.split(truth, BATCH), strict=True)
        found[f"distance_{name}"] = sum(float(sees(*both)) * len(both[0]) for both in seen) / len(truth)
    line = (
        f"held-out {found['psnr_enhanced']:.2f} dB (as drawn {found['psnr_plain']:.2f}), distance seen "
        f"{found['distance_enhanced']:.4f} (as drawn {found['distance_plain']:.4f})"
    )
    return Measured({name: round(value, 5) for name, value in found.items()}, found, line)


def _of_generator(trainee: Trainee, model: nn.Module, held_out: Tensor) -> Measured:
    """How alike its pictures and the held-out ones are, how much they differ among themselves, and how many of its
    layers show. A collapse is said."""
    canvases = pictures_of_generator(trainee, model, held_out)  # [N,T,3,S,S]
    drawn, real = canvases[:, -1], held_out.float() / 255
    found = {
        "kid": kernel_distance(seen_by(SEES, drawn), seen_by(SEES, real)),
        "spread": _spread(drawn) / max(_spread(real), 1e-9),
        "unused": _unused(canvases),
    }
    line = (
        f"KID {found['kid']:.4f}, spread {found['spread']:.0%} of the held-out, {found['unused']:.0%} of layers unused"
    )
    if found["spread"] < COLLAPSED:
        line += ": the pictures are all but alike, so it has collapsed; go back to an earlier state, or change the loss"
    return Measured({name: round(value, 5) for name, value in found.items()}, found, line)


def _spread(pictures: Tensor) -> float:
    """The mean variance of a value [N,3,S,S] over the pictures."""
    return float(pictures.var(0, correction=0).mean())


def _unused(canvases: Tensor) -> float:
    """The share of layers that change the canvases [N,T,3,S,S] by next to nothing."""
    before = torch.cat([torch.zeros_like(canvases[:, :1]), canvases[:, :-1]], 1)
    return float(((canvases - before).abs().mean((2, 3, 4)) < UNUSED).float().mean())
