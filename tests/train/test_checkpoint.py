from __future__ import annotations

import io
import os
import random
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.train.conftest import ENHANCER_RECIPE, GENERATOR_RECIPE, RECIPE, sizes_of, with_baseline, with_sizes
from vecstack.errors import RecipeError, WeightsError
from vecstack.kinds.mask.baselines import BaselineTrainee
from vecstack.kinds.mask.maker import weights_to_bytes
from vecstack.kinds.mask.model import Predictor
from vecstack.train.checkpoint import find_start, restore, save, start
from vecstack.train.data import load_pictures
from vecstack.train.loop import train
from vecstack.train.recipe import LossRecipe, Recipe, load_recipe

Pictures = tuple[torch.Tensor, torch.Tensor]
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}
ADVERSARIAL = "\n[loss]\ncanvas = 0.5\nadversarial = 0.1\n"
BASELINE = '\n[baseline]\ndecoder = "mlp"\nnumbers = 8\nside = 16\n'
BASELINE += "[baseline.encoder]\nside = 16\nwidth = 8\nblocks = [1, 1, 1, 1]\nstem_pool = false\n"


@pytest.fixture
def recipe(recipe_file: Path) -> Recipe:
    return load_recipe(recipe_file)


@pytest.fixture
def pictures(picture_zip: Path) -> Pictures:
    return load_pictures([picture_zip], 20)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """The count of threads of ENVIRONMENT: sums in another order would be other bytes."""
    count = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(count)


def with_adversary(recipe: Recipe) -> Recipe:
    return replace(recipe, loss=LossRecipe(adversarial=0.1))


