from __future__ import annotations

import dataclasses
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.helpers import ids, make_spline
from vecstack import Canvas, Group, Stack, load, render, save
from vecstack.cli import run
from vecstack.document.file import dumps
from vecstack.editing.changes import (
    Background,
    Change,
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
from vecstack.geometry import Affine

Call = Callable[..., Any]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "edited.layers"


@pytest.fixture
def edited(vecstack: Call, document: Path, out: Path) -> Callable[..., Stack]:
    """The document edited with options."""

    def call(*options: object) -> Stack:
        result = vecstack("edit", document, "-o", out, "--overwrite", *options)
        assert (result.code, result.out, result.err) == (0, "", "")
        return load(out)

    return call


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "changes"),
    [
        (["--recolor", "1=#80f"], [Recolor("1", "#80f")]),
        (["--opacity", "2-3=0.25"], [Opacity("2-3", 0.25)]),
        (["--hide", "1,3", "--show", "3"], [Hide("1,3"), Show("3")]),
        (["--remove", "2"], [Remove("2")]),
        (["--keep", "2"], [Keep("2")]),
        (["--move", "1=top", "--move", "1=2"], [Move("1", "top"), Move("1", 2)]),
        (["--rename", "1=a", "--rename", "2=b=c"], [Rename("1", "a")]),
        (["--transform", "1=9,0,8,-1e0,7,6.5"], [Transform("1", (9, 0, 8, -1, 7, 6.5))]),
        (["--shift", "1=-3,4.5"], [Shift("1", (-3, 4.5))]),
        (["--scale", "*=0.5"], [Scale("*", 0.5)]),
        (["--background", "tomato"], [Background("tomato")]),
        (["--palette", "2"], [Palette(2)]),
        (["--swap-code", "1=3"], [SwapCode("1", "3")]),
        (["--jitter", "*=0.5", "--seed", "3"], [Jitter("*", 0.5, 3)]),
        (["--merge", "1-2"], [Merge("1-2")]),
    ],
    ids=lambda value: value[0] if isinstance(value[0], str) else "",
)
def test_an_option_is_the_change_of_its_name(
    vecstack: Call, edited: Callable[..., Stack], document: Path, options: list[str], changes: list[Change]
) -> None:
    if "2=b=c" in options:  # the last = counts: `2=b` is the name of a layer here
        stack = load(document)
        save(stack.edit(stack.layers[1].id, name="2=b"), document, overwrite=True)
        changes = [*changes, Rename("2=b", "c")]
    expected = edit(load(document), changes)
    assert edited(*options) == dataclasses.replace(expected, thumbnail=edited(*options).thumbnail)


@pytest.mark.slow
def test_options_are_applied_in_the_order_in_which_they_are_written(
    edited: Callable[..., Stack], document: Path
) -> None:
    first, second, third = ids(load(document))
    assert ids(edited("--remove", "1", "--move", "1=top")) == [third, second]
    assert ids(edited("--move", "1=top", "--remove", "1")) == [third, first]
    assert ids(edited("--remove", "1", "--move=1=top", "--remove", "1")) == [second]
    assert [layer.visible for layer in edited("--hide", "*", "--show", "1", "--hide", "1").layers] == [False] * 3


def test_scripts_are_applied_where_they_are_written(
    edited: Callable[..., Stack], document: Path, tmp_path: Path
) -> None:
    first, second, third = ids(load(document))
    script = tmp_path / "top.toml"
    script.write_text("[[change]]\nmove = '1'\nto = 'top'\n", encoding="utf-8")
    assert ids(edited("--remove", "1", "--script", script)) == [third, second]
    assert ids(edited("--script", script, "--remove", "1")) == [third, first]
    assert ids(edited("--script", script, "--script", script)) == [third, first, second]


