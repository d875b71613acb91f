from __future__ import annotations

from pathlib import Path

import pytest

from vecstack.errors import RecipeError
from vecstack.text_file import MAX_TEXT_BYTES, nearest, read_text, read_toml


def test_a_text_is_read_without_the_mark_at_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffGrün".encode())
    assert read_text(path) == "Grün"


def test_a_toml_file_is_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("a = 1\n[b]\nc = 'ü'\n", encoding="utf-8")
    assert read_toml(path) == {"a": 1, "b": {"c": "ü"}}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"a = ", r"a\.toml: not TOML \("),
        (b"x = " + b"[" * 100_000, "not TOML"),
        (b"\xff\xfe", "not text in UTF-8"),
        (b"#" * (MAX_TEXT_BYTES + 1), "more than 1,048,576 bytes; split it"),
    ],
)
def test_what_is_not_toml_is_refused_in_one_line(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(data)
    with pytest.raises(RecipeError, match=says) as caught:
        read_toml(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["missing.toml", "", "a\0b", "."])
def test_a_file_that_cannot_be_read_is_named(name: str) -> None:
    with pytest.raises(RecipeError, match=r"cannot be read .* check the name"):
        read_toml(name)


def test_a_hint_is_the_nearest_word_or_all() -> None:
    assert nearest("recolour", ["hide", "recolor"]) == "did you mean recolor?"
    assert nearest("zzz", {"hide": 1, "recolor": 2}) == "use one of hide, recolor."
