"""TOML tables become frozen dataclasses, and a word that means nothing is refused with the nearest one that does."""

from __future__ import annotations

import dataclasses
import math
import reprlib
import sys
import typing
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, cast

from vecstack.errors import RecipeError
from vecstack.text_file import nearest

AnyTable = TypeVar("AnyTable")


def to_dataclass(kind: type[AnyTable], fields: Any, where: str) -> AnyTable:
    """An instance of the dataclass `kind` from a TOML table, tables within it included; keys that are left out have
    its defaults. Numbers must be finite and at least 0. Raises RecipeError, which begins with `where`: not a table, an
    unknown key, a value of another type or out of range."""
    if not isinstance(fields, dict):
        raise RecipeError(f"{where} must be a table.")
    known = typing.get_type_hints(kind)
    check_keys(fields, known, where)
    return kind(**{key: _convert(known[key], value, f"{where}: {key}") for key, value in fields.items()})


def check_keys(fields: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Raise RecipeError for the first key that is not among the known ones; it names the nearest."""
    words = list(known)
    for key in fields:
        if key not in words:
            raise RecipeError(f"{where}: unknown key {reprlib.repr(key)[1:-1]}; {nearest(key, words)}")


def _convert(expected: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(expected):
        return to_dataclass(cast(type, expected), value, where)
    if typing.get_origin(expected) is tuple:
        items = typing.get_args(expected)
        if not isinstance(value, list) or len(value) != len(items):
            raise RecipeError(f"{where} must be a list of {len(items)} values.")
        return tuple(_convert(item, entry, where) for item, entry in zip(items, value, strict=True))
    if expected is float and type(value) is int and abs(value) <= sys.float_info.max:
        value = float(value)
    if type(value) is not expected:
        raise RecipeError(f"{where} must be {expected.__name__}, not {reprlib.repr(value)}.")
    if isinstance(value, int | float) and not 0 <= value < math.inf:
        raise RecipeError(f"{where} must be a finite number of at least 0, not {reprlib.repr(value)}.")
    return value
