from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from tests.drawing.conftest import CODE, HEIGHT, WIDTH, make_net, make_spline, stack  # noqa: F401
from vecstack.color import Color
from vecstack.document.file import dumps, load
from vecstack.drawing.render import render
from vecstack.editing.changes import (
    CHANGES,
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
from vecstack.editing.script import load_script
from vecstack.editing.select import select
from vecstack.errors import DocumentError, RecipeError, UsageError
from vecstack.geometry import Affine, Rect
from vecstack.kinds import kind_of
from vecstack.kinds.mask.layer import MaskLayer
from vecstack.stack import Canvas, Layer, Stack, UnknownLayer, asset_id

RED, GREEN, BLUE = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


@pytest.fixture
def mixed(stack: Stack) -> Stack:  # noqa: F811
    """Six mask layers, two spline layers below and above one of an unknown kind, with a thumbnail and a PSNR."""
    corner = Affine.of_frame(Rect(4.0, 6.0, 20.0, 30.0))
    unknown = UnknownLayer(id="strange", transform=corner, unknown_kind="sparkle", fields={"color": "loud", "n": 3})
    leaf, twig = (dataclasses.replace(make_spline(name, 1, corner), name="Leaf") for name in ("leaf", "twig"))
    more = leaf, unknown, dataclasses.replace(twig, surface=make_spline("x", 2, corner).surface)
    metrics, source = {"psnr": 20.5, "seconds": 3}, {"sha256": "0" * 64}
    picture = render(stack, 32, device="cpu")
    return dataclasses.replace(
        stack, layers=(*stack.layers, *more), metrics=metrics, source=source, thumbnail=png(picture)
    )


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def ids(stack: Stack) -> list[str]:  # noqa: F811
    return [layer.id for layer in stack.layers]


def color(stack: Stack, layer_id: str) -> Color:  # noqa: F811
    found: Color = stack.layer(layer_id).color  # type: ignore[attr-defined]
    return found


EVERY: list[Change] = [
    Recolor("whole", "#80f"),
    Opacity("faded,leaf", 0.25),
    Hide("3-5"),
    Show("hidden"),
    Remove("window"),
    Keep("twig,whole"),
    Move("twig", "down"),
    Move("turned,whole", 3),
    Rename("leaf", "Blatt = leaf"),
    Transform("twig", (10, 1, 18, -1, 12, 26)),
    Shift("window", (3, -4.5)),
    Scale("window", 1.5),
    Background("tomato"),
    Palette([RED, GREEN, "#123"]),
    Palette(3),
    SwapCode("whole", "hidden"),
    Jitter("twig,turned", 0.5),
    Merge("6-7"),
    CopyLayer("turned,leaf", Stack(Canvas(1, 1))),
]


@pytest.mark.parametrize("change", EVERY, ids=lambda change: type(change).__name__)
def test_every_change_leaves_a_valid_document_and_untouched_layers_as_they_are(mixed: Stack, change: Change) -> None:
    if isinstance(change, CopyLayer):
        change = dataclasses.replace(change, from_=mixed)
    edited = edit(mixed, [change])
    again = load(dumps(edited))
    assert dumps(again) == dumps(edited)
    assert again.source == mixed.source
    old = {id(layer) for layer in mixed.layers}
    touched = [layer for layer in edited.layers if id(layer) not in old]
    assert len(touched) <= 3 or isinstance(change, Palette)
    if not isinstance(change, Keep):
        assert mixed.layers[7] in edited.layers


@pytest.mark.parametrize(
    ("change", "back"),
    [
        (Recolor("leaf", "#00f"), Recolor("leaf", "black")),
        (Hide("whole,twig"), Show("whole,twig")),
        (Move("window", "up"), Move("window", "down")),
        (Move("1-3,7", "up"), Move("2-4,8", "down")),
        (Move("window", "top"), Move("window", 4)),
        (SwapCode("whole", "hidden"), SwapCode("whole", "hidden")),
        (Shift("turned,leaf", (0.1, -7.7)), Shift("turned,leaf", (-0.1, 7.7))),
        (Scale("*", 4), Scale("*", 0.25)),
        (Opacity("faded", 0.1), Opacity("faded", 0.6)),
        (Rename("leaf", "x"), Rename("leaf", "Leaf")),
        (Background("#fff"), Background((0.9, 0.4, 0.1))),
    ],
    ids=lambda change: type(change).__name__,
)
def test_a_change_and_its_reverse_give_the_same_bytes(mixed: Stack, change: Change, back: Change) -> None:
    if isinstance(back, Recolor):  # to what it was
        back = Recolor("leaf", color(mixed, "leaf"))
    changed = edit(mixed, [change])
    assert dumps(changed) != dumps(mixed)
    assert dumps(edit(mixed, [change, back])) == dumps(mixed)
    later = edit(changed, [back])
    assert later.layers == mixed.layers


def test_no_changes_change_nothing(mixed: Stack) -> None:
    assert edit(mixed, []) == mixed


def test_what_told_of_the_old_picture_goes_with_it(mixed: Stack) -> None:
    recolored = edit(mixed, [Recolor("whole", "red")])
    assert recolored.thumbnail is None
    assert recolored.metrics == {"seconds": 3}


@pytest.mark.parametrize("change", [Rename("*", "same"), Remove("hidden"), Recolor("nothing", "red")])
def test_what_told_of_the_picture_stays_where_it_is_the_same(mixed: Stack, change: Change) -> None:
    edited = edit(mixed, [change])
    assert edited.layers != mixed.layers
    assert (edited.thumbnail, edited.metrics) == (mixed.thumbnail, mixed.metrics)


# Selections


@pytest.mark.parametrize(
    ("selection", "indices"),
    [
        ("faded", [1]),
        ("Leaf", [6, 8]),
        ("3", [2]),
        ("3-5", [2, 3, 4]),
        ("*", list(range(9))),
        ("turned, 1 ,Leaf,1-2", [0, 1, 5, 6, 8]),
        ("9-9", [8]),
    ],
)
def test_layers_are_selected_by_id_name_number_and_range(mixed: Stack, selection: str, indices: list[int]) -> None:
    assert list(select(mixed, selection)) == indices


def test_an_id_wins_over_a_name_and_both_over_a_number(mixed: Stack) -> None:
    assert select(edit(mixed, [Rename("faded", "whole")]), "whole") == (0,)
    assert select(edit(mixed, [Rename("faded", "5")]), "5") == (1,)
    numbered = dataclasses.replace(mixed, layers=(*mixed.layers[:8], dataclasses.replace(mixed.layers[8], id="2")))
    assert select(numbered, "2") == (8,)
    assert select(numbered, "1-2") == (0, 1)


@pytest.mark.parametrize("name", ["a,b", "*", "3-5", "a=b", " a", "=", ",", "ä\u2003ö"])
def test_a_name_of_whatever_letters_is_found(mixed: Stack, name: str) -> None:
    assert select(edit(mixed, [Rename("turned", name)]), name) == (5,)


@pytest.mark.parametrize("selection", ["10", "0", "5-10", "5-3", "0-2", "999999999", "1,12"])
def test_a_number_of_no_layer_is_refused_with_the_numbers_there_are(mixed: Stack, selection: str) -> None:
    with pytest.raises(DocumentError, match=r"1 \(the lowest\) to 9\.$"):
        select(mixed, selection)


def test_an_unknown_layer_is_refused_with_the_nearest_names(mixed: Stack) -> None:
    with pytest.raises(DocumentError, match=r"no layer 'turnde'; the nearest are 'turned'.*\.$"):
        select(mixed, "whole,turnde")
    with pytest.raises(DocumentError, match=r"no layer 'zzz'; there are 'whole', .*\.\.\.\.$"):
        select(mixed, "zzz")
    with pytest.raises(DocumentError) as error:
        select(mixed, "x\n\x1b[2J\ud800" * 3000)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("selection", ["", "  ", "1,,2", "1,", None, 3, ["a"]])
def test_a_selection_of_nothing_is_refused(mixed: Stack, selection: Any) -> None:
    with pytest.raises(UsageError, match="selects no layers"):
        edit(mixed, [Hide(selection)])


def test_a_stack_without_layers_has_none_to_select(stack: Stack) -> None:  # noqa: F811
    empty = stack.with_layers(())
    for change in (Hide("*"), Move("*", "up"), Keep("*"), Remove("*"), Jitter("*", 1), Palette(2), Palette(1)):
        assert edit(empty, [change]).layers == ()
    for selection in ("1", "sun"):
        with pytest.raises(DocumentError, match="there are none"):
            select(empty, selection)


# Changes of common fields


def test_a_recoloured_layer_is_drawn_so_and_nothing_else_changes(mixed: Stack) -> None:
    edited = edit(mixed, [Recolor("whole", "#3af")])
    assert color(edited, "whole") == (0x33 / 255, 0xAA / 255, 1.0)
    assert edited.layers[1:] == mixed.layers[1:]
    assert not np.array_equal(render(edited, device="cpu"), render(mixed, device="cpu"))


def test_common_fields_of_a_layer_of_an_unknown_kind_can_be_edited(mixed: Stack) -> None:
    changes = Opacity("strange", 0.5), Hide("strange"), Rename("strange", "x"), Shift("strange", (1, 2))
    layer = edit(mixed, [*changes, Move("strange", 1)]).layers[0]
    assert isinstance(layer, UnknownLayer)
    assert (layer.opacity, layer.visible, layer.name, layer.transform.c) == (0.5, False, "x", 15.0)
    assert layer.fields == {"color": "loud", "n": 3}


@pytest.mark.parametrize(
    "change", [Recolor("strange", "red"), Jitter("strange", 1), SwapCode("leaf", "strange"), Merge("7-8")]
)
def test_what_the_kind_alone_knows_cannot_be_edited_without_it(mixed: Stack, change: Change) -> None:
    with pytest.raises(DocumentError, match="layer strange is of kind sparkle"):
        edit(mixed, [change])


def test_a_scaled_layer_keeps_its_middle_and_a_transformed_one_is_where_it_was_put(mixed: Stack) -> None:
    edited = edit(mixed, [Scale("turned", 2), Transform("leaf", (1, 2, 3, 4, 5, 6))])
    assert edited.layer("turned").transform == Affine(18.0, -8.0, 21.5, 12.0, 28.0, 25.25)
    assert edited.layer("leaf").transform == Affine(1.0, 2.0, 3.0, 4.0, 5.0, 6.0)


@pytest.mark.parametrize("change", [Scale("turned", 1e9), Scale("turned", 1e-9), Shift("1", (1e9, 0))])
def test_a_place_that_no_layer_can_have_is_refused(mixed: Stack, change: Change) -> None:
    with pytest.raises(DocumentError, match=r"transform must (be|have)"):
        edit(edit(mixed, [change]), [change])


BAD: list[Callable[[], Change]] = [
    lambda: Recolor("a", "octarine"),
    lambda: Recolor("a", "#12345"),
    lambda: Recolor("a", "#12345678"),
    lambda: Recolor("a", "x" * 10_000),
    lambda: Recolor("a", (0, 0, 1.1)),
    lambda: Recolor("a", [float("nan")] * 3),  # type: ignore[arg-type]
    lambda: Background("hsl(0,100%,50%)"),
    lambda: Opacity("a", 1.01),
    lambda: Opacity("a", -0.01),
    lambda: Opacity("a", float("nan")),
    lambda: Opacity("a", True),
    lambda: Opacity("a", "0.5"),  # type: ignore[arg-type]
    lambda: Rename("a", "two\nlines"),
    lambda: Rename("a", "\x1b[31m"),
    lambda: Rename("a", "x" * 10_000),
    lambda: Rename("a", 3),  # type: ignore[arg-type]
    lambda: Move("a", "sideways"),
    lambda: Move("a", 0),
    lambda: Move("a", True),
    lambda: Move("a", 2.0),  # type: ignore[arg-type]
    lambda: Move("a", ["up"]),  # type: ignore[arg-type]
    lambda: Transform("a", (1, 0, 0, 0, 1)),
    lambda: Transform("a", (1, 2, 0, 2, 4, 0)),
    lambda: Transform("a", (1, 0, 10**400, 0, 1, 0)),
    lambda: Transform("a", "1,0,0,0,1,0"),  # type: ignore[arg-type]
    lambda: Shift("a", (1,)),
    lambda: Shift("a", (float("inf"), 0)),
    lambda: Scale("a", 0),
    lambda: Scale("a", -1),
    lambda: Scale("a", float("nan")),
    lambda: Scale("a", 10**400),
    lambda: Jitter("a", float("inf")),
    lambda: Jitter("a", 10**400),
    lambda: Jitter("a", 1, seed=0.5),  # type: ignore[arg-type]
    lambda: Palette([]),
    lambda: Palette(0),
    lambda: Palette(257),
    lambda: Palette(["red", "no colour"]),
    lambda: Palette([RED] * 5000),
    lambda: Palette("red"),
    lambda: CopyLayer("a", "other.layers"),  # type: ignore[arg-type]
    lambda: CopyLayer("a", Stack(Canvas(1, 1)), 0),
]


@pytest.mark.parametrize("make", BAD)
def test_a_value_that_cannot_be_is_refused_when_the_change_is_made(make: Callable[[], Change]) -> None:
    with pytest.raises(UsageError) as error:
        make()
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 300


# Order, and which layers there are


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (Move("a", "up"), "bacde"),
        (Move("e", "down"), "abced"),
        (Move("a,b", "up"), "cabde"),
        (Move("b,d", "down"), "badce"),
        (Move("a,c", "top"), "bdeac"),
        (Move("d,b", "bottom"), "bdace"),
        (Move("e", 1), "eabcd"),
        (Move("a", 5), "bcdea"),
        (Move("a,e", 2), "baecd"),
        (Move("c", 3), "abcde"),
        (Move("c,d,e", 3), "abcde"),
        (Remove("b,d"), "ace"),
        (Keep("d,a"), "ad"),
        (Remove("*"), ""),
        (Keep("*"), "abcde"),
    ],
)
def test_layers_are_ordered_and_taken_out(change: Change, expected: str) -> None:
    layers = tuple(UnknownLayer(id=name, transform=Affine(1, 0, 0, 0, 1, 0), unknown_kind="x") for name in "abcde")
    edited = edit(Stack(Canvas(WIDTH, HEIGHT), layers), [change])
    assert "".join(ids(edited)) == expected
    assert ids(load(dumps(edited))) == list(expected)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (Move("twig", "up"), "layer twig is the top one and cannot move up"),
        (Move("1-3", "down"), "layer whole is the lowest one and cannot move down"),
        (Move("*", "up"), "top one"),
        (Move("1-3", 8), "cannot put the selected layers at position 8; the highest is 7"),
        (Move("1", 10_000), "cannot put the selected layers at position 10000; the highest is 9"),
    ],
)
def test_a_move_past_the_ends_is_refused(mixed: Stack, change: Change, says: str) -> None:
    with pytest.raises(DocumentError, match=says):
        edit(mixed, [change])


