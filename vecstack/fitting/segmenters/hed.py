"""Boundaries that people would draw, by a net that others trained, and the parts between them."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from vecstack.errors import WeightsError
from vecstack.extras import install
from vecstack.fitting.segmenters.boundaries import joined
from vecstack.fitting.segmenters.published import HED
from vecstack.fitting.segmenters.small import long_side
from vecstack.fitting.segmenters.tree import tree_of_levels, wholes_of
from vecstack.kinds.base import Guide
from vecstack.pictures.read import Picture

if TYPE_CHECKING:
    import torch
    from torch import Tensor

SIDE = 480  # px of the long side of a picture, as of those that it was trained with
MEAN_BGR = (104.00699, 116.66877, 122.67892)  # of what it was trained with, in levels
CONVOLUTIONS = (2, 2, 3, 3, 3)  # of the blocks of VGG-16
DEPTH = 0.05  # of a basin of the edges: shallower ones are no regions


def hed_parts(picture: Picture, weights: str | os.PathLike[str] | None, most: int, device: torch.device) -> Guide:
    """At most so many parts of a picture, whose boundaries are those that HED finds, and the wholes that they make up.
    Raises WeightsError: no h5py or scikit-image, no file, or another one."""
    try:
        from skimage.measure import label
        from skimage.morphology import h_minima
        from skimage.segmentation import watershed
    except ImportError as error:
        raise WeightsError(f"{HED.name} needs the package scikit-image. {install('segments')}") from error
    edges = edges_of(picture, weights, device)
    basins = watershed(edges, label(h_minima(edges, DEPTH))) - 1
    coarse, fine = joined(basins, edges, (wholes_of(most), most))
    return tree_of_levels(coarse, fine)


def edges_of(picture: Picture, weights: str | os.PathLike[str] | None, device: torch.device) -> np.ndarray:
    """How surely a boundary runs through each pixel of a picture made as large as those that HED was trained with:
    [h,w] float32 in 0..1. Raises as `hed_parts` does."""
    return hed(long_side(picture, SIDE), _parameters(HED.read(weights)), device)


def hed(pixels: np.ndarray, parameters: Mapping[str, np.ndarray], device: torch.device) -> np.ndarray:
    """How surely a boundary runs through each of the pixels [H,W,3] (sRGB in 0..1): [H,W] float32 in 0..1."""
    import torch
    from torch.nn.functional import conv2d, interpolate, max_pool2d, relu

    def convolved(values: Tensor, name: str) -> Tensor:
        kernel, bias = (torch.from_numpy(parameters[f"{name}/vars/{index}"]).to(device) for index in (0, 1))
        return conv2d(values, kernel.permute(3, 2, 0, 1), bias, padding="same")

    with torch.inference_mode():
        levels = pixels[..., ::-1] * 255 - np.array(MEAN_BGR)
        values = torch.from_numpy(levels.astype(np.float32)).to(device).permute(2, 0, 1)[None]
        sides = []
        for block, count in enumerate(CONVOLUTIONS, 1):
            if block > 1:
                values = max_pool2d(values, 2, ceil_mode=True)
            for index in range(count):
                suffix = f"_{index}" if index else ""
                values = relu(convolved(values, f"block{block}/layers/conv2d{suffix}"))
            sides.append(interpolate(convolved(values, f"dsn{block}"), pixels.shape[:2], mode="bilinear"))
        fused: np.ndarray = torch.sigmoid(convolved(torch.cat(sides, 1), "fuse"))[0, 0].cpu().numpy()
    return fused


def _parameters(data: bytes) -> dict[str, np.ndarray]:
    """The kernels and biases in the bytes of the weights, by name."""
    try:
        import h5py
    except ImportError as error:
        raise WeightsError(
            f"{HED.name} needs the package h5py, which reads its weights. {install('segments')}"
        ) from error
    found: dict[str, np.ndarray] = {}
    with h5py.File(io.BytesIO(data), "r") as file:
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found
