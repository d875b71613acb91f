"""Changes of whole groups of layers, of layers of many colours, and of transparent canvases."""

from __future__ import annotations

import dataclasses
import importlib
from typing import Any

import numpy as np
import pytest

from tests.editing.conftest import color
from tests.helpers import BLUE, GREEN, RED, block, ids
from vecstack import Group
from vecstack.color import to_color, to_oklab
from vecstack.document.file import dumps, load
from vecstack.editing.changes import (
    Background,
    Change,
    CopyLayer,
    Hide,
    Keep,
    Merge,
    Move,
    Opacity,
    Palette,
    Recolor,
    Remove,
    Rename,
    Show,
)
from vecstack.editing.edit import edit
from vecstack.errors import DocumentError
from vecstack.geometry import Rect
from vecstack.stack import Canvas, Stack, UnknownLayer

LEFT, RIGHT, TOP = Rect(0, 0, 10, 40), Rect(20, 0, 10, 40), Rect(0, 45, 37, 8)


def oklab(*colors: Any) -> np.ndarray:
    return to_oklab(np.array([to_color(each) for each in colors]))


@pytest.fixture
def pair() -> Stack:
    """Two blocks side by side, of one size, in a group; one above in none; one in the group that does not show."""
    layers = (
        block("left", LEFT, (0.2, 0.3, 0.4), group="coat"),
        block("right", RIGHT, (0.5, 0.4, 0.4), group="coat"),
        block("top", TOP, GREEN),
        block("hidden", TOP, BLUE, group="coat", visible=False),
    )
    return Stack(Canvas(37, 53), layers, groups=(Group("coat", "The coat"),))


# The selection


def test_layers_of_a_group_are_changed_at_once(grouped: Stack) -> None:
    edited = edit(grouped, [Hide("thing"), Show("part"), Opacity("part", 0.3)])
    assert [layer.visible for layer in edited.layers] == [True, True, False, True, True, False, True, False, True]
    assert [edited.layer(name).opacity for name in ("faded", "window")] == [0.3, 0.3]


def test_a_group_moves_with_its_order(grouped: Stack) -> None:
    assert ids(edit(grouped, [Move("thing", "top")]))[-4:] == ["faded", "window", "turned", "strange"]
    assert ids(edit(grouped, [Move("part", "bottom")]))[:2] == ["faded", "window"]
    assert edit(grouped, [Move("empty", "up")]).layers == grouped.layers


def test_a_group_is_taken_out_or_kept(grouped: Stack) -> None:
    rest = edit(grouped, [Remove("thing")])
    assert ids(rest) == ["whole", "hidden", "nothing", "leaf", "twig"]
    assert rest.groups == grouped.groups
    assert load(dumps(rest)) == rest
    assert ids(edit(grouped, [Keep("thing")])) == ["faded", "window", "turned", "strange"]
    assert edit(rest, [Keep("thing")]).layers == ()


def test_a_merged_layer_stays_in_its_group(grouped: Stack) -> None:
    merged = edit(edit(grouped, [Move("window", 3)]), [Merge("2-3")])
    assert [layer.group for layer in merged.layers].count("part") == 1


# Names


def test_a_group_is_renamed_where_it_alone_is_selected(grouped: Stack) -> None:
    edited = edit(grouped, [Rename("A thing", "Another"), Rename("part", "")])
    assert [group.name for group in edited.groups] == ["Another", "", ""]
    assert edited.layers == grouped.layers
    assert edited.groups[1].extra == {"n": 1}
    assert edited.thumbnail == grouped.thumbnail


def test_layers_are_renamed_where_a_group_is_a_part_of_the_selection(grouped: Stack) -> None:
    edited = edit(grouped, [Rename("part,leaf", "x")])
    assert [layer.id for layer in edited.layers if layer.name == "x"] == ["faded", "window", "leaf"]
    assert edited.groups == grouped.groups


# Colours


def test_a_recoloured_group_has_the_colour_as_its_mean_and_keeps_its_differences(pair: Stack) -> None:
    edited = edit(pair, [Recolor("The coat", (0.5, 0.35, 0.3))])
    old, new = (oklab(color(stack, "left"), color(stack, "right")) for stack in (pair, edited))
    assert np.abs(new.mean(0) - oklab((0.5, 0.35, 0.3))[0]).max() < 1e-3
    assert np.abs((new[1] - new[0]) - (old[1] - old[0])).max() < 1e-3
    assert edited.layer("top") == pair.layer("top")
    assert color(edited, "hidden") != BLUE  # goes along, though it does not count


def test_the_largest_of_a_group_counts_most(pair: Stack) -> None:
    wide = pair.with_layers((block("left", Rect(0, 0, 37, 44), (0.2, 0.3, 0.4), group="coat"), *pair.layers[1:]))
    wanted = oklab("teal")[0]
    near, far = (
        np.abs(oklab(color(edit(stack, [Recolor("coat", "teal")]), "left"))[0] - wanted).max() for stack in (wide, pair)
    )
    assert near < far / 1.5


