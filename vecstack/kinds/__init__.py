"""Kinds of layer. A kind is a folder here whose module `kind` has one object, KIND, that is a `base.Kind`; nothing else
has to know of it. Everything a kind needs from PyTorch it imports when it shades, so that a document can be read,
checked and written without it."""

from __future__ import annotations

import dataclasses
import importlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import cast

from vecstack.color import Color
from vecstack.errors import UnknownKindError
from vecstack.kinds.base import Kind
from vecstack.stack import Layer, Stack, UnknownLayer


def kind_names() -> tuple[str, ...]:
    """Names of all kinds that this version has, in alphabetical order."""
    return tuple(sorted(path.parent.name for folder in __path__ for path in Path(folder).glob("*/kind.py")))


def kind_folder(name: str) -> Path:
    """The folder of a kind that this version has."""
    return next(Path(folder) / name for folder in __path__ if (Path(folder) / name / "kind.py").is_file())


@cache
def find_kind(name: str) -> Kind[Layer] | None:
    """The kind of that name, or None where this version has no such folder."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        return None
    if not any((Path(folder) / name / "kind.py").is_file() for folder in __path__):
        return None
    return cast("Kind[Layer]", importlib.import_module(f"{__name__}.{name}.kind").KIND)


def outlined_kind() -> Kind[Layer]:
    """The kind of layer that is made of outlines. Raises UnknownKindError where there is none."""
    kinds = (find_kind(name) for name in kind_names())
    kind = next((kind for kind in kinds if kind is not None and kind.can_be_outlined), None)
    if kind is None:
        raise UnknownKindError("no kind of layer is made of outlines; install one that is.")
    return kind


def placing_kind() -> Kind[Layer]:
    """The kind of layer that is an item, placed. Raises UnknownKindError where there is none."""
    kinds = (find_kind(name) for name in kind_names())
    kind = next((kind for kind in kinds if kind is not None and kind.can_be_placed), None)
    if kind is None:
        raise UnknownKindError("no kind of layer places items; install one that does.")
    return kind


def can_draw(layer: Layer) -> bool:
    """Whether this version has the layer's kind."""
    return not isinstance(layer, UnknownLayer) and find_kind(layer.kind) is not None


def kind_of(layer: Layer) -> Kind[Layer]:
    """The kind of a layer that can be drawn."""
    kind = find_kind(layer.kind)
    assert kind is not None, layer.kind
    return kind


def undrawable(stack: Stack) -> tuple[Layer, ...]:
    """The layers that should be seen and that this version cannot draw, lowest first; a drawing leaves them out."""
    return tuple(layer for layer in stack.layers if layer.is_seen and not can_draw(layer))


def without_unused(stack: Stack, old: Iterable[Layer]) -> Stack:
    """The stack without the assets that only these old layers used; with all, where it has layers of a kind that this
    version does not have, since what they refer to cannot be told."""
    if not all(map(can_draw, stack.layers)):
        return stack
    unused = _assets_of(old) - _assets_of(stack.layers)
    assets = {name: data for name, data in stack.assets.items() if name not in unused}
    return dataclasses.replace(stack, assets=assets)


def _assets_of(layers: Iterable[Layer]) -> set[str]:
    """The assets that layers which can be drawn refer to."""
    return {name for layer in layers for name in kind_of(layer).asset_ids(layer)}


def color_of(layer: Layer) -> Color | None:
    """The colour of a layer that has one; None for a layer of many colours, or of a kind that this version does not
    have."""
    return kind_of(layer).color(layer) if can_draw(layer) else None
