"""vecstack.cli.submitting: a run as SLURM jobs, on this machine in place of a cluster."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import vecstack.slurm
from tests.batch.conftest import Call, tree
from tests.cli.conftest import Result
from tests.cli.conftest import vecstack as vecstack_command  # noqa: F401
from vecstack.batch.plan import Shard
from vecstack.cli.submitting import command_of


def test_a_shard_is_the_command_without_its_engine() -> None:
    cluster = ["--engine", "slurm", "--partition", "long", "--minutes", "90", "--cores=4"]
    line = ["--offline", "decompose", "in", "--shards=4", "-o", "out", *cluster]
    start = [sys.executable, "-m", "vecstack", "--offline", "decompose", "--shard", "2/4", "--resume"]
    assert command_of(line, "decompose", Shard(2, 4)) == [*start, "in", "-o", "out"]
    odd = ["render", "-o", "out", "--engine=slurm", "--shards", "4", "--", "--engine", "b.layers"]
    assert command_of(odd, "render", Shard(2, 4))[-5:] == ["-o", "out", "--", "--engine", "b.layers"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--engine", "slurm"), "--engine slurm needs --shards N"),
        (("--engine", "slurm", "--shards", 2, "--shard", "1/2"), "--engine slurm needs --shards N"),
        (("--engine", "cloud"), "--engine must be local, ray, slurm, not 'cloud'."),
        (("--shards", 2), "--shards needs --engine slurm"),
        (("--engine", "slurm", "--shards", 2, "--address", "auto"), "--address needs --engine ray"),
        (("--engine", "slurm", "--shards", 2), "name one with -o"),
    ],
)
def test_options_of_engines_go_with_them(options: tuple[str, ...], told: str, copy: Call, texts: Path) -> None:
    result = copy(texts, *options)
    assert (result.code, told in result.err) == (2, True), result.err


def test_without_slurm_one_line_says_so(
    copy: Call, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = copy(texts, "-o", tmp_path / "out", "--engine", "slurm", "--shards", 2)
    assert result.code == 4
    assert "the cluster rejected the job" in result.err.splitlines()[-1]


# submitit lets go of the processes that it started while they run.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_shards_do_together_what_one_run_does(
    weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    vecstack_command: Callable[..., Result],  # noqa: F811
) -> None:
    monkeypatch.setattr(vecstack.slurm, "queue", partial(vecstack.slurm.queue, cluster="local"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    random = np.random.default_rng(3)
    (tmp_path / "in").mkdir()
    for name in "abcd":
        Image.fromarray(random.integers(0, 255, (6, 8, 3), np.uint8)).save(tmp_path / f"in/{name}.png")
    words = ("decompose", tmp_path / "in", "--model", weights, "--effort", "sketch", "-o")
    cluster = ("--engine", "slurm", "--shards", 2, "--partition", "long", "--json", "-j", 1)
    told = json.loads(vecstack_command(*words, tmp_path / "out", *cluster).out)
    assert told["state"] == f"vecstack batch status {tmp_path}/out"
    for number in told["jobs"]:
        os.waitpid(int(number), 0)
    assert len(list(Path(told["logs"]).glob("*.err"))) == 2
    assert vecstack_command("batch", "status", tmp_path / "out").out == "4 done, 0 failed\n"
    assert vecstack_command(*words, tmp_path / "alone", "-j", 1).code == 0
    made = {name: data for name, data in tree(tmp_path / "out").items() if not name.startswith(".vecstack-jobs")}
    assert made == tree(tmp_path / "alone")


@pytest.mark.parametrize(
    ("options", "minutes", "cores"),
    [((), 60, 8), (("-j", 2), 60, 2), (("-j", 2, "--minutes", 90, "--cores", 4), 90, 4)],
)
def test_jobs_have_the_time_and_the_cores_that_are_asked_for(
    options: tuple[object, ...],
    minutes: int,
    cores: int,
    copy: Call,
    texts: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: dict[str, object] = {}
    monkeypatch.setattr(vecstack.slurm, "queue", lambda *_, **options: asked.update(options) or ["7"])
    assert copy(texts, "-o", tmp_path / "out", "--engine", "slurm", "--shards", 1, *options).code == 0
    assert (asked["minutes"], asked["cpus"]) == (minutes, cores)
