from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from tests.editing.conftest import color
from tests.helpers import BLUE, CODE, GREEN, HEIGHT, RED, WIDTH, ids, make_net
from vecstack.document.file import dumps, load
from vecstack.drawing.render import render
from vecstack.editing.changes import (
    Background,
    Change,
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
from vecstack.errors import DocumentError, UsageError
from vecstack.geometry import Affine
from vecstack.kinds import kind_of
from vecstack.kinds.mask.layer import MaskLayer
from vecstack.stack import Canvas, Stack, UnknownLayer, asset_id

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
    ColorsOf(Image.new("RGB", (2, 2), "tomato")),
    SwapCode("whole", "hidden"),
    Jitter("twig,turned", 0.5),
    Merge("6-7"),
    CopyLayer("turned,leaf", Stack(Canvas(1, 1))),
]


@pytest.mark.parametrize("change", EVERY, ids=lambda change: type(change).__name__)
def test_every_change_leaves_a_valid_document_and_untouched_layers_as_they_are(sundry: Stack, change: Change) -> None:
    if isinstance(change, CopyLayer):
        change = dataclasses.replace(change, from_=sundry)
    edited = edit(sundry, [change])
    again = load(dumps(edited))
    assert dumps(again) == dumps(edited)
    assert again.source == sundry.source
    old = {id(layer) for layer in sundry.layers}
    touched = [layer for layer in edited.layers if id(layer) not in old]
    assert len(touched) <= 3 or isinstance(change, Palette | ColorsOf)
    if not isinstance(change, Keep):
        assert sundry.layers[7] in edited.layers


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
def test_a_change_and_its_reverse_give_the_same_bytes(sundry: Stack, change: Change, back: Change) -> None:
    if isinstance(back, Recolor):  # to what it was
        back = Recolor("leaf", color(sundry, "leaf"))
    changed = edit(sundry, [change])
    assert dumps(changed) != dumps(sundry)
    assert dumps(edit(sundry, [change, back])) == dumps(sundry)
    later = edit(changed, [back])
    assert later.layers == sundry.layers


# Changes of common fields


def test_a_recoloured_layer_is_drawn_so_and_nothing_else_changes(sundry: Stack) -> None:
    edited = edit(sundry, [Recolor("whole", "#3af")])
    assert color(edited, "whole") == (0x33 / 255, 0xAA / 255, 1.0)
    assert edited.layers[1:] == sundry.layers[1:]
    assert not np.array_equal(render(edited, device="cpu"), render(sundry, device="cpu"))


def test_common_fields_of_a_layer_of_an_unknown_kind_can_be_edited(sundry: Stack) -> None:
    changes = Opacity("strange", 0.5), Hide("strange"), Rename("strange", "x"), Shift("strange", (1, 2))
    layer = edit(sundry, [*changes, Move("strange", 1)]).layers[0]
    assert isinstance(layer, UnknownLayer)
    assert (layer.opacity, layer.visible, layer.name, layer.transform.c) == (0.5, False, "x", 15.0)
    assert layer.fields == {"color": "loud", "n": 3}


@pytest.mark.parametrize(
    "change", [Recolor("strange", "red"), Jitter("strange", 1), SwapCode("leaf", "strange"), Merge("7-8")]
)
def test_what_the_kind_alone_knows_cannot_be_edited_without_it(sundry: Stack, change: Change) -> None:
    with pytest.raises(DocumentError, match="layer strange is of kind sparkle"):
        edit(sundry, [change])


def test_a_scaled_layer_keeps_its_middle_and_a_transformed_one_is_where_it_was_put(sundry: Stack) -> None:
    edited = edit(sundry, [Scale("turned", 2), Transform("leaf", (1, 2, 3, 4, 5, 6))])
    assert edited.layer("turned").transform == Affine(18.0, -8.0, 21.5, 12.0, 28.0, 25.25)
    assert edited.layer("leaf").transform == Affine(1.0, 2.0, 3.0, 4.0, 5.0, 6.0)


@pytest.mark.parametrize("change", [Scale("turned", 1e9), Scale("turned", 1e-9), Shift("1", (1e9, 0))])
def test_a_place_that_no_layer_can_have_is_refused(sundry: Stack, change: Change) -> None:
    with pytest.raises(DocumentError, match=r"transform must (be|have)"):
        edit(edit(sundry, [change]), [change])


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
def test_a_move_past_the_ends_is_refused(sundry: Stack, change: Change, says: str) -> None:
    with pytest.raises(DocumentError, match=says):
        edit(sundry, [change])


def test_to_keep_what_is_not_there_is_refused(sundry: Stack) -> None:
    with pytest.raises(DocumentError, match="no layer 'nobody'"):
        edit(sundry, [Keep("nobody")])


def test_assets_go_with_the_last_layer_that_used_them(stack: Stack) -> None:
    second = stack.layer("turned").net  # type: ignore[attr-defined]
    edited = edit(stack, [Remove("faded,nothing,turned")])
    assert set(stack.assets) - set(edited.assets) == {second}
    assert edit(stack, [Remove("*")]).assets == {}


