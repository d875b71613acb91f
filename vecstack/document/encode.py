"""A stack becomes the text of a document: equal stacks give equal texts."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from vecstack.document.beside import FEATURE
from vecstack.document.strict_json import unknown
from vecstack.document.version import (
    CANVAS_FIELDS,
    FORMAT,
    GROUP_FIELDS,
    LAYER_FIELDS,
    MIN_READER,
    TOP_FIELDS,
    VERSION,
    dotted,
)
from vecstack.errors import DocumentError
from vecstack.kinds import find_kind
from vecstack.stack import Canvas, Group, Json, Layer, Stack, UnknownLayer

GENERATOR = "vecstack"  # without a version number, so that an update does not change the bytes of a document


def document_text(stack: Stack, assets: Json) -> bytes:
    """The document as JSON in UTF-8, one field or layer per line, so that a change shows as a changed line."""
    known_kinds = {layer.kind for layer in stack.layers if not isinstance(layer, UnknownLayer)}
    is_beside = any("folder" in entry for entry in assets.values())
    known: dict[str, Any] = {
        "format": FORMAT,
        "version": dotted(VERSION),
        "min_reader": dotted(MIN_READER),
        "features_required": sorted([f"kind:{kind}" for kind in known_kinds] + [FEATURE] * is_beside),
        "generator": GENERATOR,
        "canvas": _canvas_fields(stack.canvas),
        "source": _sorted(stack.source),
        "model": _sorted(stack.model),
        "metrics": _sorted(stack.metrics),
        "groups": [_group_fields(group) for group in stack.groups],
        "layers": [_layer_fields(layer) for layer in stack.layers],
        "assets": _sorted(assets),
    }
    if not stack.groups:
        del known["groups"]
    lines = [f"{_text(name)}: {_lines(value)}" for name, value in _with_unknown(known, stack.extra, TOP_FIELDS).items()]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _lines(value: Any) -> str:
    """A value on one line, or a list of objects with one line for each."""
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return "[\n" + ",\n".join(map(_text, value)) + "\n]"
    return _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _canvas_fields(canvas: Canvas) -> dict[str, Any]:
    known: dict[str, Any] = {
        "width": canvas.width,
        "height": canvas.height,
        "background": [float(value) for value in canvas.background],
    }
    if canvas.transparent:
        known["transparent"] = True
    return _with_unknown(known, canvas.extra, CANVAS_FIELDS)


def _group_fields(group: Group) -> dict[str, Any]:
    known = {"id": group.id, "name": group.name}
    if group.parent is not None:
        known["parent"] = group.parent
    return _with_unknown(known, group.extra, GROUP_FIELDS)


def _layer_fields(layer: Layer) -> dict[str, Any]:
    common: dict[str, Any] = {
        "id": layer.id,
        "name": layer.name,
        "kind": layer.kind,
        "visible": layer.visible,
        "opacity": float(layer.opacity),
        "transform": [[float(number) for number in row] for row in layer.transform.rows()],
    }
    if layer.group is not None:
        common["group"] = layer.group
    if isinstance(layer, UnknownLayer):
        return _with_unknown(common, {**layer.extra, **layer.fields}, LAYER_FIELDS)
    kind = find_kind(layer.kind)
    if kind is None:
        raise DocumentError(f"layer {layer.id}: this vecstack has no kind {layer.kind}.")
    return _with_unknown({**common, **kind.write(layer)}, layer.extra, (*LAYER_FIELDS, *kind.fields))


def _with_unknown(known: dict[str, Any], extra: Json, names: Collection[str]) -> dict[str, Any]:
    """Fields with those of `extra` whose names the format does not have."""
    return {**known, **_sorted(unknown(extra, names))}


def _sorted(value: Any) -> Any:
    """The same JSON value with the fields of every object sorted, so that equal values give equal text."""
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value)}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value
