"""vecstack generate: a folder of layer files and a sheet, or a walk as an animation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import vecstack as package
from tests.generation.conftest import generator  # noqa: F401

Call = Callable[..., Any]


def test_a_folder_has_a_layer_file_for_each_seed_and_a_sheet(vecstack: Call, generator: Path, tmp_path: Path) -> None:  # noqa: F811
    out = tmp_path / "out"
    result = vecstack("generate", generator, "-n", "3", "--seed", "7", "-o", out, "--size", "20")
    assert result.code == 0
    assert "3 layer files and sheet.png" in result.err
    assert sorted(path.name for path in out.iterdir()) == [
        "seed-000007.layers",
        "seed-000008.layers",
        "seed-000009.layers",
        "sheet.png",
    ]
    assert len(package.load(out / "seed-000008.layers").layers) == 3
    again = vecstack("generate", generator, "-n", "3", "--seed", "7", "-o", out)
    assert again.code == 4
    assert "exists" in again.err


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_a_walk_is_an_animation_there_and_back(vecstack: Call, generator: Path, tmp_path: Path, suffix: str) -> None:  # noqa: F811
    path = tmp_path / f"walk.{suffix}"
    result = vecstack("generate", generator, "--interpolate", "1", "2", "-n", "4", "-o", path, "--size", "20")
    assert result.code == 0, result.err
    with Image.open(path) as picture:
        assert picture.size == (20, 20)
        assert picture.n_frames == 6  # type: ignore[attr-defined]


def test_a_walk_is_layer_files_where_a_folder_is_named(vecstack: Call, generator: Path, tmp_path: Path) -> None:  # noqa: F811
    out = tmp_path / "out"
    assert vecstack("generate", generator, "--interpolate", "1", "2", "-n", "2", "-o", out, "-q").code == 0
    assert sorted(path.name for path in out.iterdir()) == ["sheet.png", "walk-0000.layers", "walk-0001.layers"]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ("digits -o out", 6, "digits: makes layers of pictures; use gan-digits or gan-icons, or `vecstack decompose`"),
        ("nowhere -o out", 6, "no such model or file"),
        ("GENERATOR -o out -n 0", 2, "must be 1 to 100,000, not 0"),
        ("GENERATOR -o out --truncation 0", 2, "must be 0.1 or more, not 0"),
        ("GENERATOR -o out --interpolate 3 3", 2, "give two"),
        ("GENERATOR -o out.png", 2, "name a folder"),
        ("GENERATOR -o out --size 0", 2, "must be 1 to 4,096 pixels, not 0"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    vecstack: Call,
    generator: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: str,
    code: int,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = vecstack("generate", *(str(generator) if word == "GENERATOR" else word for word in options.split()))
    assert result.code == code, result.err
    assert words in result.err
    assert result.err.count("\n") == 1
    assert not list(tmp_path.glob("out*/*.layers"))
