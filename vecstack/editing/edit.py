"""Edit: apply changes to the layers of a stack, the same from Python, the command line and a script."""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Iterable, Iterator
from typing import Any

from vecstack.editing.changes import Change
from vecstack.errors import UsageError
from vecstack.stack import Stack


def edit(stack: Stack, changes: Iterable[Change], *, device: str = "auto") -> Stack:
    """The stack after the changes, applied in order. If they change the picture, the thumbnail and the metric psnr,
    which belong to the old one, are left out. Changes that look at the picture (Merge, Palette with a number, Recolor
    of a group) draw it on the device. Raises UsageError for anything but a list of changes; DocumentError where the
    stack lacks what a change needs, or would not be valid after it; DeviceError."""
    edited = stack
    for change in _checked(changes):
        edited = change.apply(edited, device)
    if _drawn(edited) == _drawn(stack):
        return dataclasses.replace(edited, thumbnail=stack.thumbnail)
    metrics = {name: value for name, value in stack.metrics.items() if name != "psnr"}
    return dataclasses.replace(edited, thumbnail=None, metrics=metrics)


def _checked(changes: object) -> Iterator[Change]:
    """The changes one by one. Raises UsageError for anything else."""
    if not isinstance(changes, Iterable):
        raise UsageError(
            f"changes must be a list, not {reprlib.repr(changes)}; write [{type(changes).__name__}(...)].",
            parameter="changes",
        )
    for change in changes:
        if not isinstance(change, Change):
            raise UsageError(
                f"changes must be changes such as Hide('3') (from vecstack.editing.changes import Hide), "
                f"not {reprlib.repr(change)}.",
                parameter="changes",
            )
        yield change


def _drawn(stack: Stack) -> tuple[Any, ...]:
    """Everything that the picture of the stack depends on."""
    seen = (layer for layer in stack.layers if layer.is_seen)
    return stack.canvas, *(dataclasses.replace(layer, id="-", name="", group=None) for layer in seen)
