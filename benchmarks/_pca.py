"""Principal components of pictures: what as many numbers a picture give without a net."""

from __future__ import annotations

import torch
from torch import Tensor

from vecstack.train.evaluate import Distances, compare

CHUNK = 2048  # pictures at once: bounds the memory
SPARE, ITERATIONS = 40, 6  # components beyond those wanted, and passes: what is wanted then stands still


class Pca:
    """The mean and the first `count` principal components [D,count] of pictures [N,3,S,S] uint8, by subspace iteration:
    at 64 px the covariance alone would take 1.2 GB."""

    def __init__(self, pictures: Tensor, count: int) -> None:
        torch.manual_seed(0)
        values = pictures.flatten(1).float()
        self.mean = values.mean(0, dtype=torch.float64)  # levels of 0..255
        values -= self.mean.float()
        self.components = torch.svd_lowrank(values, min(count + SPARE, *values.shape), niter=ITERATIONS)[2].double()

    def distances(self, pictures: Tensor, count: int) -> list[Distances]:
        """Distances of pictures to what is drawn of them from `count` components."""
        kept = self.components[:, :count]
        distances = []
        for part in torch.split(pictures, CHUNK):
            values = part.flatten(1).double()
            drawn = ((values - self.mean) @ kept @ kept.T + self.mean).clamp(0, 255)
            distances.append(compare(drawn.view_as(part) / 255, part.double() / 255))
        return distances