def kept(out: Path) -> Any:
    """A checkpoint, less the time that it took."""
    checkpoint: dict[str, Any] = torch.load(out / "checkpoint.pt", weights_only=True)
    return {key: value for key, value in checkpoint.items() if key != "seconds"}


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    ("text", "measured"),
    [
        (RECIPE + ADVERSARIAL, b"held-out dB"),
        (RECIPE + BASELINE, b"held-out dB"),
        (GENERATOR_RECIPE, b"KID"),
        (ENHANCER_RECIPE, b"as drawn"),
    ],
    ids=["adversarial", "baseline", "generator", "enhancer"],
)
def test_a_training_that_is_killed_ends_as_an_uninterrupted_one(
    recipe_file: Path, picture_zip: Path, weights: Path, tmp_path: Path, text: str, measured: bytes
) -> None:
    """Killed, not asked to stop, at a moment drawn by lot, which may be within a file's writing."""
    text = text.replace("evaluate_every = 3", "evaluate_every = 2").replace("WEIGHTS", str(weights))
    recipe_file.write_text(re.sub(r"(?m)^steps = \d+", "steps = 20", text), encoding="utf-8")
    recipe, whole, parts = load_recipe(recipe_file), tmp_path / "whole", tmp_path / "parts"
    pictures = load_pictures([picture_zip], recipe.data.stored_side)
    train(recipe, pictures, whole)
    arguments = ["train", str(recipe_file), "--data", str(picture_zip), "--out", str(parts), "--resume"]
    with subprocess.Popen(
        [sys.executable, "-m", "vecstack", *arguments], env=ENVIRONMENT, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        while measured not in process.stderr.readline():
            assert process.poll() is None
        time.sleep(random.uniform(0, 0.1))
        process.kill()
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    train(recipe, pictures, parts, resume=True)
    assert (parts / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    torch.testing.assert_close(kept(parts), kept(whole), rtol=0, atol=0)


def test_a_checkpoint_of_other_sizes_is_refused(recipe: Recipe, pictures: Pictures, tmp_path: Path) -> None:
    train(recipe, pictures, tmp_path / "out", time_limit_seconds=0)
    other = with_sizes(recipe, net=replace(sizes_of(recipe).net, code=4))
    with pytest.raises(
        RecipeError, match=r"does not fit this recipe \(code_head.weight is \[3, .* there, \[4, .* here"
    ):
        train(other, pictures, tmp_path / "out", resume=True)


def other_baseline(recipe: Recipe) -> Recipe:
    return with_baseline(recipe, "convt")


@pytest.mark.parametrize(
    ("first", "then", "says"),
    [
        (with_baseline, lambda recipe: recipe, "conv1.weight is"),
        (lambda recipe: recipe, with_baseline, "conv1.weight is"),
        (with_baseline, other_baseline, "decoder.* there"),
        (with_adversary, lambda recipe: recipe, "adversarial loss"),
        (lambda recipe: recipe, with_adversary, "adversarial loss"),
    ],
    ids=["baseline, then layers", "layers, then baseline", "decoders", "less adversary", "more adversary"],
)
def test_a_checkpoint_of_another_recipe_is_refused_and_kept(
    recipe: Recipe, pictures: Pictures, tmp_path: Path, first: Any, then: Any, says: str
) -> None:
    train(first(recipe), pictures, tmp_path / "out", time_limit_seconds=0)
    before = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}
    with pytest.raises(RecipeError, match=f"checkpoint.pt: does not fit this recipe .*({says})") as caught:
        train(then(recipe), pictures, tmp_path / "out", resume=True)
    assert "\n" not in str(caught.value)
    assert {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()} == before


def saved(value: object) -> bytes:
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def empty_zip() -> bytes:
    file = io.BytesIO()
    zipfile.ZipFile(file, "w").close()
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"junk",
        empty_zip(),
        saved(torch.zeros(3)),
        saved([]),
        saved({}),
        saved({"model": None}),
        saved({"model": {"x": 1}}),
        saved(Path),
    ],
    ids=["empty", "junk", "empty zip", "tensor", "list", "nothing", "no model", "no tensors", "code"],
)
def test_what_is_no_checkpoint_is_refused(recipe: Recipe, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(data)
    with pytest.raises(RecipeError, match="does not fit this recipe") as caught:
        restore(start(recipe, None), tmp_path)
    assert "\n" not in str(caught.value)


class Harm:
    """What makes a folder when it is unpickled without care."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def test_a_checkpoint_that_would_run_code_is_refused(recipe: Recipe, tmp_path: Path) -> None:
    torch.save({"model": Harm(tmp_path / "harm")}, tmp_path / "checkpoint.pt")
    with pytest.raises(RecipeError, match=r"checkpoint\.pt: does not fit this recipe"):
        restore(start(recipe, None), tmp_path)
    assert not (tmp_path / "harm").exists()


def test_a_truncated_checkpoint_is_refused(recipe: Recipe, tmp_path: Path) -> None:
    save(start(recipe, None), tmp_path)
    whole = (tmp_path / "checkpoint.pt").read_bytes()
    for share in (0.01, 0.3, 0.6, 0.999):
        (tmp_path / "checkpoint.pt").write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(RecipeError, match="does not fit this recipe"):
            restore(start(recipe, None), tmp_path)


def test_a_resumed_training_has_the_settings_of_its_recipe(recipe: Recipe, tmp_path: Path) -> None:
    recipe = with_adversary(recipe)
    save(start(recipe, None), tmp_path)
    changed = replace(recipe, weight_decay=0.25, loss=replace(recipe.loss, discriminator_rate=1e-6))
    state = start(changed, None)
    restore(state, tmp_path)
    assert state.adversary is not None
    assert state.optimizer.param_groups[0]["weight_decay"] == 0.25
    assert state.adversary.optimizer.param_groups[0]["lr"] == 1e-6


def test_weights_that_float16_cannot_hold_are_not_saved(recipe: Recipe, tmp_path: Path) -> None:
    state = start(recipe, None)
    save(state, tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    next(state.average.parameters()).data[0] = 1e6
    with pytest.raises(RecipeError, match="smaller learning_rate"):
        save(state, tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.fixture
def given(recipe: Recipe, tmp_path: Path) -> Predictor:
    """A model of the recipe's sizes whose weights lie in given.safetensors."""
    torch.manual_seed(1)
    model = Predictor(sizes_of(recipe))
    (tmp_path / "given.safetensors").write_bytes(weights_to_bytes(model))
    return model


def test_a_training_starts_from_the_weights_of_its_recipe(recipe: Recipe, given: Predictor, tmp_path: Path) -> None:
    state = start(replace(recipe, start_from=str(tmp_path / "given.safetensors")), None)
    for model in (state.model, state.average):
        for key, tensor in model.state_dict().items():
            assert torch.equal(tensor, given.state_dict()[key].half().float())


def test_a_model_to_start_from_that_is_not_there_is_told_with_what_to_do(recipe: Recipe) -> None:
    lost = replace(recipe, start_from="runs/photos/start")  # three names: no repository of the Hub
    for look in (find_start, lambda recipe: start(recipe, None)):
        with pytest.raises(WeightsError) as caught:
            look(lost)
        told = str(caught.value)
        assert told.startswith('recipe tiny: start_from = "runs/photos/start" cannot be used. Train that model first')
        assert "use digits, icons, photos, a path" in told
        assert "\n" not in told


@pytest.mark.parametrize("data", [b"", b"junk"], ids=["empty", "junk"])
def test_a_model_to_start_from_that_is_damaged_is_named(recipe: Recipe, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "given.safetensors").write_bytes(data)
    with pytest.raises(WeightsError, match=r"recipe tiny: start_from = .*given\.safetensors.*not a vecstack model"):
        start(replace(recipe, start_from=str(tmp_path / "given.safetensors")), None)


@pytest.mark.usefixtures("given")
def test_a_model_to_start_from_that_does_not_fit_is_named(recipe: Recipe, tmp_path: Path) -> None:
    other = with_sizes(recipe, net=replace(sizes_of(recipe).net, code=4))
    for plan, says in ((other, "same net and encoder"), (with_baseline(recipe), "weights of its own")):
        with pytest.raises(RecipeError, match=rf"recipe tiny: start_from = .*given\.safetensors.*{says}"):
            start(replace(plan, start_from=str(tmp_path / "given.safetensors")), None)


def test_a_model_of_layers_does_not_start_from_a_baseline(recipe: Recipe, tmp_path: Path) -> None:
    trainee = with_baseline(recipe).trainee
    assert isinstance(trainee, BaselineTrainee)
    (tmp_path / "given.safetensors").write_bytes(trainee.to_bytes(trainee.build()))
    with pytest.raises(RecipeError, match="does not predict mask layers"):
        start(replace(recipe, start_from=str(tmp_path / "given.safetensors")), None)
