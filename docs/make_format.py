"""Writes docs/format.md and docs/schema.json: what every document has, and what each kind of layer adds to it.

Run it after a change of vecstack/document/{format.md,schema.json} or of such a file in the folder of a kind."""

from __future__ import annotations

import json
from pathlib import Path

from vecstack.document.schema import BASE, joined_schema
from vecstack.kinds import kind_folder, kind_names

DOCS = Path(__file__).parent
FIELDS, DRAWING = "<!-- fields of each kind -->", "<!-- drawing of each kind -->"  # where kinds stand in the base
SPLIT = "<!-- drawing -->"  # between the two parts of a kind's own text


def page() -> str:
    """The text of docs/format.md."""
    texts = [kind_folder(name) / "format.md" for name in kind_names()]
    parts = [text.read_text(encoding="utf-8").split(SPLIT) for text in texts if text.is_file()]
    fields, drawing = ("\n\n".join(part[index].strip() for part in parts) for index in (0, 1))
    base = BASE.with_name("format.md").read_text(encoding="utf-8")
    return base.replace(FIELDS, fields).replace(DRAWING, drawing)


def schema() -> str:
    """The text of docs/schema.json."""
    return json.dumps(joined_schema(), indent=2) + "\n"


if __name__ == "__main__":
    (DOCS / "format.md").write_text(page(), encoding="utf-8")
    (DOCS / "schema.json").write_text(schema(), encoding="utf-8")
