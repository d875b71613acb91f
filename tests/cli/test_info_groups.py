from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vecstack import Group, load, save
from vecstack.fitting.prune import contributions, group_contributions

Call = Callable[..., Any]


@pytest.fixture
def grouped(document: Path) -> Path:
    """The document, its upper two layers in a group, the topmost in a group inside it, on a transparent canvas; and a
    group without layers."""
    stack = load(document)
    first, second, third = stack.layers
    groups = (Group("eye", parent="face"), Group("face", "The face"), Group("empty"))
    layers = (first, dataclasses.replace(second, group="face"), dataclasses.replace(third, group="eye"))
    canvas = dataclasses.replace(stack.canvas, transparent=True)
    save(dataclasses.replace(stack, canvas=canvas, layers=layers, groups=groups), document, overwrite=True)
    return document


def test_info_shows_layers_below_their_groups(vecstack: Call, grouped: Path) -> None:
    head, *_, first, face, second, eye, third, empty = vecstack("info", grouped).out.splitlines()
    assert " on transparent, 3 layers in 3 groups, " in head
    assert face.strip() == "face  The face (2 layers)"
    assert eye.strip() == "eye (1 layer)"
    assert empty.strip() == "empty (0 layers)"
    places = [line.index("#") for line in (first, second, third)]
    assert places == [places[0], places[0] + 2, places[0] + 4]


def test_info_shows_a_group_again_where_its_layers_are_apart(vecstack: Call, grouped: Path) -> None:
    stack = load(grouped)
    first, second, third = stack.layers
    apart = dataclasses.replace(third, group="face"), first, second
    save(stack.with_layers(apart), grouped, overwrite=True)
    assert sum("The face (2 layers)" in line for line in vecstack("info", grouped).out.splitlines()) == 2


def test_info_gives_groups_as_json(vecstack: Call, grouped: Path) -> None:
    facts = json.loads(vecstack("info", grouped, "--json").out)
    assert facts["canvas"]["transparent"] is True
    assert [layer["group"] for layer in facts["layers"]] == [None, "face", "eye"]
    assert facts["groups"] == [
        {"id": "eye", "name": "", "parent": "face", "layers": 1},
        {"id": "face", "name": "The face", "parent": None, "layers": 2},
        {"id": "empty", "name": "", "parent": None, "layers": 0},
    ]


def test_info_gives_what_each_group_adds_as_a_whole(vecstack: Call, grouped: Path) -> None:
    stack = load(grouped)
    facts = json.loads(vecstack("info", grouped, "--contributions", "--json").out)
    found = {group["id"]: group["contribution"]["rms"] for group in facts["groups"]}
    assert found == pytest.approx({each.id: each.rms for each in group_contributions(stack)}, abs=1e-5)
    layers = {layer.id: each.rms for layer, each in zip(stack.layers, contributions(stack), strict=True)}
    assert found["eye"] == pytest.approx(layers[stack.layers[2].id], abs=1e-3)
    assert found["face"] != pytest.approx(found["eye"], abs=1e-3)
    assert found["empty"] == 0
    assert f"{found['face']:.2f}" in vecstack("info", grouped, "--contributions").out
