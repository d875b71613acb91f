"""Pictures by the hundred: what is done is done as one by one, and nothing is done twice."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.batch.conftest import tree
from tests.cli.conftest import Result, vecstack  # noqa: F401

Call = Callable[..., Result]
COUNT, BROKEN = 200, 20  # one in so many is broken
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
MIXED, LONGEST_PX = 80, 200  # of all formats and modes


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of small pictures in a tree."""
    random = np.random.default_rng(3)
    for number in range(COUNT):
        path = tmp_path / "in" / f"{number % 7}" / f"{number:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 255, (6, 8, 3), np.uint8)).save(path)
        if number % BROKEN == 0:
            path.write_bytes(path.read_bytes()[:40])
    return tmp_path / "in"


@pytest.mark.slow
def test_two_processes_make_what_one_makes(pictures: Path, weights: Path, tmp_path: Path, vecstack: Call) -> None:  # noqa: F811
    options = ("--model", weights, "--effort", "sketch", "--json")
    out = tmp_path / "out"
    result = vecstack("decompose", pictures, "-o", out, *options, "-j", 2)
    assert result.code == 7
    *each, summary = map(json.loads, result.out.splitlines())
    assert summary["summary"]["failed"] == COUNT // BROKEN
    named = {entry["input"] for entry in each if entry["status"] == "failed"}
    assert named == {str(path) for path in pictures.rglob("*.png") if int(path.stem) % BROKEN == 0}
    made = tree(out)
    assert len(made) == COUNT - COUNT // BROKEN
    again = vecstack("decompose", pictures, "-o", out, *options, "--resume", "--exclude", "??0.png")
    assert (again.code, json.loads(again.out.splitlines()[-1])["summary"]["done"]) == (0, 0)
    vecstack("decompose", pictures, "-o", tmp_path / "alone", *options, "-j", 1, "--include", "0/*")
    alone = tree(tmp_path / "alone")
    assert len(alone) > COUNT // 8
    assert alone == {name: made[name] for name in alone}


@pytest.mark.slow
def test_pictures_of_all_kinds_are_converted_and_broken_ones_named(
    weights: Path,
    tmp_path: Path,
    vecstack: Call,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    made = importlib.import_module("_mixed").make_folder(tmp_path / "in", MIXED, 1, LONGEST_PX)
    words = ("decompose", tmp_path / "in", "-o", tmp_path / "out", "--model", weights, "--effort", "sketch", "-j", 1)
    assert vecstack(*words).code == 7
    assert importlib.import_module("mixed").check(tmp_path / "out", made) == []
    assert "vecstack: 4 of 4 inputs failed" in vecstack(*words, "--resume").err.splitlines()[-1]


def test_files_of_a_folder_share_a_net(photo: Path, weights: Path, tmp_path: Path, vecstack: Call) -> None:  # noqa: F811
    (tmp_path / "in/deep").mkdir(parents=True)
    for place in ("in/a.png", "in/deep/b.png"):
        (tmp_path / place).write_bytes(photo.read_bytes())
    out, options = tmp_path / "out", ("--model", weights, "--effort", "sketch")
    assert vecstack("decompose", tmp_path / "in", "-o", out, *options, "--assets", out / "nets").code == 0
    assert len(list((out / "nets").iterdir())) == 1
    assert vecstack("render", out, "-o", tmp_path / "drawn").code == 0
    assert (tmp_path / "drawn/deep/b.png").read_bytes() == (tmp_path / "drawn/a.png").read_bytes()
    (out / "nets").rename(tmp_path / "lost")
    told = vecstack("render", out, "-o", tmp_path / "again", "--include", "a.layers")
    assert (told.code, "out/nets; put that folder back" in told.err) == (3, True)
