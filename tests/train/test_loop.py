from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vecstack.errors import ExportError, RecipeError
from vecstack.models import load_model
from vecstack.train.data import Examples, load_pictures
from vecstack.train.loop import Watchers, train
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


@pytest.mark.parametrize("name", ["model.safetensors", "log.jsonl", "checkpoint.pt"])
def test_a_training_does_not_overwrite_another(recipe: Recipe, pictures: Pictures, tmp_path: Path, name: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_bytes(b"mine")
    with pytest.raises(ExportError, match=name):
        train(recipe, pictures, tmp_path / "out")
    assert [(file.name, file.read_bytes()) for file in (tmp_path / "out").iterdir()] == [(name, b"mine")]


def test_resuming_does_not_overwrite_weights_that_have_no_checkpoint(
    recipe: Recipe, pictures: Pictures, tmp_path: Path
) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"mine")
    with pytest.raises(ExportError, match="checkpoint"):
        train(recipe, pictures, tmp_path, resume=True)
    assert (tmp_path / "model.safetensors").read_bytes() == b"mine"


@pytest.mark.parametrize("out", ["{tmp}/file", "{tmp}/file/below", "/proc/nope", "/proc"])
def test_a_folder_that_cannot_be_written_is_refused_before_training(
    recipe: Recipe, pictures: Pictures, tmp_path: Path, out: str
) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    folder = Path(out.format(tmp=tmp_path))
    with pytest.raises(ExportError, match=f"cannot write {folder}") as caught:
        train(recipe, pictures, folder, watchers=Watchers(report=lambda _: pytest.fail("trained")))
    assert "\n" not in str(caught.value)


def test_a_full_disk_ends_the_training_and_keeps_the_last_checkpoint(
    recipe: Recipe, pictures: Pictures, recipe_file: Path, picture_zip: Path, tmp_path: Path
) -> None:
    """The limit on the size of a file stands in for the disk: writing fails in the middle, after training began."""
    out = tmp_path / "out"
    train(recipe, pictures, out, time_limit_seconds=0)
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    limit = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000)); "
    limit += "from vecstack.cli import run; sys.exit(run(sys.argv[1:]))"
    arguments = train_arguments(recipe_file, picture_zip, out, "--resume", "--quiet")
    command = [sys.executable, "-c", limit, *arguments]
    failed = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert failed.returncode == 4
    assert failed.stderr.startswith(f"vecstack: cannot write {out / 'checkpoint.pt'}: File too large.")
    assert failed.stderr.count("\n") == 1
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before


def test_an_error_in_a_step_keeps_the_last_checkpoint(
    recipe: Recipe, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a step leaves when it fails is neither the state before it nor the one after it."""
    batch = Examples.batch
    calls: list[int] = []

    def fail_in_the_fifth(examples: Examples, count: int) -> torch.Tensor:
        calls.append(count)
        if len(calls) == 5:
            raise MemoryError
        return batch(examples, count)

    whole = train(recipe, pictures, tmp_path / "whole")
    monkeypatch.setattr(Examples, "batch", fail_in_the_fifth)
    with pytest.raises(MemoryError):
        train(recipe, pictures, tmp_path / "out")
    assert torch.load(tmp_path / "out" / "checkpoint.pt", weights_only=True)["step"] == 3
    assert train(recipe, pictures, tmp_path / "out", resume=True).read_bytes() == whole.read_bytes()


def test_a_training_that_diverges_keeps_the_last_checkpoint(recipe: Recipe, pictures: Pictures, tmp_path: Path) -> None:
    train(recipe, pictures, tmp_path / "out", stop_after=3)
    before = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}
    with pytest.raises(RecipeError, match=r"step 6\..*learning_rate"):
        train(replace(recipe, learning_rate=1e30), pictures, tmp_path / "out", resume=True)
    assert {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()} == before


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


ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}


def train_arguments(recipe: Path, data: Path, out: Path, *options: str) -> list[str]:
    return ["train", str(recipe), "--data", str(data), "--out", str(out), *options]


@pytest.fixture
def one_thread() -> Iterator[None]:
    """The count of threads of ENVIRONMENT: sums in another order would be other bytes."""
    count = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(count)


@pytest.mark.usefixtures("one_thread")
def test_a_signal_at_any_moment_costs_nothing(
    pictures: Pictures, recipe_file: Path, picture_zip: Path, tmp_path: Path
) -> None:
    """Ctrl-C, then SIGTERM, each at a moment drawn by lot, then the rest: the same bytes as in one go."""
    text = recipe_file.read_text(encoding="utf-8").replace("steps = 6", "steps = 60")
    text = text.replace("evaluate_every = 3", "evaluate_every = 20")  # steps, not savings, take the time
    recipe_file.write_text(text, encoding="utf-8")
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    recipe = load_recipe(recipe_file)
    train(recipe, pictures, whole)
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 0)):
        began = steps_done(parts)
        command = [sys.executable, "-m", "vecstack", *train_arguments(recipe_file, picture_zip, parts, "--resume")]
        with subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE) as process:
            assert process.stderr is not None
            while b"held-out dB" not in process.stderr.readline():
                assert process.poll() is None
            time.sleep(random.uniform(0, 0.04))  # within a few steps, wherever that is
            process.send_signal(number)
            process.communicate(timeout=60)
            assert process.returncode == code
        assert began < steps_done(parts) < 60
        assert load_model(parts / "model.safetensors", "cpu").maker.most_layers == 3
    train(recipe, pictures, parts, resume=True)
    assert (parts / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


def steps_done(out: Path) -> int:
    checkpoint = out / "checkpoint.pt"
    return int(torch.load(checkpoint, weights_only=True)["step"]) if checkpoint.exists() else 0


def test_a_second_interrupt_ends_at_once(
    recipe: Recipe, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = Examples.batch

    def interrupt_twice(examples: Examples, count: int) -> torch.Tensor:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("went on")
        return batch(examples, count)

    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(Examples, "batch", interrupt_twice)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, pictures, tmp_path / "out")
    assert not (tmp_path / "out" / "checkpoint.pt").exists()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers


def test_training_runs_outside_the_main_thread(recipe: Recipe, pictures: Pictures, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        weights = pool.submit(train, recipe, pictures, tmp_path / "out").result()
    assert load_model(weights, "cpu").maker.most_layers == 3


def test_training_learns(recipe: Recipe, tmp_path: Path) -> None:
    """Two hundred steps on pictures of one bright half get well below the error of their mean."""
    pictures = torch.zeros(40, 3, 20, 20, dtype=torch.uint8)
    pictures[:, :, :, 10:] = 230
    long = replace(recipe, steps=200, evaluate_every=200, learning_rate=5e-3, warmup_steps=5, average_decay=0.9)
    train(long, (pictures, pictures[:4]), tmp_path / "out")
    entry = json.loads((tmp_path / "out" / "log.jsonl").read_text(encoding="utf-8"))
    mean_only = 6.9  # dB: -10 log10 of (230/255/2)^2
    assert entry["psnr"]["3"] > mean_only + 2
