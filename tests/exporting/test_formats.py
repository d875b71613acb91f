"""The list of formats, and `vecstack.export`, which writes any of them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from vecstack import Stack, export, load
from vecstack.errors import ExportError, UsageError
from vecstack.exporting.formats import FORMATS, find_format


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.pdf", "a.ora", "a.gif", "a.webp", "a.layers.json", "a.svg"])
def test_the_suffix_says_the_format(stack: Stack, tmp_path: Path, name: str) -> None:
    options = {"size": 40} if name[2:] in ("pdf", "ora", "gif", "webp") else {}
    export(stack, tmp_path / name, device="cpu", **options)
    assert (tmp_path / name).stat().st_size > 100


@pytest.mark.slow
def test_a_format_that_is_named_decides(stack: Stack, tmp_path: Path) -> None:
    export(stack, tmp_path / "flat.svg", format="svg-flat", hard=True, device="cpu")
    assert "filter" not in (tmp_path / "flat.svg").read_text(encoding="utf-8")
    export(stack, tmp_path / "layers", format="png-layers", size=30, device="cpu")
    assert (tmp_path / "layers" / "layers.json").is_file()


def test_what_is_exported_as_json_is_loaded_again(stack: Stack, tmp_path: Path) -> None:
    export(stack, tmp_path / "a.layers.json")
    assert load(tmp_path / "a.layers.json").layers == stack.layers


def test_an_openraster_file_is_a_zip_of_its_kind(stack: Stack, tmp_path: Path) -> None:
    export(stack, tmp_path / "a.ora", size=20, device="cpu")
    assert zipfile.ZipFile(tmp_path / "a.ora").read("mimetype") == b"image/openraster"


@pytest.mark.parametrize(
    ("name", "options", "error", "says"),
    [
        ("a.pdf", {"tolerance": 1.0}, UsageError, "tolerance"),
        ("a.pdf", {"sise": 1}, UsageError, "unknown option 'sise'"),
        ("a.pdf", {"format": "psd"}, UsageError, "psd"),
        ("a.png", {"format": "pdf"}, ExportError, "a.png"),
    ],
)
def test_what_does_not_fit_is_refused(
    stack: Stack, tmp_path: Path, name: str, options: dict[str, object], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        export(stack, tmp_path / name, device="cpu", **options)  # type: ignore[arg-type]
    assert not (tmp_path / name).exists()


def test_an_older_file_stays_unless_asked(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "a.layers.json").write_text("mine", encoding="utf-8")
    with pytest.raises(ExportError, match="exists"):
        export(stack, tmp_path / "a.layers.json")
    assert (tmp_path / "a.layers.json").read_text(encoding="utf-8") == "mine"
    export(stack, tmp_path / "a.layers.json", overwrite=True)
    assert load(tmp_path / "a.layers.json").layers == stack.layers


def test_every_format_is_found_by_its_name_and_by_its_suffixes() -> None:
    for chosen in FORMATS:
        assert find_format(chosen.name, None) is chosen
        for suffix in chosen.suffixes:
            assert suffix in find_format(None, f"x{suffix}").suffixes
