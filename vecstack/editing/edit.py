"""Edit: changes that a person makes to the layers of a stack, the same from Python, a command line and a script."""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Iterable, Iterator
from typing import Any

from vecstack.editing.changes import Change
from vecstack.errors import UsageError
from vecstack.stack import Stack


def edit(stack: Stack, changes: Iterable[Change], *, device: str = "auto") -> Stack:
    """The stack after changes, made in their order, each on what the one before left. Where the picture is another one
    then, the thumbnail and the metric psnr, which were those of the old one, are left out. Changes that look at the
    picture, Merge and a Palette of a count, draw it on the device. Raises UsageError for what is no list of changes;
    DocumentError where the stack does not have what a change needs, or would not be valid after it; DeviceError."""
    edited = stack
    for change in _checked(changes):
        edited = change.apply(edited, device)
    if _drawn(edited) == _drawn(stack):
        return dataclasses.replace(edited, thumbnail=stack.thumbnail)
    metrics = {name: value for name, value in stack.metrics.items() if name != "psnr"}
    return dataclasses.replace(edited, thumbnail=None, metrics=metrics)


def _checked(changes: object) -> Iterator[Change]:
    """The changes one by one. Raises UsageError for what is none."""
    if not isinstance(changes, Iterable):
        raise UsageError(
            f"changes are made in a list, not {reprlib.repr(changes)}. Write [{type(changes).__name__}(...)]."
        )
    for change in changes:
        if not isinstance(change, Change):
            raise UsageError(f"{reprlib.repr(change)} is not a change. Give those of vecstack.edit, such as Hide('3').")
        yield change


def _drawn(stack: Stack) -> tuple[Any, ...]:
    """What a picture of the stack depends on."""
    seen = (layer for layer in stack.layers if layer.is_seen)
    return stack.canvas, *(dataclasses.replace(layer, id="-", name="") for layer in seen)
