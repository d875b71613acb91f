"""vecstack.batch.actors: items worked on by a real Ray of this machine."""

from __future__ import annotations

import dataclasses
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.batch.conftest import Call, tree
from vecstack.batch.manifest import latest, read_manifests

SECONDS = 120  # that a run may take on a busy machine
# A Ray of two cores that lives until its standard input ends.
CLUSTER = """
import ray, sys
from vecstack.batch.actors import connected
with connected("local", 2):
    print(ray.get_runtime_context().gcs_address, flush=True)
    sys.stdin.read()
"""


needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed: pip install '.[ray]'")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of a Ray of this machine, for who has a token of its own."""
    words = [sys.executable, "-c", CLUSTER]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
            process.communicate(timeout=SECONDS)


def run(module: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """A command line, in a process of its own: Ray changes the one that it is used in."""
    command = [sys.executable, "-m", module, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)


def records(folder: Path) -> dict[str, dict[str, object]]:
    """What a manifest tells of each output, but how long it took."""
    told = {name: dataclasses.asdict(record) for name, record in latest(read_manifests(folder)).items()}
    for values in told.values():
        del values["seconds"]
    return told


@needs_ray
@pytest.mark.slow
def test_ray_does_what_one_process_does_and_tries_again_what_a_lost_worker_had(
    address: str, copy: Call, tmp_path: Path
) -> None:
    for number, text in enumerate(("a", "broken", "once", "b", "kill", "fault", "c")):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / f"in/{number}.txt").write_text(text)
    some = (tmp_path / "in", "--json", "-o")
    result = run("tests.batch.program", "copy", *some, tmp_path / "out", "--engine", "ray", "--address", address)
    assert (result.returncode, len(result.stdout.splitlines())) == (7, 8), result.stderr
    assert "Ray: 2 workers" in result.stderr
    assert not list((tmp_path / "out").glob("*.partial"))
    made, told = tree(tmp_path / "out"), records(tmp_path / "out")
    died = told.pop("4.out")
    assert (died["error"], "a worker died twice" in str(died["message"])) == ("WorkerDied", True)
    copy(*some, tmp_path / "alone", "--exclude", "4.txt", "-j", 1)
    assert told == records(tmp_path / "alone")
    alone = tree(tmp_path / "alone")
    assert len(alone) == 4
    assert alone == {name: data for name, data in made.items() if not name.startswith(".")}


@needs_ray
@pytest.mark.slow
def test_pictures_are_the_same_on_ray(address: str, weights: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    (tmp_path / "in/deep").mkdir(parents=True)
    for name in ("a.png", "deep/b.png", "c.png", "d.png"):
        Image.fromarray(random.integers(0, 255, (6, 8, 3), np.uint8)).save(tmp_path / "in" / name)
    words = ("decompose", os.path.relpath(tmp_path / "in"), "--model", weights, "--effort", "sketch", "-o")
    elsewhere = run("vecstack", *words, tmp_path / "ray", "--engine", "ray", "--address", address, "-j", 2)
    assert elsewhere.returncode == 0, elsewhere.stderr
    assert run("vecstack", *words, tmp_path / "here", "-j", 1).returncode == 0
    assert len(tree(tmp_path / "here")) == 4
    assert tree(tmp_path / "ray") == tree(tmp_path / "here")
    assert records(tmp_path / "ray") == records(tmp_path / "here")


@needs_ray
def test_where_no_ray_answers_one_line_says_so(copy: Call, texts: Path, tmp_path: Path) -> None:
    result = copy(texts, "-o", tmp_path / "out", "--engine", "ray", "--address", "127.0.0.1:1")
    told = result.err.splitlines()[-1]
    assert (result.code, told.startswith("vecstack: --address 127.0.0.1:1: no Ray answers (")) == (2, True), told


def test_without_ray_one_line_says_what_to_install(
    copy: Call, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    result = copy(texts, "-o", tmp_path / "out", "--engine", "ray")
    assert result.code == 2
    assert result.err.splitlines()[-1] == (
        "vecstack: Ray needs the package ray. Install it from the folder of this project: pip install '.[ray]'."
    )


def test_ray_gives_devices_itself_and_has_no_standard_input(copy: Call, texts: Path, tmp_path: Path) -> None:
    told = copy(texts, "-o", tmp_path / "out", "--engine", "ray", "--device", "cuda:0,cuda:1").err
    assert "--device: on Ray name one, such as cuda" in told
    assert copy(texts / "00.txt", "-o", "-", "--engine", "ray").err.endswith("where there is no -; name files.\n")
