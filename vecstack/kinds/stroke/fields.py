"""What a picture tells a brush of some width: in which direction its structure runs, how clearly, and its colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

COARSE = 3.0  # cells that a blur reaches, at least, where a picture is made smaller before it
REACH = 2.5  # sigmas that a blur is summed over
LEAST_BLUR = 0.5  # px
GRADIENT_SHARE, TENSOR_SHARE, COLOR_SHARE = 0.35, 0.7, 0.5  # of a brush's radius: the sigmas of the blurs
AROUND, WIDE = 0.15, 0.12  # how much what is far around counts, which is all where it is even; its sigma, of the sides
TINY = 1e-7


@dataclass(frozen=True)
class Fields:
    """What is told in cells of `side` pixels: the unit vector along the structure [2,h,w], how clear it is [h,w], 0 to
    1, and colours [D,h,w]; all float32."""

    side: float
    along: np.ndarray
    coherence: np.ndarray
    colors: np.ndarray

    @classmethod
    def of(cls, picture: np.ndarray, radius: float) -> Fields:
        """Those of a picture [D,H,W] for brushes of about a radius (px): by its structure tensor."""
        factor = max(1, int(TENSOR_SHARE * radius / COARSE))
        cells = torch.from_numpy(smaller(picture, factor))
        scale = radius / factor
        smooth = blurred(cells, max(GRADIENT_SHARE * scale, LEAST_BLUR))
        across, down = _slopes(smooth)
        products = torch.stack([(across * across).sum(0), (across * down).sum(0), (down * down).sum(0)])
        near = blurred(products, max(TENSOR_SHARE * scale, LEAST_BLUR))
        xx, xy, yy = near + AROUND * _around(products)
        angle = torch.atan2(2 * xy, xx - yy) / 2 + torch.pi / 2
        coherence = torch.hypot(xx - yy, 2 * xy) / (xx + yy + TINY)
        colors = blurred(cells, max(COLOR_SHARE * scale, LEAST_BLUR))
        along = torch.stack([angle.cos(), angle.sin()])
        return cls(float(factor), along.numpy(), coherence.numpy(), colors.numpy())


def smaller(values: np.ndarray, factor: int) -> np.ndarray:
    """Values [C,H,W] in cells of factor x factor pixels: their means."""
    if factor == 1:
        return values
    height, width = (max(2, -(-side // factor)) for side in values.shape[1:])
    result: np.ndarray = interpolate(torch.from_numpy(values)[None], (height, width), mode="area")[0].numpy()
    return result


def blurred(values: Tensor, sigma: float) -> Tensor:
    """Values [C,H,W] through a Gaussian of a sigma in cells, the last ones repeated beyond the border."""
    reach = max(1, round(REACH * sigma))
    places = torch.arange(-reach, reach + 1, dtype=values.dtype)
    weights = torch.exp(-(places**2) / (2 * sigma**2))
    weights /= weights.sum()
    planes = pad(values[:, None], (reach, reach, reach, reach), mode="replicate")
    planes = torch.nn.functional.conv2d(planes, weights[None, None, None])
    return torch.nn.functional.conv2d(planes, weights[None, None, :, None])[:, 0]


def _around(values: Tensor) -> Tensor:
    """Values [C,H,W] through a Gaussian that is wide for their sides."""
    height, width = values.shape[1:]
    wide = WIDE * max(height, width)
    cells = smaller(values.numpy(), max(1, int(wide / COARSE)))
    blur = blurred(torch.from_numpy(cells), max(wide * cells.shape[2] / width, LEAST_BLUR))
    return interpolate(blur[None], (height, width), mode="bilinear", align_corners=False)[0]


def _slopes(values: Tensor) -> tuple[Tensor, Tensor]:
    """Central differences of values [C,H,W], to the right and down."""
    planes = pad(values[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    return (planes[:, 1:-1, 2:] - planes[:, 1:-1, :-2]) / 2, (planes[:, 2:, 1:-1] - planes[:, :-2, 1:-1]) / 2
