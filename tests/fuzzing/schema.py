"""Values that follow the schema of a document, made at random, and such that follow none."""

from __future__ import annotations

import math
import random
import re
from typing import Any

from vecstack.document.schema import joined_schema
from vecstack.kinds import kind_names

SCHEMA = joined_schema()
LAYER: dict[str, Any] = {"$ref": "#/$defs/layer"}
KINDS = [name for name in kind_names() if name in SCHEMA["$defs"]]
ALONE = [kind for kind in KINDS if "sha256" not in str(SCHEMA["$defs"][kind])]  # whose layers need no asset

STRANGE_NUMBERS = (0, -1, 0.5, 1e308, -1e308, 5e-324, float("inf"), float("nan"), 1 << 63, 10**300, 10**400)
STRANGE_TEXTS = ("", "a", "../x", "/etc/passwd", "\u202e\n", "\ud800", "\0", "x" * 2000, "NaN", "#000")
DEEP: Any = None
for _ in range(70):
    DEEP = [DEEP]
STRANGE_VALUES = (*STRANGE_NUMBERS, *STRANGE_TEXTS, None, True, [], {}, [[]], [None], {"": {}}, DEEP, [0.0] * 1000)
# Texts of which each pattern of the schema allows some.
TEXTS = ("a", "1.0", "1.1", "1.9", "0" * 64, "unheard_of", "x" * 128, "a b\u202e\U0001f600", *KINDS)
SIZES = (1, 1, 1, 2, 2, 3, 8)  # of lists, in the least that they may have
FAR = 0.03  # share of numbers that are at the end of their range, or anywhere in it


def below(schema: dict[str, Any], holder: Any, key: Any) -> dict[str, Any]:
    """The schema of what an object or a list, which follows a schema, has at a name or an index; an empty one where
    anything may be there."""
    schema = resolved(schema)
    if isinstance(holder, list):
        return schema.get("items", {})
    if "allOf" in schema and holder.get("kind") in KINDS:
        schema = layer_schema(holder["kind"])
    return schema.get("properties", {}).get(key) or schema.get("additionalProperties") or {}


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema that another refers to, or is."""
    while "$ref" in schema:
        place, schema = schema["$ref"], SCHEMA
        for part in place.split("/")[1:]:
            schema = schema[part]
    return schema


def layer_schema(kind: str) -> dict[str, Any]:
    """The schema of layers of a kind: what all have, and what they add."""
    common, own = resolved(LAYER), SCHEMA["$defs"][kind]
    properties = {**common["properties"], **own["properties"], "kind": {"const": kind}}
    return {**own, "properties": properties, "required": [*common["required"], *own["required"]]}


def example(schema: dict[str, Any], dice: random.Random) -> Any:
    """A value that follows a schema; most of its numbers are small."""
    schema = resolved(schema)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return dice.choice(schema["enum"])
    kind = schema.get("type", "object" if "properties" in schema else "any")
    makers = {
        "object": _object,
        "array": _array,
        "string": _text,
        "number": _number,
        "integer": _integer,
        "boolean": lambda _, dice: dice.random() < 0.5,
        "null": lambda _schema, _dice: None,
        "any": lambda _, dice: dice.choice(STRANGE_VALUES),
    }
    return makers[dice.choice(kind) if isinstance(kind, list) else kind](schema, dice)


def _object(schema: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """An object with all required fields, and each other with an even chance."""
    ways = [set(way["required"]) for way in schema.get("oneOf", [])]
    required = set(schema.get("required", ())) | (dice.choice(ways) if ways else set())
    left_out = set().union(*ways) - required
    return {
        name: example(own, dice)
        for name, own in schema.get("properties", {}).items()
        if name in required or (name not in left_out and dice.random() < 0.5)
    }


def _array(schema: dict[str, Any], dice: random.Random) -> list[Any]:
    """A list; most lists in it are equally long, and they are sorted, as some kinds want theirs."""
    least, most = schema.get("minItems", 0), schema.get("maxItems", 1000)
    size = least if least == most else min(most, max(least, 1) * dice.choice(SIZES))
    items = resolved(schema["items"])
    first = example(items, dice)
    if isinstance(first, list) and dice.random() < 0.8:
        items = {**items, "minItems": len(first), "maxItems": len(first)}
    values = [first, *(example(items, dice) for _ in range(size - 1))]
    return sorted(values) if isinstance(first, list) and dice.random() < 0.8 else values


def _text(schema: dict[str, Any], dice: random.Random) -> str:
    allowed = [text for text in TEXTS if re.search(schema.get("pattern", ""), text)]
    return dice.choice(allowed)


def _number(schema: dict[str, Any], dice: random.Random) -> float:
    least, most = schema.get("minimum", -1e9), schema.get("maximum", 1e9)
    if "exclusiveMinimum" in schema:
        least = math.nextafter(schema["exclusiveMinimum"], math.inf)
    if dice.random() < FAR:
        return dice.choice((least, most, dice.uniform(least, most)))
    return dice.uniform(max(least, -2), min(most, 2))


def _integer(schema: dict[str, Any], dice: random.Random) -> int:
    least, most = schema.get("minimum", 0), schema.get("maximum", 1 << 31)
    return least + dice.choice((0, 1, 7, 30, most - least))
