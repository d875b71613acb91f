"""HED with weights at random, in the file that the published ones have."""

from __future__ import annotations

import dataclasses
import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
import torch

from vecstack.errors import WeightsError
from vecstack.fitting.guide import find_guide
from vecstack.fitting.segmenters import hed as net
from vecstack.fitting.segmenters.hed import CONVOLUTIONS, hed
from vecstack.pictures.read import as_picture

h5py = pytest.importorskip("h5py")
pytest.importorskip("skimage")


def parameters(width: int = 4) -> dict[str, np.ndarray]:
    """A narrow net that sees how far a pixel's green is above its neighbours', and nothing else."""
    found: dict[str, np.ndarray] = {}

    def add(name: str, kernel: np.ndarray, bias: float = 0.0) -> None:
        found[f"{name}/vars/0"] = kernel.astype(np.float32)
        found[f"{name}/vars/1"] = np.full(kernel.shape[3], bias, np.float32)

    for block, count in enumerate(CONVOLUTIONS, 1):
        for index in range(count):
            is_first = block == 1 and index == 0
            kernel = np.zeros((3, 3, 3 if is_first else width, width))
            kernel[1, 1, 1 if is_first else 0, 0] = 1
            if is_first:
                kernel[1, 0, 1, 0] = -1
            add(f"block{block}/layers/conv2d" + (f"_{index}" if index else ""), kernel)
        side = np.zeros((1, 1, width, 1))
        side[0, 0, 0, 0] = 1
        add(f"dsn{block}", side)
    add("fuse", np.array([0.1, 0, 0, 0, 0]).reshape(1, 1, 5, 1), -5.0)
    return found


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of that net, in place of the published one."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, values in parameters().items():
            file[name] = values
    path = tmp_path / "net.h5"
    path.write_bytes(buffer.getvalue())
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(net, "HED", dataclasses.replace(net.HED, sha256=sha256))
    return path


def halves() -> np.ndarray:
    values = np.zeros((60, 90, 3), np.uint8)
    values[:, 30:] = 200
    return values


def test_pixels_go_through_the_net_as_it_was_trained() -> None:
    found = hed(halves() / np.float32(255), parameters(), torch.device("cpu"))
    assert found.shape == (60, 90)
    assert found[30, 30] == pytest.approx(1 / (1 + np.exp(5 - 0.1 * 200)), abs=1e-5)  # levels of 255, not of 1
    assert found[30, 60] == pytest.approx(1 / (1 + np.exp(5)), abs=1e-5)


def test_parts_lie_between_boundaries(weights: Path) -> None:
    guide = find_guide(as_picture(halves()), f"hed:{weights}", None, layers=64)
    assert guide is not None
    assert guide.segments is not None
    middle = guide.segments.shape[1] // 3
    left, right = set(guide.segments[:, : middle - 4].flat), set(guide.segments[:, middle + 8 :].flat)
    assert not left & right


def test_a_damaged_file_is_refused(weights: Path) -> None:
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(WeightsError, match="damaged, or another net than hed"):
        find_guide(as_picture(halves()), f"hed:{weights}", None, layers=64)
