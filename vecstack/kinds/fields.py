"""The fields of a layer's dataclass as those of a document: what a kind reads and writes unless it says otherwise."""

from __future__ import annotations

import dataclasses
import math
import reprlib
import sys
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from vecstack.errors import DocumentError
from vecstack.stack import Layer

AnyLayer = TypeVar("AnyLayer", bound=Layer)
NAMES = {float: "a number", int: "an integer", str: "a string", bool: "true or false"}  # of types, in messages


def own_fields(layer: type[Layer]) -> Mapping[str, Any]:
    """The fields that a class of layers adds to those of every layer: name to type."""
    return _own_fields(layer)  # type: ignore[arg-type]  # a class is hashable, whatever its objects are


@cache
def _own_fields(layer: Any) -> Mapping[str, Any]:
    hints = typing.get_type_hints(layer)
    common = {field.name for field in dataclasses.fields(Layer)}
    return {field.name: hints[field.name] for field in dataclasses.fields(layer) if field.name not in common}


@cache
def _defaults(layer: Any) -> Mapping[str, Any]:
    return {field.name: field.default for field in dataclasses.fields(layer)}


@dataclasses.dataclass(frozen=True)
class _Shape:
    """What there is to know of the type of a field, which takes longer to find than a value to read: its arguments,
    and what it is."""

    arguments: tuple[Any, ...]
    is_union: bool
    is_tuple: bool
    is_dataclass: bool
    count: int | None  # how many values a tuple has, None for any number
    has_floats: bool  # whether a tuple has floats alone


@cache
def _shape(hint: Any) -> _Shape:
    arguments, is_tuple = typing.get_args(hint), typing.get_origin(hint) is tuple
    return _Shape(
        arguments,
        is_union=isinstance(hint, types.UnionType),
        is_tuple=is_tuple,
        is_dataclass=dataclasses.is_dataclass(hint),
        count=None if not is_tuple or arguments[-1] is Ellipsis else len(arguments),
        has_floats=is_tuple and arguments[0] is float and set(arguments) <= {float, Ellipsis},
    )


_hints = cache(typing.get_type_hints)


def from_json(layer: type[AnyLayer], common: Mapping[str, Any], own: Mapping[str, Any]) -> AnyLayer:
    """A layer from arguments of Layer and its own fields as JSON values, lists becoming tuples. Raises DocumentError:
    a field that is missing or of another type."""
    where = f"layer {common['id']}: "
    values: dict[str, Any] = {}
    defaults = _defaults(layer)  # type: ignore[arg-type]  # as in own_fields
    for name, hint in own_fields(layer).items():
        if name in own:
            values[name] = converted(own[name], hint, where + name)
        elif defaults[name] is dataclasses.MISSING:
            raise DocumentError(f"{where}{name} is missing.")
    return layer(**common, **values)


def to_json(layer: Layer) -> dict[str, Any]:
    """A layer's own fields as JSON values, without those that are None."""
    values = {name: plain(getattr(layer, name), hint) for name, hint in own_fields(type(layer)).items()}
    return {name: value for name, value in values.items() if value is not None}


def converted(value: Any, hint: Any, where: str) -> Any:
    """A JSON value as the type of a field: a number, a string, true or false, a tuple of these, a dataclass of
    these, or None. Raises DocumentError, whose message begins with `where`."""
    shape = _shape(hint)
    arguments = shape.arguments
    if shape.is_union:
        if value is None and type(None) in arguments:
            return None
        return converted(value, arguments[0], where)
    if shape.is_tuple:
        if not isinstance(value, list):
            raise DocumentError(f"{where} must be a list, not {reprlib.repr(value)}.")
        if shape.count not in (None, len(value)):
            raise DocumentError(f"{where} must have {shape.count} values, not {len(value)}.")
        if shape.has_floats and all(type(item) is float or _is_small(item) for item in value):
            return tuple(map(float, value))  # by far the most numbers of a document
        items = [arguments[0]] * len(value) if shape.count is None else arguments
        return tuple(converted(item, kind, where) for item, kind in zip(value, items, strict=True))
    if shape.is_dataclass:
        return _object(value, hint, where)
    if hint is float and type(value) is int:
        if abs(value) > sys.float_info.max:
            raise DocumentError(f"{where} must fit a 64-bit float.")
        value = float(value)
    if type(value) is not hint or (hint is float and not math.isfinite(value)):
        raise DocumentError(f"{where} must be {NAMES.get(hint, hint.__name__)}, not {reprlib.repr(value)}.")
    return value


def _is_small(value: Any) -> bool:
    """Whether a value is an integer that a float holds exactly."""
    return type(value) is int and abs(value) <= 1 << sys.float_info.mant_dig


def _object(value: Any, hint: Any, where: str) -> Any:
    """A JSON object as a dataclass, whose fields are required unless they may be None; other fields of it are left
    out."""
    if not isinstance(value, dict):
        raise DocumentError(f"{where} must be an object, not {reprlib.repr(value)}.")
    values = {}
    for name, field_hint in _hints(hint).items():
        if name not in value and types.NoneType in typing.get_args(field_hint):
            continue
        if name not in value:
            raise DocumentError(f"{where}.{name} is missing.")
        values[name] = converted(value[name], field_hint, f"{where}.{name}")
    return hint(**values)


def plain(value: Any, hint: Any) -> Any:
    """A value of a field in JSON: floats as such, so that an edit with integers is written as it will be read."""
    shape = _shape(hint)
    arguments = shape.arguments
    if shape.is_union:
        return None if value is None else plain(value, arguments[0])
    if shape.is_tuple:
        if shape.has_floats:
            return list(map(float, value))
        items = [arguments[0]] * len(value) if shape.count is None else arguments
        return [plain(item, kind) for item, kind in zip(value, items, strict=True)]
    if shape.is_dataclass:
        values = {name: plain(getattr(value, name), kind) for name, kind in _hints(hint).items()}
        return {name: own for name, own in values.items() if own is not None}
    return float(value) if hint is float else value


def short_number(value: float) -> float | int:
    """A number as JSON writes it shortest: a whole one without a fraction."""
    return int(value) if value == int(value) else float(value)
