"""The JSON Schema of a document: that of every document, and what each kind of layer adds to it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from vecstack.errors import DocumentError
from vecstack.kinds import kind_folder, kind_names

BASE = Path(__file__).with_name("schema.json")


def joined_schema() -> dict[str, Any]:
    """The schema of a document with layers of all kinds that this version has (JSON Schema 2020-12): a layer of a kind
    follows the `schema.json` in the kind's folder, where there is one."""
    schema: dict[str, Any] = json.loads(BASE.read_text(encoding="utf-8"))
    rules = []
    for name in kind_names():
        own = kind_folder(name) / "schema.json"
        if own.is_file():
            schema["$defs"][name] = json.loads(own.read_text(encoding="utf-8"))
            is_kind = {"properties": {"kind": {"const": name}}, "required": ["kind"]}
            rules.append({"if": is_kind, "then": {"$ref": f"#/$defs/{name}"}})
    schema["$defs"]["layer"]["allOf"] = rules
    return schema


@cache
def _validator(names: tuple[str, ...]) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(joined_schema())


def check_schema(document: Any) -> None:
    """Raise DocumentError, naming the place, for a parsed document that does not follow the schema."""
    from jsonschema.exceptions import best_match

    error = best_match(_validator(kind_names()).iter_errors(document))
    if error is not None:
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
        raise DocumentError(f"{place.lstrip('.') or 'the document'}: {error.message:.200}.")
