"""Fitting leaves layers in their groups."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.helpers import block, ids
from vecstack import Canvas, Goal, Group, Stack, compact, prune, refine
from vecstack.document.file import dumps, load
from vecstack.fitting.prune import contributions, group_contributions
from vecstack.geometry import Rect

CANVAS = Canvas(37, 53, (0.9, 0.4, 0.1), transparent=True)
GROUPS = (Group("thing"), Group("part", "A part", "thing"), Group("empty"))


def place(column: int, row: int) -> Rect:
    return Rect(11.3 * column + 1.7, 12.1 * row + 2.3, 12.2, 14.9)


@pytest.fixture
def grouped() -> Stack:
    """Six blocks that lie partly over one another, in two groups, one inside the other, and in none."""
    names = [None, "thing", "part", "part", "thing", None]
    layers = (
        block(f"block {index}", place(index % 3, index // 3), (0.15 * index, 0.333333, 0.7), group=name)
        for index, name in enumerate(names)
    )
    return Stack(CANVAS, tuple(layers), groups=GROUPS)


def groups_of(stack: Stack) -> dict[str, str | None]:
    return {layer.id: layer.group for layer in stack.layers}


@pytest.mark.parametrize("goal", [None, Goal(layers=8)], ids=["refined", "with detail"])
def test_refined_layers_stay_in_their_groups(grouped: Stack, pixels: np.ndarray, goal: Goal | None) -> None:
    refined = refine(grouped, pixels, "fast", goal, device="cpu")
    assert (refined.groups, refined.canvas) == (grouped.groups, grouped.canvas)
    assert refined.layers != grouped.layers
    kept = groups_of(grouped)
    assert {name: group for name, group in groups_of(refined).items() if name in kept} == kept
    assert all(group is None for name, group in groups_of(refined).items() if name not in kept)
    assert load(dumps(refined)) == refined


def test_compacted_layers_stay_in_their_groups(grouped: Stack) -> None:
    made = compact(grouped, device="cpu")
    assert made.layers != grouped.layers
    assert (made.groups, made.canvas, groups_of(made)) == (grouped.groups, grouped.canvas, groups_of(grouped))


def test_a_group_is_pruned_within_itself_and_stays_without_layers(grouped: Stack) -> None:
    faint = [dataclasses.replace(layer, opacity=0.001) if layer.group == "part" else layer for layer in grouped.layers]
    pruned = prune(grouped.with_layers(faint), device="cpu")
    assert ids(pruned) == ["block 0", "block 1", "block 4", "block 5"]
    assert (pruned.groups, pruned.canvas) == (grouped.groups, grouped.canvas)
    assert load(dumps(pruned)) == pruned


@pytest.mark.parametrize(("other", "count"), [("thing", 1), ("part", 2), (None, 2)])
def test_only_layers_of_one_group_are_merged(other: str | None, count: int) -> None:
    whole = Rect(2, 2, 30, 40)
    twins = (
        block("low", whole, (0.4, 0.3, 0.2), opacity=0.5, group="thing"),
        block("high", whole, (0.4, 0.3, 0.2), opacity=0.5, group=other),
    )
    # Over black one of them in a lighter colour shows just what both do.
    assert len(prune(Stack(Canvas(37, 53), twins, groups=GROUPS), 2, device="cpu").layers) == count


def test_what_a_group_adds_is_what_is_missing_without_it(grouped: Stack) -> None:
    thing, part, empty = group_contributions(grouped, device="cpu")
    assert [each.id for each in (thing, part, empty)] == ["thing", "part", "empty"]
    assert (empty.rms, empty.largest) == (0, 0)
    assert thing.rms > part.rms > 0
    without = grouped.with_layers(layer for layer in grouped.layers if layer.group != "part")
    assert [each.rms for each in group_contributions(without, device="cpu")[1:]] == [0, 0]
    one = Stack(CANVAS, (block("a", place(0, 0), group="part"),), groups=GROUPS)
    (alone,) = contributions(one, device="cpu")
    assert [each.rms for each in group_contributions(one, device="cpu")] == pytest.approx([alone.rms, alone.rms, 0])


def test_a_layer_of_the_colour_of_a_background_that_does_not_show_is_needed() -> None:
    plain = block("plain", Rect(5, 5, 20, 30), CANVAS.background)
    clear, opaque = (Stack(dataclasses.replace(CANVAS, transparent=flag), (plain,)) for flag in (True, False))
    assert prune(clear, device="cpu").layers == (plain,)
    assert prune(opaque, device="cpu").layers == ()
    rounded = compact(clear.edit("plain", transform=dataclasses.replace(plain.transform, c=15.123456789)), device="cpu")
    assert abs(rounded.layers[0].transform.c - 15.123456789) < 0.2
