"""A perceptual distance of others, from a file of its weights: ST-LPIPS on AlexNet."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import conv2d, max_pool2d, pad, relu

# Of the convolutions: where each stands in the file, its padding, and where the filter of the blur is, if there is one.
FIRST, FIRST_BLUR = "net.slice1.0", "net.slice1.1"
LATER = (
    ("net.slice2.5", 2, "net.slice2.4"),
    ("net.slice3.9", 1, "net.slice3.8"),
    ("net.slice4.11", 1, None),
    ("net.slice5.13", 1, None),
)
PADDING = 2  # of the first convolution
MIN_NORM = 1e-10


class StLpips:
    """The shift-tolerant perceptual similarity of Ghildyal and Liu, ECCV 2022, of the weights
    `alex_shift_tolerant.pth` of the package stlpips-pytorch 0.0.2: pictures [N,3,H,W] in 0..1, twice -> [N], 0 for
    equal ones. AlexNet with blurred halvings; squared distances of features of length 1, weighed by channel as people
    judge."""

    def __init__(self, path: Path) -> None:
        self.tensors: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)

    @torch.no_grad()
    def __call__(self, one: Tensor, other: Tensor) -> Tensor:
        distances = torch.zeros(len(one))
        for index, a, b in zip(count(), self._maps(one), self._maps(other), strict=False):
            squares = (_of_length_1(a) - _of_length_1(b)).square()
            distances += conv2d(squares, self.tensors[f"lin{index}.model.1.weight"]).mean((1, 2, 3))
        return distances

    def _maps(self, pictures: Tensor) -> list[Tensor]:
        """The features after each convolution."""
        x = (2 * pictures - 1 - self.tensors["scaling_layer.shift"]) / self.tensors["scaling_layer.scale"]
        maps = [relu(self._halved(self._convolved(x, FIRST, PADDING), FIRST_BLUR))]
        for name, padding, blur in LATER:
            x = maps[-1]
            if blur is not None:
                x = self._halved(max_pool2d(x, 3, 1), blur)
            maps.append(relu(self._convolved(x, name, padding)))
        return maps

    def _convolved(self, x: Tensor, name: str, padding: int) -> Tensor:
        return conv2d(x, self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"], padding=padding)

    def _halved(self, x: Tensor, name: str) -> Tensor:
        """Blurred, and every other pixel of it."""
        return conv2d(pad(x, (1, 1, 1, 1), mode="reflect"), self.tensors[f"{name}.filt"], stride=2, groups=x.shape[1])


def _of_length_1(maps: Tensor) -> Tensor:
    return maps / (maps.norm(dim=1, keepdim=True) + MIN_NORM)
