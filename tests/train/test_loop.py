from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vecstack.errors import RecipeError
from vecstack.models import load_model
from vecstack.train.data import load_pictures
from vecstack.train.loop import reconstruction_loss, train
from vecstack.train.recipe import Recipe, load_recipe


@pytest.fixture
def recipe(recipe_file: Path) -> Recipe:
    return load_recipe(recipe_file)


@pytest.fixture
def pictures(picture_zip: Path) -> tuple[torch.Tensor, torch.Tensor]:
    return load_pictures([picture_zip], 20)


Pictures = tuple[torch.Tensor, torch.Tensor]


def test_training_writes_weights_that_load_and_a_log(recipe: Recipe, pictures: Pictures, tmp_path: Path) -> None:
    weights = train(recipe, pictures, tmp_path / "out")
    assert load_model(weights, "cpu").maker.most_layers == 3
    log = [json.loads(line) for line in (tmp_path / "out" / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [entry["step"] for entry in log] == [3, 6]
    assert log[-1]["psnr"].keys() == {"1", "2", "3"}


def test_an_interrupted_training_ends_as_an_uninterrupted_one(
    recipe: Recipe, pictures: Pictures, tmp_path: Path
) -> None:
    whole = train(recipe, pictures, tmp_path / "whole")
    train(recipe, pictures, tmp_path / "parts", stop_after=2)
    assert torch.load(tmp_path / "parts" / "checkpoint.pt", weights_only=True)["step"] == 2
    parts = train(recipe, pictures, tmp_path / "parts", resume=True)
    assert parts.read_bytes() == whole.read_bytes()


def test_a_time_limit_of_nothing_saves_at_once(recipe: Recipe, pictures: Pictures, tmp_path: Path) -> None:
    train(recipe, pictures, tmp_path / "out", time_limit_seconds=0)
    assert torch.load(tmp_path / "out" / "checkpoint.pt", weights_only=True)["step"] == 0


def test_a_training_does_not_overwrite_another(recipe: Recipe, pictures: Pictures, tmp_path: Path) -> None:
    train(recipe, pictures, tmp_path / "out", time_limit_seconds=0)
    with pytest.raises(RecipeError, match="--resume"):
        train(recipe, pictures, tmp_path / "out")


def test_a_checkpoint_of_other_sizes_is_refused(recipe: Recipe, pictures: Pictures, tmp_path: Path) -> None:
    train(recipe, pictures, tmp_path / "out", time_limit_seconds=0)
    other = replace(recipe, model=replace(recipe.model, net=replace(recipe.model.net, code=4)))
    with pytest.raises(RecipeError, match="does not fit this recipe"):
        train(other, pictures, tmp_path / "out", resume=True)


def test_a_damaged_checkpoint_is_refused(recipe: Recipe, pictures: Pictures, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "checkpoint.pt").write_bytes(b"junk")
    with pytest.raises(RecipeError, match="does not fit this recipe"):
        train(recipe, pictures, tmp_path / "out", resume=True)


def test_sigterm_saves_and_ends(recipe_file: Path, picture_zip: Path, tmp_path: Path) -> None:
    text = recipe_file.read_text(encoding="utf-8").replace("steps = 6", "steps = 100000")
    recipe_file.write_text(text, encoding="utf-8")
    out = tmp_path / "out"
    command = [
        sys.executable,
        "-m",
        "vecstack",
        "train",
        str(recipe_file),
        "--data",
        str(picture_zip),
        "--out",
        str(out),
    ]
    with subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        while not (out / "log.jsonl").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert torch.load(out / "checkpoint.pt", weights_only=True)["step"] >= 3
    assert load_model(out / "model.safetensors", "cpu").maker.most_layers == 3


def test_training_learns(recipe: Recipe, tmp_path: Path) -> None:
    """Two hundred steps on pictures of one bright half get well below the error of their mean."""
    pictures = torch.zeros(40, 3, 20, 20, dtype=torch.uint8)
    pictures[:, :, :, 10:] = 230
    long = replace(recipe, steps=200, evaluate_every=200, learning_rate=5e-3, warmup_steps=5, average_decay=0.9)
    train(long, (pictures, pictures[:4]), tmp_path / "out")
    entry = json.loads((tmp_path / "out" / "log.jsonl").read_text(encoding="utf-8"))
    mean_only = 6.9  # dB: -10 log10 of (230/255/2)^2
    assert entry["psnr"]["3"] > mean_only + 2


def test_the_loss_is_taken_at_pixel_centres(recipe: Recipe) -> None:
    """Whatever pixel of a cell is drawn by lot, a predictor is compared with the picture at that place: the loss of
    a constant prediction is the mean squared distance from the chosen pixels."""
    from vecstack.kinds.mask.model import Predictor

    torch.manual_seed(0)
    model = Predictor(recipe.model)
    with torch.no_grad():
        for layer in (model.net.output.weight, model.color_head.weight, model.code_head.weight):
            layer.zero_()
        model.net.output.bias.fill_(50.0)  # masks of 1
        model.color_head.bias.fill_(0.0)  # colour of 1/2
    model.requires_grad_(False)
    picture = torch.rand(1, 3, 16, 16)
    plain = replace(recipe, canvas_loss=0.0, absolute_loss=0.0)
    losses = {
        round(float(reconstruction_loss(plain, model, picture, torch.Generator().manual_seed(seed))), 5)
        for seed in range(30)
    }
    expected = {
        round(float((picture[:, :, row::2, column::2] - 0.5).square().mean()), 5)
        for row in range(2)
        for column in range(2)
    }
    assert losses == expected
