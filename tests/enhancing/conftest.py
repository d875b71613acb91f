from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

from vecstack.enhancing.net import Enhancer, EnhancerSizes
from vecstack.enhancing.weights import Made, enhancer_to_bytes


def enhancer_net(sizes: EnhancerSizes = EnhancerSizes(4, 2)) -> Enhancer:
    """A net whose detail is noise, since one that is not trained adds none."""
    torch.manual_seed(0)
    net = Enhancer(sizes)
    torch.nn.init.normal_(net.last.weight, std=0.5)
    return net.requires_grad_(False).eval()


@pytest.fixture
def enhancer(weights: Path, tmp_path: Path) -> Path:
    """The weights file of an enhancer for the layers of the tiny model."""
    path = tmp_path / "noise.safetensors"
    made = Made(weights.stem, hashlib.sha256(weights.read_bytes()).hexdigest(), 16)
    path.write_bytes(enhancer_to_bytes(enhancer_net(), "mask", made))
    return path
