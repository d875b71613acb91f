"""What every benchmark does in the same way: say where it ran, print a table, write JSON."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table

WIDTH = 120  # columns of a table that goes into a file

Value = TypeVar("Value")


@dataclass(frozen=True)
class Cost:
    """Seconds that something took: on the clock, and of all threads of this process together."""

    wall: float
    cpu: float


def timed(call: Callable[[], Value]) -> tuple[Value, Cost]:
    """What a call gives, and what it cost."""
    wall, cpu = time.perf_counter(), time.process_time()
    value = call()
    return value, Cost(time.perf_counter() - wall, time.process_time() - cpu)


def machine() -> dict[str, str | int | None]:
    """What a time depends on, as far as Python can tell."""
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": version("torch"),
        "cores": os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS"),
    }


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows of text; all columns but the first are aligned to the right."""
    table = Table()
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left")
    for row in rows:
        table.add_row(*row)
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(f"\n{title}", table, highlight=False, sep="\n")


def print_markdown(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows of text as a table of Markdown under a title, each as soon as it is there."""
    print(f"\n{title}\n")
    for line in _markdown(columns, rows):
        print(line, flush=True)


def replace_table(page: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Put rows of text in the place of those that a page of Markdown has below the same columns; exits where there is
    no such table."""
    lines, new = page.read_text(encoding="utf-8").splitlines(), list(_markdown(columns, rows))
    if new[0] not in lines:
        sys.exit(f"{page} has no table of these columns: {new[0]}")
    first = end = lines.index(new[0])
    while end < len(lines) and lines[end].startswith("|"):
        end += 1
    page.write_text("\n".join([*lines[:first], *new, *lines[end:]]) + "\n", encoding="utf-8")


def _markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table."""
    for cells in chain((columns, ["---"] * len(columns)), rows):
        yield " ".join(["|", *(f"{cell} |".lstrip() for cell in cells)])


def write_json(path: Path | None, result: dict[str, Any]) -> None:
    """Write a result, and the machine it was measured on, where a path was given."""
    if path is not None:
        path.write_text(json.dumps({"machine": machine(), **result}, indent=2) + "\n", encoding="utf-8")
