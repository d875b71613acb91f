from __future__ import annotations

import json
import tempfile
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.exporting.html.conftest import Elements
from vecstack.document.file import load


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The addresses that a browser is asked for; temporary files go to a folder of the test."""
    addresses: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: addresses.append(address) or True)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return addresses


def extras(page: Path) -> dict[str, Any]:
    return json.loads(Elements(page.read_text(encoding="utf-8")).data("extras"))  # type: ignore[no-any-return]


def test_a_temporary_page_is_opened(document: Path, vecstack: Callable[..., Any], opened: list[str]) -> None:
    result = vecstack("view", document)
    page = Path(result.out.strip())
    assert (result.code, result.err) == (0, "")
    assert opened == [page.as_uri()]
    assert load(Elements(page.read_text(encoding="utf-8")).data("document").encode()).layers == load(document).layers
    assert extras(page)["title"] == "made"
    assert extras(page)["svg"] is None


@pytest.mark.slow
def test_a_page_is_kept_where_it_is_wanted(
    document: Path, photo: Path, tmp_path: Path, vecstack: Callable[..., Any], opened: list[str]
) -> None:
    page = tmp_path / "kept.html"
    arguments = ("view", document, "--source", photo, "--svg", "-o", page, "--no-browser")
    assert vecstack(*arguments).out.strip() == str(page)
    assert opened == []
    assert extras(page)["source"].startswith("data:image/jpeg")
    assert extras(page)["svg"].startswith("<svg")
    again = vecstack(*arguments)
    assert (again.code, again.out) == (4, "")
    assert "exists" in again.err
    assert vecstack(*arguments, "--overwrite").code == 0


def test_where_no_browser_is_found_the_page_is_named(
    document: Path, vecstack: Callable[..., Any], opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    result = vecstack("view", document)
    assert result.code == 0
    assert Path(result.out.strip()).is_file()
    assert "no browser" in result.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("-o", "page.txt"), 4, "page.txt: the suffix of html files is .html or .htm; rename it."),
        (("-o", "."), 4, "is a folder"),
        (("--source", "square.png"), 3, "square.png: the picture is 8 x 8 and the canvas 37 x 53"),
        (("-o", "-"), 2, "the browser needs a file"),
        (("-o", "nowhere/page.html"), 4, "nowhere"),
        (("--source", "none.png"), 3, "none.png"),
        (("--device", "cuda:99"), 2, "cuda"),
    ],
)
def test_what_cannot_be_is_told(
    document: Path,
    vecstack: Callable[..., Any],
    opened: list[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(document.parent)
    Image.new("RGB", (8, 8)).save("square.png")
    result = vecstack("view", document, *arguments)
    assert (result.code, result.out, opened) == (code, "", [])
    assert message in result.err
    assert result.err.count("\n") == 1


def test_a_file_that_is_none_is_refused(photo: Path, vecstack: Callable[..., Any], opened: list[str]) -> None:
    assert vecstack("view", photo).code == 3
    assert opened == []
