from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from vecstack.errors import DocumentError
from vecstack.geometry import Affine, Rect
from vecstack.kinds import undrawable
from vecstack.kinds.mask.layer import MaskLayer
from vecstack.stack import MAX_GROUP_LEVELS, Canvas, Group, Stack, UnknownLayer

WHOLE = Affine.of_frame(Rect(0, 0, 37, 53))


def mask(name: str, **fields: Any) -> MaskLayer:
    base: dict[str, Any] = {"color": (0.1, 0.2, 0.3), "code": (1.0, 2.0), "net": "ab", "transform": WHOLE}
    return MaskLayer(**{"id": name} | base | fields)


def test_edit_changes_one_layer_of_a_new_stack() -> None:
    stack = Stack(Canvas(37, 53), (mask("a"), mask("b")))
    edited = stack.edit("b", opacity=0.5)
    assert [layer.opacity for layer in edited.layers] == [1.0, 0.5]
    assert stack.layers[1].opacity == 1.0


def test_remove_takes_one_layer_out() -> None:
    stack = Stack(Canvas(37, 53), (mask("a"), mask("b"), mask("c")))
    assert [layer.id for layer in stack.remove("b").layers] == ["a", "c"]


def test_an_unknown_id_is_named_with_those_that_exist() -> None:
    with pytest.raises(DocumentError, match=r"no layer x; the ids are a, b\."):
        Stack(Canvas(37, 53), (mask("a"), mask("b"))).edit("x", opacity=0)


def test_repeated_ids_are_refused() -> None:
    with pytest.raises(DocumentError, match="used twice"):
        Stack(Canvas(37, 53), (mask("a"), mask("a")))


@pytest.mark.parametrize(
    "fields",
    [
        {"opacity": 1.5},
        {"opacity": float("nan")},
        {"color": (0, 0, 2)},
        {"color": (0, 0)},
        {"code": ()},
        {"code": (float("inf"),)},
        {"code": (float("nan"),)},
        {"window": 0.0},
        {"window": 1.5},
        {"transform": Affine(0, 0, 1, 0, 0, 1)},
        {"transform": Affine(float("nan"), 0, 1, 0, 1, 1)},
        {"transform": Affine(2e9, 0, 1, 0, 1, 1)},
        {"transform": Affine(10**400, 0, 1, 0, 1, 1)},
        {"transform": Affine(1e-7, 0, 1, 0, 1e-7, 1)},
        {"transform": [[1, 0, 0], [0, 1, 0]]},
        {"transform": Affine("1", 0, 0, 0, 1, 0)},  # type: ignore[arg-type]
        {"transform": None},
        {"opacity": "x"},
        {"opacity": None},
        {"opacity": True},
        {"visible": 1},
        {"visible": "no"},
        {"name": 3},
        {"name": None},
        {"name": "x" * 1025},
        {"name": "\x1b[2J"},
        {"id": 5},
        {"id": ""},
        {"id": "x" * 129},
        {"id": "a\nb"},
        {"id": "a\u2028b"},
        {"color": "red"},
        {"color": 5},
        {"color": ("0", "0", "0")},
        {"color": (True, 0, 0)},
        {"code": 5},
        {"code": "12"},
        {"code": (1.0, "2")},
        {"code": (1.0, None)},
        {"net": 5},
        {"window": "x"},
        {"window": True},
    ],
    ids=repr,
)
def test_a_value_that_a_layer_cannot_have_is_refused_by_its_name(fields: dict[str, Any]) -> None:
    (name,) = fields
    with pytest.raises(DocumentError, match=f"layer.*{name}") as caught:
        Stack(Canvas(37, 53), (mask("a"),)).edit("a", **fields)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


def test_an_edit_may_use_the_numbers_of_numpy() -> None:
    edited = Stack(Canvas(37, 53), (mask("a"),)).edit(
        "a",
        opacity=np.float32(0.5),
        transform=Affine(*np.array([2, 0, 1, 0, 2, 1], np.float32)),
        color=tuple(np.array([0, 0.5, 1], np.float32)),
        code=tuple(np.arange(2)),
        window=np.float64(0.25),
    )
    assert edited.layer("a") == mask(
        "a", opacity=0.5, transform=Affine(2, 0, 1, 0, 2, 1), color=(0, 0.5, 1), code=(0, 1), window=0.25
    )


