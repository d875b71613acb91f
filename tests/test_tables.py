from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from vecstack.errors import RecipeError
from vecstack.tables import check_keys, to_dataclass


@dataclass(frozen=True)
class Inner:
    sides: tuple[int, int] = (1, 2)


@dataclass(frozen=True)
class Outer:
    name: str
    share: float = 0.5
    flip: bool = False
    inner: Inner = Inner()


def test_a_table_becomes_a_dataclass_with_its_defaults() -> None:
    assert to_dataclass(Outer, {"name": "a", "share": 1, "inner": {"sides": [3, 4]}}, "x") == Outer(
        "a", 1.0, inner=Inner((3, 4))
    )
    assert to_dataclass(Outer, {"name": "a"}, "x") == Outer("a")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (3, "x must be a table."),
        ({"nam": "a"}, "x: unknown key nam; did you mean name?"),
        ({"zzz": "a"}, "x: unknown key zzz; use one of name, share, flip, inner."),
        ({"name": 1}, "x: name must be str, not 1."),
        ({"share": True}, "x: share must be float, not True."),
        ({"share": -0.5}, "x: share must be a finite number of at least 0, not -0.5."),
        ({"inner": []}, "x: inner must be a table."),
        ({"inner": {"sides": [1]}}, "x: inner: sides must be a list of 2 values."),
        ({"inner": {"sides": [1, 2.0]}}, "x: inner: sides must be int, not 2.0."),
    ],
)
def test_what_does_not_fit_is_refused(fields: Any, says: str) -> None:
    with pytest.raises(RecipeError) as caught:
        to_dataclass(Outer, fields, "x")
    assert str(caught.value) == says


def test_the_first_unknown_key_is_named() -> None:
    check_keys({"a": 1}, ("a", "b"), "x")
    with pytest.raises(RecipeError, match=r"^x: unknown key c"):
        check_keys({"a": 1, "c": 2, "d": 3}, ("a", "b"), "x")
