from __future__ import annotations

import dataclasses
from typing import Any, cast

import pytest

from vecstack.editing.changes import (
    Hide,
    Jitter,
    Keep,
    Move,
    Palette,
    Remove,
    Rename,
)
from vecstack.editing.edit import edit
from vecstack.editing.select import groups_called, select
from vecstack.errors import DocumentError, UsageError
from vecstack.stack import Group, Stack


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
def test_layers_are_selected_by_id_name_number_and_range(sundry: Stack, selection: str, indices: list[int]) -> None:
    assert list(select(sundry, selection)) == indices


def test_an_id_wins_over_a_name_and_both_over_a_number(sundry: Stack) -> None:
    assert select(edit(sundry, [Rename("faded", "whole")]), "whole") == (0,)
    assert select(edit(sundry, [Rename("faded", "5")]), "5") == (1,)
    numbered = dataclasses.replace(sundry, layers=(*sundry.layers[:8], dataclasses.replace(sundry.layers[8], id="2")))
    assert select(numbered, "2") == (8,)
    assert select(numbered, "1-2") == (0, 1)


@pytest.mark.parametrize("name", ["a,b", "*", "3-5", "a=b", " a", "=", ",", "ä\u2003ö"])
def test_a_name_of_whatever_letters_is_found(sundry: Stack, name: str) -> None:
    assert select(edit(sundry, [Rename("turned", name)]), name) == (5,)


@pytest.mark.parametrize("selection", ["10", "0", "5-10", "5-3", "0-2", "999999999", "1,12"])
def test_a_number_of_no_layer_is_refused_with_the_numbers_there_are(sundry: Stack, selection: str) -> None:
    with pytest.raises(DocumentError, match=r"1 \(the lowest\) to 9\.$"):
        select(sundry, selection)


@pytest.mark.parametrize(
    ("selection", "indices"),
    [
        ("part", [1, 3]),
        ("A part, small", [1, 3]),
        ("thing", [1, 3, 5, 7]),
        ("A thing, 1", [0, 1, 3, 5, 7]),
        (" part ,twig", [1, 3, 8]),
        ("empty", []),
        ("empty,2", [1]),
    ],
)
def test_a_group_means_the_layers_in_it_and_in_groups_inside_it(
    grouped: Stack, selection: str, indices: list[int]
) -> None:
    assert list(select(grouped, selection)) == indices


def test_ids_and_names_of_layers_win_over_groups_and_ids_over_names(grouped: Stack) -> None:
    named = edit(grouped, [Rename("whole", "part")])
    assert select(named, "part") == (0,)
    assert groups_called(named, "part") == ()
    called = dataclasses.replace(grouped, groups=(*grouped.groups, Group("other", "part")))
    assert select(called, "part") == (1, 3)
    assert [group.id for group in groups_called(called, " part ")] == ["part"]
    assert groups_called(grouped, "part,twig") == ()


def test_a_message_lists_groups_too(grouped: Stack) -> None:
    with pytest.raises(DocumentError, match=r"no layer or group 'A thinng'; the nearest are 'A thing'"):
        select(grouped, "A thinng")


def test_an_unknown_layer_is_refused_with_the_nearest_names(sundry: Stack) -> None:
    with pytest.raises(DocumentError, match=r"no layer 'turnde'; the nearest are 'turned'.*\.$"):
        select(sundry, "whole,turnde")
    with pytest.raises(DocumentError, match=r"no layer 'zzz'; there are 'whole', .*\.\.\.\.$"):
        select(sundry, "zzz")
    with pytest.raises(DocumentError) as error:
        select(sundry, "x\n\x1b[2J\ud800" * 3000)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("selection", ["", "  ", "1,,2", "1,", None, 3, ["a"]])
def test_a_selection_of_nothing_is_refused(sundry: Stack, selection: Any) -> None:
    with pytest.raises(UsageError, match="selects no layers"):
        edit(sundry, [Hide(selection)])


def test_a_stack_without_layers_has_none_to_select(stack: Stack) -> None:
    empty = stack.with_layers(())
    for change in (Hide("*"), Move("*", "up"), Keep("*"), Remove("*"), Jitter("*", 1), Palette(2), Palette(1)):
        assert edit(empty, [change]).layers == ()
    for selection in ("1", "sun"):
        with pytest.raises(DocumentError, match="there are none"):
            select(empty, selection)


def test_a_number_that_is_no_text_is_told_to_be_one() -> None:
    with pytest.raises(UsageError, match=r"3 selects no layers; write in quotation marks an id, a name, a number"):
        Hide(cast(Any, 3))
