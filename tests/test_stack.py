from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from vecstack.errors import DocumentError
from vecstack.geometry import Affine, Rect
from vecstack.kinds.mask.layer import MaskLayer
from vecstack.stack import Canvas, Stack

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
    with pytest.raises(DocumentError, match=r"no layer x; there are a, b\."):
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
        {"id": ""},
    ],
)
def test_a_layer_out_of_range_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(DocumentError):
        mask(**{"name": "a"} | fields) if "id" not in fields else mask("")


@pytest.mark.parametrize("size", [(0, 5), (5, -1), (2_000_000, 5)])
def test_a_canvas_out_of_range_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(DocumentError):
        Canvas(*size)


def test_too_many_layers_are_counted_in_the_message() -> None:
    one = mask("x")
    layers = tuple(dataclasses.replace(one, id=str(i)) for i in range(10_001))
    with pytest.raises(DocumentError, match="10,001 layers, at most 10,000"):
        Stack(Canvas(37, 53), layers)