def test_a_script_finds_files_in_its_own_folder(
    edited: Callable[..., Stack], document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "colors.txt").write_text("#123456\n", encoding="utf-8")
    script = folder / "edits.toml"
    script.write_text("[[change]]\npalette = 'colors.txt'\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert edited("--script", script).canvas.background == (0x12 / 255, 0x34 / 255, 0x56 / 255)


@pytest.mark.slow
def test_layers_are_copied_from_another_file(edited: Callable[..., Stack], document: Path, tmp_path: Path) -> None:
    other = dataclasses.replace(load(document), assets={}, layers=(make_spline("a@2", 1, Affine(9, 0, 9, 0, 9, 9)),))
    path = tmp_path / "o:ther.layers"
    save(other, path)
    made = ids(load(document))
    assert ids(edited("--copy-layer", f"{path}:1")) == [*made, "a@2"]
    assert ids(edited("--copy-layer", f"{path}:1@1")) == ["a@2", *made]
    assert ids(edited("--copy-layer", f"{path}:a@2@2")) == [made[0], "a@2", *made[1:]]
    assert ids(edited("--copy-layer", f"{document}:*")) == [*made, *(f"{name}-2" for name in made)]
    assert edited("--copy-layer", f"{path}:1").layers == edit(load(document), [CopyLayer("1", other)]).layers


def test_groups_and_transparency_are_edited_by_their_words(edited: Callable[..., Stack], document: Path) -> None:
    stack = load(document)
    layers = [dataclasses.replace(layer, group="face") for layer in stack.layers[:2]]
    grouped = dataclasses.replace(stack, groups=(Group("face", "The face"),))
    save(grouped.with_layers([*layers, stack.layers[2]]), document, overwrite=True)
    made = edited(
        "--rename", "The face=A nose", "--recolor", "A nose=tomato", "--move", "face=top", "--background", "none"
    )
    assert made.groups == (Group("face", "A nose"),)
    assert [layer.group for layer in made.layers] == [None, "face", "face"]
    assert made.layers[0] == stack.layers[2]
    assert made.canvas == dataclasses.replace(stack.canvas, transparent=True)
    assert edited("--hide", "face", "--background", "#123456").canvas.transparent is False


def test_a_palette_of_a_file_is_the_only_colours(edited: Callable[..., Stack], tmp_path: Path) -> None:
    palette = tmp_path / "p.png"
    Image.fromarray(np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8)).save(palette)
    stack = edited("--palette", palette)
    colors = {layer.color for layer in stack.layers}  # type: ignore[attr-defined]
    assert colors | {stack.canvas.background} <= {(1.0, 0.0, 0.0), (0.0, 0.0, 1.0)}


def test_the_thumbnail_shows_the_edited_layers(edited: Callable[..., Stack]) -> None:
    stack = edited("--recolor", "*=red")
    assert stack.thumbnail is not None
    with Image.open(io.BytesIO(stack.thumbnail)) as picture:
        assert np.array_equal(np.asarray(picture), render(stack, max(picture.size), device="cpu"))


@pytest.mark.slow
def test_a_file_without_a_thumbnail_gets_none(edited: Callable[..., Stack], document: Path) -> None:
    save(dataclasses.replace(load(document), thumbnail=None), document, overwrite=True)
    assert edited("--recolor", "*=red").thumbnail is None


@pytest.mark.parametrize(
    "options",
    [
        ["--hide", "1", "--show", "1"],
        ["--move", "1=up", "--move", "2=down"],
        ["--swap-code", "1=2", "--swap-code", "2=1"],
    ],
)
def test_a_change_and_its_reverse_in_two_calls_give_the_same_bytes(
    vecstack: Call, document: Path, tmp_path: Path, options: list[str]
) -> None:
    half, whole = tmp_path / "half.layers", tmp_path / "whole.layers"
    assert vecstack("edit", document, "-o", half, *options[:2]).code == 0
    assert vecstack("edit", half, "-o", whole, *options[2:]).code == 0
    stack = load(document)
    metrics = {name: value for name, value in stack.metrics.items() if name != "psnr"}
    assert half.read_bytes() != document.read_bytes()
    assert whole.read_bytes() == dumps(dataclasses.replace(stack, metrics=metrics))


def test_renaming_a_layer_twice_gives_the_same_bytes(vecstack: Call, document: Path, tmp_path: Path) -> None:
    half, whole = tmp_path / "half.layers", tmp_path / "whole.layers"
    name = load(document).layers[0].name
    assert vecstack("edit", document, "-o", half, "--rename", "1=x").code == 0
    assert vecstack("edit", half, "-o", whole, "--rename", f"x={name}").code == 0
    assert half.read_bytes() != document.read_bytes() == whole.read_bytes()


