from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.packing.examples import LEAF, RING, cut_out, drawing
from vecstack import Stack, collage, edit, load, render, save
from vecstack.color import to_hex
from vecstack.document.file import dumps
from vecstack.editing.changes import Keep, Recolor
from vecstack.errors import UsageError, WeightsError
from vecstack.kinds import color_of
from vecstack.packing.asked import options_of
from vecstack.packing.colors import DEFAULT
from vecstack.packing.items import items_of

FAST: dict[str, Any] = {"effort": "sketch", "size": 200}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("items")
    return [drawing(folder, "leaf", LEAF), drawing(folder, "ring", RING), cut_out(folder)]


@pytest.fixture(scope="module")
def made(files: list[Path]) -> Stack:
    return collage(files, "heart", count=9, **FAST)


def test_a_layer_for_each_item_and_a_group_for_each_drawing(made: Stack) -> None:
    assert len(made.layers) == made.metrics["placed"] == made.metrics["asked"] == 9
    assert sorted(group.name for group in made.groups) == ["disc", "leaf", "ring"]
    assert all(len(members) == 3 for members in made.members().values())
    assert len(made.assets) == 3  # each drawing once
    assert max(made.canvas.width, made.canvas.height) == 200
    assert not made.canvas.transparent


def test_the_largest_are_lowest(made: Stack) -> None:
    sizes = [layer.transform.determinant for layer in made.layers if layer.name == "leaf"]
    assert sizes == sorted(sizes, reverse=True)


def test_what_is_drawn_lies_in_the_shape(made: Stack) -> None:
    whole = collage("square", "heart", count=1, colors="black", **FAST)
    assert (whole.canvas.width, whole.canvas.height) == (made.canvas.width, made.canvas.height)
    drawn = render(made, 200, device="cpu").min(2) < 250
    assert 0.3 < drawn.mean() < 0.7
    assert not drawn[:, :4].any()
    assert not drawn[-20:, :60].any()  # to the left of the heart's tip
    assert made.metrics["coverage"] == pytest.approx(drawn.mean() / 0.645, abs=0.1)


def test_the_same_seed_gives_the_same_file(made: Stack, files: list[Path]) -> None:
    assert dumps(collage(files, "heart", count=9, **FAST)) == dumps(made)
    assert collage(files, "heart", count=9, seed=1, **FAST).layers != made.layers


def test_a_file_is_complete_and_can_be_edited(made: Stack, tmp_path: Path) -> None:
    save(made, tmp_path / "made.layers")
    again = load(tmp_path / "made.layers")
    assert np.array_equal(render(again, 60, device="cpu"), render(made, 60, device="cpu"))
    leaves = edit(again, [Keep("leaf"), Recolor("leaf", "red")])
    assert len(leaves.assets) == 1
    assert {color_of(layer) for layer in leaves.layers} == {(1.0, 0.0, 0.0)}


def test_items_keep_their_colours_and_shapes_have_a_palette(made: Stack) -> None:
    assert {color_of(layer) for layer in made.layers} == {None}
    shapes = collage(["circle", "star"], count=8, **FAST)
    assert [to_hex(color_of(layer) or (0, 0, 0)) for layer in shapes.layers[:6]] == list(DEFAULT)
    named = collage(["circle"], count=7, colors="red, lime", **FAST)
    assert [color_of(layer) for layer in named.layers[:3]] == [(1, 0, 0), (0, 1, 0), (1, 0, 0)]


def test_colours_of_a_picture_beneath(tmp_path: Path) -> None:
    picture = np.zeros((20, 20, 3), np.uint8)
    picture[:, :10, 0] = picture[:, 10:, 2] = 255
    Image.fromarray(picture).save(tmp_path / "halves.png")
    stack = collage("circle", "square", count=12, colors=tmp_path / "halves.png", **FAST)
    for layer in stack.layers:
        red, _, blue = color_of(layer) or (0, 0, 0)
        assert (red > blue) == (layer.transform.c < stack.canvas.width / 2) or abs(red - blue) < 0.3


def test_a_chart_has_areas_as_the_table_says(tmp_path: Path) -> None:
    (tmp_path / "sizes.csv").write_text("name,value\na,1\nb,2\nc,4\nd,8\n")
    stack = collage("circle", "circle", sizes=tmp_path / "sizes.csv", **FAST)
    areas = {layer.name: layer.transform.determinant for layer in stack.layers}
    assert [areas[name] / areas["a"] for name in "abcd"] == pytest.approx([1, 2, 4, 8], rel=1e-6)
    assert not stack.groups


def test_rows_take_the_item_of_their_name(tmp_path: Path, files: list[Path]) -> None:
    (tmp_path / "sizes.csv").write_text("name,value\nring,1\nring,2\nleaf,3\n")
    stack = collage(files, "circle", sizes=tmp_path / "sizes.csv", **FAST)
    leaf, *rings = stack.layers
    assert leaf.name == "leaf"
    assert len({kind.item for kind in rings}) == 1  # type: ignore[attr-defined]


