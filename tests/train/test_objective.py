from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.train.conftest import sizes_of
from vecstack.kinds.mask.model import Predictor
from vecstack.kinds.mask.training import MaskTrainee
from vecstack.pictures.fit import fit_to_side
from vecstack.train.objective import Objective, sample
from vecstack.train.recipe import LossRecipe, Recipe, load_recipe


@pytest.fixture
def recipe(recipe_file: Path) -> Recipe:
    return load_recipe(recipe_file)


def loss_of(recipe: Recipe, model: Predictor, picture: Tensor, generator: torch.Generator) -> Tensor:
    at = sample(recipe, picture, generator)
    loss: Tensor = Objective(recipe.trainee, model, recipe.loss)(at.seen, at.points, at.truth)[0]
    return loss


def test_an_adversary_sees_all_pixels_in_their_places(recipe: Recipe) -> None:
    whole = replace(recipe, loss=LossRecipe(adversarial=0.1))
    picture = torch.rand(2, 3, 16, 16)
    at = sample(whole, picture, torch.Generator().manual_seed(0))
    assert torch.equal(at.truth.view(2, 3, 16, 16), picture)
    assert at.points[0].tolist() == [-15 / 16, -15 / 16]
    assert len(at.points) == 16 * 16


def test_a_finer_truth_is_seen_as_the_means_of_its_cells(recipe: Recipe) -> None:
    finer = replace(recipe, data=replace(recipe.data, side=8, truth_side=16))
    picture = torch.rand(2, 3, 16, 16)
    at = sample(finer, picture, torch.Generator().manual_seed(0))
    means = picture.view(2, 3, 8, 2, 8, 2).mean((3, 5))
    assert torch.allclose(at.seen, fit_to_side(means, recipe.trainee.side), atol=1e-6)
    cell = 16 // sizes_of(recipe).canvas_side
    places = [picture[:, :, row::cell, column::cell].flatten(2) for row in range(cell) for column in range(cell)]
    assert any(torch.equal(at.truth, place) for place in places)


def test_earlier_canvases_count_as_the_recipe_says(recipe: Recipe) -> None:
    torch.manual_seed(0)
    model, picture = Predictor(sizes_of(recipe)), torch.rand(2, 3, 16, 16)

    def loss(canvas: float) -> float:
        generator = torch.Generator().manual_seed(0)
        return float(loss_of(replace(recipe, loss=LossRecipe(canvas=canvas)), model, picture, generator).detach())

    assert loss(0.5) - loss(0.0) == pytest.approx((loss(1.0) - loss(0.0)) / 2, rel=1e-4)
    assert loss(1.0) > loss(0.0)


def test_the_loss_is_taken_at_pixel_centres(recipe: Recipe) -> None:
    """Whatever pixel of a cell is drawn by lot, a predictor is compared with the picture at that place: the loss of
    a constant prediction is the mean squared distance from the chosen pixels."""
    torch.manual_seed(0)
    model = Predictor(sizes_of(recipe))
    with torch.no_grad():
        for layer in (model.net.output.weight, model.color_head.weight, model.code_head.weight):
            layer.zero_()
        model.net.output.bias.fill_(50.0)  # masks of 1
        model.color_head.bias.fill_(0.0)  # colour of 1/2
    model.requires_grad_(False)
    picture = torch.rand(1, 3, 16, 16)
    plain = replace(recipe, loss=LossRecipe())
    losses = {
        round(float(loss_of(plain, model, picture, torch.Generator().manual_seed(seed))), 5) for seed in range(30)
    }
    expected = {
        round(float((picture[:, :, row::2, column::2] - 0.5).square().mean()), 5)
        for row in range(2)
        for column in range(2)
    }
    assert losses == expected


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of torch's compiler, of its own parts
@pytest.mark.parametrize(("layers", "layers_per_pass"), [(3, 1), (4, 2)])
def test_all_passes_are_compiled_as_one_without_a_break(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch, layers: int, layers_per_pass: int
) -> None:
    from torch._dynamo.testing import CompileCounterWithBackend  # slow to import

    counter = CompileCounterWithBackend("eager")
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=counter, fullgraph=True))
    torch.compiler.reset()
    torch.manual_seed(0)
    trainee = MaskTrainee(replace(sizes_of(recipe), layers=layers, layers_per_pass=layers_per_pass))
    model = trainee.build()
    at = sample(recipe, torch.rand(2, 3, 16, 16), torch.Generator().manual_seed(0))
    plain = Objective(trainee, model, recipe.loss)(at.seen, at.points, at.truth)
    objective = Objective(trainee, model, recipe.loss, "default")
    for _ in range(2):
        loss, drawn = objective(at.seen, at.points, at.truth)
        loss.backward()
    assert counter.frame_count == 1
    torch.testing.assert_close((loss, drawn), plain)
    torch.compiler.reset()
