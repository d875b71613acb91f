"""A command that reads files one after the other, and makes none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import typer

from vecstack.batch.inputs import search
from vecstack.cli.flags import in_flags
from vecstack.document.file import SUFFIXES
from vecstack.errors import BatchError, DocumentError, on_one_line


def read_all(inputs: Sequence[str], read: Callable[[str, bool], None]) -> None:
    """Call a function with each layer file that inputs stand for, and whether it is the only one. The error of a file
    that is the only one is raised; of several, each is a line on standard error, the rest is read, and BatchError is
    raised at the end. Raises UsageError where there are none."""
    found = search(inputs, SUFFIXES)
    count, failures = len(found.files) + len(found.missed), len(found.missed)
    for line in found.missed:
        typer.echo(f"vecstack: {on_one_line(line)}", err=True)
    for entry in found.files:
        try:
            read(entry.path, count == 1)
        except DocumentError as error:
            if count == 1:
                raise
            failures += 1
            typer.echo(f"vecstack: {in_flags(error)}", err=True)
    if failures:
        raise BatchError(f"{failures} of {count} files failed; see the lines above.")