def test_to_keep_what_is_not_there_is_refused(mixed: Stack) -> None:
    with pytest.raises(DocumentError, match="no layer 'nobody'"):
        edit(mixed, [Keep("nobody")])


def test_assets_go_with_the_last_layer_that_used_them(stack: Stack) -> None:  # noqa: F811
    second = stack.layer("turned").net  # type: ignore[attr-defined]
    edited = edit(stack, [Remove("faded,nothing,turned")])
    assert set(stack.assets) - set(edited.assets) == {second}
    assert edit(stack, [Remove("*")]).assets == {}


def test_all_assets_stay_beside_a_layer_of_an_unknown_kind(mixed: Stack) -> None:
    assert edit(mixed, [Keep("strange")]).assets == mixed.assets
    assert edit(mixed, [Remove("strange")]).assets == mixed.assets


def test_numbers_are_those_of_the_stack_that_the_change_before_left(mixed: Stack) -> None:
    edited = edit(mixed, [Remove("1"), Rename("1", "first")])
    assert edited.layers[0].id == "faded"
    assert edited.layers[0].name == "first"


# Masks


def test_swapped_codes_swap_the_masks_and_nothing_else(mixed: Stack) -> None:
    edited = edit(mixed, [SwapCode("whole", "hidden"), SwapCode("leaf", "twig")])
    for one, other in (("whole", "hidden"), ("leaf", "twig")):
        kind = kind_of(mixed.layer(one))
        assert kind.shape(edited.layer(one)) == kind.shape(mixed.layer(other))
        assert kind.with_shape(edited.layer(one), kind.shape(mixed.layer(one))) == mixed.layer(one)


