from __future__ import annotations

from typing import Any

import pytest

from tests.helpers import HEIGHT, WIDTH, ids, make_spline
from vecstack.editing.changes import (
    Change,
    CopyLayer,
    Hide,
    Jitter,
    Move,
    Palette,
    Recolor,
    Remove,
    Rename,
)
from vecstack.editing.edit import edit
from vecstack.errors import UsageError
from vecstack.geometry import Affine
from vecstack.stack import Canvas, Layer, Stack


def test_no_changes_change_nothing(sundry: Stack) -> None:
    assert edit(sundry, []) == sundry


def test_what_told_of_the_old_picture_goes_with_it(sundry: Stack) -> None:
    recolored = edit(sundry, [Recolor("whole", "red")])
    assert recolored.thumbnail is None
    assert recolored.metrics == {"seconds": 3}


@pytest.mark.parametrize("change", [Rename("*", "same"), Remove("hidden"), Recolor("nothing", "red")])
def test_what_told_of_the_picture_stays_where_it_is_the_same(sundry: Stack, change: Change) -> None:
    edited = edit(sundry, [change])
    assert edited.layers != sundry.layers
    assert (edited.thumbnail, edited.metrics) == (sundry.thumbnail, sundry.metrics)


def test_numbers_are_those_of_the_stack_that_the_change_before_left(sundry: Stack) -> None:
    edited = edit(sundry, [Remove("1"), Rename("1", "first")])
    assert edited.layers[0].id == "faded"
    assert edited.layers[0].name == "first"


@pytest.mark.slow
def test_a_stack_of_many_layers_is_edited_at_once() -> None:
    def layer(number: int) -> Layer:
        return make_spline(f"layer-{number}", number % 7, Affine(9.0, 0.0, 9.0, 0.0, 9.0, 9.0))

    many = Stack(Canvas(WIDTH, HEIGHT), tuple(map(layer, range(1000))))
    edited = edit(many, [Jitter("*", 0.1), Palette(["red", "navy"]), Move("2-999", "top"), CopyLayer("*", many)])
    assert len(edited.layers) == 2000
    assert len(set(ids(edited))) == 2000


@pytest.mark.parametrize("changes", [Hide("1"), ["--hide 1"], [None], None])
def test_what_is_no_list_of_changes_is_refused(stack: Stack, changes: Any) -> None:
    with pytest.raises(UsageError, match=r"^changes must be (a list, not .*; write \[|changes such as Hide\('3'\))"):
        edit(stack, changes)
