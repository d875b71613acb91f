"""How close predicted layers come to pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from vecstack.kinds.mask.model import Predictor, fit_to_side, grid_points

MOST_POINTS = 1 << 17  # of all layers drawn at once: bounds the memory to about 300 MB with a net 128 wide


@dataclass(frozen=True)
class Score:
    """PSNR in dB against pictures: of the mean squared error over all of them, and the mean of each one's."""

    layers: int
    psnr_of_mean_error: float
    mean_psnr: float

    def to_json(self) -> dict[str, float]:
        return asdict(self)


@torch.no_grad()
def evaluate(model: Predictor, pictures: Tensor, layer_counts: Sequence[int]) -> list[Score]:
    """One score for each count of layers: pictures [N,3,S,S] uint8, predicted at the model's side, drawn at
    the S x S pixel centres and compared there."""
    points = grid_points(pictures.shape[-1], device=pictures.device)
    counts = sorted(layer_counts)
    errors: list[Tensor] = []
    for batch in torch.split(pictures, max(1, MOST_POINTS // (len(points) * counts[-1]))):
        target = batch.float() / 255
        codes, colors = model.predict(fit_to_side(target, model.sizes.encoder.side), counts[-1])
        canvases = model.draw(points, codes, colors)[:, [count - 1 for count in counts]]
        errors.append((canvases - target.flatten(2)[:, None]).square().mean((2, 3)))
    error = torch.cat(errors).clamp_min(1e-10)  # [N, counts]; 100 dB at most
    of_mean = -10 * torch.log10(error.mean(0))
    mean = -10 * torch.log10(error).mean(0)
    return [Score(n, float(a), float(b)) for n, a, b in zip(counts, of_mean, mean, strict=True)]
