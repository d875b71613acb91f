"""Training an enhancer: on pairs that are drawn once, it goes on where it stopped, and its figures are beside those of
the plain drawing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from tests.train.conftest import ENHANCER_RECIPE
from vecstack.enhancing.net import Enhancer
from vecstack.errors import RecipeError, WeightsError
from vecstack.train.distributed import World
from vecstack.train.enhancer import EnhancerTrainee, drawing_of
from vecstack.train.evaluate import load_subject
from vecstack.train.loop import Callbacks, train
from vecstack.train.pairs import PAIRS, as_trained
from vecstack.train.recipe import Recipe, load_recipe


def written(folder: Path, text: str) -> Recipe:
    path = folder / "enhancer.toml"
    path.write_text(text, encoding="utf-8")
    return load_recipe(path)


@pytest.fixture
def recipe(weights: Path, tmp_path: Path) -> Recipe:
    return written(tmp_path, ENHANCER_RECIPE.replace("WEIGHTS", str(weights)))


@pytest.fixture
def pictures() -> tuple[Tensor, Tensor]:
    """Pictures of noise, 30 to train on and 4 held out."""
    values = np.random.default_rng(0).integers(0, 256, (34, 3, 20, 20), dtype=np.uint8)
    return torch.from_numpy(values[:30]), torch.from_numpy(values[30:])


def test_a_training_that_goes_on_is_that_which_never_stopped(
    recipe: Recipe, pictures: tuple[Tensor, Tensor], tmp_path: Path
) -> None:
    lines: list[str] = []
    whole = train(recipe, pictures, tmp_path / "whole", callbacks=Callbacks(say=lines.append))
    train(recipe, pictures, tmp_path / "parts", stop_after=3)
    parts = train(recipe, pictures, tmp_path / "parts", resume=True)
    assert whole.read_bytes() == parts.read_bytes()
    states = [torch.load(path.with_name("checkpoint.pt"), weights_only=True) for path in (whole, parts)]
    first, second = (state["adversary"]["discriminator"] for state in states)
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert any("drawing 22 pictures" in line for line in lines)
    assert any("(as drawn" in line for line in lines)


def test_time_that_is_up_while_pairs_are_drawn_is_not_lost(
    recipe: Recipe, pictures: tuple[Tensor, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(recipe, pictures, tmp_path / "whole")
    monkeypatch.setattr("vecstack.kinds.mask.training.MAX_POINTS", 1_200)  # a picture at a time
    parts = train(recipe, pictures, tmp_path / "parts", time_limit_seconds=0)
    assert len(drawn_in(tmp_path / "parts")) == 1
    train(recipe, pictures, tmp_path / "parts", resume=True)
    assert torch.equal(drawn_in(tmp_path / "parts"), drawn_in(tmp_path / "whole"))
    assert parts.read_bytes() == whole.read_bytes()


def drawn_in(folder: Path) -> Tensor:
    """The pairs that a training keeps."""
    (pairs,) = load_file(folder / PAIRS).values()
    return pairs


def test_pairs_are_pictures_and_what_the_model_draws_of_them(
    recipe: Recipe, pictures: tuple[Tensor, Tensor], tmp_path: Path
) -> None:
    trainee = recipe.trainee
    assert isinstance(trainee, EnhancerTrainee)
    lines: list[str] = []
    training, held_out = as_trained(trainee, pictures, tmp_path, World(), lines.append, lambda: False)
    assert training.shape == (20, 6, 20, 20)
    assert torch.equal(training[:, :3], pictures[0][torch.arange(20) * 30 // 20])
    assert torch.equal(held_out[:, :3], pictures[1][::2])
    drawing = drawing_of(trainee.of)
    (drawn,) = drawing.trainee.draw(drawing.model, pictures[1][:1], [drawing.trainee.layers])
    assert torch.equal(held_out[0, 3:], (drawn[0, 0] * 255).round().byte())
    again = as_trained(trainee, pictures, tmp_path, World(), lines.append, lambda: False)
    assert len(lines) == 1  # they were kept
    assert torch.equal(again[0], training)
    other = as_trained(trainee, (255 - pictures[0], pictures[1]), tmp_path, World(), lines.append, lambda: False)
    assert len(lines) == 2  # of other pictures, others
    assert torch.equal(other[0][:, :3], 255 - training[:, :3])


def test_it_learns_what_layers_leave_out(recipe: Recipe, weights: Path, tmp_path: Path) -> None:
    """A stripe that all pictures have, and no layer shows: it comes nearer with L1 alone."""
    values = np.full((22, 3, 20, 20), 60, np.uint8)
    values[:, :, ::4] = 200
    pictures = torch.from_numpy(values[:20]), torch.from_numpy(values[20:])
    plain = replace(recipe.loss, adversarial=0.0)
    data = replace(recipe.data, stored_side=20, side=20, flip=False, smallest_crop=1.0)
    recipe = replace(recipe, loss=plain, data=data, steps=60, learning_rate=1e-2, warmup_steps=0, evaluate_every=60)
    recipe = replace(recipe, average_decay=0.9, trainee=replace(recipe.trainee, side=20))
    train(recipe, pictures, tmp_path / "run")
    (entry,) = map(json.loads, (tmp_path / "run" / "log.jsonl").read_text(encoding="utf-8").splitlines())
    assert entry["psnr_enhanced"] > entry["psnr_plain"] + 1
    assert entry["distance_enhanced"] < entry["distance_plain"]


def test_it_is_evaluated_by_what_its_model_draws(pictures: tuple[Tensor, Tensor], tmp_path: Path) -> None:
    trainee, path = EnhancerTrainee("photos", 16), tmp_path / "enhancer.safetensors"
    path.write_bytes(trainee.to_bytes(trainee.build()))
    subject = load_subject(str(path), "cpu")
    assert (subject.layers, subject.side) == (0, 16)
    plain = load_subject("photos", "cpu").scores(pictures[1], [20])
    assert subject.scores(pictures[1], [])[0].psnr_of_mean_error == pytest.approx(plain[0].psnr_of_mean_error, abs=0.05)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("side = 16\npairs", "side = 8\npairs"), "enhancer.side must be data.side, not 8 and 16"),
        (("pairs = 20", "pairs = 0"), "enhancer.pairs must be at least 1"),
        (("levels = 2", "levels = 6"), "enhancer.net.levels must be 1 to 5, not 6"),
        (("width = 4", "wide = 4"), "unknown key wide"),
        (("[enhancer]", "[model]\nlayers = 3\n\n[enhancer]"), "a recipe trains one thing, not enhancer and model"),
        (("discriminator_width = 8", "discriminator_width = 0"), "loss.discriminator_width must be 1 to"),
    ],
)
def test_recipes_of_enhancers_that_make_no_sense_are_refused(
    change: tuple[str, str], message: str, tmp_path: Path
) -> None:
    assert change[0] in ENHANCER_RECIPE
    with pytest.raises(RecipeError, match=message):
        written(tmp_path, ENHANCER_RECIPE.replace(*change, 1))


def test_what_draws_no_layers_of_pictures_is_not_enhanced(
    recipe: Recipe, pictures: tuple[Tensor, Tensor], tmp_path: Path
) -> None:
    path = tmp_path / "enhancer.safetensors"
    path.write_bytes(recipe.trainee.to_bytes(recipe.trainee.build()))
    with pytest.raises(WeightsError, match=r"draws no layers of pictures; use another model as enhancer\.of"):
        train(replace(recipe, trainee=EnhancerTrainee(of=str(path), side=16)), pictures, tmp_path / "run")


def test_it_starts_from_an_enhancer_of_its_sizes(recipe: Recipe) -> None:
    given, model = recipe.trainee.build(), recipe.trainee.build()
    recipe.trainee.start_from(model, given)
    assert all(map(torch.equal, model.state_dict().values(), given.state_dict().values()))
    with pytest.raises(RecipeError, match="it must be an enhancer of the same sizes"):
        recipe.trainee.start_from(model, Enhancer(replace(given.sizes, width=8)))  # type: ignore[arg-type,type-var]
