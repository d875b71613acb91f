"""Groups of layers: what hangs together, and in it what has one colour."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Hashable, Sequence

from vecstack.color import color_words
from vecstack.kinds.base import Grown
from vecstack.kinds.path.layer import PathLayer
from vecstack.stack import Group, Layer


def by_color(grown: Grown) -> Grown:
    """The layers, of which those of one group and one colour, and those alone in their group and of one colour, are in
    a group of their own; groups of one layer are left out."""
    counts = _counts(grown)
    wholes = [group for group in grown.groups if counts[group.id] > 1]
    names = {group.id for group in wholes}
    keys = [_key(layer, layer.group if layer.group in names else None) for layer in grown.layers]
    every = Counter(keys)
    inside = Counter(whole for whole, _ in keys)
    inside[None] = len(keys)
    found: dict[Hashable, Group] = {}
    for layer, key in zip(grown.layers, keys, strict=True):
        if key not in found and 1 < every[key] < inside[key[0]] and isinstance(layer, PathLayer) and layer.color:
            found[key] = _group(color_words(layer.color), key[0], [group.id for group in found.values()])
    layers = (
        dataclasses.replace(layer, group=found[key].id if key in found else key[0])
        for layer, key in zip(grown.layers, keys, strict=True)
    )
    return Grown(tuple(layers), (*wholes, *found.values()))


def _counts(grown: Grown) -> Counter[str]:
    """How many layers are in each group, or in groups in it."""
    above = {group.id: group.parent for group in grown.groups}
    found: Counter[str] = Counter()
    for layer in grown.layers:
        name = layer.group
        while name is not None:
            found[name] += 1
            name = above.get(name)
    return found


def _key(layer: Layer, whole: str | None) -> tuple[str | None, Hashable]:
    """What the layers of one group have in common."""
    color = layer.color if isinstance(layer, PathLayer) else None
    return whole, (color, layer.opacity) if color is not None else layer.id


def _group(words: str, whole: str | None, taken: Sequence[str]) -> Group:
    """A group of a colour in words, in another or none."""
    stem = f"{whole}-{words}" if whole else words
    name = stem = stem.replace(" ", "-")
    number = 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    return Group(name, f"{words} {number}" if number > 1 else words, whole)
