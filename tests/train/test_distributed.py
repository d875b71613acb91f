from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.train.conftest import ENHANCER_RECIPE, GENERATOR_RECIPE, RECIPE
from vecstack.cli import run
from vecstack.errors import DeviceError, RecipeError
from vecstack.train.distributed import World, local_device
from vecstack.train.loop import check_batch
from vecstack.train.recipe import LossRecipe, load_recipe

ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "recipe",
    [
        f"{RECIPE}[loss]\ncanvas = 0.5\nabsolute = 0.5\n",
        f"{RECIPE}[loss]\nadversarial = 0.1\n",
        GENERATOR_RECIPE.replace("adversarial = 1.0", "adversarial = 1.0\ndiscriminator_steps = 2"),
        ENHANCER_RECIPE.replace('adversary = "logistic"', "discriminator_steps = 2"),
    ],
    ids=["without adversary", "with adversary", "generator", "enhancer"],
)
def test_two_processes_train_as_one(
    recipe_file: Path, weights: Path, picture_zip: Path, tmp_path: Path, recipe: str
) -> None:
    """The same total batch: the same loss, and weights within what sums in another order make of them; those of a
    discriminator, where there is one, too."""
    recipe_file.write_text(recipe.replace("WEIGHTS", str(weights)), encoding="utf-8")
    arguments = ["train", str(recipe_file), "--device", "cpu", "--data", str(picture_zip), "--out"]
    assert run([*arguments, str(tmp_path / "one")]) == 0
    command = [sys.executable, *TORCHRUN, "-m", "vecstack", *arguments, str(tmp_path / "two")]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{tmp_path / 'two' / 'model.safetensors'}\n"  # by the first process alone
    one, two = (torch.load(tmp_path / name / "checkpoint.pt", weights_only=True) for name in ("one", "two"))
    torch.testing.assert_close(one["model"], two["model"], rtol=0, atol=1e-4)
    if one["adversary"] is not None:
        torch.testing.assert_close(
            one["adversary"]["discriminator"], two["adversary"]["discriminator"], rtol=0, atol=1e-4
        )
    logs = [(tmp_path / name / "log.jsonl").read_text(encoding="utf-8").splitlines() for name in ("one", "two")]
    for first, second in zip(*logs, strict=True):
        assert json.loads(first)["loss"] == pytest.approx(json.loads(second)["loss"], rel=1e-4)


def test_shares_are_the_whole_batch() -> None:
    batch = torch.rand(6, 3, 5, 7)
    assert torch.equal(torch.cat([World(rank, 3).share(batch) for rank in range(3)]), batch)


def test_a_batch_that_cannot_be_shared_is_refused(recipe_file: Path) -> None:
    with pytest.raises(RecipeError, match="a batch of 4 cannot be shared by 3 processes evenly"):
        check_batch(load_recipe(recipe_file), 3)


def test_groups_of_a_discriminator_are_of_one_process(recipe_file: Path) -> None:
    grouped = LossRecipe(adversarial=1.0, adversary="logistic", discriminator_group=4)
    recipe = replace(load_recipe(recipe_file), loss=grouped)
    check_batch(recipe, 1)
    with pytest.raises(RecipeError, match="gives 2 processes no groups of 4"):
        check_batch(recipe, 2)


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Pretends that this is a process of torchrun on a machine of two GPUs."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    return monkeypatch


def test_each_process_has_the_gpu_of_its_number(two_gpus: pytest.MonkeyPatch) -> None:
    two_gpus.setenv("LOCAL_WORLD_SIZE", "2")
    for rank in ("0", "1"):
        two_gpus.setenv("LOCAL_RANK", rank)
        assert local_device(torch.device("cuda", 0)) == torch.device("cuda", int(rank))
        assert local_device(torch.device("cpu")) == torch.device("cpu")


@pytest.mark.parametrize(("rank", "processes"), [("0", "4"), ("3", "4"), ("2", None)])
def test_more_processes_than_gpus_are_refused_by_each(
    two_gpus: pytest.MonkeyPatch, rank: str, processes: str | None
) -> None:
    two_gpus.setenv("LOCAL_RANK", rank)
    if processes is not None:
        two_gpus.setenv("LOCAL_WORLD_SIZE", processes)
    with pytest.raises(DeviceError, match=r"processes for a machine of 2 GPUs.*--nproc-per-node 2") as caught:
        local_device(torch.device("cuda", 0))
    assert "\n" not in str(caught.value)
