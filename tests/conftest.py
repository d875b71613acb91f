"""Fixtures of general use: small models and stacks with random weights, and a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vecstack.kinds.mask.encoder import EncoderSizes
from vecstack.kinds.mask.maker import weights_to_bytes
from vecstack.kinds.mask.model import ModelSizes, Predictor
from vecstack.kinds.mask.net import NetSizes

TINY = ModelSizes(layers=3, canvas_side=4, net=NetSizes(3, 8, 2), encoder=EncoderSizes(16, 8, (1, 1, 1, 1), False))


@pytest.fixture
def predictor() -> Predictor:
    """A tiny predictor with random weights: 3 layers of 3 numbers from 16 x 16 pixels."""
    torch.manual_seed(5)
    return Predictor(TINY).requires_grad_(False)


@pytest.fixture
def weights(tmp_path: Path, predictor: Predictor) -> Path:
    """The tiny predictor as a weights file."""
    path = tmp_path / "tiny.safetensors"
    path.write_bytes(weights_to_bytes(predictor))
    return path


@pytest.fixture
def pixels() -> np.ndarray:
    """A picture 37 wide and 53 high, smooth with an edge: [53,37,3] uint8."""
    y, x = np.mgrid[0:53, 0:37]
    picture = np.stack([x * 6, y * 4, np.where(x > y, 200, 30)], -1)
    return picture.astype(np.uint8)


@pytest.fixture
def photo(tmp_path: Path, pixels: np.ndarray) -> Path:
    """The picture as a PNG file."""
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)
    return path
