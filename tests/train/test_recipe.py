from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.train.conftest import sizes_of
from vecstack.errors import RecipeError
from vecstack.kinds import find_kind
from vecstack.kinds.base import Kind
from vecstack.models import published_models
from vecstack.train import recipe as module
from vecstack.train.recipe import Recipe, load_recipe


@pytest.mark.slow
def test_a_recipe_is_read_with_its_tables(recipe_file: Path) -> None:
    recipe = load_recipe(recipe_file)
    assert (recipe.name, recipe.steps, recipe.batch) == ("tiny", 6, 4)
    assert sizes_of(recipe).encoder.blocks == (1, 1, 1, 1)
    assert recipe.data.smallest_crop == 0.7
    assert recipe.learning_rate == 1e-3  # not in the file: the default


def test_every_shipped_recipe_is_read() -> None:
    for model in published_models():
        assert load_recipe(model.path.parent / "recipe.toml").name == model.name
        for path in model.path.parent.glob("*.toml"):
            load_recipe(path)


def test_a_recipe_without_tables_trains_the_default(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text('name = "short"', encoding="utf-8")
    assert load_recipe(tmp_path / "recipe.toml") == Recipe("short")
    (tmp_path / "recipe.toml").write_text('name = "short"\nkind = "mask"', encoding="utf-8")
    assert load_recipe(tmp_path / "recipe.toml") == Recipe("short")


class Plain(Kind):  # type: ignore[type-arg,unused-ignore]
    """A kind that says nothing of training."""


def test_a_kind_that_is_not_trained_is_refused(recipe_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_kind", lambda name: Plain() if name == "plain" else find_kind(name))
    text = recipe_file.read_text(encoding="utf-8")
    recipe_file.write_text(f'kind = "plain"\n{text}', encoding="utf-8")
    with pytest.raises(RecipeError, match=r"recipe\.toml: kind plain: layers of this kind are not trained"):
        load_recipe(recipe_file)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("steps = 6", "stepz = 6"), "unknown key stepz; did you mean steps?"),
        (("flip = true", "flip = 1"), "data: flip must be bool, not 1"),
        (("batch = 4", 'batch = "4"'), "batch must be int"),
        (("batch = 4", "batch = -4"), "at least 0"),
        (("batch = 4", "learning_rate = nan"), "finite"),
        (("[1, 1, 1, 1]", "[1, 1]"), "a list of 4 values"),
        (('name = "tiny"', ""), "name is missing"),
        (('name = "tiny"', 'name = "tiny"\nkind = "sparkle"'), "there is no kind of layer 'sparkle'"),
        (('name = "tiny"', 'name = "tiny"\nkind = 3'), "there is no kind of layer 3"),
        (("[model]", "[modle]"), "unknown key modle; did you mean model?"),
        (("[data]", "[dataa]"), "unknown key dataa; did you mean data?"),
        (("[data]", "[trainee]"), "unknown key trainee; use one of model, baseline, generator."),
        (("batch = 4", "baseline = 3"), "unknown key baseline; use one of name"),
        (("[model.net]", "[model.nett]"), "unknown key nett; did you mean net?"),
        (('name = "tiny"', 'name = "tiny'), "not TOML"),
        (("canvas_side = 8", "canvas_side = 7"), "canvas_side"),
        (("batch = 4", "batch = 0"), "batch"),
        (("width = 8", "width = 6"), "model.net.width"),
        (("width = 8\ndepth", "width = 1028\ndepth"), "model.net.width must be a multiple of 4 up to 1024, not 1028"),
        (("depth = 2", "depth = 17"), "model.net.depth must be 1 to 16, not 17"),
        (("code = 3", "code = 4097"), "model.net.code must be 1 to 4096, not 4097"),
        (("layers = 3", "layers = 4097"), "model.layers must be 1 to 4096, not 4097"),
        (("layers = 3\ncanvas_side = 8\n\n[model.net]\ncode = 3", "layers = 4096\n[model.net]\ncode = 4096"), "layers"),
        (("canvas_side = 8", "canvas_side = 5000"), "model.canvas_side must be 1 to 512, not 5000"),
        (("side = 16\nwidth", "side = 4097\nwidth"), "model.encoder.side must be 1 to 512, not 4097"),
        (("width = 8\nblocks", "width = 11\nblocks"), "model.encoder.width"),
        (("width = 8\nblocks", "width = 7\nblocks"), "model.encoder.width"),
        (("width = 8\nblocks", "width = 2048\nblocks"), "larger than"),
        (("[1, 1, 1, 1]", "[1, 0, 1, 1]"), "model.encoder.blocks"),
        (("[1, 1, 1, 1]", "[1, 1, 1, 4097]"), "model.encoder.blocks"),
        (("stored_side = 20", "stored_side = 0"), "data.stored_side must be 1 to 4096, not 0"),
        (("batch = 4", "second_moment_decay = 1.0"), "second_moment_decay must be below 1, not 1.0"),
        (("batch = 4", "average_decay = 1"), "average_decay must be below 1, not 1.0"),
        (("batch = 4", "seed = 18446744073709551616"), "seed must be 0 to 18446744073709551615"),
        (("batch = 4", "first_moment_decay = 1.5"), "first_moment_decay must be below 1, not 1.5"),
        (("batch = 4", 'precision = "half"'), "precision must be float32 or bfloat16, not half"),
        (("batch = 4", 'schedule = "linear"'), "schedule must be cosine or constant, not linear"),
        (("batch = 4", "learning_rate = 0"), "learning_rate must be above 0"),
        (("batch = 4", "gradient_norm = 0"), "gradient_norm must be above 0"),
        (("flip = true", "zoom = 1"), "data.zoom must be below 1, not 1.0"),
        (("flip = true", "shift = 2"), "data.shift must be below 1, not 2.0"),
        (("flip = true", "warped_share = 1.1"), "data.warped_share must be at most 1, not 1.1"),
        (("stored_side = 20", "stored_side = 15"), "data.stored_side must be at least data.side, not 15 and 16"),
        (
            ("stored_side = 20", "stored_side = 20\ntruth_side = 24"),
            "data.truth_side must be a multiple of data.side, not 24 and 16",
        ),
        (
            ("stored_side = 20", "stored_side = 20\ntruth_side = 32"),
            "data.stored_side must be at least data.truth_side, not 20 and 32",
        ),
        (("flip = true", "coarse_share = 1.1"), "data.coarse_share must be at most 1, not 1.1"),
        (("flip = true", "coarse_share = 0.5"), "must be a multiple of data.side where there is a data.coarse_share"),
        (("layers = 3", "layers = 3\nlayers_per_pass = 0"), "model.layers_per_pass must be 1 to 4096, not 0"),
        (("[data]", "[loss]\nabsolute = 1.5\n[data]"), "loss.absolute must be 0 to 1, not 1.5"),
        (("[data]", "[loss]\nperceptual = 1\n[data]"), "loss.perceptual needs loss.perceptual_network"),
        (("[data]", "[loss]\nadversarial = 1\ndiscriminator_layers = 9\n[data]"), "must be 2 to 8, not 9"),
        (
            ("[data]", "[loss]\nadversarial = 1\ndiscriminator_width = 0\n[data]"),
            "discriminator_width must be 1 to 1024",
        ),
        (("[data]", "[loss]\nadversarial = 1\ndiscriminator_group = 2\n[data]"), 'is for adversary = "logistic"'),
        (
            ("[data]", "[loss]\nadversarial = 1\nadversary = 'logistic'\ndiscriminator_group = 3\n[data]"),
            "discriminator_group must divide batch, and be 2 or more, not 3",
        ),
        (("[data]", "[loss]\nadversarial = 1\ndiscriminator_layers = 8\n[data]"), "data.side of 192 or more"),
        (("[data]", "[baseline]\ndecoder = 'convtt'\nside = 16\n[data]"), "baseline.decoder"),
        (("[data]", "[baseline]\nside = 32\n[data]"), "baseline.side must be data.side, not 32 and 16"),
        (("batch = 4\nevaluate_every = 3\n", "batch = 1\n[baseline]\nside = 16\n"), "batch must be at least 2 for a"),
        (("[data]", "[baseline]\nside = 16\n[baseline.encoder]\nwidth = 2048\n[data]"), "baseline.encoder.width"),
    ],
)
def test_a_recipe_that_cannot_be_meant_is_refused(recipe_file: Path, change: tuple[str, str], message: str) -> None:
    recipe_file.write_text(recipe_file.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        load_recipe(recipe_file)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_largest_seed_is_one_that_torch_takes(recipe_file: Path) -> None:
    text = recipe_file.read_text(encoding="utf-8").replace("batch = 4", f"seed = {2**64 - 1}")
    recipe_file.write_text(text, encoding="utf-8")
    torch.Generator().manual_seed(load_recipe(recipe_file).seed)


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"nothing\.toml"):
        load_recipe(tmp_path / "nothing.toml")
