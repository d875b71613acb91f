from __future__ import annotations

import numpy as np

from vecstack.kinds.path.noise import without_noise

LEVEL = 1 / 255


def test_noise_goes_and_edges_stay() -> None:
    clean = np.full((24, 40, 3), 200 * LEVEL)
    clean[:, 20:] = 160 * LEVEL
    noisy = clean + np.random.default_rng(0).uniform(-5, 5, clean.shape) * LEVEL
    left = without_noise(noisy, 12 * LEVEL) - clean
    assert np.abs(left).max() < 2 * LEVEL
    assert left.std() < 0.2 * (noisy - clean).std()
    np.testing.assert_allclose(without_noise(noisy, 0.1 * LEVEL), noisy, atol=0.1 * LEVEL)
