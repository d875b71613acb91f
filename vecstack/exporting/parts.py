"""Layers that are made of others, as these: for files that have only shapes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from vecstack.kinds import can_draw, kind_of
from vecstack.stack import Group, Layer, Stack

MAX_BASE = 100  # characters of a name, so that a number fits behind it


def in_parts(stack: Stack) -> Stack:
    """The stack with layers that are made of others as these, in a group of their name; the opacity of the whole is
    that of each. Raises DocumentError where that makes too many layers, and where an asset is missing or does not fit
    its layer."""
    made = {layer.id: parts for layer in stack.layers if can_draw(layer) for parts in _parts_of(layer, stack)}
    if not made:
        return stack
    layer_ids, group_ids = {layer.id for layer in stack.layers}, {group.id for group in stack.groups}
    layers: list[Layer] = []
    groups = list(stack.groups)
    for layer in stack.layers:
        if layer.id not in made:
            layers.append(layer)
            continue
        group = Group(_new(layer.id, group_ids), layer.name, layer.group)
        groups.append(group)
        layers += [_placed(part, layer, _new(f"{layer.id}-1", layer_ids), group) for part in made[layer.id]]
    return dataclasses.replace(stack, layers=tuple(layers), groups=tuple(groups), thumbnail=None)


def _parts_of(layer: Layer, stack: Stack) -> Iterator[tuple[Layer, ...]]:
    """What a layer is made of; nothing for others."""
    kind = kind_of(layer)
    kind.check([layer], stack.assets)
    parts = kind.parts(layer, stack.assets)
    if parts is not None:
        yield parts


def _placed(part: Layer, whole: Layer, layer_id: str, group: Group) -> Layer:
    """A part where it is on the canvas."""
    return dataclasses.replace(
        part,
        id=layer_id,
        name=whole.name,
        transform=whole.transform.after(part.transform),
        opacity=part.opacity * whole.opacity,
        visible=whole.visible,
        group=group.id,
    )


def _new(wanted: str, taken: set[str]) -> str:
    """A name that is not taken yet, and is from now on."""
    base = wanted[:MAX_BASE]
    names = (base, *(f"{base}-{count}" for count in range(2, len(taken) + 3)))
    found = next(name for name in names if name not in taken)
    taken.add(found)
    return found
