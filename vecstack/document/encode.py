"""A stack becomes the text of a document: equal stacks give equal texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vecstack.document.strict_json import unknown
from vecstack.document.version import FORMAT, VERSION, dotted
from vecstack.errors import DocumentError
from vecstack.kinds import find_kind
from vecstack.stack import Canvas, Json, Layer, Stack, UnknownLayer

GENERATOR = "vecstack"  # without a version number, so that an update does not change the bytes of a document


def document_text(stack: Stack, assets: Json) -> bytes:
    """The document as JSON in UTF-8, one field or layer per line, so that a change shows as a changed line."""
    known_kinds = {layer.kind for layer in stack.layers if not isinstance(layer, UnknownLayer)}
    known = {
        "format": FORMAT,
        "version": dotted(VERSION),
        "min_reader": dotted(VERSION),
        "features_required": sorted(f"kind:{kind}" for kind in known_kinds),
        "generator": GENERATOR,
        "canvas": _canvas_fields(stack.canvas),
        "source": _sorted(stack.source),
        "model": _sorted(stack.model),
        "metrics": _sorted(stack.metrics),
        "layers": [_layer_fields(layer) for layer in stack.layers],
        "assets": _sorted(assets),
    }
    lines = [f"{_text(name)}: {_lines(value)}" for name, value in _with_unknown(known, stack.extra).items()]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _lines(value: Any) -> str:
    """A value on one line, or a list of objects with one line for each."""
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return "[\n" + ",\n".join(map(_text, value)) + "\n]"
    return _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _canvas_fields(canvas: Canvas) -> dict[str, Any]:
    known = {
        "width": canvas.width,
        "height": canvas.height,
        "background": [float(value) for value in canvas.background],
    }
    return _with_unknown(known, canvas.extra)


def _layer_fields(layer: Layer) -> dict[str, Any]:
    common: dict[str, Any] = {
        "id": layer.id,
        "name": layer.name,
        "kind": layer.kind,
        "visible": layer.visible,
        "opacity": float(layer.opacity),
        "transform": [[float(number) for number in row] for row in layer.transform.rows()],
    }
    if isinstance(layer, UnknownLayer):
        return _with_unknown(common, {**layer.extra, **layer.fields})
    kind = find_kind(layer.kind)
    if kind is None:
        raise DocumentError(f"layer {layer.id}: this vecstack has no kind {layer.kind}.")
    return _with_unknown({**common, **kind.write(layer)}, unknown(layer.extra, kind.fields))


def _with_unknown(known: dict[str, Any], extra: Json) -> dict[str, Any]:
    return {**known, **_sorted(unknown(extra, known))}


def _sorted(value: Any) -> Any:
    """The same JSON value with the fields of every object sorted, so that equal values give equal text."""
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value)}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value
