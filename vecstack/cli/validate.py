"""vecstack validate: check that layer files follow the format."""

from __future__ import annotations

import typer

from vecstack.cli.arguments import Inputs, Quiet
from vecstack.cli.flags import in_flags
from vecstack.cli.items import expand, source_of
from vecstack.document.file import SUFFIXES
from vecstack.errors import BatchError, DocumentError


def run(inputs: Inputs, quiet: Quiet = False) -> None:
    """Check that layer files follow docs/format.md."""
    from vecstack.document.file import validate

    files = [found.path for found in expand(inputs, SUFFIXES)]
    failures = 0
    for file in files:
        try:
            warnings = validate(source_of(file))
        except DocumentError as error:
            if len(files) == 1:
                raise
            failures += 1
            typer.echo(f"vecstack: {in_flags(error)}", err=True)
        else:
            if not quiet:
                for warning in warnings:
                    typer.echo(f"{file}: warning: {warning}", err=True)
                typer.echo(f"{file}: ok")
    if failures:
        raise BatchError(f"{failures} of {len(files)} files failed; see the lines above.")
