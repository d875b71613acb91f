"""A document's parsed JSON becomes a stack, every field checked."""

from __future__ import annotations

import base64
import hashlib
import re
import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from vecstack.color import Color
from vecstack.document.archive import THUMBNAIL
from vecstack.document.beside import FEATURE, read_asset
from vecstack.document.limits import MAX_ASSET_BYTES, MAX_FILE_BYTES, check_size
from vecstack.document.strict_json import field, matching, numbers, typed, unknown
from vecstack.document.version import (
    CANVAS_FIELDS,
    FORMAT,
    GROUP_FIELDS,
    LAYER_FIELDS,
    TOP_FIELDS,
    VERSION,
    dotted,
)
from vecstack.errors import DocumentError, NewerFormatError, UnknownKindError
from vecstack.geometry import Affine
from vecstack.kinds import find_kind
from vecstack.stack import Canvas, Group, Json, Layer, Stack, UnknownLayer, check_id

_VERSION = re.compile(r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KIND = re.compile(r"[a-z][a-z0-9_]{0,63}")


def stack_of(document: Json, members: Mapping[str, bytes], place: Path | None = None) -> Stack:
    """The stack of a parsed document and the members of its zip; `place` is the folder that its file lies in, None
    where it is no file. Raises DocumentError, and whatever malformed fields make the libraries raise."""
    _check_version(document)
    _check_features(document)
    canvas = _canvas(field(document, "canvas", dict))
    assets = _assets(field(document, "assets", dict, "", {}), members, place)
    layers = tuple(_layer(value, index, canvas) for index, value in enumerate(field(document, "layers", list)))
    check_kinds(layers, assets)
    field(document, "generator", str, default="")
    return Stack(
        canvas,
        layers,
        assets,
        groups=tuple(_group(value, index) for index, value in enumerate(field(document, "groups", list, default=[]))),
        source=field(document, "source", dict, default={}),
        model=field(document, "model", dict, default={}),
        metrics=field(document, "metrics", dict, default={}),
        extra=unknown(document, TOP_FIELDS),
        thumbnail=members.get(THUMBNAIL),
    )


def _check_version(document: Json) -> None:
    """Raise NewerFormatError for a document that needs a newer reader, DocumentError for an invalid version."""
    if document.get("format") != FORMAT:
        raise DocumentError(f'format must be "{FORMAT}", not {reprlib.repr(document.get("format"))}.')
    version = version_of(document, "version")
    oldest = (version[0], 0)
    needed = max(oldest, version_of(document, "min_reader", default=dotted(oldest)))
    if needed > VERSION:
        raise NewerFormatError(
            f"needs a reader of format {dotted(needed)}, but this vecstack reads up to {dotted(VERSION)}; "
            "install a newer vecstack."
        )
    if version < (1, 0):
        raise DocumentError(f"there is no format version {dotted(version)}; the first is 1.0.")


def version_of(document: Json, name: str, default: str | None = None) -> tuple[int, int]:
    """A version that a field of a document holds: major, minor. Raises DocumentError."""
    text = matching(field(document, name, str, default=default), _VERSION, name, 'a version such as "1.0"')
    major, minor = text.split(".")
    return int(major), int(minor)


def _check_features(document: Json) -> None:
    for value in field(document, "features_required", list, default=[]):
        feature = typed(value, str, "features_required")
        name = feature.removeprefix("kind:")
        if feature == FEATURE:
            continue
        if name == feature or not _KIND.fullmatch(name) or find_kind(name) is None:
            raise UnknownKindError(
                f"needs the feature {reprlib.repr(feature)}, which this vecstack does not have; "
                "install a newer vecstack."
            )


def _canvas(fields: Json) -> Canvas:
    background = numbers(fields.get("background", [0.0, 0.0, 0.0]), 3, "canvas.background")
    return Canvas(
        field(fields, "width", int, "canvas."),
        field(fields, "height", int, "canvas."),
        cast(Color, background),
        field(fields, "transparent", bool, "canvas.", default=False),
        extra=unknown(fields, CANVAS_FIELDS),
    )


def _assets(entries: Json, members: Mapping[str, bytes], place: Path | None) -> dict[str, bytes]:
    """The bytes of all assets: together no more than a file may hold, which those beside it are no part of."""
    found: dict[str, bytes] = {}
    total = 0
    for name, value in sorted(entries.items()):
        found[name] = _asset(name, value, members, place)
        total += len(found[name])
        check_size(total, MAX_FILE_BYTES, "all assets together")
    return found


def _asset(name: str, value: Any, members: Mapping[str, bytes], place: Path | None) -> bytes:
    """The bytes of an asset, from its entry, from the zip or from beside the file, checked against its name (their
    sha256)."""
    where = f"assets.{name:.64}: "
    matching(name, _SHA256, "an asset's name", "a sha256 in 64 lower-case hexadecimal digits")
    entry = typed(value, dict, where[:-2])
    size_bytes = field(entry, "bytes", int, where)
    check_size(size_bytes, MAX_ASSET_BYTES, f"asset {name}")
    if "data" in entry:
        data = base64.b64decode(field(entry, "data", str, where), validate=True)
    elif f"assets/{name}.safetensors" in members:
        data = members[f"assets/{name}.safetensors"]
    elif "folder" in entry:
        data = read_asset(name, field(entry, "folder", str, where), place)
    else:
        raise DocumentError(f"asset {name} is not in the file; save the document again as .layers, which includes it.")
    if len(data) != size_bytes or hashlib.sha256(data).hexdigest() != name:
        raise DocumentError(f"asset {name} is damaged (wrong size or sha256); save or download the file again.")
    return data


def _group(value: Any, index: int) -> Group:
    place = f"groups[{index}]"
    fields = typed(value, dict, place)
    group_id = field(fields, "id", str, f"{place}.")
    check_id(group_id, f"{place}.id")
    where = f"group {group_id}: "
    return Group(
        group_id,
        field(fields, "name", str, where, default=""),
        field(fields, "parent", str, where) if "parent" in fields else None,
        extra=unknown(fields, GROUP_FIELDS),
    )


def _layer(value: Any, index: int, canvas: Canvas) -> Layer:
    place = f"layers[{index}]"
    fields = typed(value, dict, place)
    layer_id = field(fields, "id", str, f"{place}.")
    check_id(layer_id, f"{place}.id")
    where = f"layer {layer_id}: "
    kind_name = matching(field(fields, "kind", str, where), _KIND, f"{where}kind", "a name such as mask")
    common: dict[str, Any] = {
        "id": layer_id,
        "name": field(fields, "name", str, where, default=""),
        "visible": field(fields, "visible", bool, where, default=True),
        "opacity": field(fields, "opacity", float, where, default=1.0),
        "transform": _transform(fields, where, canvas),
        "group": field(fields, "group", str, where) if "group" in fields else None,
    }
    rest = unknown(fields, LAYER_FIELDS)
    kind = find_kind(kind_name)
    if kind is None:
        return UnknownLayer(**common, unknown_kind=kind_name, fields=rest)
    own = {name: rest.pop(name) for name in kind.fields if name in rest}
    return kind.read({**common, "extra": rest}, own)


def _transform(fields: Json, where: str, canvas: Canvas) -> Affine:
    if "transform" not in fields:
        return Affine.of_frame(canvas.rect)
    rows = field(fields, "transform", list, where)
    if len(rows) != 2:
        raise DocumentError(f"{where}transform must be two rows of three numbers, not {len(rows)} rows.")
    return Affine.of_rows([numbers(row, 3, f"{where}a row of transform") for row in rows])


def check_kinds(layers: tuple[Layer, ...], assets: Mapping[str, bytes]) -> None:
    """Raise DocumentError unless the assets of each kind's layers are there and match them."""
    for name in sorted({layer.kind for layer in layers}):
        kind = find_kind(name)
        if kind is not None:
            kind.check([layer for layer in layers if layer.kind == name], assets)