def test_all_assets_stay_beside_a_layer_of_an_unknown_kind(sundry: Stack) -> None:
    assert edit(sundry, [Keep("strange")]).assets == sundry.assets
    assert edit(sundry, [Remove("strange")]).assets == sundry.assets


# Masks


def test_swapped_codes_swap_the_masks_and_nothing_else(sundry: Stack) -> None:
    edited = edit(sundry, [SwapCode("whole", "hidden"), SwapCode("leaf", "twig")])
    for one, other in (("whole", "hidden"), ("leaf", "twig")):
        kind = kind_of(sundry.layer(one))
        assert kind.shape(edited.layer(one)) == kind.shape(sundry.layer(other))
        assert kind.with_shape(edited.layer(one), kind.shape(sundry.layer(one))) == sundry.layer(one)


@pytest.mark.parametrize(("one", "other"), [("whole", "faded"), ("whole", "leaf")])
def test_codes_of_different_nets_or_kinds_are_not_swapped(sundry: Stack, one: str, other: str) -> None:
    with pytest.raises(DocumentError, match=f"codes of {one} and {other} cannot be swapped"):
        edit(sundry, [SwapCode(one, other)])


def test_codes_of_more_than_two_layers_are_not_swapped(sundry: Stack) -> None:
    with pytest.raises(DocumentError, match="'Leaf' selects 2 layers"):
        edit(sundry, [SwapCode("leaf", "Leaf")])


def shape(stack: Stack, layer_id: str) -> np.ndarray:
    layer = stack.layer(layer_id)
    return np.array(kind_of(layer).shape(layer))


@pytest.mark.parametrize("layer_id", ["whole", "leaf"])
def test_a_jitter_moves_by_its_amount_in_a_direction_of_the_seed_and_the_layer(sundry: Stack, layer_id: str) -> None:
    def moved(by: float, selection: str = layer_id, seed: int = 0) -> np.ndarray:
        edited = edit(sundry, [Jitter(selection, by, seed)])
        return shape(edited, layer_id) - shape(sundry, layer_id)

    one, two = moved(0.1), moved(0.2)
    assert np.allclose(two, 2 * one, rtol=0.1, atol=np.abs(one).max() * 0.01)
    assert np.array_equal(moved(0.1, "leaf,twig,whole"), one)
    assert np.allclose(moved(-0.1), -one, atol=np.abs(one).max() * 0.01)
    assert not np.allclose(moved(0.1, seed=1), one, rtol=0.5)
    assert np.array_equal(moved(0), 0 * one)


def test_a_jitter_is_in_units_of_the_spread_of_codes(sundry: Stack) -> None:
    values = np.concatenate([shape(sundry, name) for name in ("leaf", "twig")])
    moves = [
        shape(edit(sundry, [Jitter("leaf,twig", 0.5, seed)]), name) - shape(sundry, name)
        for seed in range(20)
        for name in ("leaf", "twig")
    ]
    # 1,400 normal numbers: their deviation is known to 2 %.
    assert np.std(moves) == pytest.approx(0.5 * values.std(), rel=0.1)


def test_a_jitter_past_what_a_code_can_hold_is_refused(sundry: Stack) -> None:
    with pytest.raises(DocumentError, match="layer whole: code must be"):
        edit(edit(sundry, [Jitter("whole", 1e6)]), [Jitter("whole", 1e6)])


def test_codes_that_are_all_alike_can_be_jittered(sundry: Stack) -> None:
    flat = edit(sundry, [Keep("leaf")]).edit("leaf", surface=((2.0,) * 4,) * 4)
    assert 0.5 < np.std(shape(edit(flat, [Jitter("*", 1)]), "leaf")) < 2


# Merging


def test_merged_layers_are_one_of_them_in_the_colour_that_comes_closest(sundry: Stack) -> None:
    base = edit(sundry, [Keep("leaf"), Opacity("leaf", 0.5), Recolor("leaf", (0.5, 0.25, 0.0))])
    pair = edit(base, [CopyLayer("leaf", base), Recolor("2", (0.0, 0.25, 0.5))])
    merged = edit(pair, [Merge("1-2")])
    (layer,) = merged.layers
    assert layer == dataclasses.replace(pair.layer(layer.id), color=layer.color)  # type: ignore[attr-defined, call-arg]

    def error(stack: Stack) -> float:
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


def test_merged_layers_stand_where_they_stood(sundry: Stack) -> None:
    edited = edit(sundry, [Merge("6,7")])
    assert len(edited.layers) == 8
    assert ids(edited)[5] in ("turned", "leaf")
    assert edited.layers[:5] + edited.layers[6:] == sundry.layers[:5] + sundry.layers[7:]


@pytest.mark.parametrize(
    ("selection", "says"),
    [("1", "two or more; got 1"), ("1,6", "got 1, 6"), ("2-4", "layer hidden does not show and cannot be merged")],
)
def test_what_cannot_be_merged_is_refused(sundry: Stack, selection: str, says: str) -> None:
    with pytest.raises(DocumentError, match=says):
        edit(sundry, [Merge(selection)])