@pytest.mark.parametrize(("one", "other"), [("whole", "faded"), ("whole", "leaf")])
def test_codes_of_different_nets_or_kinds_are_not_swapped(mixed: Stack, one: str, other: str) -> None:
    with pytest.raises(DocumentError, match=f"codes of {one} and {other} cannot be swapped"):
        edit(mixed, [SwapCode(one, other)])


def test_codes_of_more_than_two_layers_are_not_swapped(mixed: Stack) -> None:
    with pytest.raises(DocumentError, match="'Leaf' selects 2 layers"):
        edit(mixed, [SwapCode("leaf", "Leaf")])


def shape(stack: Stack, layer_id: str) -> np.ndarray:  # noqa: F811
    layer = stack.layer(layer_id)
    return np.array(kind_of(layer).shape(layer))


@pytest.mark.parametrize("layer_id", ["whole", "leaf"])
def test_a_jitter_moves_by_its_amount_in_a_direction_of_the_seed_and_the_layer(mixed: Stack, layer_id: str) -> None:
    def moved(by: float, selection: str = layer_id, seed: int = 0) -> np.ndarray:
        edited = edit(mixed, [Jitter(selection, by, seed)])
        return shape(edited, layer_id) - shape(mixed, layer_id)

    one, two = moved(0.1), moved(0.2)
    assert np.allclose(two, 2 * one, rtol=0.1, atol=np.abs(one).max() * 0.01)
    assert np.array_equal(moved(0.1, "leaf,twig,whole"), one)
    assert np.allclose(moved(-0.1), -one, atol=np.abs(one).max() * 0.01)
    assert not np.allclose(moved(0.1, seed=1), one, rtol=0.5)
    assert np.array_equal(moved(0), 0 * one)


