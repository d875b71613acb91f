"""Distances between sets of pictures, beside values that are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from vecstack.errors import ShapeError
from vecstack.train.likeness import coverage, frechet_distance, kernel_distance, seen_by


def normal(count: int, seed: int, shift: float = 0.0, features: int = 5) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((count, features))) + shift


def test_the_kernel_distance_is_its_definition() -> None:
    one, other = normal(6, 0).numpy(), normal(4, 1, 1.0).numpy()

    def mean(a: np.ndarray, b: np.ndarray, same: bool) -> float:
        values = [(a[i] @ b[j] / 5 + 1) ** 3 for i in range(len(a)) for j in range(len(b)) if not (same and i == j)]
        return float(np.mean(values))

    expected = mean(one, one, True) + mean(other, other, True) - 2 * mean(one, other, False)
    assert kernel_distance(torch.from_numpy(one), torch.from_numpy(other)) == pytest.approx(expected)


def test_the_kernel_distance_tells_samples_of_one_kind_from_others() -> None:
    assert abs(kernel_distance(normal(400, 0), normal(400, 1))) < 0.1
    assert kernel_distance(normal(400, 0), normal(400, 1, 1.0)) > 2
    with pytest.raises(ShapeError, match="two or more each"):
        kernel_distance(normal(1, 0), normal(4, 1))


def test_the_frechet_distance_is_that_of_the_normal_distributions() -> None:
    one, other = normal(50, 0), normal(60, 1, 0.5) * 2
    a, b = (np.cov(part.numpy().T) for part in (one, other))
    root = np.real(sqrtm(a @ b))
    expected = float(((one.mean(0) - other.mean(0)) ** 2).sum()) + np.trace(a + b - 2 * root)
    assert frechet_distance(one, other) == pytest.approx(expected)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-9)


def test_a_set_that_has_half_of_the_kinds_has_half_of_the_recall() -> None:
    real = torch.cat([normal(100, 0), normal(100, 1, 50.0)])
    found = coverage(normal(100, 2), real)
    assert found.precision > 0.7
    assert 0.3 < found.recall < 0.6
    assert coverage(normal(100, 3, -80.0), real).precision == 0


def test_an_encoder_sees_the_same_in_the_same_pictures() -> None:
    pictures = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    features = seen_by("digits", pictures)
    assert features.ndim == 2
    assert torch.allclose(features[1], seen_by("digits", pictures[1:2])[0], atol=1e-5)
    assert not torch.allclose(features[0], features[1])