def test_an_id_and_a_name_may_be_as_long_as_the_format_allows() -> None:
    layer = dataclasses.replace(mask("\u00e9" * 128), name="\U0001f31e" * 1024)
    assert (len(layer.id), len(layer.name)) == (128, 1024)


def test_an_id_that_another_layer_has_is_refused() -> None:
    with pytest.raises(DocumentError, match="used twice"):
        Stack(Canvas(37, 53), (mask("a"), mask("b"))).edit("b", id="a")


def test_the_layers_that_should_be_seen_and_cannot_be_drawn_are_listed() -> None:
    strange = UnknownLayer(id="strange", transform=WHOLE, unknown_kind="sparkle")
    named_like_a_known_kind = dataclasses.replace(strange, id="like", unknown_kind="mask")
    hidden = dataclasses.replace(strange, id="hidden", visible=False)
    clear = dataclasses.replace(strange, id="clear", opacity=0.0)
    stack = Stack(Canvas(37, 53), (mask("a"), strange, named_like_a_known_kind, hidden, clear))
    assert [layer.id for layer in undrawable(stack)] == ["strange", "like"]


@pytest.mark.parametrize("size", [(0, 5), (5, -1), (2_000_000, 5)])
def test_a_canvas_out_of_range_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(DocumentError):
        Canvas(*size)


def test_too_many_layers_are_counted_in_the_message() -> None:
    one = mask("x")
    layers = tuple(dataclasses.replace(one, id=str(i)) for i in range(10_001))
    with pytest.raises(DocumentError, match="10,001 layers, at most 10,000"):
        Stack(Canvas(37, 53), layers)


# Groups


def chain(count: int) -> tuple[Group, ...]:
    """Groups that lie in one another, the outermost first."""
    return tuple(Group(str(index), parent=str(index - 1) if index else None) for index in range(count))


def test_members_are_the_layers_in_a_group_and_in_groups_inside_it() -> None:
    layers = mask("a", group="eye"), mask("b"), mask("c", group="face"), mask("d", group="eye")
    stack = Stack(Canvas(37, 53), layers, groups=(Group("eye", parent="face"), Group("empty"), Group("face")))
    assert stack.members() == {"eye": [0, 3], "empty": [], "face": [0, 2, 3]}


def test_groups_stay_when_layers_go() -> None:
    stack = Stack(Canvas(37, 53), (mask("a", group="face"), mask("b")), groups=(Group("face"),))
    assert stack.remove("a").groups == stack.groups
    assert stack.edit("a", group=None).layers[0].group is None
    with pytest.raises(DocumentError, match="layer b: there is no group nose"):
        stack.edit("b", group="nose")


def test_groups_lie_in_one_another_up_to_a_limit() -> None:
    assert len(Stack(Canvas(37, 53), groups=chain(MAX_GROUP_LEVELS)).groups) == MAX_GROUP_LEVELS
    for groups in (chain(MAX_GROUP_LEVELS + 1), chain(MAX_GROUP_LEVELS + 1)[::-1]):
        with pytest.raises(DocumentError, match="group 64 lies in 64 others or more, which is too deep"):
            Stack(Canvas(37, 53), groups=groups)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"id": ""}, "a group's id must be 1 to 128 characters"),
        ({"id": "a", "name": "x" * 1025}, "group a: name must be at most 1,024"),
        ({"id": "a", "parent": 3}, "group a: parent must be 1 to 128 characters"),
    ],
    ids=repr,
)
def test_a_value_that_a_group_cannot_have_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        Group(**fields)


@pytest.mark.parametrize("value", [1, "yes", None])
def test_a_canvas_is_transparent_or_not(value: Any) -> None:
    with pytest.raises(DocumentError, match=r"canvas\.transparent must be true or false"):
        Canvas(37, 53, transparent=value)