def test_a_jitter_is_in_units_of_the_spread_of_codes(mixed: Stack) -> None:
    values = np.concatenate([shape(mixed, name) for name in ("leaf", "twig")])
    moves = [
        shape(edit(mixed, [Jitter("leaf,twig", 0.5, seed)]), name) - shape(mixed, name)
        for seed in range(20)
        for name in ("leaf", "twig")
    ]
    # 1,400 normal numbers: their deviation is known to 2 %.
    assert np.std(moves) == pytest.approx(0.5 * values.std(), rel=0.1)


def test_a_jitter_past_what_a_code_can_hold_is_refused(mixed: Stack) -> None:
    with pytest.raises(DocumentError, match="layer whole: code must be"):
        edit(edit(mixed, [Jitter("whole", 1e6)]), [Jitter("whole", 1e6)])


def test_codes_that_are_all_alike_can_be_jittered(mixed: Stack) -> None:
    flat = edit(mixed, [Keep("leaf")]).edit("leaf", surface=((2.0,) * 4,) * 4)
    assert 0.5 < np.std(shape(edit(flat, [Jitter("*", 1)]), "leaf")) < 2


# Merging


def test_merged_layers_are_one_of_them_in_the_colour_that_comes_closest(mixed: Stack) -> None:
    base = edit(mixed, [Keep("leaf"), Opacity("leaf", 0.5), Recolor("leaf", (0.5, 0.25, 0.0))])
    pair = edit(base, [CopyLayer("leaf", base), Recolor("2", (0.0, 0.25, 0.5))])
    merged = edit(pair, [Merge("1-2")])
    (layer,) = merged.layers
    assert layer == dataclasses.replace(pair.layer(layer.id), color=layer.color)  # type: ignore[attr-defined, call-arg]

    def error(stack: Stack) -> float:  # noqa: F811
        pictures = (render(each, 90, depth=16, device="cpu").astype(float) for each in (stack, pair))
        first, second = pictures
        return float(np.square(first - second).mean())

    for other in ((0.5, 0.25, 0.0), (0.0, 0.25, 0.5), (0.25, 0.25, 0.25)):
        assert error(merged) < error(edit(merged, [Recolor("*", other)]))
    for channel in range(3):
        for step in (-0.02, 0.02):
            shifted = list(color(merged, layer.id))
            shifted[channel] = min(1.0, max(0.0, shifted[channel] + step))
            # Merged over the points of the layers' windows, drawn at pixels: a colour nearby can be as good.
            assert error(merged) <= 1.01 * error(edit(merged, [Recolor("*", (shifted[0], shifted[1], shifted[2]))]))


