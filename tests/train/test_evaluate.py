from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from vecstack.errors import RecipeError, ShapeError, UsageError, WeightsError
from vecstack.kinds.mask import baselines, training
from vecstack.kinds.mask.baselines import BaselineSizes, BaselineTrainee
from vecstack.kinds.mask.model import Predictor, grid_points
from vecstack.kinds.mask.training import MaskTrainee
from vecstack.pictures.fit import fit_to_side
from vecstack.train.evaluate import (
    Score,
    compare,
    counts_up_to,
    data_beside,
    evaluate,
    load_part,
    load_subject,
    score,
    ssim,
    ssim_window,
)
from vecstack.train.recipe import DataRecipe


@pytest.fixture
def pictures() -> Tensor:
    """Random pictures: [70,3,20,20] uint8."""
    return torch.randint(0, 256, (70, 3, 20, 20), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def scores_of(predictor: Predictor, pictures: Tensor, counts: list[int]) -> list[Score]:
    """The scores of a predictor of mask layers."""
    return evaluate(MaskTrainee(predictor.sizes), predictor, pictures, counts)


def baseline_score(model: nn.Module, numbers: int, pictures: Tensor) -> Score:
    """The score of what stands for a baseline that draws 20 x 20 pixels."""
    (found,) = evaluate(BaselineTrainee(BaselineSizes(numbers=numbers, side=20)), model, pictures, [])
    return found


def drawn_by(predictor: Predictor, pictures: Tensor, layers: int) -> Tensor:
    """The canvas after so many layers, at the pictures' own side: [N,3,S,S]."""
    target = pictures.float() / 255
    codes, colors = predictor.predict(fit_to_side(target, predictor.sizes.encoder.side), layers)
    return predictor.draw(grid_points(pictures.shape[-1]), codes, colors)[:, -1].view_as(target)


def ssim_by_windows(a: np.ndarray, b: np.ndarray, window: int) -> float:
    """SSIM of two pictures [3,H,W] as the paper defines it, one window after another, variances about their means."""
    steps = np.arange(window) - window // 2
    weights = np.exp(-(steps[:, None] ** 2 + steps[None] ** 2) / (2 * 1.5**2))
    weights /= weights.sum()
    values = []
    for channel in range(3):
        for top in range(a.shape[1] - window + 1):
            for left in range(a.shape[2] - window + 1):
                x, y = (p[channel, top : top + window, left : left + window] for p in (a, b))
                mean_x, mean_y = (weights * x).sum(), (weights * y).sum()
                variance_x, variance_y = (weights * (x - mean_x) ** 2).sum(), (weights * (y - mean_y) ** 2).sum()
                covariance = (weights * (x - mean_x) * (y - mean_y)).sum()
                luminance = (2 * mean_x * mean_y + 0.0001) / (mean_x**2 + mean_y**2 + 0.0001)
                values.append(luminance * (2 * covariance + 0.0009) / (variance_x + variance_y + 0.0009))
    return float(np.mean(values))


@pytest.mark.parametrize(("height", "width", "window"), [(53, 37, 11), (11, 14, 11), (10, 16, 9), (4, 4, 3), (1, 5, 1)])
def test_ssim_is_that_of_the_paper(height: int, width: int, window: int) -> None:
    assert ssim_window(min(height, width)) == window
    generator = np.random.default_rng(1)
    a = generator.random((2, 3, height, width))
    b = (a + generator.normal(0, 0.2, a.shape)).clip(0, 1)
    expected = [ssim_by_windows(x, y, window) for x, y in zip(a, b, strict=True)]
    # Random numbers in float64 on both sides; only the order of sums differs.
    assert ssim(torch.from_numpy(a), torch.from_numpy(b)).tolist() == pytest.approx(expected, abs=1e-10)


def test_ssim_of_float32_pictures_has_the_digits_of_float64() -> None:
    # Nearly flat and bright: the variances are what is left of large numbers.
    a = 0.9 + 0.001 * torch.rand(2, 3, 37, 53, generator=torch.Generator().manual_seed(0))
    b = a.flip(3)
    expected = [ssim_by_windows(x.double().numpy(), y.double().numpy(), 11) for x, y in zip(a, b, strict=True)]
    assert ssim(a, b).tolist() == pytest.approx(expected, abs=1e-10)


def test_equal_pictures_have_an_ssim_of_one_and_the_highest_psnr() -> None:
    picture = torch.rand(2, 3, 53, 37)
    equal = score([compare(picture, picture)], 1, 13)
    assert equal == Score(1, pytest.approx(100), pytest.approx(100), pytest.approx(1), 0, 13)


def test_pictures_of_other_shapes_are_not_compared() -> None:
    with pytest.raises(ShapeError, match=r"\[2, 3, 53, 37\].*\[2, 3, 37, 53\]"):
        compare(torch.zeros(2, 3, 53, 37), torch.zeros(2, 3, 37, 53))


def test_scores_are_the_two_definitions_of_psnr(predictor: Predictor, pictures: Tensor) -> None:
    scores = scores_of(predictor, pictures, [3, 1])
    assert [score.layers for score in scores] == [1, 3]
    error = (drawn_by(predictor, pictures, 3) - pictures.float() / 255).square().mean((1, 2, 3)).double()
    assert scores[1].psnr_of_mean_error == pytest.approx(float(-10 * error.mean().log10()), abs=1e-4)
    assert scores[1].mean_psnr == pytest.approx(float((-10 * error.log10()).mean()), abs=1e-4)


def test_scores_are_means_over_pictures_at_each_count_of_layers(predictor: Predictor, pictures: Tensor) -> None:
    truth = pictures.float() / 255
    for found in scores_of(predictor, pictures, [1, 2, 3]):
        drawn = drawn_by(predictor, pictures, found.layers)
        assert found.ssim == pytest.approx(float(ssim(drawn, truth).mean()), abs=1e-6)
        assert found.mean_absolute_error == pytest.approx(float((drawn - truth).abs().mean()), abs=1e-6)
        assert found.numbers == found.layers * (3 + 3)


@pytest.mark.parametrize("most_points", [1, 700, 5000])  # part of a picture, of one picture, and of a few at once
def test_scores_do_not_depend_on_what_is_drawn_at_once(
    predictor: Predictor, pictures: Tensor, most_points: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = pictures[:3, :, :9, :9]
    whole = scores_of(predictor, pictures, [1, 3])
    monkeypatch.setattr(training, "MAX_POINTS", most_points)
    for one, other in zip(whole, scores_of(predictor, pictures, [1, 3]), strict=True):
        assert one.to_json() == pytest.approx(other.to_json(), abs=1e-4)


@pytest.mark.slow
def test_no_more_points_are_drawn_at_once_than_allowed(
    predictor: Predictor, pictures: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []
    draw = Predictor.draw

    def watch(self: Predictor, points: Tensor, codes: Tensor, *others: Tensor) -> Tensor:
        drawn.append(len(points) * codes.shape[0] * codes.shape[1])
        return draw(self, points, codes, *others)

    monkeypatch.setattr(Predictor, "draw", watch)
    monkeypatch.setattr(training, "MAX_POINTS", 1000)
    scores_of(predictor, pictures, [3])  # 400 points in each of three layers
    assert max(drawn) <= 1000


@pytest.mark.parametrize("counts", [[0, 1], [4], [1, -1], []])
def test_counts_that_a_model_was_not_trained_to_give_are_refused(
    predictor: Predictor, pictures: Tensor, counts: list[int]
) -> None:
    with pytest.raises(UsageError, match="must be 1 to 3"):
        scores_of(predictor, pictures, counts)


@pytest.mark.parametrize(
    "wrong",
    [
        torch.zeros(0, 3, 20, 20, dtype=torch.uint8),
        torch.zeros(2, 3, 20, 21, dtype=torch.uint8),
        torch.zeros(2, 1, 20, 20, dtype=torch.uint8),
        torch.zeros(3, 20, 20, dtype=torch.uint8),
        torch.zeros(2, 3, 20, 20),
    ],
)
def test_other_tensors_than_pictures_are_refused(predictor: Predictor, wrong: Tensor) -> None:
    with pytest.raises(ShapeError, match=r"\[N,3,S,S\]"):
        scores_of(predictor, wrong, [1])
    with pytest.raises(ShapeError, match=r"\[N,3,S,S\]"):
        baseline_score(nn.Identity(), 10, wrong)


class Brighter(nn.Module):
    """Pictures brightened by an amount, without regard for the end of the scale."""

    def __init__(self, amount: float) -> None:
        super().__init__()
        self.amount = amount

    def forward(self, pictures: Tensor) -> Tensor:
        return pictures + self.amount


def test_a_baseline_is_scored_on_what_it_gives_back(pictures: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    dark = pictures // 2
    monkeypatch.setattr(baselines, "MAX_POINTS", 1000)  # two pictures at once
    found = baseline_score(Brighter(0.1), 130, dark)
    expected = ssim(dark.float() / 255 + 0.1, dark.float() / 255).mean()
    assert found == Score(
        0, pytest.approx(20), pytest.approx(20), pytest.approx(float(expected)), pytest.approx(0.1), 130
    )


def test_what_a_baseline_draws_beyond_white_is_white() -> None:
    white = torch.full((2, 3, 20, 20), 255, dtype=torch.uint8)
    assert baseline_score(Brighter(0.5), 1, white).mean_absolute_error == 0


def test_a_baseline_of_another_side_is_refused(pictures: Tensor) -> None:
    with pytest.raises(ShapeError, match=r"\[70, 3, 10, 10\]"):
        baseline_score(nn.AvgPool2d(2), 1, pictures)


def test_a_side_that_a_baseline_does_not_draw_is_refused(pictures: Tensor) -> None:
    with pytest.raises(UsageError, match="side must be 20"):
        baseline_score(nn.Identity(), 1, pictures[:, :, :16, :16])


@pytest.mark.parametrize(("layers", "counts"), [(0, []), (1, [1]), (3, [1, 2, 3]), (10, [1, 2, 5, 10])])
def test_a_model_is_measured_at_some_counts_up_to_its_own(layers: int, counts: list[int]) -> None:
    assert counts_up_to(layers) == counts


def test_a_subject_scores_as_its_predictor_does(weights: Path, predictor: Predictor, pictures: Tensor) -> None:
    subject = load_subject(str(weights), "cpu")
    assert (subject.name, subject.layers, subject.side) == ("tiny", 3, 16)
    halved = predictor.half().float()  # as the file keeps them
    assert subject.scores(pictures, [2]) == scores_of(halved, pictures, [2])


def test_what_is_no_model_is_no_subject(photo: Path) -> None:
    with pytest.raises(WeightsError, match="not a vecstack model"):
        load_subject(str(photo), "cpu")


def test_the_recipe_beside_the_weights_says_how_pictures_are_read(weights: Path, recipe_file: Path) -> None:
    data = DataRecipe(side=16, stored_side=20, flip=True, smallest_crop=0.7)
    assert data_beside(str(weights)) == data_beside(str(weights.parent)) == data


def test_a_model_without_a_recipe_says_nothing_of_pictures(weights: Path) -> None:
    assert data_beside(str(weights)) is None
    assert data_beside("owner/name@" + "0" * 40) is None


def test_a_shipped_model_has_its_recipe() -> None:
    data = data_beside("photos")
    assert data is not None
    assert data.stored_side == 64


def values(pictures: Tensor) -> list[int]:
    """The colour of each picture, which is its number."""
    return pictures[:, 0, 0, 0].tolist()


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("held-out", [18, 19, 18, 19]),
        ("training", [*range(18), *range(18)]),
        ("all", [*range(18), *range(18), 18, 19, 18, 19]),
    ],
)
def test_a_part_is_that_of_the_training(picture_zip: Path, part: str, expected: list[int]) -> None:
    assert values(load_part([picture_zip], part, DataRecipe(8, 8), None, print)) == expected


@pytest.mark.parametrize(("limit", "expected"), [(4, [0, 9, 0, 9]), (3, [0, 12, 6]), (36, [*range(18)] * 2)])
def test_a_limit_takes_pictures_evenly(picture_zip: Path, limit: int, expected: list[int]) -> None:
    assert values(load_part([picture_zip], "training", DataRecipe(8, 8), limit, print)) == expected
    assert len(load_part([picture_zip], "training", DataRecipe(8, 8), 1000, print)) == 36


def test_pictures_are_reduced_as_a_model_sees_them(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2, 20, 20, 3), dtype=np.uint8)
    for number, pixels in enumerate(noise):
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    reduced = load_part([tmp_path], "all", DataRecipe(side=8, stored_side=20), None, print)
    expected = fit_to_side(torch.from_numpy(noise).permute(0, 3, 1, 2).float(), 8).round().byte()
    assert torch.equal(reduced, expected)


def test_a_picture_that_cannot_be_read_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "pictures.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(3):
            buffer = io.BytesIO()
            Image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(buffer, "PNG")
            archive.writestr(f"{number}.png", b"bad" if number == 1 else buffer.getvalue())
    bad: list[str] = []
    assert values(load_part([path], "all", DataRecipe(8, 8), None, bad.append)) == [0, 2]
    assert len(bad) == 1
    assert "1.png" in bad[0]


def test_no_pictures_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="No pictures"):
        load_part([tmp_path], "held-out", DataRecipe(8, 8), None, print)
