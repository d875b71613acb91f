"""What every change of a stack is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from vecstack.editing.select import check_selection, select
from vecstack.stack import MAX_LAYERS, Layer, Stack


class Change:
    """One change of a stack, as a value that is checked when it is created (UsageError). In a script the change's own
    key sets its first field; a field named like a keyword of Python ends in an underscore."""

    def apply(self, stack: Stack, device: str) -> Stack:
        """The stack after the change; if that needs a picture, it is drawn on the device. Raises DocumentError where
        the change cannot be made, or the stack would not be valid after it; DeviceError."""
        raise NotImplementedError

    @classmethod
    def of_script(cls, fields: Mapping[str, Any], folder: Path) -> Change:
        """The change with the fields of a script; paths are relative to the script's folder. Raises UsageError for a
        value out of range, and whatever loading a file raises."""
        return cast(Any, cls)(**fields)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class SelectedChange(Change):
    """A change of selected layers (see `select`)."""

    select: str

    def __post_init__(self) -> None:
        check_selection(self.select)


@dataclass(frozen=True)
class LayerChange(SelectedChange):
    """A change that is made to each selected layer separately."""

    def changed(self, layer: Layer) -> Layer:
        """A layer after the change."""
        raise NotImplementedError

    def apply(self, stack: Stack, device: str) -> Stack:
        chosen = select(stack, self.select)
        return stack.replace({index: self.changed(stack.layers[index]) for index in chosen}, {})


def is_count(value: object, most: int = MAX_LAYERS) -> bool:
    """Whether the value is a whole number from 1 to `most`."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most
