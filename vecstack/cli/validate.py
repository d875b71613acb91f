"""vecstack validate: check that layer files follow the format."""

from __future__ import annotations

import typer

from vecstack.batch.inputs import search
from vecstack.cli.arguments import Inputs, Quiet
from vecstack.cli.flags import in_flags
from vecstack.cli.items import source_of
from vecstack.document.file import SUFFIXES
from vecstack.errors import BatchError, DocumentError, on_one_line


def run(inputs: Inputs, quiet: Quiet = False) -> None:
    """Check that layer files follow docs/format.md."""
    from vecstack.document.file import validate

    found = search(inputs, SUFFIXES)
    files = [entry.path for entry in found.files]
    for line in found.missed:
        typer.echo(f"vecstack: {on_one_line(line)}", err=True)
    failures = len(found.missed)
    for file in files:
        try:
            warnings = validate(source_of(file))
        except DocumentError as error:
            if len(files) == 1 and not failures:
                raise
            failures += 1
            typer.echo(f"vecstack: {in_flags(error)}", err=True)
        else:
            if not quiet:
                for warning in warnings:
                    typer.echo(f"{on_one_line(file)}: warning: {warning}", err=True)
                typer.echo(f"{on_one_line(file)}: ok")
    if failures:
        raise BatchError(f"{failures} of {len(files) + len(found.missed)} files failed; see the lines above.")
