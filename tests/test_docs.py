"""The documentation is true: its commands and its Python run, its pages are those that the code gives."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import tempfile
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import vecstack  # noqa: F401

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str, heading: str) -> list[str]:
    """The fenced blocks of a language in the section under a heading of the README."""
    section = re.split(r"^## ", README.split(f"\n## {heading}\n")[1], flags=re.MULTILINE)[0]
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the README's examples name."""
    shutil.copy(ROOT / "examples" / "scene.png", tmp_path / "photo.png")
    shutil.copy(ROOT / "examples" / "digit.png", tmp_path / "digit.png")
    (tmp_path / "pictures").mkdir()
    shutil.copy(ROOT / "examples" / "icon.png", tmp_path / "pictures" / "icon.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(command: str, vecstack: Callable[..., Any]) -> None:  # noqa: F811
    """Run a command line of the README. Pictures are drawn at 64 px: what the size costs is not the question here."""
    words = shlex.split(command, comments=True)
    assert words[0] == "vecstack"
    small = re.sub(r"--size \d+", "--size 64", shlex.join(words[1:]))
    result = vecstack(*shlex.split(small))
    assert result.code == 0, result.err


def test_the_commands_under_use_it_run(
    folder: Path,
    vecstack: Callable[..., Any],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: shown.append(address) or True)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    (block,) = blocks("sh", "Use it")
    for command in block.strip().splitlines():
        run(command, vecstack)
    for name in ("big.png", "digit-1024.png", "stacks/icon.layers", "photo.svg", "lit.png"):
        assert (folder / name).is_file()
    (page,) = folder.glob("*.html")
    assert shown == [page.as_uri()]


def test_the_python_runs(folder: Path) -> None:
    (block,) = blocks("python", "From Python")
    names: dict[str, Any] = {}
    exec(compile(block.replace("size=1024", "size=64"), "README.md", "exec"), names)
    assert names["pixels"].shape == (43, 64, 3)
    assert (folder / "photo-edited.layers").is_file()


@pytest.mark.parametrize("heading", ["Try it", "Test"])
def test_each_of_the_two_commands_is_one_line(heading: str) -> None:
    (block,) = blocks("sh", heading)
    assert len(block.strip().splitlines()) == 1


def test_the_command_line_page_is_what_the_command_line_says() -> None:
    spec = importlib.util.spec_from_file_location("make_cli", ROOT / "docs" / "make_cli.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.page() == (ROOT / "docs" / "cli.md").read_text(encoding="utf-8"), "run python docs/make_cli.py"


def test_links_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("weights/*/README.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_no_page_installs_from_the_index_what_is_another_project_there() -> None:
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("weights/*/README.md")]:
        assert not re.search(r"pip install (-\S+ )*\W?vecstack", page.read_text(encoding="utf-8")), page.name