def test_a_group_that_does_not_show_is_recoloured_too(pair: Stack) -> None:
    edited = edit(pair, [Hide("coat"), Recolor("coat", (0.5, 0.35, 0.3))])
    new = oklab(*(color(edited, name) for name in ("left", "right", "hidden")))
    assert np.abs(new[:2].mean(0) - oklab((0.5, 0.35, 0.3))[0]).max() < 0.5
    assert not np.array_equal(new[0], oklab(color(pair, "left"))[0])


def test_a_group_of_one_gets_just_the_colour(pair: Stack) -> None:
    edited = edit(pair, [Remove("right,hidden"), Recolor("coat", "tomato")])
    assert color(edited, "left") == pytest.approx(to_color("tomato"), abs=1e-4)


def test_layers_of_a_group_that_are_selected_by_themselves_all_get_the_colour(pair: Stack) -> None:
    edited = edit(pair, [Recolor("left,right", "tomato")])
    assert color(edited, "left") == color(edited, "right") == to_color("tomato")


def test_an_empty_group_is_recoloured_in_vain_and_a_strange_layer_not_at_all(grouped: Stack) -> None:
    assert edit(grouped, [Recolor("empty", "red")]).layers == grouped.layers
    with pytest.raises(DocumentError, match="layer strange is of kind sparkle, whose colours this version cannot"):
        edit(grouped, [Recolor("thing", "red")])


@pytest.mark.usefixtures("_with_example_kinds")
def test_the_colours_of_a_layer_of_many_shift_together() -> None:
    layers, _ = importlib.import_module("tests.example_kinds.radial.examples").examples()
    stack = Stack(Canvas(37, 53), layers)
    old: Any = stack.layers[0]
    new: Any = edit(stack, [Recolor("upright", "#886655")]).layers[0]
    before, after = oklab(old.inner, old.outer), oklab(new.inner, new.outer)
    assert np.abs(after.mean(0) - oklab("#886655")[0]).max() < 0.02
    assert after[0, 0] - after[1, 0] == pytest.approx(before[0, 0] - before[1, 0], abs=0.01)
    assert dataclasses.replace(new, inner=old.inner, outer=old.outer) == old


@pytest.mark.usefixtures("_with_example_kinds")
def test_a_group_may_hold_layers_of_one_and_of_many_colours(pair: Stack) -> None:
    layers, _ = importlib.import_module("tests.example_kinds.radial.examples").examples()
    many = dataclasses.replace(layers[0], group="coat")
    edited = edit(pair.with_layers((*pair.layers, many)), [Recolor("coat", "#886655")])
    assert all(
        old != new for old, new in zip((*pair.layers, many), edited.layers, strict=True) if old.group is not None
    )


# Copies


def test_a_copy_brings_its_groups_under_ids_of_their_own(grouped: Stack, pair: Stack) -> None:
    copied = edit(pair, [CopyLayer("faded,leaf", grouped)])
    assert [group.id for group in copied.groups] == ["coat", "thing", "part"]
    assert copied.groups[2].parent == "thing"
    assert [layer.group for layer in copied.layers[-2:]] == ["part", None]
    twice = edit(copied, [CopyLayer("part", grouped)])
    assert [group.id for group in twice.groups] == ["coat", "thing", "part", "thing-2", "part-2"]
    assert twice.groups[4] == Group("part-2", "A part, small", "thing-2", {"n": 1})
    assert [layer.group for layer in twice.layers[-2:]] == ["part-2", "part-2"]
    assert load(dumps(twice)) == twice


def test_a_copy_without_a_group_brings_none(grouped: Stack, pair: Stack) -> None:
    assert edit(pair, [CopyLayer("leaf", grouped)]).groups == pair.groups


# A transparent canvas


def test_a_canvas_becomes_transparent_and_opaque_again(pair: Stack) -> None:
    clear = edit(pair, [Background("none")])
    assert clear.canvas == dataclasses.replace(pair.canvas, transparent=True)
    opaque = edit(clear, [Background("tomato")])
    assert (opaque.canvas.transparent, opaque.canvas.background) == (False, to_color("tomato"))


def test_a_background_that_does_not_show_takes_no_part_in_a_palette(pair: Stack) -> None:
    clear = edit(pair, [Background("none")])
    assert edit(clear, [Palette(4)]) == clear
    snapped = edit(clear, [Palette([RED, GREEN])])
    assert snapped.canvas == clear.canvas
    assert {color(snapped, layer.id) for layer in snapped.layers} <= {RED, GREEN}
    few = edit(clear, [Palette(2)])
    assert len({color(few, layer.id) for layer in few.layers}) == 2


@pytest.mark.parametrize("change", [Palette(2), Palette(["red"])])
def test_a_palette_of_a_stack_without_colours_changes_nothing(change: Change) -> None:
    strange = UnknownLayer(id="a", transform=block("b", LEFT).transform, unknown_kind="sparkle")
    stack = Stack(Canvas(37, 53, transparent=True), (strange,))
    assert edit(stack, [change]) == stack
