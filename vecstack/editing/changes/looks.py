"""Changes of layers, one by one: whether they show, their names and their places."""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from vecstack.color import is_number, is_number_list
from vecstack.editing.changes.base import LayerChange
from vecstack.editing.select import groups_called
from vecstack.errors import DocumentError, UsageError
from vecstack.geometry import Affine
from vecstack.stack import MAX_TRANSFORM, Layer, Stack, check_name, check_transform

SHIFT_DECIMALS = 9  # of a shifted place: far below what shows, and a shift and its reverse give the same numbers


@dataclass(frozen=True)
class Opacity(LayerChange):
    """Set the opacity of layers, 0..1."""

    to: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if not is_number(self.to) or not 0 <= self.to <= 1:
            raise UsageError(f"an opacity must be 0 to 1, not {reprlib.repr(self.to)}.")

    def changed(self, layer: Layer) -> Layer:
        return dataclasses.replace(layer, opacity=float(self.to))


@dataclass(frozen=True)
class Hide(LayerChange):
    """Hide layers."""

    def changed(self, layer: Layer) -> Layer:
        return dataclasses.replace(layer, visible=False)


@dataclass(frozen=True)
class Show(LayerChange):
    """Show hidden layers."""

    def changed(self, layer: Layer) -> Layer:
        return dataclasses.replace(layer, visible=True)


@dataclass(frozen=True)
class Rename(LayerChange):
    """Set the name of layers; where the selection is the id or the name of groups, that of the groups."""

    to: str

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(check_name, self.to, "a name")

    def changed(self, layer: Layer) -> Layer:
        return dataclasses.replace(layer, name=self.to)

    def apply(self, stack: Stack, device: str) -> Stack:
        called = groups_called(stack, self.select)
        if not called:
            return super().apply(stack, device)
        groups = (dataclasses.replace(group, name=self.to) if group in called else group for group in stack.groups)
        return dataclasses.replace(stack, groups=tuple(groups))


@dataclass(frozen=True)
class Transform(LayerChange):
    """Set the transform of layers: a, b, c, d, e, f, which map a point (u, v) of a layer's frame to
    (a u + b v + c, d u + e v + f) on the canvas."""

    to: Sequence[float]

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_numbers(self.to, 6, "a transform")
        _check(check_transform, Affine(*self.to), "a transform")

    def changed(self, layer: Layer) -> Layer:
        return dataclasses.replace(layer, transform=Affine(*map(float, self.to)))


@dataclass(frozen=True)
class Shift(LayerChange):
    """Move layers to the right and down, in canvas units."""

    by: Sequence[float]

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_numbers(self.by, 2, "a shift")

    def changed(self, layer: Layer) -> Layer:
        old, (right, down) = layer.transform, self.by
        c, f = (round(value, SHIFT_DECIMALS) for value in (old.c + right, old.f + down))
        return dataclasses.replace(layer, transform=dataclasses.replace(old, c=c, f=f))


@dataclass(frozen=True)
class Scale(LayerChange):
    """Scale layers by a factor about the centre of each one's frame."""

    by: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if not is_number(self.by) or not 0 < self.by <= MAX_TRANSFORM:
            raise UsageError(f"a factor must be above 0 and at most {MAX_TRANSFORM:g}, not {reprlib.repr(self.by)}.")

    def changed(self, layer: Layer) -> Layer:
        old = layer.transform
        a, b, d, e = (self.by * value for value in (old.a, old.b, old.d, old.e))
        return dataclasses.replace(layer, transform=Affine(a, b, old.c, d, e, old.f))


def _check(check: Callable[[Any, str], None], value: object, where: str) -> None:
    """Raise UsageError where a check of the document raises DocumentError."""
    try:
        check(value, where)
    except DocumentError as error:
        raise UsageError(str(error)) from error


def _check_numbers(values: object, count: int, where: str) -> None:
    numbers = cast("Sequence[float]", values) if is_number_list(values) else ()
    if len(numbers) != count or not all(abs(number) <= MAX_TRANSFORM for number in numbers):
        raise UsageError(f"{where} must be {count} numbers up to {MAX_TRANSFORM:g}, not {reprlib.repr(values)}.")
