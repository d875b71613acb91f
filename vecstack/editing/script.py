"""Scripts of changes: a TOML file becomes a list of them."""

from __future__ import annotations

import dataclasses
import difflib
import os
import reprlib
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from vecstack.editing.changes import CHANGES, Change
from vecstack.editing.palette import read_text
from vecstack.errors import RecipeError, UsageError


def load_script(path: str | os.PathLike[str]) -> tuple[Change, ...]:
    """The changes of a script (docs/edit.md). Files that it names are looked for in its folder. Raises RecipeError: not
    readable, not TOML, an unknown word or a value that cannot be; what loading the files raises."""
    fields = _parse_toml(read_text(path), path)
    for key in fields:
        if key != "change":
            raise RecipeError(f"{path}: unknown key {_hint(key, ['change'])}")
    tables = fields.get("change")
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise RecipeError(f"{path}: has no changes. Write each as a table that begins with [[change]].")
    folder = Path(path).parent
    return tuple(_change(table, folder, f"{path}: change {number}") for number, table in enumerate(tables, start=1))


def _parse_toml(text: str, path: str | os.PathLike[str]) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        try:
            import tomli as tomllib
        except ImportError as error:
            raise RecipeError("Edit scripts need tomli on Python 3.10: pip install tomli.") from error
    try:
        return cast(dict[str, Any], tomllib.loads(text))
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"{path}: not TOML: {' '.join(str(error).split())[:200]}.") from error


def _change(table: Mapping[str, Any], folder: Path, where: str) -> Change:
    """The change that a table of a script says."""
    verbs = [key for key in table if key in CHANGES]
    if len(verbs) != 1:
        unknown = next((key for key in table if key not in CHANGES), None)
        if not verbs and unknown is not None:
            raise RecipeError(f"{where}: unknown change {_hint(unknown, CHANGES)}")
        raise RecipeError(f"{where}: says {len(verbs)} changes ({', '.join(verbs)}), and a table holds one.")
    kind = CHANGES[verbs[0]]
    first, *others = dataclasses.fields(cast(Any, kind))
    known = {verbs[0]: first, **{field.name.rstrip("_"): field for field in others}}
    for key in table:
        if key not in known:
            raise RecipeError(f"{where}: unknown key {_hint(key, known)}")
    for key, field in known.items():
        if key not in table and field.default is dataclasses.MISSING:
            raise RecipeError(f"{where}: {verbs[0]} needs {key}.")
    try:
        return kind.of_script({known[key].name: value for key, value in table.items()}, folder)
    except UsageError as error:
        raise RecipeError(f"{where}: {error}") from error


def _hint(key: str, known: Iterable[str]) -> str:
    """An unknown key, and the known one that it may have been meant for, or all."""
    near = difflib.get_close_matches(key[:128], list(known), 1)
    return f"{reprlib.repr(key)}. " + (f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}.")
