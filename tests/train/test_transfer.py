from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vecstack.errors import RecipeError, WeightsError
from vecstack.kinds.mask.maker import weights_to_bytes
from vecstack.kinds.mask.model import Predictor
from vecstack.train.recipe import load_recipe
from vecstack.train.transfer import start_from


@pytest.fixture
def small(recipe_file: Path, tmp_path: Path) -> tuple[Predictor, str]:
    """A model of 2 layers in one pass, and the path of its weights."""
    torch.manual_seed(0)
    model = Predictor(replace(load_recipe(recipe_file).model, layers=2, layers_per_pass=2))
    path = tmp_path / "small.safetensors"
    path.write_bytes(weights_to_bytes(model))
    return model, str(path)


def test_each_layer_becomes_as_many_as_the_larger_model_has_of_it(small: tuple[Predictor, str]) -> None:
    given, path = small
    larger = Predictor(replace(given.sizes, layers=6, layers_per_pass=6))
    start_from(larger, path)
    picture = torch.rand(1, 3, 16, 16)
    codes, colors = given.predict(picture)
    more_codes, more_colors = larger.predict(picture)
    half = {"rtol": 1e-2, "atol": 1e-2}  # the weights were kept in float16
    torch.testing.assert_close(more_codes, codes.repeat_interleave(3, 1), **half)
    torch.testing.assert_close(more_colors, colors.repeat_interleave(3, 1), **half)
    torch.testing.assert_close(larger.net.output.weight, given.net.output.weight.half().float())


def test_another_net_is_refused(small: tuple[Predictor, str]) -> None:
    given, path = small
    other = Predictor(replace(given.sizes, net=replace(given.sizes.net, code=4)))
    with pytest.raises(RecipeError, match="same net and encoder"):
        start_from(other, path)


def test_a_count_of_layers_that_is_no_multiple_is_refused(small: tuple[Predictor, str]) -> None:
    given, path = small
    with pytest.raises(RecipeError, match="a multiple of its 2"):
        start_from(Predictor(replace(given.sizes, layers=3, layers_per_pass=3)), path)


def test_weights_that_are_not_there_are_named(small: tuple[Predictor, str]) -> None:
    with pytest.raises(WeightsError, match=r"nowhere\.safetensors"):
        start_from(small[0], "nowhere.safetensors")
