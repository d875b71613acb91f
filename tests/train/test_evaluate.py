from __future__ import annotations

import pytest
import torch

from vecstack.kinds.mask.model import Predictor, fit_to_side, grid_points
from vecstack.train.evaluate import evaluate


def test_scores_are_the_two_definitions_of_psnr(predictor: Predictor) -> None:
    pictures = torch.randint(0, 256, (70, 3, 20, 20), dtype=torch.uint8)
    scores = evaluate(predictor, pictures, [3, 1])
    assert [score.layers for score in scores] == [1, 3]
    target = pictures.float() / 255
    codes, colors = predictor.predict(fit_to_side(target, 16))
    drawn = predictor.draw(grid_points(20), codes, colors)[:, -1]
    error = (drawn - target.flatten(2)).square().mean((1, 2)).double()
    assert scores[1].psnr_of_mean_error == pytest.approx(float(-10 * error.mean().log10()), abs=1e-4)
    assert scores[1].mean_psnr == pytest.approx(float((-10 * error.log10()).mean()), abs=1e-4)
