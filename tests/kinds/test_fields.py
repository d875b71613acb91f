"""A layer's dataclass is its document: the fields that a kind reads and writes unless it says otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from vecstack.color import Color
from vecstack.errors import DocumentError
from vecstack.geometry import Affine
from vecstack.kinds.fields import from_json, own_fields, to_json
from vecstack.stack import Layer

COMMON = {"id": "a", "transform": Affine(1.0, 0.0, 0.0, 0.0, 1.0, 0.0)}


@dataclass(frozen=True, kw_only=True)
class Everything(Layer):
    color: Color
    rows: tuple[tuple[float, ...], ...]
    word: str
    count: int = 3
    window: float | None = None
    is_open: bool = False


OWN: dict[str, Any] = {"color": [0.1, 0.2, 1], "rows": [[1.0, 2.0], [3.5]], "word": "w"}


def test_the_own_fields_are_those_that_a_layer_does_not_have_anyway() -> None:
    assert list(own_fields(Everything)) == ["color", "rows", "word", "count", "window", "is_open"]


def test_lists_become_tuples_and_defaults_stay() -> None:
    layer = from_json(Everything, COMMON, OWN)
    assert layer.color == (0.1, 0.2, 1.0)
    assert layer.rows == ((1.0, 2.0), (3.5,))
    assert (layer.count, layer.window, layer.is_open) == (3, None, False)


def test_what_is_written_is_read_again_and_none_is_left_out() -> None:
    layer = from_json(Everything, COMMON, OWN | {"window": 0.5, "count": 7, "is_open": True})
    assert to_json(layer) == OWN | {"color": [0.1, 0.2, 1.0], "window": 0.5, "count": 7, "is_open": True}
    assert from_json(Everything, COMMON, to_json(layer)) == layer
    assert "window" not in to_json(from_json(Everything, COMMON, OWN | {"window": None}))


def test_whole_numbers_of_a_float_field_are_written_as_floats() -> None:
    layer = Everything(**COMMON, color=(0, 1, 0), rows=((2,),), word="w")
    assert str(to_json(layer)["rows"]) == "[[2.0]]"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"word": None}, "layer a: word must be a string, not None"),
        ({"color": [0.1, 0.2]}, "layer a: color must have 3 values, not 2"),
        ({"color": "red"}, "layer a: color must be a list, not 'red'"),
        ({"color": [0.1, 0.2, True]}, "layer a: color must be a number, not True"),
        ({"rows": [[1.0], 2.0]}, "layer a: rows must be a list, not 2.0"),
        ({"rows": [[10**400]]}, "layer a: rows must fit a 64-bit float"),
        ({"count": 1.5}, "layer a: count must be an integer, not 1.5"),
        ({"window": "wide"}, "layer a: window must be a number, not 'wide'"),
    ],
)
def test_a_value_of_another_type_is_refused_by_its_name(change: dict[str, Any], says: str) -> None:
    with pytest.raises(DocumentError) as caught:
        from_json(Everything, COMMON, OWN | change)
    assert str(caught.value).startswith(says)


def test_a_field_without_a_default_must_be_there() -> None:
    with pytest.raises(DocumentError, match="layer a: word is missing"):
        from_json(Everything, COMMON, {name: value for name, value in OWN.items() if name != "word"})


@dataclass(frozen=True)
class Pen:
    width: float
    dashes: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Drawn(Layer):
    pen: Pen | None = None


def test_a_dataclass_is_an_object_all_of_whose_fields_are_required() -> None:
    layer = from_json(Drawn, COMMON, {"pen": {"width": 2, "dashes": [1, 0.5, 10**15], "ink": "blue"}})
    assert layer.pen == Pen(2.0, (1.0, 0.5, 1e15))
    assert to_json(layer) == {"pen": {"width": 2.0, "dashes": [1.0, 0.5, 1e15]}}
    assert to_json(from_json(Drawn, COMMON, {})) == {}
    for pen, says in (
        ([], r"layer a: pen must be an object, not \[\]"),
        ({"width": 1}, r"layer a: pen\.dashes is missing"),
        ({"width": 1, "dashes": [10**400]}, r"layer a: pen\.dashes must fit a 64-bit float"),
        ({"width": "w", "dashes": []}, r"layer a: pen\.width must be a number, not 'w'"),
    ):
        with pytest.raises(DocumentError, match=says):
            from_json(Drawn, COMMON, {"pen": pen})
