"""Layer files made to be nearly right: what a document says changed at random, by one who knows the schema.

Bytes changed at random seldom get past the first check, and never past a sha256. So a file is taken apart into its
document and its assets, these are changed, and all is put together again, with the names that its assets then have."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import random
import zipfile
from dataclasses import dataclass
from typing import Any

from tests.fuzzing.mutate import mutated
from tests.fuzzing.schema import ALONE, KINDS, SCHEMA, STRANGE_VALUES, below, example, layer_schema

DOCUMENT = "document.json"
MAX_CHANGES = 4
REPEATS = (2, 3, 30, 400)
FACTORS = (0.0, -1.0, 1e-12, 1e-3, 0.5, 1.0 + 1e-9, 2.0, 1e3, 1e12, 1e300)


@dataclass
class Parts:
    """A layer file taken apart: its document as parsed JSON, its assets by their names, and other members of a zip."""

    document: dict[str, Any]
    assets: dict[str, bytes]
    others: dict[str, bytes]


def mutated_document(data: bytes, dice: random.Random) -> bytes:
    """A layer file with one to four changes at random to what its document or its assets say, packed in one of the two
    forms; other bytes with changes that know nothing of documents."""
    parts = parts_of(data)
    if parts is None or dice.random() < 0.2:
        return mutated(data, dice)
    try:
        for _ in range(dice.randint(1, MAX_CHANGES)):
            dice.choices(CHANGES, WEIGHTS)[0](parts, dice)
        return packed(parts, dice)
    except Exception:  # what a mutant of a mutant holds may be nothing that can be changed or written
        return mutated(data, dice)


def made_document(kind: str, dice: random.Random) -> bytes:
    """A layer file of a few layers of a kind, which follows the schema."""
    document = example(SCHEMA, dice)
    layers = [{**_new_layer(kind, dice), "id": str(index)} for index in range(dice.randint(1, 4))]
    document |= {"layers": layers, "groups": [], "assets": {}, "features_required": [], "version": "1.1"}
    document.pop("min_reader", None)
    return packed(Parts(document, {}, {}), dice)


def parts_of(data: bytes) -> Parts | None:
    """A layer file taken apart; None for bytes that are none."""
    try:
        members = _members(data)
        document = json.loads(members.pop(DOCUMENT))
        if not isinstance(document, dict):
            return None
        inside = {name: members.pop(f"assets/{name}.safetensors", b"") for name in document.get("assets") or {}}
        assets = {name: content or _data_of(document["assets"][name]) for name, content in inside.items()}
        return Parts(document, assets, members)
    except Exception:  # whatever reading a mutant of a mutant raises
        return None


def _members(data: bytes) -> dict[str, bytes]:
    if not data.startswith(b"PK"):
        return {DOCUMENT: data}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def _data_of(entry: Any) -> bytes:
    try:
        return base64.b64decode(entry["data"])
    except (KeyError, TypeError, binascii.Error):
        return b""


def packed(parts: Parts, dice: random.Random) -> bytes:
    """The bytes of a layer file, as a zip or as a bare document with its assets within."""
    as_zip = dice.random() < 0.3
    document = dict(parts.document)
    if isinstance(document.get("assets"), dict):
        document["assets"] = {name: _entry(name, value, parts, as_zip) for name, value in document["assets"].items()}
    text = json.dumps(document).encode()
    if not as_zip:
        return text
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", dice.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        archive.writestr(DOCUMENT, text)
        for name, content in parts.assets.items():
            archive.writestr(f"assets/{name}.safetensors", content)
        for name, content in parts.others.items():
            archive.writestr(name or "x", content)
    return buffer.getvalue()


def _entry(name: str, value: Any, parts: Parts, as_zip: bool) -> Any:
    """The entry of an asset, as it was changed, with the asset's bytes in it where the file is no zip."""
    if name not in parts.assets or not isinstance(value, dict):
        return value
    without = {key: own for key, own in value.items() if key != "data"}
    return without if as_zip else {**without, "data": base64.b64encode(parts.assets[name]).decode()}


def _change_asset(parts: Parts, dice: random.Random) -> None:
    """Other bytes for an asset, under the name that they have, by which all of the document then calls it."""
    if not parts.assets:
        return
    name = dice.choice(list(parts.assets))
    content = mutated(parts.assets.pop(name), dice)
    new = hashlib.sha256(content).hexdigest()
    parts.assets[new] = content
    parts.document = json.loads(json.dumps(parts.document).replace(name, new))
    entries = parts.document.get("assets")
    if isinstance(entries, dict) and isinstance(entries.get(new), dict):
        entries[new]["bytes"] = len(content)


def _add_layer(parts: Parts, dice: random.Random) -> None:
    """One more layer: a new one of any kind, or one that is there with some fields of another or of its own made anew.
    It has an id of its own, and refers to an asset that is there."""
    layers = parts.document.get("layers")
    if not isinstance(layers, list):
        return
    there = [layer for layer in layers if isinstance(layer, dict)]
    layer = _new_layer(dice.choice(KINDS if parts.assets else ALONE), dice)
    if there and dice.random() < 0.5:
        base = dice.choice(there)
        names = dice.sample(sorted(layer), dice.randint(1, 3))
        layer = {**base, **{name: layer[name] for name in names}}
    layer["id"] = f"{len(layers)}-{dice.randrange(1000)}"
    for name, value in layer.items():
        if parts.assets and isinstance(value, str) and len(value) == 64:
            layer[name] = dice.choice(list(parts.assets))
    layers.insert(dice.randint(0, len(layers)), layer)


def _new_layer(kind: str, dice: random.Random) -> dict[str, Any]:
    """A layer of a kind, which follows the schema and is in no group."""
    layer = example(layer_schema(kind), dice)
    layer.pop("group", None)
    return layer


def _change_value(parts: Parts, dice: random.Random) -> None:
    """One value of the document gone, of another type, out of range, made anew, repeated, moved, or with a stranger."""
    holder, key, schema = _place(parts.document, dice)
    value = holder[key]
    change = dice.randrange(9)
    if change == 0:
        del holder[key]
    elif change == 1:
        holder[key] = dice.choice(STRANGE_VALUES)
    elif change in (2, 3):
        holder[key] = example(schema, dice)
    elif change == 4:
        other, there, _ = _place(parts.document, dice)
        holder[key] = json.loads(json.dumps(other[there]))  # a copy: no value may hold itself
    elif change == 5 and isinstance(value, list):
        holder[key] = (value * dice.choice(REPEATS))[:5000]
    elif change == 6 and isinstance(value, int | float) and abs(value) < 1e300:
        holder[key] = value * dice.choice(FACTORS)
    elif change == 7:
        holder[key] = dice.choice(([value], {"a": value}, {str(key): value}, str(value)[:100]))
    elif isinstance(value, dict):
        value[dice.choice(("", "stranger", "x" * 300, "\u202e\n", "id", "kind"))] = dice.choice(STRANGE_VALUES)


def _place(document: dict[str, Any], dice: random.Random) -> tuple[Any, Any, dict[str, Any]]:
    """Where a value of the document is: what holds it, its name or index there, and the schema that it should follow.
    Each level is as likely as the one below it, so that long lists of numbers do not take all changes."""
    holder: Any = document
    schema: dict[str, Any] = SCHEMA
    while True:
        key = dice.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        schema = below(schema, holder, key)
        inside = holder[key]
        if not isinstance(inside, dict | list) or not inside or dice.random() < 0.25:
            return holder, key, schema
        holder = inside


CHANGES, WEIGHTS = (_change_asset, _add_layer, _change_value), (1, 2, 6)