def test_merged_layers_stand_where_they_stood(mixed: Stack) -> None:
    edited = edit(mixed, [Merge("6,7")])
    assert len(edited.layers) == 8
    assert ids(edited)[5] in ("turned", "leaf")
    assert edited.layers[:5] + edited.layers[6:] == mixed.layers[:5] + mixed.layers[7:]


@pytest.mark.parametrize(
    ("selection", "says"),
    [("1", "two or more; got 1"), ("1,6", "got 1, 6"), ("2-4", "layer hidden does not show and cannot be merged")],
)
def test_what_cannot_be_merged_is_refused(mixed: Stack, selection: str, says: str) -> None:
    with pytest.raises(DocumentError, match=says):
        edit(mixed, [Merge(selection)])


def test_layers_beside_the_canvas_can_be_merged(mixed: Stack) -> None:
    far = edit(mixed, [Keep("leaf,twig"), Shift("*", (500, 0)), Merge("*")])
    assert len(load(dumps(far)).layers) == 1


# Copies


def test_copies_come_with_their_assets_under_ids_of_their_own(mixed: Stack, stack: Stack) -> None:  # noqa: F811
    net = make_net(9)
    layer = dataclasses.replace(mixed.layers[0], net=asset_id(net))  # type: ignore[call-arg]
    other = Stack(Canvas(2 * WIDTH, HEIGHT), (layer, mixed.layers[6]), {asset_id(net): net, "0" * 64: b"unused"})
    edited = edit(stack, [CopyLayer("*", other, 2), CopyLayer("whole", other)])
    assert ids(edited) == ["whole", "whole-2", "leaf", "faded", "hidden", "window", "nothing", "turned", "whole-3"]
    assert edited.assets == {**stack.assets, asset_id(net): net}
    assert edited.layers[2].transform == Affine(5.0, 0.0, 7.0, 0.0, 15.0, 21.0)
    assert load(dumps(edited)).layers == edited.layers


