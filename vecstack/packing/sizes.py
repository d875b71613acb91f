"""Sizes of items from a column of a table."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Sequence

from vecstack.errors import RecipeError, UsageError
from vecstack.text_file import nearest, read_text

SEPARATORS = ",;\t"


def read_sizes(path: str | os.PathLike[str], column: str | None) -> dict[str, float]:
    """The sizes in a column of a CSV file (its name is in the first line; None: the only one of numbers) by the names
    in the first other column that has text, or by the number of the line. Names that are there again get a number.
    Raises RecipeError: unreadable, no rows, or a size that is no number above 0; UsageError: no such column."""
    head, *rows = _rows(path)
    if not rows:
        raise RecipeError(f"{path}: no rows below the names of the columns.")
    at = _column(path, head, rows, column)
    named = [other for other in range(len(head)) if other != at and not all(map(_is_number, _values(rows, other)))]
    sizes: dict[str, float] = {}
    for line, row in enumerate(rows, 2):
        name = (row[named[0]] if named else "").strip() or str(line)
        if not (_is_number(row[at]) and float(row[at]) > 0):
            raise RecipeError(f"{path}: line {line}: {head[at]:.40} must be a number above 0, not {row[at]!r:.40}.")
        sizes[name if name not in sizes else f"{name} {line}"] = float(row[at])
    return sizes


def _rows(path: str | os.PathLike[str]) -> list[list[str]]:
    """The rows of a CSV file, all as long as the first."""
    lines = [line for line in read_text(path).splitlines() if line.strip()]
    if not lines:
        raise RecipeError(f"{path}: empty; write the names of columns, and rows below them.")
    separator = max(SEPARATORS, key=lines[0].count)
    try:
        rows = list(csv.reader(lines, delimiter=separator, strict=True))
    except csv.Error as error:
        raise RecipeError(f"{path}: not CSV ({error}).") from error
    for line, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise RecipeError(f"{path}: line {line} has {len(row)} values, and the first line {len(rows[0])} columns.")
    return rows


def _column(
    path: str | os.PathLike[str], head: Sequence[str], rows: Sequence[Sequence[str]], column: str | None
) -> int:
    """The index of the column of sizes."""
    names = [name.strip() for name in head]
    if column is None:
        numeric = [at for at in range(len(names)) if all(map(_is_number, _values(rows, at)))]
        if len(numeric) != 1:
            raise UsageError(f"{path}: say which column has the sizes, of {', '.join(names):.200}.", parameter="column")
        return numeric[0]
    if column not in names:
        raise UsageError(f"column {column!r:.40} is not in {path}; {nearest(column, names)}", parameter="column")
    return names.index(column)


def _values(rows: Sequence[Sequence[str]], at: int) -> list[str]:
    return [row[at] for row in rows]


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
