from __future__ import annotations

from pathlib import Path

import pytest

from vecstack.errors import RecipeError
from vecstack.models import available_models
from vecstack.train.recipe import load_recipe


def test_a_recipe_is_read_with_its_tables(recipe_file: Path) -> None:
    recipe = load_recipe(recipe_file)
    assert (recipe.name, recipe.steps, recipe.batch) == ("tiny", 6, 4)
    assert recipe.model.encoder.blocks == (1, 1, 1, 1)
    assert recipe.data.smallest_crop == 0.7
    assert recipe.learning_rate == 1e-3  # not in the file: the default


def test_every_shipped_recipe_is_read() -> None:
    for model in available_models():
        assert load_recipe(model.path.parent / "recipe.toml").name == model.name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("steps = 6", "stepz = 6"), "unknown key stepz. Did you mean steps?"),
        (("flip = true", "flip = 1"), "data: flip must be bool, not 1"),
        (("batch = 4", 'batch = "4"'), "batch must be int"),
        (("batch = 4", "batch = -4"), "at least 0"),
        (("batch = 4", "learning_rate = nan"), "finite"),
        (("[1, 1, 1, 1]", "[1, 1]"), "a list of 4 values"),
        (('name = "tiny"', ""), "name is missing"),
        (("[model.net]", "[model.nett]"), "unknown key nett. Did you mean net?"),
        (('name = "tiny"', 'name = "tiny'), "not TOML"),
        (("canvas_side = 8", "canvas_side = 7"), "canvas_side"),
        (("batch = 4", "batch = 0"), "batch"),
        (("width = 8", "width = 6"), "width"),
    ],
)
def test_a_recipe_that_cannot_be_meant_is_refused(recipe_file: Path, change: tuple[str, str], message: str) -> None:
    recipe_file.write_text(recipe_file.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        load_recipe(recipe_file)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"nothing\.toml"):
        load_recipe(tmp_path / "nothing.toml")