def test_several_files_are_edited_into_a_folder(vecstack: Call, document: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in "ab":
        (tmp_path / "in" / f"{name}.layers").write_bytes(document.read_bytes())
    assert vecstack("edit", tmp_path / "in", "-o", tmp_path / "out", "--keep", "1").code == 0
    for name in "ab":
        assert len(load(tmp_path / "out" / f"{name}.layers").layers) == 1


def test_a_file_that_lacks_a_layer_does_not_stop_the_others(vecstack: Call, document: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    stack = load(document)
    save(stack, tmp_path / "in" / "b.layers")
    save(stack.remove(stack.layers[2].id), tmp_path / "in" / "a.layers")
    result = vecstack("edit", tmp_path / "in", "-o", tmp_path / "out", "--hide", "3")
    assert result.code == 7
    assert "no layers 3; they are numbered 1 (the lowest) to 2." in result.err
    assert [path.name for path in (tmp_path / "out").glob("*.layers")] == ["b.layers"]


def test_a_document_goes_from_standard_input_to_standard_output(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    layers = tuple(make_spline(name, 1, Affine(9, 0, 9, 0, 9, 9)) for name in "abc")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(dumps(Stack(Canvas(37, 53), layers)))))
    assert run(["edit", "-", "--keep", "2"]) == 0
    out, err = capfdbinary.readouterr()
    assert err == b""
    assert load(out).layers == layers[1:2]


def test_a_bare_json_document_can_come_out(vecstack: Call, document: Path, tmp_path: Path) -> None:
    out = tmp_path / "edited.layers.json"
    assert vecstack("edit", document, "-o", out, "--remove", "*").code == 0
    assert load(out).layers == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "edit needs a change, such as --hide 3"),
        (["--recolor", "1"], "--recolor '1': expected SEL=VALUE."),
        (["--recolor", "1=octarine"], "'octarine' is not a colour; write it as #rrggbb"),
        (["--recolor", "=red"], "selects no layers"),
        (["--background", "mud"], "--background 'mud': 'mud' is not a colour"),
        (["--opacity", "1=1.5"], "an opacity must be 0 to 1, not 1.5"),
        (["--opacity", "1=nan"], "an opacity must be 0 to 1, not nan"),
        (["--opacity", "1=half"], "'half' is not a number"),
        (["--hide", ""], "'' selects no layers"),
        (["--hide", "1,,2"], "'' selects no layers"),
        (["--move", "1=left"], "not to 'left'"),
        (["--move", "1=0"], "not to 0"),
        (["--rename", "1=" + "x" * 10_000], "at most 1,024 characters"),
        (["--rename", "1=\x1b[2J"], "control characters"),
        (["--transform", "1=1,2,3"], "a transform must be 6 numbers"),
        (["--transform", "1=1,2,3,1,2,3"], "invertible"),
        (["--shift", "1=1"], "a shift must be 2 numbers"),
        (["--scale", "1=0"], "a factor must be above 0"),
        (["--palette", "0"], "a palette must be a list of colours or a number from 1 to 256, not 0"),
        (["--jitter", "1=inf"], "an amount must be a number"),
        (["--copy-layer", "other:1"], "expected FROM.layers:SEL or FROM.layers:SEL@N."),
        (["--seed", "x", "--hide", "1"], "--seed"),
        (["--colour", "1=red"], "--colour"),
    ],
)
def test_a_call_that_cannot_be_meant_is_refused(
    vecstack: Call, document: Path, out: Path, options: list[str], says: str
) -> None:
    result = vecstack("edit", document, "-o", out, *options)
    assert (result.code, result.out) == (2, "")
    assert says in result.err
    assert result.err.strip().isprintable()
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--hide", "layer-9"], "no layer 'layer-9'; the nearest are "),
        (["--hide", "4"], "no layers 4; they are numbered 1 (the lowest) to 3"),
        (["--keep", "nobody"], "no layer 'nobody'"),
        (["--remove", "*", "--hide", "1"], "there are none"),
        (["--move", "3=up"], "is the top one and cannot move up"),
        (["--move", "1=down"], "is the lowest one and cannot move down"),
        (["--move", "1=4"], "cannot put the selected layers at position 4; the highest is 3"),
        (["--merge", "1,3"], "only neighbouring layers can be merged, two or more; got 1, 3"),
        (["--swap-code", "1=*"], "'*' selects 3 layers, but exactly one is needed"),
        (["--shift", "1=1e9,0", "--shift", "1=1e9,0"], "transform must have numbers up to"),
        (["--palette", "nowhere.gpl"], "cannot be read"),
        (["--palette", "empty"], "empty: 0 colours"),
        (["--script", "nowhere.toml"], "cannot be read"),
        (["--script", "empty"], "no changes"),
        (["--copy-layer", "nowhere.layers:1"], "nowhere.layers"),
    ],
)
def test_what_the_files_do_not_have_is_refused(
    vecstack: Call, document: Path, out: Path, options: list[str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(document.parent)
    Path("empty").touch()
    result = vecstack("edit", document, "-o", out, *options)
    assert (result.code, result.out) == (3, "")
    assert says in result.err
    assert len(result.err.splitlines()) == 1
    assert not out.exists()


@pytest.mark.slow
def test_outputs_that_exist_or_are_inputs_are_refused(vecstack: Call, document: Path, out: Path) -> None:
    before = document.read_bytes()
    assert vecstack("edit", document, "--hide", "1").code == 2
    assert vecstack("edit", document, "--hide", "1", "-o", document, "--overwrite").code == 4
    out.write_bytes(b"old")
    assert vecstack("edit", document, "--hide", "1", "-o", out).code == 4
    assert vecstack("edit", document, "--hide", "1", "-o", out, "--skip-existing").code == 0
    assert (document.read_bytes(), out.read_bytes()) == (before, b"old")
    assert vecstack("edit", document, "--hide", "1", "-o", out, "--overwrite").code == 0
    assert not load(out).layers[0].visible


def test_the_file_that_does_not_have_the_layer_is_named(vecstack: Call, document: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.layers"
    save(load(document).remove("layer-3"), other)
    result = vecstack("edit", document, other, "-o", tmp_path / "out", "--hide", "3")
    assert result.code == 7
    assert result.err.splitlines()[1] == f"vecstack: {other}: no layers 3; they are numbered 1 (the lowest) to 2."
    assert (tmp_path / "out" / document.name).is_file()


@pytest.mark.slow
def test_edit_takes_a_device(vecstack: Call, document: Path, out: Path, edited: Callable[..., Stack]) -> None:
    merged = edited("--merge", "1-3")
    assert edited("--merge", "1-3", "--device", "cpu") == merged
    for option in ("--merge=1-3", "--palette=2"):
        result = vecstack("edit", document, "-o", out, "--overwrite", option, "--device", "gpu")
        assert (result.code, result.out) == (2, "")
        assert "--device must be auto, cpu, cuda" in result.err
    assert load(out) == merged


def test_a_folder_is_edited_and_gone_on_with_as_long_as_the_changes_are_the_same(
    vecstack: Call, document: Path, tmp_path: Path
) -> None:
    (tmp_path / "in/deep").mkdir(parents=True)
    for name in ("a.layers", "deep/b.layers"):
        (tmp_path / "in" / name).write_bytes(document.read_bytes())
    colors = tmp_path / "two.txt"
    colors.write_text("red\nblue\n")

    def done(*changes: object) -> int:
        words = ("edit", tmp_path / "in", "-o", tmp_path / "out", "-j", 1, "--resume", "--json", *changes)
        return int(json.loads(vecstack(*words).out.splitlines()[-1])["summary"]["done"])

    changes = ("--recolor", "2=tomato", "--palette", colors)
    assert [done(*changes), done(*changes)] == [2, 0]
    assert load(tmp_path / "out/deep/b.layers").layers[1].color == (1.0, 0.0, 0.0)
    assert done("--palette", colors, "--recolor", "2=tomato") == 2
    assert done(*changes) == 2
    colors.write_text("red\nlime\n")
    assert done(*changes) == 2