def test_a_word_cloud_in_the_open(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("sun 9\nmoon 4\nstar 1\n")
    stack = collage(words=tmp_path / "words.txt", into="open", **FAST)
    assert {layer.name for layer in stack.layers} == {"sun", "moon", "star"}
    assert max(stack.canvas.width, stack.canvas.height) == 200
    drawn = render(stack, device="cpu").min(2) < 200
    rows, columns = np.nonzero(drawn)
    assert min(rows.min(), columns.min()) >= 4
    assert max(columns.max() - stack.canvas.width, rows.max() - stack.canvas.height) <= -4
    few = collage(words=tmp_path / "words.txt", count=2, **FAST)
    assert {layer.name for layer in few.layers} == {"sun", "moon"}


def test_a_mosaic_has_the_colours_of_its_picture(tmp_path: Path) -> None:
    picture = np.full((30, 40, 3), (250, 200, 0), np.uint8)
    picture[:, 20:] = (0, 60, 200)
    Image.fromarray(picture).save(tmp_path / "flag.png")
    halves = np.zeros((30, 40), np.int64)
    halves[:, 20:] = 1
    stack = collage(["circle", "hexagon"], picture=tmp_path / "flag.png", segments=halves, count=16, **FAST)
    assert (stack.canvas.width, stack.canvas.height) == (200, 150)
    assert len(stack.layers) >= 12
    for layer in stack.layers:
        red, _, _ = color_of(layer) or (0.5, 0, 0)
        assert (red > 0.5) == (layer.transform.c < 100)
    assert stack.source["width"] == 40


def test_sizes_fall_towards_one_side() -> None:
    slopes = []
    for seed in (0, 1, 2):
        stack = collage("hexagon", "rectangle", count=24, order="right", effort="fast", size=200, seed=seed)
        places = np.array([[layer.transform.c, layer.transform.determinant] for layer in stack.layers])
        slopes.append(np.corrcoef(places.T)[0, 1])
    assert np.median(slopes) < -0.5


def test_without_a_background_the_canvas_is_transparent() -> None:
    assert collage("circle", count=2, background="none", **FAST).canvas.transparent
    assert collage("circle", count=2, background="navy", **FAST).canvas.background == pytest.approx((0, 0, 128 / 255))


@pytest.mark.parametrize(
    ("text", "angles", "tilt"),
    [
        ("any", None, 0),
        ("0,90", (0, np.pi / 2), 0),
        ("-30..30", (0,), np.pi / 6),
        (" 10 .. 50 ", (np.pi / 6,), np.pi / 9),
        ("45", (np.pi / 4,), 0),
    ],
)
def test_angles(text: str, angles: tuple[float, ...] | None, tilt: float) -> None:
    options = options_of(items_of(["circle"]), False, None, 0, text, False, 0, None, "fast")
    assert (options.angles or ()) == pytest.approx(angles or ())
    assert (options.angles is None) == (angles is None)
    assert options.tilt == pytest.approx(tilt)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"angles": "up"}, "angles must be any, degrees such as 0,90 or a range"),
        ({"angles": "30..-30"}, "angles must be any"),
        ({"order": "size"}, "order must be one of right, left, down, up"),
        ({"count": 0}, "count must be 1 to 10,000"),
        ({"count": 10_001}, "count must be 1 to 10,000"),
        ({"size": 3}, "size must be 16 to 100,000"),
        ({"padding": float("nan")}, "padding must be"),
        ({"scale_range": (2.0, 1.0)}, "scales must be"),
        ({"gravity": 3}, "gravity must be"),
        ({"effort": "huge"}, "effort must be"),
        ({"seed": -1}, "seed must be"),
        ({"colors": "mud"}, "colors: 'mud' is not a colour; .* Or name the file of a palette or a picture"),
        ({"colors": ()}, "colors must have one colour at least"),
        ({"background": "mud"}, "background: 'mud' is not a colour"),
        ({"words": "w.txt"}, "words are the items"),
        ({"column": "a"}, "column is one of a table"),
        ({"font": "a.ttf"}, "font is for words"),
        ({"segments": "hed"}, "segments are parts of a picture"),
        ({"picture": "a.png", "into": "heart"}, "picture and `into` exclude each other"),
        ({"picture": "a.png", "colors": "red"}, "picture and `colors` exclude each other"),
        ({"items": (), "words": "w.txt", "sizes": "a.csv"}, "words and `sizes` exclude each other"),
        ({"items": ()}, "no items; name files, folders"),
        ({"into": "blob"}, "use circle"),
        ({"padding": 500.0}, "padding must be below 5.53 for 100 items, not 500"),
    ],
)
def test_what_cannot_be_asked_is_refused(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        collage(**{"items": "circle", **FAST, **arguments})
    assert "\n" not in str(caught.value)


def test_who_finds_parts_may_be_missing(tmp_path: Path) -> None:
    Image.new("RGB", (9, 9), "red").save(tmp_path / "a.png")
    with pytest.raises(WeightsError):
        collage("circle", picture=tmp_path / "a.png", segments="sam:none", **FAST)
