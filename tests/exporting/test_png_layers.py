from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.exporting.conftest import BLUE, CANVAS, HOSTILE, RED, pixels_of
from tests.helpers import block
from vecstack import Stack, render
from vecstack.errors import ExportError
from vecstack.exporting import runs
from vecstack.exporting.png_layers import file_name, png_layers
from vecstack.geometry import Affine, Rect
from vecstack.stack import Group, UnknownLayer


def exported(stack: Stack, **options: Any) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The files by name, and what their list says."""
    files = dict(png_layers(stack, device="cpu", **options))
    return files, json.loads(files["layers.json"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mixed", "painted"])
@pytest.mark.parametrize("size", [None, 200])
def test_what_the_list_says_makes_the_picture(stacks: Callable[[str], Stack], name: str, size: int | None) -> None:
    stack = stacks(name)
    files, listed = exported(stack, size=size)
    canvas = pixels_of(files[listed["background"]["file"]])[..., :3] / 255
    for entry in listed["layers"]:
        layer = pixels_of(files[entry["file"]]) / 255
        assert layer.shape == (listed["height"], listed["width"], 4)
        canvas = canvas + (layer[..., :3] - canvas) * layer[..., 3:] * entry["opacity"] * entry["visible"]
    difference = np.abs(canvas * 255 - render(stack, size, device="cpu"))
    assert difference.max() <= 2  # masks of 8 bits: half a step for each layer, and half for the picture itself
    assert difference.mean() < 0.5


def test_every_file_is_listed_and_every_layer_has_its_facts(mixed: Stack) -> None:
    files, listed = exported(mixed)
    names = [entry["file"] for entry in listed["layers"]]
    assert {*names, listed["background"]["file"], "contact-sheet.png", "layers.json"} == set(files)
    assert listed["format"] == "vecstack-png-layers"
    assert listed["background"]["color"] == "#e6661a"
    for number, (entry, layer) in enumerate(zip(listed["layers"], mixed.layers, strict=True), start=1):
        assert entry["file"] == f"{number:02}-{layer.id.replace(' ', '-')}.png"
        assert (entry["number"], entry["id"], entry["kind"]) == (number, layer.id, layer.kind)
        assert (entry["opacity"], entry["visible"]) == (layer.opacity, layer.visible)
        assert re.fullmatch("#[0-9a-f]{3}|#[0-9a-f]{6}", entry["color"])


def test_of_many_layers_those_of_a_group_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "MOST", 3)
    places = [Rect(4.0 * at, 3.0, 9.0, 8.0) for at in range(5)]
    blocks = [block(f"b{at}", place, opacity=0.6, group="g" if at > 1 else None) for at, place in enumerate(places)]
    stack = Stack(CANVAS, tuple(blocks), groups=(Group("g", name="Round 1"),))
    files, listed = exported(stack)
    assert [entry["file"] for entry in listed["layers"]] == ["01-b0.png", "02-b1.png", "03-Round-1.png"]
    assert listed["layers"][2]["layers"] == 3
    together = pixels_of(files["03-Round-1.png"])
    assert np.abs(together - render(stack.with_layers(blocks[2:]), transparent=True, device="cpu")).max() <= 1
    with pytest.raises(ExportError, match="5 layers are more than the 3 of a folder"):
        exported(stack.with_layers([dataclasses.replace(layer, group=None) for layer in blocks]))


def test_a_layer_is_its_mask_in_its_colour() -> None:
    files, listed = exported(Stack(CANVAS, (dataclasses.replace(BLUE, opacity=0.3, visible=False),)))
    layer = pixels_of(files[listed["layers"][0]["file"]])
    assert (layer[layer[..., 3] > 0][:, :3] == (0, 0, 255)).all()
    assert (layer[..., 3].min(), layer[..., 3].max()) == (0, 255)


def test_the_bytes_are_the_same_each_time(mixed: Stack) -> None:
    assert list(png_layers(mixed, device="cpu")) == list(png_layers(mixed, device="cpu"))


def test_the_sheet_shows_all_layers() -> None:
    def sheet(*layers: Any) -> np.ndarray:
        return pixels_of(exported(Stack(CANVAS, layers))[0]["contact-sheet.png"])

    both = sheet(RED, BLUE)
    assert both.shape[2] == 4
    assert min(both.shape[:2]) > 300
    for color in ((255, 0, 0, 255), (0, 0, 255, 255)):
        assert (both == color).all(2).sum() > 2000
    assert (both != sheet(RED, dataclasses.replace(BLUE, name="Another"))).any()  # its label


@pytest.mark.slow
def test_the_sheet_of_many_layers_is_no_larger_than_it_must_be() -> None:
    layers = tuple(dataclasses.replace(RED, id=str(index)) for index in range(400))
    sheet = pixels_of(exported(Stack(CANVAS, layers))[0]["contact-sheet.png"])
    assert max(sheet.shape) < 5000


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("The sun", "The-sun"),
        ("../../etc/passwd", "etc-passwd"),
        ("..", "layer"),
        ("CON", "CON"),  # which no system knows behind a number
        ("a/b\\c:d*e?f|g", "a-b-c-d-e-f-g"),
        ("x" * 1024, "x" * 100),
        ("\u00fc" * 1024, "\u00fc" * 50),
        ("u\u0308ber", "\u00fcber"),
        ("\ufffe\u202e gone", "gone"),
        ("\u592a\u9633", "\u592a\u9633"),
        (" . ", "layer"),
        ("_under_score_", "under-score"),
        ("\U0001f388", "layer"),
    ],
)
def test_names_become_names_of_files(name: str, expected: str) -> None:
    assert file_name(name) == expected


def test_hostile_names_make_files_of_their_own() -> None:
    hostile = [
        *HOSTILE,
        ("../x", "../../x"),
        ("CON", "CON"),
        ("nul", "nul.png"),
        ("same", "CON"),
        ("w" * 128, "w" * 1024),
    ]
    layers = tuple(block(name, Rect(2.0, 3.0, 9.0, 12.0), (0.0, 1.0, 0.0), name=text) for name, text in hostile)
    files, listed = exported(Stack(CANVAS, layers))
    assert len(files) == len(hostile) + 3
    assert len({name.casefold() for name in files}) == len(files)
    for name in files:
        assert re.fullmatch(r"[0-9]{2}-[\w-]+\.png|contact-sheet\.png|layers\.json", name)
        assert len(name.encode()) < 120
    assert [entry["name"] for entry in listed["layers"]] == [text for _, text in hostile]


def test_a_stack_without_layers_is_its_background() -> None:
    files, listed = exported(Stack(CANVAS))
    assert set(files) == {"00-background.png", "contact-sheet.png", "layers.json"}
    assert listed["layers"] == []


def test_unknown_kinds_are_left_out_and_numbers_stay() -> None:
    strange = UnknownLayer(id="strange", unknown_kind="hologram", transform=Affine.of_frame(CANVAS.rect))
    assert [entry["file"] for entry in exported(Stack(CANVAS, (strange, RED)))[1]["layers"]] == ["02-red.png"]
    with pytest.raises(ExportError, match="none of the layers is of a kind"):
        list(png_layers(Stack(CANVAS, (strange,)), device="cpu"))
