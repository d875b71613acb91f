"""vecstack batch: what became of runs over folders."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from vecstack.cli.arguments import AsJson, Overwrite
from vecstack.errors import on_one_line

app = typer.Typer(help="Show what became of a run over a folder.", no_args_is_help=True)
Folder = Annotated[str, typer.Argument(metavar="DIR", help="The output folder of a run.")]


@app.command("status")
def status(folder: Folder, as_json: AsJson = False) -> None:
    """Print how many inputs are done, and which failed."""
    from vecstack.batch.manifest import latest, read_manifests
    from vecstack.batch.places import place
    from vecstack.batch.report import MAX_LINES, failures_of, summary_of

    records = latest(read_manifests(place(folder)))
    summary, failures = summary_of(records), failures_of(records)
    if as_json:
        typer.echo(json.dumps({**summary, "failures": [asdict(record) for record in failures]}, indent=2))
        return
    typer.echo(f"{summary['done']} done, {summary['failed']} failed")
    for record in failures[:MAX_LINES]:
        typer.echo(on_one_line(record.message))
    if len(failures) > MAX_LINES:
        typer.echo(f"and {len(failures) - MAX_LINES} more; --json prints all")


@app.command("report")
def report(
    folder: Folder,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="HTML", help="The page to write.")],
    overwrite: Overwrite = False,
) -> None:
    """Write a page of all inputs, failures first.

    A row has small pictures of the input and of the output, where these can be shown. The page needs no network."""
    from vecstack.atomic import atomic_writer, check_writable
    from vecstack.batch.manifest import latest, read_manifests
    from vecstack.batch.places import place
    from vecstack.batch.report import report_page

    check_writable(output, overwrite=overwrite)
    there = place(folder)
    page = report_page(there, latest(read_manifests(there)))
    with atomic_writer(output, overwrite=overwrite) as file:
        file.write(page.encode())