def test_layers_beside_the_canvas_can_be_merged(sundry: Stack) -> None:
    far = edit(sundry, [Keep("leaf,twig"), Shift("*", (500, 0)), Merge("*")])
    assert len(load(dumps(far)).layers) == 1


# Copies


def test_copies_come_with_their_assets_under_ids_of_their_own(sundry: Stack, stack: Stack) -> None:
    net = make_net(9)
    layer = dataclasses.replace(sundry.layers[0], net=asset_id(net))  # type: ignore[call-arg]
    other = Stack(Canvas(2 * WIDTH, HEIGHT), (layer, sundry.layers[6]), {asset_id(net): net, "0" * 64: b"unused"})
    edited = edit(stack, [CopyLayer("*", other, 2), CopyLayer("whole", other)])
    assert ids(edited) == ["whole", "whole-2", "leaf", "faded", "hidden", "window", "nothing", "turned", "whole-3"]
    assert edited.assets == {**stack.assets, asset_id(net): net}
    assert edited.layers[2].transform == Affine(5.0, 0.0, 7.0, 0.0, 15.0, 21.0)
    assert load(dumps(edited)).layers == edited.layers


def test_a_copy_is_drawn_as_it_was_on_its_own_canvas(stack: Stack) -> None:
    empty = Stack(Canvas(3 * WIDTH, 3 * HEIGHT, stack.canvas.background))
    copied = edit(empty, [CopyLayer("*", stack)])
    first, second = render(copied, 53, device="cpu").astype(int), render(stack, 53, device="cpu").astype(int)
    assert np.abs(first - second).max() <= 1  # rounding


def test_a_copy_of_an_unknown_kind_brings_all_assets(sundry: Stack) -> None:
    copied = edit(Stack(Canvas(5, 5)), [CopyLayer("strange", sundry)])
    assert copied.assets == sundry.assets


def test_a_long_id_stays_one_when_it_is_copied(sundry: Stack) -> None:
    long = sundry.edit("leaf", id="x" * 128)
    for layer in edit(long, [CopyLayer("x" * 128, long)] * 12).layers:
        assert len(layer.id) <= 128


def test_a_copy_past_the_top_is_refused(sundry: Stack) -> None:
    with pytest.raises(DocumentError, match="the highest is 10"):
        edit(sundry, [CopyLayer("1", sundry, 11)])
    with pytest.raises(DocumentError, match="no layer 'nobody'"):
        edit(sundry, [CopyLayer("nobody", sundry)])


# Palettes


def test_colours_snap_to_what_looks_nearest(sundry: Stack) -> None:
    colored = edit(sundry, [Recolor("whole", "#e01010"), Recolor("faded", "navy"), Background("#101010")])
    edited = edit(colored, [Palette(["red", "blue", "black", "white"])])
    assert color(edited, "whole") == RED
    assert color(edited, "faded") == BLUE
    assert edited.canvas.background == (0.0, 0.0, 0.0)
    assert edited.layer("strange") == sundry.layer("strange")


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_a_count_leaves_as_many_colours_close_to_what_was_there(sundry: Stack, count: int) -> None:
    edited = edit(sundry, [Palette(count)])
    drawn = {color(edited, layer.id) for layer in edited.layers if hasattr(layer, "color")}
    assert 1 <= len(drawn | {edited.canvas.background}) <= count
    assert dumps(edit(sundry, [Palette(count)])) == dumps(edited)


def test_more_colours_come_closer_and_enough_change_nothing(sundry: Stack) -> None:
    before = render(sundry, device="cpu").astype(float)
    errors = [np.square(render(edit(sundry, [Palette(n)]), device="cpu") - before).mean() for n in (1, 3, 6)]
    assert errors[0] > errors[1] > errors[2] > 0
    assert edit(sundry, [Palette(9)]).layers == sundry.layers


def test_what_shows_most_decides_on_the_colours(sundry: Stack) -> None:
    layers = [dataclasses.replace(layer, color=RED) for layer in sundry.layers if isinstance(layer, MaskLayer)]  # type: ignore[call-arg]
    hidden = [dataclasses.replace(layer, id=f"h{n}", color=BLUE, visible=False) for n, layer in enumerate(layers)]  # type: ignore[call-arg]
    one = edit(Stack(Canvas(WIDTH, HEIGHT, RED), (*layers, *hidden), sundry.assets), [Palette(1)])
    assert {color(one, layer.id) for layer in one.layers} == {RED}


def test_shapes_of_layers_are_put_back_as_they_were(sundry: Stack) -> None:
    for layer in sundry.layers:
        if not isinstance(layer, UnknownLayer):
            kind = kind_of(layer)
            assert kind.with_shape(layer, kind.shape(layer)) == layer
    assert len(kind_of(sundry.layers[0]).shape(sundry.layers[0])) == CODE
