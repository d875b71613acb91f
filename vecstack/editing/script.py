"""Edit scripts: TOML files that list changes."""

from __future__ import annotations

import dataclasses
import os
import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from vecstack.editing.changes import CHANGES, Change
from vecstack.errors import RecipeError, UsageError
from vecstack.text_file import nearest, read_toml


def load_script(path: str | os.PathLike[str]) -> tuple[Change, ...]:
    """The changes of a script (docs/edit.md). Paths in it are relative to its folder. Raises RecipeError: it cannot be
    read, is not TOML, or has an unknown word or a value out of range; and whatever loading the files raises."""
    fields = read_toml(path)
    for key in fields:
        if key != "change":
            raise RecipeError(f"{path}: unknown key {reprlib.repr(key)}; {nearest(key, ['change'])}")
    tables = fields.get("change")
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise RecipeError(f"{path}: no changes; write each as a table that begins with [[change]].")
    folder = Path(path).parent
    return tuple(_change(table, folder, f"{path}: change {number}") for number, table in enumerate(tables, start=1))


def _change(table: Mapping[str, Any], folder: Path, where: str) -> Change:
    """The change that a table of a script describes. Raises RecipeError, which begins with `where`."""
    verbs = [key for key in table if key in CHANGES]
    if len(verbs) != 1:
        unknown = next((key for key in table if key not in CHANGES), None)
        if not verbs and unknown is not None:
            raise RecipeError(f"{where}: unknown change {reprlib.repr(unknown)}; {nearest(unknown, CHANGES)}")
        raise RecipeError(
            f"{where}: {len(verbs)} changes in one table ({', '.join(verbs) or 'none'}); write one in each."
        )
    kind = CHANGES[verbs[0]]
    first, *others = dataclasses.fields(cast(Any, kind))
    known = {verbs[0]: first, **{field.name.rstrip("_"): field for field in others}}
    for key in table:
        if key not in known:
            raise RecipeError(f"{where}: unknown key {reprlib.repr(key)}; {nearest(key, known)}")
    for key, field in known.items():
        if key not in table and field.default is dataclasses.MISSING:
            raise RecipeError(f"{where}: {verbs[0]} needs {key}.")
    try:
        return kind.of_script({known[key].name: value for key, value in table.items()}, folder)
    except UsageError as error:
        raise RecipeError(f"{where}: {error}") from error
