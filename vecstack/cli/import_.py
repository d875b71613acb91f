"""vecstack import: turn drawings into layer files."""

from __future__ import annotations

from typing import Annotated

import typer

from vecstack.batch.inputs import STANDARD
from vecstack.batch.items import Here, Item, Report
from vecstack.batch.plan import plan
from vecstack.cli.arguments import Inputs, Output, Overwrite, Quiet, SkipExisting
from vecstack.cli.course import Course
from vecstack.cli.items import name_of, source_of, write_standard_output

SUFFIXES = {".svg", ".svgz"}


def run(
    inputs: Inputs,
    output: Output = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a drawing of which something would be left out.")
    ] = False,
    overwrite: Overwrite = False,
    skip_existing: SkipExisting = False,
    quiet: Quiet = False,
) -> None:
    """Turn SVG drawings into layer files.

    drawing.svg becomes drawing.layers: a layer for each fill and each stroke, in the groups of the drawing. Standard
    error is told what is left out, such as text; nothing is fetched, and no script runs. See docs/import.md."""
    batch = plan(inputs, output, SUFFIXES, ".layers")
    from vecstack.document.file import dumps, save
    from vecstack.drawing.file import with_thumbnail
    from vecstack.importing.svg import import_svg

    def act(item: Item, report: Report) -> None:
        def told(line: str) -> None:
            report.say(f"{name_of(item.source)}: {line}")

        stack = with_thumbnail(import_svg(source_of(item.source), strict=strict, told=told))
        if item.target == STANDARD:
            write_standard_output(dumps(stack))
        else:
            save(stack, item.target, overwrite=item.overwrite)

    course = Course.plain(overwrite=overwrite, skip_existing=skip_existing, quiet=quiet)
    from vecstack.cli.running import run_all

    run_all(batch, Here(act), course, "Importing")
