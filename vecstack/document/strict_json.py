"""Strict JSON: UTF-8, finite numbers, no repeated fields, no deep nesting; and its values checked by type."""

from __future__ import annotations

import json
import math
import re
import reprlib
from collections import Counter
from collections.abc import Collection
from typing import Any, TypeVar

from vecstack.document.limits import MAX_DOCUMENT_BYTES, MAX_NESTING, check_size
from vecstack.errors import DocumentError
from vecstack.stack import Json

_T = TypeVar("_T")

_TYPE_NAMES = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "true or false",
    int: "an integer",
    float: "a number",
}


def parse_json(data: bytes) -> dict[str, Any]:
    """The object of a JSON text: in UTF-8, without NaN, numbers beyond float64, repeated keys, deep nesting or unpaired
    surrogates. Raises DocumentError, ValueError, RecursionError."""
    check_size(len(data), MAX_DOCUMENT_BYTES, "the JSON document")
    text = data.decode("utf-8")
    document = json.loads(
        text,
        parse_float=_parse_float,
        parse_int=_parse_int,
        parse_constant=_parse_float,
        object_pairs_hook=_parse_object,
    )
    _check_nesting(document)
    if "\\u" in text:
        json.dumps(document, ensure_ascii=False).encode("utf-8")  # raises for an escape that is an unpaired surrogate
    return typed(document, dict, "the document")


def _parse_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise DocumentError(f"the number {text:.20} is not finite; numbers must fit a 64-bit float.")
    return value


def _parse_int(text: str) -> int:
    _parse_float(text)  # limits the digits, as int() takes quadratic time
    return int(text)


def _parse_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise DocumentError(f"the field {twice!r:.80} occurs twice in one object.")
    return fields


def _check_nesting(value: Any) -> None:
    level = [value]
    for _ in range(MAX_NESTING + 1):
        parents = [child for child in level if type(child) is dict or type(child) is list]
        if not parents:
            return
        level = [child for parent in parents for child in (parent.values() if type(parent) is dict else parent)]
    raise DocumentError(f"objects and lists are nested deeper than {MAX_NESTING}.")


def typed(value: Any, wanted: type[_T], where: str) -> _T:
    """The value, if it has that JSON type (1.0 counts as an integer, as in JSON Schema). Raises DocumentError, whose
    message begins with `where`."""
    if wanted is float and type(value) is int:
        value = float(value)
    elif wanted is int and type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not wanted:
        raise DocumentError(f"{where} must be {_TYPE_NAMES[wanted]}, not {reprlib.repr(value)}.")
    return value


def field(fields: Json, name: str, wanted: type[_T], where: str = "", default: _T | None = None) -> _T:
    """A field of an object, or the default where it is missing. Raises DocumentError: it has another type, or is
    missing without a default."""
    if name in fields:
        return typed(fields[name], wanted, where + name)
    if default is None:
        raise DocumentError(f"{where}{name} is missing.")
    return default


def matching(text: str, pattern: re.Pattern[str], where: str, rule: str) -> str:
    """The text, if the pattern matches all of it. Raises DocumentError, which says the rule."""
    if not pattern.fullmatch(text):
        raise DocumentError(f"{where} must be {rule}, not {reprlib.repr(text)}.")
    return text


def numbers(value: Any, count: int, where: str) -> tuple[float, ...]:
    """The value as that many numbers. Raises DocumentError."""
    numbers = typed(value, list, where)
    if len(numbers) != count:
        raise DocumentError(f"{where} must be {count} numbers, not {len(numbers)}.")
    return tuple(typed(number, float, where) for number in numbers)


def unknown(fields: Json, known: Collection[str]) -> dict[str, Any]:
    """The fields whose names are not known."""
    return {name: value for name, value in fields.items() if name not in known}
