from __future__ import annotations

from pathlib import Path

import pytest

from vecstack.errors import RecipeError, UsageError
from vecstack.kinds.items import bounds
from vecstack.packing.items import word_items
from vecstack.packing.words import Face, letter_sizes, read_words


def text(folder: Path, lines: str) -> Path:
    path = folder / "words.txt"
    path.write_text(lines, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def face() -> Face:
    return Face()


@pytest.mark.parametrize(
    ("lines", "counts"),
    [
        ("sun 3\nmoon, 5\nstar\t2.5\n", {"moon": 5, "sun": 3, "star": 2.5}),
        ("a\nb\na\n\n", {"a": 2, "b": 1}),
        ("New York 12\nRoute 66, 4\nLa Paz", {"New York": 12, "Route 66": 4, "La Paz": 1}),
        ("1984;7", {"1984": 7}),
        ("vec2 \ufeff", {"vec2 \ufeff".strip(): 1}),
    ],
)
def test_words_and_their_counts(tmp_path: Path, lines: str, counts: dict[str, float]) -> None:
    assert list(read_words(text(tmp_path, lines)).items()) == list(counts.items())


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("sun -3", "line 1: a count must be a number above 0, not '-3'"),
        ("sun 3\nmoon nan", "line 2: a count must be"),
        ("sun 0", "must be a number above 0"),
        ("sun 1e999", "must be a number above 0"),
        ("\n \n", "no words"),
        ("x" * 201, "more than 200 letters"),
    ],
)
def test_bad_lists_of_words_are_refused(tmp_path: Path, lines: str, told: str) -> None:
    with pytest.raises(RecipeError, match=told) as caught:
        read_words(text(tmp_path, lines))
    assert "\n" not in str(caught.value)


def test_letters_grow_with_the_root_of_a_count_and_stay_readable() -> None:
    assert letter_sizes({"a": 100, "b": 25, "c": 1}) == {"a": 1, "b": 0.5, "c": 0.125}


def test_a_word_is_as_wide_as_its_letters(face: Face) -> None:
    one, two = (bounds(face.curves(word)) for word in ("l", "ll"))
    assert two.width > 1.5 * one.width
    assert two.height == one.height
    assert one.y < 0 < one.height  # above the line that letters stand on, y down
    assert all(curve[0] == curve[-1] and len(curve) % 3 == 1 for curve in face.curves("go%"))


def test_a_letter_that_a_font_has_not_is_named(face: Face) -> None:
    with pytest.raises(UsageError, match=r"has no letter '\U00013000' \(U\+13000\), which 'a\U00013000b' needs"):
        face.curves("a\U00013000b")


@pytest.mark.parametrize("word", [" ", "\u00a0"])
def test_a_word_of_blanks_is_refused(face: Face, word: str) -> None:
    with pytest.raises(UsageError, match="no letter that is seen"):
        face.curves(word)


def test_what_is_no_font_is_refused(tmp_path: Path, face: Face) -> None:
    path = tmp_path / "x.ttf"
    path.write_bytes(face.path.read_bytes()[:5000])
    with pytest.raises(UsageError, match=r"cannot be read; use a TrueType or OpenType font"):
        Face(path).curves("abc")
    with pytest.raises(UsageError, match="font: there is no file"):
        Face(tmp_path / "none.ttf")


def test_words_are_closed_and_sized_by_their_letters(face: Face) -> None:
    long, short = word_items({"mmmmmm": 1.0, "mm": 0.5}, face)
    assert len(long.outline) == len(short.outline) == 1
    # The frame is as wide as a word: letters of one size are smaller in that of the longer word.
    letters = [item.size * bounds(item.content[0].curves).height for item in (long, short) if item.size]
    assert letters[0] == pytest.approx(2 * letters[1], rel=1e-6)


def test_words_of_a_phrase_are_apart_where_something_may_lie_between_them(face: Face) -> None:
    (closed,), (open_,) = (word_items({"o o": 1.0}, face, nested=nested) for nested in (False, True))
    assert [len(item.outline) for item in (closed, open_)] == [1, 4]  # two outer rings, two holes
