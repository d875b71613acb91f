from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.kinds.mask.test_generator import SIZES
from vecstack.kinds.mask.generator import Generator, generator_to_bytes


@pytest.fixture
def generator(tmp_path: Path) -> Path:
    """The weights file of a small generator that is not trained."""
    torch.manual_seed(0)
    path = tmp_path / "tiny.safetensors"
    path.write_bytes(generator_to_bytes(Generator(SIZES)))
    return path
