from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vecstack.errors import ExportError, RecipeError, UsageError
from vecstack.models import load_model
from vecstack.slurm import Command
from vecstack.train.slurm import Job, submit


@pytest.fixture
def job(recipe_file: Path, picture_zip: Path, tmp_path: Path) -> Job:
    """A training of an hour without a GPU, into a folder whose name has a space."""
    return Job([recipe_file, picture_zip], tmp_path / "my model", partition="gpu", gpus=0, seconds=3600)


def test_the_command_is_a_list_of_absolute_paths_that_resumes(
    recipe_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    job = Job([Path("recipe.toml"), Path("a b"), Path("c, d")], Path("my model"), "gpu", 1, 600, tensorboard=True)
    assert job.command() == [
        *(sys.executable, "-m", "vecstack", "train", str(recipe_file), "--resume"),
        *("--data", str(tmp_path / "a b"), "--data", str(tmp_path / "c, d")),
        *("--out", str(tmp_path / "my model"), "--time-limit", "480s", "--tensorboard"),
    ]


def test_several_gpus_run_under_torchrun(job: Job) -> None:
    one, four = job.command(), replace(job, gpus=4).command()
    assert four[:2] == [sys.executable, "-m"]
    assert four[2:6] == ["torch.distributed.run", "--standalone", "--nproc-per-node", "4"]
    assert four[6:] == one[1:]


@pytest.mark.parametrize("seconds", [float("inf"), 0, 239])
def test_without_time_enough_to_save_a_job_is_refused(job: Job, seconds: float) -> None:
    with pytest.raises(UsageError, match="time_limit must be at least 4m"):
        submit(replace(job, seconds=seconds))


def test_data_that_are_not_there_are_told_before_the_job_waits(job: Job, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="nothing: no such file or folder"):
        submit(replace(job, inputs=[*job.inputs, tmp_path / "nothing"]), cluster="local")
    assert not job.out.exists()


def test_without_submitit_one_line_says_what_to_install(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(
        UsageError,
        match=r"^SLURM jobs need the package submitit\. Install it .*pip install '\.\[slurm\]'\.$",
    ):
        submit(job)


def test_without_slurm_one_line_says_so_and_nothing_is_left(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ExportError, match=r"the cluster rejected the job .*srun.*sbatch") as caught:
        submit(job)
    assert "\n" not in str(caught.value)
    assert not job.out.exists()


@pytest.fixture
def fake_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts an `srun` and an `sbatch` of these lines of shell before those of this machine."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def install(sbatch: str) -> None:
        for name, lines in (("srun", "exit 1"), ("sbatch", sbatch)):
            (folder / name).write_text(f"#!/bin/sh\n{lines}\n", encoding="utf-8")
            (folder / name).chmod(0o755)

    return install


def test_slurm_is_asked_for_one_machine_with_the_gpus_and_the_time(
    job: Job, fake_slurm: Callable[[str], None], tmp_path: Path
) -> None:
    fake_slurm(f'cp "$1" {tmp_path}/submitted; echo Submitted batch job 4711')
    assert submit(replace(job, gpus=4)) == "4711"
    text = (tmp_path / "submitted").read_text(encoding="utf-8")
    for option in (
        "partition=gpu",
        "nodes=1",
        "ntasks-per-node=1",
        "gpus-per-node=4",
        "cpus-per-task=32",
        "time=60",
        "job-name='vecstack-my model'",
    ):
        assert f"#SBATCH --{option}\n" in text


def test_what_slurm_says_is_passed_on_in_one_line(job: Job, fake_slurm: Callable[[str], None]) -> None:
    fake_slurm("echo 'sbatch: error: invalid partition' >&2; echo 'sbatch: error: failed' >&2; exit 1")
    with pytest.raises(ExportError, match=r"rejected the job .*invalid partition.*failed") as caught:
        submit(job)
    assert "\n" not in str(caught.value)


def test_a_job_is_queued_again_as_it_was(job: Job) -> None:
    again = Command(job.command()).checkpoint()
    assert isinstance(again.function, Command)
    assert again.function.words == job.command()


# submitit lets go of the process that it started while that runs.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_preempted_job_saves_and_goes_on_when_it_runs_again(
    job: Job, recipe_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On this machine in place of a cluster, told as SLURM tells: by SIGUSR2 to the process that it started."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    text = recipe_file.read_text(encoding="utf-8").replace("steps = 6", "steps = 100")
    recipe_file.write_text(text.replace("evaluate_every = 3", "evaluate_every = 10"), encoding="utf-8")
    controller = int(submit(job, cluster="local"))
    log = job.out / "log.jsonl"
    wait_for(log.exists)
    (started,) = Path(f"/proc/{controller}/task/{controller}/children").read_text(encoding="utf-8").split()
    os.kill(int(started), signal.SIGUSR2)
    wait_for(lambda: os.waitpid(controller, os.WNOHANG)[0] == controller)
    weights = job.out / "model.safetensors"
    assert [json.loads(line)["step"] for line in log.read_text(encoding="utf-8").splitlines()] == list(
        range(10, 101, 10)
    )
    assert torch.load(job.out / "checkpoint.pt", weights_only=True)["step"] == 100
    assert load_model(weights, "cpu").maker.max_layers == 3
    (printed,) = (job.out / "jobs").glob("*.out")
    lines = printed.read_text(encoding="utf-8").splitlines()
    assert lines.count(str(weights)) == 2  # the first one ended in good order, too


def wait_for(happened: Callable[[], bool]) -> None:
    """Wait until something is so, for two minutes at most."""
    deadline = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)
