"""Layers copied from another stack."""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vecstack.editing.changes.base import SelectedChange, is_count
from vecstack.editing.changes.order import inserted
from vecstack.editing.select import select
from vecstack.errors import UsageError
from vecstack.geometry import Affine, Rect
from vecstack.kinds import can_draw, kind_of
from vecstack.stack import Group, Layer, Stack


@dataclass(frozen=True)
class CopyLayer(SelectedChange):
    """Copy layers of another stack with their assets, on top or to a position (1 is the lowest), which the lowest of
    them gets. Their canvas is stretched to this one; their groups come along, and so do those around them; a number is
    appended to an id that is in use."""

    from_: Stack
    to: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.from_, Stack):
            raise UsageError(f"layers can be copied from a stack or a layer file, not from {reprlib.repr(self.from_)}.")
        if self.to is not None and not is_count(self.to):
            raise UsageError(f"layers can be copied to a position from 1 up, not to {reprlib.repr(self.to)}.")

    @classmethod
    def of_script(cls, fields: Mapping[str, Any], folder: Path) -> CopyLayer:
        from vecstack.document.file import load

        source = fields["from_"]
        return cls(**{**fields, "from_": load(folder / source) if isinstance(source, str) else source})

    def apply(self, stack: Stack, device: str) -> Stack:
        taken = [self.from_.layers[index] for index in select(self.from_, self.select)]
        most = len(stack.layers) + 1
        groups = _copied_groups(self.from_, taken, stack)
        copies = _scaled(
            _renamed(taken, {layer.id for layer in stack.layers}, groups), self.from_.canvas.rect, stack.canvas.rect
        )
        layers = inserted(list(stack.layers), copies, most if self.to is None else self.to, most)
        whole = dataclasses.replace(stack, groups=(*stack.groups, *groups.values())).with_layers(layers)
        return dataclasses.replace(whole, assets={**stack.assets, **_assets(self.from_, taken)})


def _copied_groups(source: Stack, layers: Iterable[Layer], stack: Stack) -> dict[str, Group]:
    """By their old ids, the groups of some layers and those around them, with new ids where a stack uses theirs."""
    groups = {group.id: group for group in source.groups}
    needed: set[str] = set()
    for layer in layers:
        place = layer.group
        while place is not None and place not in needed:
            needed.add(place)
            place = groups[place].parent
    used = {group.id for group in stack.groups}
    ids = {group: _free_id(group, used) for group in groups if group in needed}
    return {
        old: dataclasses.replace(groups[old], id=new, parent=None if parent is None else ids[parent])
        for old, new in ids.items()
        for parent in (groups[old].parent,)
    }


def _renamed(layers: Iterable[Layer], used: set[str], groups: Mapping[str, Group]) -> list[Layer]:
    """The layers with new ids where theirs are used already, in the groups that have taken the place of theirs; `used`
    is updated."""
    return [
        dataclasses.replace(
            layer, id=_free_id(layer.id, used), group=None if layer.group is None else groups[layer.group].id
        )
        for layer in layers
    ]


def _free_id(wanted: str, used: set[str]) -> str:
    """An id, with a number at its end where it is used already; `used` is updated."""
    free, number = wanted, 2
    while free in used:
        free, number = f"{wanted[:118]}-{number}", number + 1  # ids have up to 128 characters
    used.add(free)
    return free


def _scaled(layers: list[Layer], old: Rect, new: Rect) -> list[Layer]:
    """The layers of one canvas as they lie on another to which it is stretched."""
    across, down = new.width / old.width, new.height / old.height
    if across == down == 1:
        return layers

    def scaled(matrix: Affine) -> Affine:
        first, second = matrix.rows()
        return Affine.of_rows([[across * value for value in first], [down * value for value in second]])

    return [dataclasses.replace(layer, transform=scaled(layer.transform)) for layer in layers]


def _assets(stack: Stack, layers: Sequence[Layer]) -> Mapping[str, bytes]:
    """The assets of a stack that some of its layers need; all of them where a layer is of an unknown kind."""
    if not all(map(can_draw, layers)):
        return stack.assets
    needed = {name for layer in layers for name in kind_of(layer).asset_ids(layer)}
    return {name: data for name, data in stack.assets.items() if name in needed}