def test_a_copy_is_drawn_as_it_was_on_its_own_canvas(stack: Stack) -> None:  # noqa: F811
    empty = Stack(Canvas(3 * WIDTH, 3 * HEIGHT, stack.canvas.background))
    copied = edit(empty, [CopyLayer("*", stack)])
    first, second = render(copied, 53, device="cpu").astype(int), render(stack, 53, device="cpu").astype(int)
    assert np.abs(first - second).max() <= 1  # rounding


def test_a_copy_of_an_unknown_kind_brings_all_assets(mixed: Stack) -> None:
    copied = edit(Stack(Canvas(5, 5)), [CopyLayer("strange", mixed)])
    assert copied.assets == mixed.assets


def test_a_long_id_stays_one_when_it_is_copied(mixed: Stack) -> None:
    long = mixed.edit("leaf", id="x" * 128)
    for layer in edit(long, [CopyLayer("x" * 128, long)] * 12).layers:
        assert len(layer.id) <= 128


def test_a_copy_past_the_top_is_refused(mixed: Stack) -> None:
    with pytest.raises(DocumentError, match="the highest is 10"):
        edit(mixed, [CopyLayer("1", mixed, 11)])
    with pytest.raises(DocumentError, match="no layer 'nobody'"):
        edit(mixed, [CopyLayer("nobody", mixed)])


# Palettes


def test_colours_snap_to_what_looks_nearest(mixed: Stack) -> None:
    colored = edit(mixed, [Recolor("whole", "#e01010"), Recolor("faded", "navy"), Background("#101010")])
    edited = edit(colored, [Palette(["red", "blue", "black", "white"])])
    assert color(edited, "whole") == RED
    assert color(edited, "faded") == BLUE
    assert edited.canvas.background == (0.0, 0.0, 0.0)
    assert edited.layer("strange") == mixed.layer("strange")


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_a_count_leaves_as_many_colours_close_to_what_was_there(mixed: Stack, count: int) -> None:
    edited = edit(mixed, [Palette(count)])
    drawn = {color(edited, layer.id) for layer in edited.layers if hasattr(layer, "color")}
    assert 1 <= len(drawn | {edited.canvas.background}) <= count
    assert dumps(edit(mixed, [Palette(count)])) == dumps(edited)


def test_more_colours_come_closer_and_enough_change_nothing(mixed: Stack) -> None:
    before = render(mixed, device="cpu").astype(float)
    errors = [np.square(render(edit(mixed, [Palette(n)]), device="cpu") - before).mean() for n in (1, 3, 6)]
    assert errors[0] > errors[1] > errors[2] > 0
    assert edit(mixed, [Palette(9)]).layers == mixed.layers


def test_what_shows_most_decides_on_the_colours(mixed: Stack) -> None:
    layers = [dataclasses.replace(layer, color=RED) for layer in mixed.layers if isinstance(layer, MaskLayer)]  # type: ignore[call-arg]
    hidden = [dataclasses.replace(layer, id=f"h{n}", color=BLUE, visible=False) for n, layer in enumerate(layers)]  # type: ignore[call-arg]
    one = edit(Stack(Canvas(WIDTH, HEIGHT, RED), (*layers, *hidden), mixed.assets), [Palette(1)])
    assert {color(one, layer.id) for layer in one.layers} == {RED}


