from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.editing.conftest import color
from tests.helpers import BLUE, RED
from vecstack.document.file import dumps, load
from vecstack.editing.changes import (
    CHANGES,
    Background,
    ColorsOf,
    CopyLayer,
    Hide,
    Jitter,
    Keep,
    Merge,
    Move,
    Opacity,
    Palette,
    Recolor,
    Remove,
    Rename,
    Scale,
    Shift,
    Show,
    SwapCode,
    Transform,
)
from vecstack.editing.edit import edit
from vecstack.editing.script import load_script
from vecstack.errors import DocumentError, RecipeError
from vecstack.stack import Stack


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str | bytes], Path]:
    def write(text: str | bytes) -> Path:
        path = tmp_path / "edits.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_a_script_says_every_change(sundry: Stack, script: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "other.layers").write_bytes(dumps(sundry))
    (tmp_path / "p.txt").write_text("#f00\n#00f", encoding="utf-8")
    path = script("""
        change = [
            {recolor = "whole", to = "#f00"}, {opacity = "1-3", to = 0.5}, {hide = "leaf"}, {show = "leaf"},
            {remove = "4"}, {keep = "*"}, {move = "leaf", to = "up"}, {move = "leaf", to = 1},
            {rename = "leaf", to = "a = b"}, {transform = "leaf", to = [1, 0, 2, 0, 1, 2]},
            {shift = "leaf", by = [1, 2.5]}, {scale = "leaf", by = 2}, {background = "tomato"}, {palette = "p.txt"},
            {palette = 4}, {colors-of = "p.png"}, {palette = ["#fff", "black"]}, {swap-code = "leaf", with = "twig"},
            {jitter = "twig", by = 0.5, seed = 3}, {jitter = "twig", by = 1}, {merge = "1-2"},
            {copy-layer = "sun", from = "other.layers"}, {copy-layer = "sun", from = "other.layers", to = 2},
        ]""")
    assert load_script(path) == (
        *(Recolor("whole", "#f00"), Opacity("1-3", 0.5), Hide("leaf"), Show("leaf"), Remove("4"), Keep("*")),
        *(Move("leaf", "up"), Move("leaf", 1), Rename("leaf", "a = b"), Transform("leaf", [1, 0, 2, 0, 1, 2])),
        *(Shift("leaf", [1, 2.5]), Scale("leaf", 2), Background("tomato"), Palette((RED, BLUE)), Palette(4)),
        ColorsOf(tmp_path / "p.png"),
        *(Palette(["#fff", "black"]), SwapCode("leaf", "twig"), Jitter("twig", 0.5, 3), Jitter("twig", 1)),
        *(Merge("1-2"), CopyLayer("sun", sundry), CopyLayer("sun", sundry, 2)),
    )
    assert {type(change) for change in load_script(path)} == set(CHANGES.values())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", r"no changes; write each as a table that begins with \[\[change\]\]"),
        ("change = []", "no changes"),
        ("change = 3", "no changes"),
        ("change = ['hide']", "no changes"),
        ("[[chang]]\nhide = '1'", "unknown key 'chang'; did you mean change?"),
        (
            "[[change]]\nhide = '1'\n[[change]]\nrecolour = '1'",
            "change 2: unknown change 'recolour'; did you mean recolor",
        ),
        ("[[change]]\nzzz = '1'", "unknown change 'zzz'; use one of recolor, "),
        ("[[change]]", r"0 changes in one table \(none\)"),
        ("[[change]]\nhide = '1'\nshow = '2'", r"2 changes in one table \(hide, show\)"),
        ("[[change]]\nrecolor = '1'\ntoo = 'red'", "unknown key 'too'; did you mean to"),
        ("[[change]]\nhide = '1'\nto = 'red'", "unknown key 'to'; use one of hide"),
        ("[[change]]\nrecolor = '1'", "recolor needs to"),
        ("[[change]]\ncopy-layer = '1'", "copy-layer needs from"),
        ("[[change]]\nrecolor = '1'\nto = 'mud'", "'mud' is not a colour"),
        ("[[change]]\nopacity = '1'\nto = '0.5'", "opacity must be 0 to 1, not '0.5'"),
        ("[[change]]\nopacity = '1'\nto = nan", "not nan"),
        ("[[change]]\nopacity = 1\nto = 1", "1 selects no layers"),
        ("[[change]]\nhide = 2020-01-01", "selects no layers"),
        ("[[change]]\nhide = {a = 1}", "selects no layers"),
        ("[[change]]\ncopy-layer = '1'\nfrom = 3", "not from 3"),
        ("[[change]]\npalette = {a = 1}", "a palette must be a list"),
        ("[[change]]\npalette = 'nowhere.gpl'", r"nowhere.gpl'?: cannot be read"),
        ("[[change]]\nhide = '1'\nhide = '2'", "not TOML"),
        ("not toml", "not TOML"),
        ("x = " + "[" * 100_000, "not TOML"),
        ("x = " + "9" * 5000, "not TOML|unknown key"),
        ("#" * (1 << 21), "bytes; split it"),
        (b"\xff\xfe", "UTF-8"),
        (b"\x00", "not TOML"),
    ],
    ids=range(29),
)
def test_a_script_that_means_nothing_is_refused_in_one_line(
    script: Callable[[str | bytes], Path], text: str | bytes, says: str
) -> None:
    with pytest.raises(RecipeError, match=says) as error:
        load_script(script(text))
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 500


def test_the_page_of_the_docs_names_every_change_and_its_example_is_one(
    script: Callable[[str], Path], sundry: Stack, tmp_path: Path
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "edit.md").read_text(encoding="utf-8")
    for name in CHANGES:
        assert f"`--{name} " in page
        assert f"`{name} = " in page
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "sun.layers").write_bytes(dumps(sundry))
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    kinds = [type(change) for change in load_script(script(example))]
    assert kinds == [Recolor, CopyLayer, Palette]


def test_the_python_of_the_page_runs(sundry: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "edit.md").read_text(encoding="utf-8")
    example, _ = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    known = edit(sundry, [Remove("strange"), Rename("whole", "sky"), Rename("faded", "sun")])
    (tmp_path / "photo.layers").write_bytes(dumps(known))
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "edit.md", "exec"), {})
    edited = load(tmp_path / "python.layers")
    assert edited.layers[0].name == "sky"
    assert not edited.layer("faded").visible
    assert color(edited, "leaf") == (0x80 / 255, 0xA0 / 255, 1.0)


def test_the_layers_of_a_missing_file_are_not_copied(script: Callable[[str], Path]) -> None:
    with pytest.raises(DocumentError, match=r"nowhere\.layers: does not exist"):
        load_script(script("[[change]]\ncopy-layer = '1'\nfrom = 'nowhere.layers'"))
