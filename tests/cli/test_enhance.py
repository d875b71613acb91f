"""vecstack enhance: layer files become pictures with detail, and what cannot be is refused in one line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.enhancing.conftest import enhancer  # noqa: F401
from vecstack.document.file import save
from vecstack.stack import Stack

Call = Callable[..., Any]


@pytest.fixture
def document(stack: Stack, tmp_path: Path) -> Path:
    """A layer file of masks."""
    path = tmp_path / "made.layers"
    save(stack, path)
    return path


def test_a_layer_file_alone_is_enough(
    vecstack: Call,
    document: Path,
    enhancer: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a folder that has nothing else: the same bytes."""
    assert vecstack("enhance", document, "--model", enhancer, "-o", tmp_path / "a.png", "--size", "24").code == 0
    empty = tmp_path / "empty"
    empty.mkdir()
    shutil.move(document, empty / "made.layers")
    monkeypatch.chdir(empty)
    assert vecstack("enhance", "made.layers", "--model", enhancer, "--size", "24").code == 0
    with Image.open(empty / "made.png") as picture:
        assert max(picture.size) == 24
    assert (empty / "made.png").read_bytes() == (tmp_path / "a.png").read_bytes()


def test_a_folder_becomes_a_folder(vecstack: Call, document: Path, enhancer: Path, tmp_path: Path) -> None:  # noqa: F811
    folder = tmp_path / "layers"
    folder.mkdir()
    for name in "ab":
        shutil.copy(document, folder / f"{name}.layers")
    (folder / "c.layers").write_bytes(document.read_bytes()[:-20])
    result = vecstack("enhance", folder, "-o", tmp_path / "out", "--model", enhancer, "--size", "16")
    assert result.code == 7
    assert "c.layers" in result.err
    assert sorted(path.name for path in (tmp_path / "out").glob("*.png")) == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("DOCUMENT --model digits", 6, "digits: makes layers of pictures; use photos-detail, or `vecstack decompose`"),
        ("DOCUMENT --model nowhere", 6, "no such model or file"),
        ("DOCUMENT --model ENHANCER --size 0", 2, "--size"),
        ("DOCUMENT --model ENHANCER -o out.svg", 4, "svg"),
        ("empty --model ENHANCER -o out", 2, "empty"),
        ("damaged.layers --model ENHANCER", 3, "damaged.layers"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    vecstack: Call,
    document: Path,
    enhancer: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: str,
    code: int,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "damaged.layers").write_bytes(document.read_bytes()[:-20])
    names = {"DOCUMENT": str(document), "ENHANCER": str(enhancer)}
    result = vecstack("enhance", *(names.get(word, word) for word in arguments.split()))
    assert result.code == code, result.err
    assert words in result.err
    assert result.err.count("\n") == 1
    assert not list(tmp_path.glob("**/*.png"))