# Scripts


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str | bytes], Path]:
    def write(text: str | bytes) -> Path:
        path = tmp_path / "edits.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_a_script_says_every_change(mixed: Stack, script: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "other.layers").write_bytes(dumps(mixed))
    (tmp_path / "p.txt").write_text("#f00\n#00f", encoding="utf-8")
    path = script("""
        change = [
            {recolor = "whole", to = "#f00"}, {opacity = "1-3", to = 0.5}, {hide = "leaf"}, {show = "leaf"},
            {remove = "4"}, {keep = "*"}, {move = "leaf", to = "up"}, {move = "leaf", to = 1},
            {rename = "leaf", to = "a = b"}, {transform = "leaf", to = [1, 0, 2, 0, 1, 2]},
            {shift = "leaf", by = [1, 2.5]}, {scale = "leaf", by = 2}, {background = "tomato"}, {palette = "p.txt"},
            {palette = 4}, {palette = ["#fff", "black"]}, {swap-code = "leaf", with = "twig"},
            {jitter = "twig", by = 0.5, seed = 3}, {jitter = "twig", by = 1}, {merge = "1-2"},
            {copy-layer = "sun", from = "other.layers"}, {copy-layer = "sun", from = "other.layers", to = 2},
        ]""")
    assert load_script(path) == (
        *(Recolor("whole", "#f00"), Opacity("1-3", 0.5), Hide("leaf"), Show("leaf"), Remove("4"), Keep("*")),
        *(Move("leaf", "up"), Move("leaf", 1), Rename("leaf", "a = b"), Transform("leaf", [1, 0, 2, 0, 1, 2])),
        *(Shift("leaf", [1, 2.5]), Scale("leaf", 2), Background("tomato"), Palette((RED, BLUE)), Palette(4)),
        *(Palette(["#fff", "black"]), SwapCode("leaf", "twig"), Jitter("twig", 0.5, 3), Jitter("twig", 1)),
        *(Merge("1-2"), CopyLayer("sun", mixed), CopyLayer("sun", mixed, 2)),
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
    script: Callable[[str], Path], mixed: Stack, tmp_path: Path
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "edit.md").read_text(encoding="utf-8")
    for name in CHANGES:
        assert f"`--{name} " in page
        assert f"`{name} = " in page
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "sun.layers").write_bytes(dumps(mixed))
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    kinds = [type(change) for change in load_script(script(example))]
    assert kinds == [Recolor, CopyLayer, Palette]


def test_the_python_of_the_page_runs(mixed: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "edit.md").read_text(encoding="utf-8")
    example, _ = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    known = edit(mixed, [Remove("strange"), Rename("whole", "sky"), Rename("faded", "sun")])
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


def test_shapes_of_layers_are_put_back_as_they_were(mixed: Stack) -> None:
    for layer in mixed.layers:
        if not isinstance(layer, UnknownLayer):
            kind = kind_of(layer)
            assert kind.with_shape(layer, kind.shape(layer)) == layer
    assert len(kind_of(mixed.layers[0]).shape(mixed.layers[0])) == CODE


def test_a_stack_of_many_layers_is_edited_at_once() -> None:
    def layer(number: int) -> Layer:
        return make_spline(f"layer-{number}", number % 7, Affine(9.0, 0.0, 9.0, 0.0, 9.0, 9.0))

    many = Stack(Canvas(WIDTH, HEIGHT), tuple(map(layer, range(1000))))
    edited = edit(many, [Jitter("*", 0.1), Palette(["red", "navy"]), Move("2-999", "top"), CopyLayer("*", many)])
    assert len(edited.layers) == 2000
    assert len(set(ids(edited))) == 2000


@pytest.mark.parametrize("changes", [Hide("1"), ["--hide 1"], [None], None])
def test_what_is_no_list_of_changes_is_refused(stack: Stack, changes: Any) -> None:  # noqa: F811
    with pytest.raises(UsageError, match=r"^changes must be (a list, not .*; write \[|changes such as Hide\('3'\))"):
        edit(stack, changes)


def test_a_number_that_is_no_text_is_told_to_be_one() -> None:
    with pytest.raises(UsageError, match=r"3 selects no layers; write in quotation marks an id, a name, a number"):
        Hide(cast(Any, 3))
