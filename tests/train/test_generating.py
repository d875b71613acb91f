"""Training a generator: its loss is its adversary's alone, it goes on where it stopped, and a collapse is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.train.conftest import GENERATOR_RECIPE
from vecstack.errors import RecipeError, WeightsError
from vecstack.train.data import load_pictures
from vecstack.train.evaluate import load_subject
from vecstack.train.loop import Callbacks, train
from vecstack.train.measured import measured
from vecstack.train.recipe import Recipe, load_recipe


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    return written(tmp_path, GENERATOR_RECIPE)


def written(folder: Path, text: str) -> Recipe:
    path = folder / "generator.toml"
    path.write_text(text, encoding="utf-8")
    return load_recipe(path)


@pytest.mark.parametrize("adversary", ["wasserstein", "logistic"])
def test_a_training_that_goes_on_is_that_which_never_stopped(
    adversary: str, recipe: Recipe, picture_zip: Path, tmp_path: Path
) -> None:
    recipe = replace(recipe, loss=replace(recipe.loss, adversary=adversary, discriminator_steps=2))
    pictures = load_pictures([picture_zip], 16)
    lines: list[str] = []
    whole = train(recipe, pictures, tmp_path / "whole", callbacks=Callbacks(say=lines.append))
    train(recipe, pictures, tmp_path / "parts", stop_after=3)
    parts = train(recipe, pictures, tmp_path / "parts", resume=True)
    assert whole.read_bytes() == parts.read_bytes()
    assert any("KID" in line and "layers unused" in line for line in lines)


def test_what_it_draws_moves_with_its_adversary(recipe: Recipe, picture_zip: Path, tmp_path: Path) -> None:
    pictures = load_pictures([picture_zip], 16)
    start = recipe.trainee.build()
    weights = train(recipe, pictures, tmp_path / "run", stop_after=1).read_bytes()
    torch.manual_seed(recipe.seed)
    start = recipe.trainee.build()
    trained = recipe.trainee.load(weights, None)
    moved = [
        key
        for key, value in trained.state_dict().items()
        if not torch.allclose(value, start.state_dict()[key], atol=5e-4)
    ]
    assert any(key.startswith("net") for key in moved)
    assert any(key.startswith("code_head") for key in moved)


def test_a_collapse_is_said(recipe: Recipe) -> None:
    model = recipe.trainee.build()
    varied = torch.randint(256, (12, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    for parameter in model.parameters():
        parameter.data.zero_()
    found = measured(recipe.trainee, model, varied)
    assert "it has collapsed" in found.line
    assert found.curves["spread"] < 1e-6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("adversarial = 1.0", "adversarial = 0.0"), "a generator learns from its adversary alone"),
        (("discriminator_layers = 3", "canvas = 0.1"), "loss.canvas is not for a generator"),
        (
            ("discriminator_layers = 3", 'adversary = "kind"'),
            "loss.adversary must be wasserstein or logistic, not kind",
        ),
        (("discriminator_layers = 3", "discriminator_steps = 0"), "loss.discriminator_steps must be 1 to"),
        (("canvas_side = 16", "canvas_side = 8"), "encoder.side must be canvas_side, not 16 and 8"),
        (("noise = 4", "noise = 0"), "generator.noise must be 1 to 4096, not 0"),
        (("layers = 3\nnoise", "layers = 3\nlayers_per_pass = 4\nnoise"), "layers_per_pass must be at most layers"),
        (("[generator]", "[model]\nlayers = 3\n\n[generator]"), "a recipe trains one thing, not generator and model"),
    ],
)
def test_recipes_of_generators_that_make_no_sense_are_refused(
    change: tuple[str, str], message: str, tmp_path: Path
) -> None:
    assert change[0] in GENERATOR_RECIPE
    with pytest.raises(RecipeError, match=message):
        written(tmp_path, GENERATOR_RECIPE.replace(*change, 1))


def test_a_generator_is_not_measured_by_a_truth(recipe: Recipe, tmp_path: Path) -> None:
    path = tmp_path / "generator.safetensors"
    path.write_bytes(recipe.trainee.to_bytes(recipe.trainee.build()))
    with pytest.raises(WeightsError, match="have no truth to be measured by"):
        load_subject(str(path), "cpu")
