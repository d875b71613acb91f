"""vecstack validate: check that layer files follow the format."""

from __future__ import annotations

import typer

from vecstack.cli.arguments import Inputs, Quiet
from vecstack.cli.items import source_of
from vecstack.errors import on_one_line


def run(inputs: Inputs, quiet: Quiet = False) -> None:
    """Check that layer files follow docs/format.md."""
    from vecstack.document.file import validate

    def check(file: str, _: bool) -> None:
        warnings = validate(source_of(file))
        if not quiet:
            for warning in warnings:
                typer.echo(f"{on_one_line(file)}: warning: {warning}", err=True)
            typer.echo(f"{on_one_line(file)}: ok")

    from vecstack.cli.reading import read_all

    read_all(inputs, check)
